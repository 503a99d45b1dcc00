"""Who may do what over driftd's own API."""

import re
from collections.abc import Mapping
from enum import StrEnum
from hashlib import sha256
from types import MappingProxyType
from typing import Final

from msgspec import Struct

MOST: Final = 1_000
"""Tokens that there may be."""
MINUTE: Final = 60_000
"""Ms: the last use of a token is noted once in it."""
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Scope(StrEnum):
    """What a caller may do; each may what those before it may."""

    READ = "read"
    OPERATE = "operate"
    """Also change what is polled and decided."""
    ADMIN = "admin"
    """Also secrets, keys and tokens."""

    def covers(self, needed: "Scope") -> bool:
        """Tell whether who has this may do what needs another."""
        return _RANK[self] >= _RANK[needed]


_RANK: Final[Mapping[Scope, int]] = MappingProxyType({scope: rank for rank, scope in enumerate(Scope)})


class Caller(Struct, frozen=True):
    """Who asks, and what they may."""

    name: str
    """As the audit log has it; empty: nobody had to say."""
    scope: Scope
    connection: str | None = None
    """The only one that they see and touch; None: all."""

    def sees(self, connection: str | None) -> bool:
        """Tell whether what belongs to a connection is theirs to see; None is what belongs to none, or to several."""
        return self.connection is None or self.connection == connection


class Token(Struct, frozen=True):
    """A token as it is stored: what it lets its bearer do, and nothing that would do it."""

    name: str
    digest: bytes
    """SHA-256 of its text."""
    scope: Scope
    made_at: int
    """Epoch ms, as all times here."""
    made_by: str
    connection: str | None = None
    expires_at: int | None = None
    """None: never."""
    used_at: int | None = None
    """To the minute; None: never."""

    def expired(self, now: int) -> bool:
        """Tell whether it lets nobody do anything any more."""
        return self.expires_at is not None and now >= self.expires_at

    @property
    def caller(self) -> Caller:
        """Its bearer."""
        return Caller(f"token {self.name}", self.scope, self.connection)

    @property
    def lets(self) -> str:
        """What its bearer may, in words for the audit log."""
        return self.scope + ("" if self.connection is None else f' "{self.connection}" only')


def digest_of(text: str) -> bytes:
    """Return what is stored of a token's text. 256 bits of chance need no salt and no slow hash."""
    return sha256(text.encode()).digest()


def nameable(name: str) -> bool:
    """Tell whether a token can be called so."""
    return _NAME.fullmatch(name) is not None
