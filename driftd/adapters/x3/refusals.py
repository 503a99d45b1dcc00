"""What the connections of a process know of each other's refused secrets: folders of one customer may share a client.

A tenant that locks clients out counts refusals, whichever folder they were for. So what was refused for one connection
is not shown by another for as long as one connection alone would wait: it hears the same, which is no failure of its
own. A new secret is shown at once, and so is every one where a connection begins anew or is asked for by a person.
"""

from hashlib import blake2b
from secrets import token_bytes
from typing import Final, NamedTuple

from msgspec import Struct

from driftd.core.secret import Secret
from driftd.errors import SourceError

ONCE: Final = 30.0
"""Seconds for which a first refusal holds for the others, and within which further ones are no second look."""
AGAIN: Final = (900.0, 1800.0, 3600.0)
"""Seconds for which the second, the third and each later one does: as one connection alone would wait."""
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
    """The connection that it was refused for last."""
    error: SourceError
    at: float
    """Monotonic seconds."""
    times: int = 1
    """Looks that found it refused, whoever looked."""

    @property
    def until(self) -> float:
        """Until when the others do not ask, monotonic seconds."""
        return self.at + (ONCE if self.times == 1 else AGAIN[min(self.times - 2, len(AGAIN) - 1)])


class Refusals:
    """Knows which secrets were refused lately, by fingerprints that hold for this process alone."""

    def __init__(self) -> None:
        self._key = token_bytes(32)
        self._known: dict[bytes, _Refused] = {}

    def known(self, shown: Shown, connection: str, now: float) -> SourceError | None:
        """Return what another connection heard of a secret, with how long that holds; `now` in monotonic seconds."""
        found = self._known.get(self._print(shown))
        if found is None or found.by == connection or now >= found.until:
            return None
        error = found.error
        said = str(error).replace(f'connection "{found.by}"', f'connection "{connection}"')
        what = f"{said}, as it did for another connection with the same secret"
        return SourceError(
            error.reason, what, hint=error.hint, status=error.status, retry_after=found.until - now, heard=True
        )

    def note(self, shown: Shown, connection: str, error: SourceError, now: float) -> None:
        """Take note that a secret was refused."""
        place = self._print(shown)
        before = self._known.pop(place, None)
        times = 1 if before is None else before.times + (now - before.at >= ONCE)
        self._known[place] = _Refused(connection, error, now, times)
        while len(self._known) > MOST:
            del self._known[next(iter(self._known))]

    def forget(self) -> None:
        """Have everybody ask anew: a person may have mended something."""
        self._known.clear()

    def taken(self, shown: Shown) -> None:
        """Take note that a secret is good."""
        if self._known:
            self._known.pop(self._print(shown), None)

    def _print(self, shown: Shown) -> bytes:
        said = "\0".join((shown.to, shown.who, shown.secret.reveal()))
        return blake2b(said.encode(), key=self._key, digest_size=16).digest()
