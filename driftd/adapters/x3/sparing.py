"""A password that was refused is not shown again for a while: a tenant locks an account after a few wrong ones.

Of a token nothing is guessed, and its endpoint is spared by who asks there (`auth`).
"""

from msgspec import Struct

from driftd.adapters.x3.auth import REST, again
from driftd.adapters.x3.grant import Grant
from driftd.core.secret import Secret
from driftd.errors import SourceError
from driftd.ports import Clock


class _Refused(Struct, frozen=True):
    header: Secret
    error: SourceError
    at: float
    """Monotonic seconds."""


class Sparing:
    """Knows the password that was refused last, and with what."""

    def __init__(self, clock: Clock, second_look: float) -> None:
        self._clock = clock
        self._rest = min(REST, second_look)
        self._refused: _Refused | None = None

    def check(self, grant: Grant) -> None:
        """Raise what the password of a grant was refused with a moment ago."""
        known = self._refused
        if known is None or known.header != grant.header:
            return
        if self._clock.monotonic() - known.at < self._rest:
            raise again(known.error)

    def note(self, grant: Grant, error: SourceError) -> SourceError:
        """Take note that a grant was refused for good, and return with what."""
        if not grant.bearer:
            self._refused = _Refused(grant.header, error, self._clock.monotonic())
        return error
