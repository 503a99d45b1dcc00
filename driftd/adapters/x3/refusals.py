"""What the connections of a process know of each other's refused secrets: folders of one customer may share a client.

A tenant that locks clients out counts refusals, whichever folder they were for. So what was refused for one connection
is not shown by another for a while, which hears the same of it; only a new secret is.
"""

from hashlib import blake2b
from secrets import token_bytes
from typing import Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from driftd.core.secret import Secret
from driftd.errors import SourceError

ONCE: Final = 30.0
"""Seconds for which a refusal holds for the others."""
CONFIRMED: Final = 300.0
"""Seconds for which it does once the same connection was refused again: within them all others are polled."""
MOST: Final = 10_000
"""Refusals that are remembered."""


class Shown(NamedTuple):
    """A secret as it is shown."""

    to: str
    """Address of the token endpoint, or of the tenant."""
    secret: Secret
    who: str = ""
    """Client, where the secret does not say it."""


class _Refused(Struct, frozen=True):
    by: str
    """The connection that it was refused for."""
    error: SourceError
    at: float
    """Monotonic seconds."""
    times: int = 1


class Refusals:
    """Knows which secrets were refused lately, by fingerprints that hold for this process alone."""

    def __init__(self) -> None:
        self._key = token_bytes(32)
        self._known: dict[bytes, _Refused] = {}

    def known(self, shown: Shown, connection: str, now: float) -> SourceError | None:
        """Return what another connection heard of a secret lately; `now` in monotonic seconds."""
        found = self._known.get(self._print(shown))
        if found is None or found.by == connection:
            return None
        if now - found.at >= (ONCE if found.times == 1 else CONFIRMED):
            return None
        error = found.error
        said = str(error).replace(f'connection "{found.by}"', f'connection "{connection}"')
        what = f"{said}, as it did a moment ago for another connection with the same secret"
        return SourceError(error.reason, what, hint=error.hint, status=error.status)

    def note(self, shown: Shown, connection: str, error: SourceError, now: float) -> None:
        """Take note that a secret was refused."""
        place = self._print(shown)
        before = self._known.pop(place, None)
        if before is not None and before.by == connection:
            self._known[place] = replace(before, error=error, at=now, times=before.times + 1)
        else:
            self._known[place] = _Refused(connection, error, now)
        while len(self._known) > MOST:
            del self._known[next(iter(self._known))]

    def taken(self, shown: Shown) -> None:
        """Take note that a secret is good."""
        if self._known:
            self._known.pop(self._print(shown), None)

    def _print(self, shown: Shown) -> bytes:
        said = "\0".join((shown.to, shown.who, shown.secret.reveal()))
        return blake2b(said.encode(), key=self._key, digest_size=16).digest()
