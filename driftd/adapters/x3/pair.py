"""What the connections of one pair share: its tokens, and the book in which the refresh token is kept.

A use of the refresh token is noted in the book before it is sent, and its successor kept before the access token is
used. Whoever is interrupted in between leaves the note: that tells a pair that was lost from one that has ended.
"""

from typing import Protocol

import anyio
from msgspec import Struct

from driftd.adapters.x3.gateway import Begun, Failure
from driftd.adapters.x3.grant import Grant
from driftd.core.credential import Issued
from driftd.core.secret import Secret


class Book(Protocol):
    """Where the refresh token of one pair is kept. Methods raise `StoreError`."""

    async def begin(self) -> Begun:
        """Note for good that the token is about to be used, and return it; raises `SealError` where it is not to be
        had.
        """
        ...

    async def unused(self, begun: Begun) -> None:
        """Take back what `begin` noted: this use did not reach the token."""
        ...

    async def renewed(self, token: Secret | None) -> None:
        """Keep the successor in the token's place and take the note away, all or nothing; None: it stays as it is."""
        ...


class Held(Struct, frozen=True):
    """An access token, and whom it was given to."""

    grant: Grant
    issued: Issued
    client: tuple[str, str]
    """Address of the gateway, and client."""
    renew_at: float
    """Monotonic seconds."""
    ends_at: float


class Unsaved(Struct, frozen=True):
    """A pair whose refresh token could not be written yet: lost only if the process ends before it is."""

    refresh: Secret | None
    held: Held


class Failed(Struct, frozen=True):
    """A use that went wrong."""

    failure: Failure
    client: tuple[str, str]
    secret: Secret
    at: float
    """Monotonic seconds."""


class Pair:
    """One customer's pair within a process; whoever holds `lock` may use it."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.lock = anyio.Lock()
        self.held: Held | None = None
        self.failed: Failed | None = None
        self.unsaved: Unsaved | None = None

    def forget(self) -> None:
        """Have no access token any more: another refresh token was kept."""
        self.held = self.failed = self.unsaved = None
