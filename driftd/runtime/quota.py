"""What a tenant grants one credential, shared by every connection that signs in with it there."""

from collections import deque
from math import inf
from typing import Final

from driftd.core import pace
from driftd.core.pace import Pace
from driftd.errors import Reason, SourceError
from driftd.ports import Clock

WORTH: Final = 15.0
"""Seconds that a request waits rather than fails."""
_LATEST: Final = 20
"""Requests from which it is told how fast they were sent."""


class Quota:
    """Has requests wait as the tenant asks, and follow each other no faster than it bears."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pace = Pace()
        self._rests_until = self._next = 0.0
        """Before when nothing is sent at all, and the next request; monotonic seconds."""
        self._why = Reason.RATE_LIMITED
        self._sent: deque[float] = deque(maxlen=_LATEST)

    @property
    def rate(self) -> float:
        """How many requests a second are allowed now."""
        return pace.rate(self._pace, self._clock.monotonic())

    @property
    def rests(self) -> bool:
        """Whether nothing may be sent now."""
        return self._rests_until > self._clock.monotonic()

    async def turn(self, connection: str) -> None:
        """Wait for a request's time; raises `SourceError`, with the reason of the rest, where that is long."""
        await self.rested(connection)
        now = self._clock.monotonic()
        start = max(now, self._next)
        if self._pace.rate < inf:
            self._next = start + 1 / pace.rate(self._pace, now)
        self._sent.append(start)
        if start > now:
            await self._clock.sleep(start - now)

    async def rested(self, connection: str) -> None:
        """Wait as long as the tenant asks; raises `SourceError`, with the reason of the rest, where that is long."""
        while self.rests:
            rests = self._rests_until - self._clock.monotonic()
            if rests > WORTH:
                raise self.refusal(connection)
            await self._clock.sleep(max(rests, 0.001))

    def refusal(self, connection: str) -> SourceError:
        """Return the failure of a request that the tenant has not time for."""
        return SourceError(
            self._why,
            f'connection "{connection}": the tenant asks to wait',
            hint="wait as long as the tenant asks; a slower cadence avoids it",
            retry_after=max(0.0, self._rests_until - self._clock.monotonic()),
        )

    def objected(self) -> None:
        """Note an answer 429."""
        now = self._clock.monotonic()
        span = now - self._sent[0] if self._sent else 0.0
        self._pace = pace.slower(self._pace, now, len(self._sent) / max(span, 1.0))

    def rest(self, seconds: float, why: Reason) -> None:
        """Send nothing for so long, as the tenant asks."""
        until = self._clock.monotonic() + seconds
        if until > self._rests_until:
            self._rests_until, self._why = until, why
