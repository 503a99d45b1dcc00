"""How late the event loop runs what is due: one figure for the metrics and for the watchdog."""

from typing import NoReturn

from driftd.ports import Clock

PERIOD = 0.25
"""Seconds between two looks."""
_SLOT = 5.0
_SLOTS = 13
"""Of five seconds each: those of the last minute, and the one that is being filled."""


class Lag:
    """The greatest lateness of the last 60 to 65 seconds.

    Times are seconds of a monotonic clock. May be read from another thread than the one that writes.
    """

    def __init__(self) -> None:
        self._slots = [(-_SLOTS, 0.0)] * _SLOTS
        self._expected: float | None = None

    def woke(self, now: float) -> None:
        """Note a wake-up that was to come when `expect` said."""
        late = self._late(now)
        number = int(now // _SLOT)
        at, greatest = self._slots[number % _SLOTS]
        self._slots[number % _SLOTS] = (number, max(late, greatest if at == number else 0.0))

    def expect(self, at: float) -> None:
        """Note when the next wake-up is due."""
        self._expected = at

    def greatest(self, now: float) -> float:
        """Return the greatest lateness, seconds; that of a wake-up which is overdue now counts already."""
        oldest = int(now // _SLOT) - _SLOTS
        return max(self._late(now), *(late for at, late in self._slots if at > oldest), 0.0)

    def _late(self, now: float) -> float:
        return 0.0 if self._expected is None else max(0.0, now - self._expected)


async def watch_lag(clock: Clock, lag: Lag) -> NoReturn:
    """Look every quarter of a second how late this task is woken, for ever."""
    while True:
        lag.expect(clock.monotonic() + PERIOD)
        await clock.sleep(PERIOD)
        lag.woke(clock.monotonic())
