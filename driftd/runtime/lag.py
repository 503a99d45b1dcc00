"""How late the event loop runs what is due: one figure for the metrics and for the watchdog."""

from typing import NoReturn

from driftd.core.greatest import Greatest
from driftd.ports import Clock

PERIOD = 0.25
"""Seconds between two looks."""
_SPAN = 60.0


class Lag:
    """The greatest lateness of the last 60 to 65 seconds.

    Times are seconds of a monotonic clock. May be read from another thread than the one that writes.
    """

    def __init__(self) -> None:
        self._greatest = Greatest(_SPAN)
        self._expected: float | None = None

    def woke(self, now: float) -> None:
        """Note a wake-up that was to come when `expect` said."""
        self._greatest.note(now, self._late(now))

    def expect(self, at: float) -> None:
        """Note when the next wake-up is due."""
        self._expected = at

    def greatest(self, now: float) -> float:
        """Return the greatest lateness, seconds; that of a wake-up which is overdue now counts already."""
        return max(self._late(now), self._greatest.at(now))

    def _late(self, now: float) -> float:
        return 0.0 if self._expected is None else max(0.0, now - self._expected)


async def watch_lag(clock: Clock, lag: Lag) -> NoReturn:
    """Look every quarter of a second how late this task is woken, for ever."""
    while True:
        lag.expect(clock.monotonic() + PERIOD)
        await clock.sleep(PERIOD)
        lag.woke(clock.monotonic())
