"""The way to one host, shared by all connections that go it: places for requests, and a breaker."""

from collections.abc import Callable

import anyio

from driftd.core import breaker
from driftd.core.breaker import Breaker
from driftd.core.health import Trouble
from driftd.errors import SourceError
from driftd.ports import Clock

Told = Callable[[Trouble | None], None]
"""Is told of the host's latest failure, or None once the way is free again."""


class Way:
    """How one host is reached. While its breaker is open nobody goes there but one trial at a time."""

    def __init__(
        self, places: anyio.CapacityLimiter, clock: Clock, chance: Callable[[], float], limits: breaker.Limits
    ) -> None:
        self.places = places
        """One for each request under way."""
        self._clock = clock
        self._chance = chance
        self._limits = limits
        self._breaker = Breaker()
        self._trial: object = None
        self.reopens_at: int | None = None
        """When a trial is due, epoch ms; None where the way is free."""
        self._members: dict[Told, None] = {}

    def join(self, told: Told) -> None:
        """Have `told` called whenever the breaker changes."""
        self._members[told] = None

    def leave(self, told: Told) -> None:
        """End that."""
        self._members.pop(told, None)

    @property
    def empty(self) -> bool:
        """Whether nobody goes this way any more."""
        return not self._members

    @property
    def opens_in(self) -> float | None:
        """Seconds until a trial is due; None where the way is free."""
        until = self._breaker.open_until
        return None if until is None else max(0.0, until - self._clock.monotonic())

    def claim(self, who: object) -> bool:
        """Take leave to poll: anyone where the way is free, else the first who asks once a trial is due."""
        wait = self.opens_in
        if wait is None:
            return True
        if wait > 0 or self._trial not in (None, who):
            return False
        self._trial = who
        return True

    def check(self, who: object) -> None:
        """Raise the host's own failure where `who` may not send now."""
        trouble = self._breaker.trouble
        if self.opens_in is None or self._trial is who or trouble is None:
            return
        raise SourceError(trouble.reason, trouble.message, hint=trouble.hint, status=trouble.status)

    def failed(self, trouble: Trouble) -> None:
        """Note that the host could not be reached."""
        self._trial = None
        now = self._clock.monotonic()
        self._breaker = breaker.failed(self._breaker, trouble, self._limits, now=now, chance=self._chance())
        if (opens_in := self.opens_in) is not None:
            self.reopens_at = self._clock.now() + round(opens_in * 1000)
            self._tell(trouble)

    def passed(self) -> None:
        """Note that the host answered, whatever it said."""
        was_open, self._trial = self.opens_in is not None, None
        self._breaker = breaker.closed(self._breaker)
        self.reopens_at = None
        if was_open:
            self._tell(None)

    def abandoned(self, who: object) -> None:
        """Note that a trial ended without a word about the host."""
        if self._trial is who:
            self._trial = None
            self._breaker = breaker.released(self._breaker, now=self._clock.monotonic())
            self._tell(None)

    def _tell(self, trouble: Trouble | None) -> None:
        for told in tuple(self._members):
            told(trouble)
