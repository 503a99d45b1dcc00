"""What time it is for the log of changes: how old events are, and when those were made that a wrong clock stamped."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from driftd.core.reckoning import Clocks, bounds, reckoned
from driftd.ports import Changelog, Clock


class _Place(NamedTuple):
    """Up to where stamps were looked at, and when."""

    seq: int
    at: float
    """Monotonic seconds."""


class Reckoning:
    """Compares our clock with those of servers, and sets stamps right that ours had wrong."""

    def __init__(self, changelog: Changelog, clock: Clock, others: Callable[[], Sequence[int]]) -> None:
        """`others` returns what the clocks of servers show now, epoch ms."""
        self._changelog = changelog
        self._clock = clock
        self._others = others
        self._began = clock.monotonic()
        self._stamped = 0
        self._place: _Place | None = None
        self._old = True
        """Whether events of earlier processes were not looked at yet."""
        self.ahead = 0.0
        """Seconds by which our clock was ahead of the time that was reckoned."""

    async def look(self) -> int | None:
        """Return the time by which ages are reckoned, epoch ms, or None: see `reckoned`. Raises `StoreError`."""
        if self._place is None:
            stamped = await self._changelog.stamped()
            self._stamped = self._clock.now() if stamped is None else stamped  # an empty log: all is younger than that
            self._place = _Place((await self._changelog.extent()).last, self._began)
        at = self._clock.monotonic()
        clocks = Clocks(self._clock.now(), self._others(), self._stamped, at - self._began)
        await self._set_right(self._place, clocks, at)
        now = reckoned(clocks)
        self.ahead = 0.0 if now is None else (clocks.ours - now) / 1000
        return now

    async def _set_right(self, place: _Place, clocks: Clocks, at: float) -> None:
        """Give what was made since the last look, but was not stamped so, the time of now: it may be kept too long."""
        within = bounds(clocks, at - place.at)
        if within is None:
            return
        last = (await self._changelog.extent()).last
        if self._old:
            await self._changelog.restamp(0, 0, within[1])
        await self._changelog.restamp(place.seq, *within)
        self._place, self._old = _Place(last, at), False
