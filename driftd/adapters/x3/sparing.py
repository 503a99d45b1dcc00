"""A password that was refused is not shown again for a while: a tenant locks an account after a few wrong ones.

Of a token nothing is guessed, and its endpoint is spared by who asks there (`auth`).
"""

from msgspec import Struct

from driftd.adapters.x3.auth import REST, again
from driftd.adapters.x3.grant import Grant
from driftd.adapters.x3.refusals import Shown
from driftd.adapters.x3.settings import X3Settings
from driftd.core.secret import Secret
from driftd.errors import SourceError
from driftd.ports import Clock


class _Refused(Struct, frozen=True):
    header: Secret
    error: SourceError
    at: float
    """Monotonic seconds."""


class Sparing:
    """Knows the password that was refused last, and with what; and what was refused to others."""

    def __init__(self, settings: X3Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._rest = min(REST, settings.proof.second_look)
        self._refused: _Refused | None = None

    def check(self, grant: Grant) -> None:
        """Raise what the password of a grant was refused with a moment ago, here or to another connection."""
        if grant.bearer:
            return
        others, now = self._settings.refusals, self._clock.monotonic()
        if (heard := others.known(self._shown(grant), self._settings.name, now)) is not None:
            raise heard
        known = self._refused
        if known is None or known.header != grant.header:
            return
        if now - known.at < self._rest:
            raise again(known.error)

    def note(self, grant: Grant, error: SourceError) -> SourceError:
        """Take note that a grant was refused for good, and return with what."""
        if not grant.bearer:
            now = self._clock.monotonic()
            self._refused = _Refused(grant.header, error, now)
            self._settings.refusals.note(self._shown(grant), self._settings.name, error, now)
        return error

    def good(self, grant: Grant) -> None:
        """Take note that a grant was taken."""
        if not grant.bearer:
            self._settings.refusals.taken(self._shown(grant))

    def _shown(self, grant: Grant) -> Shown:
        return Shown(self._settings.base_url, grant.header)
