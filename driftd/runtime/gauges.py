"""What the daemon counts of itself, for its own metrics."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from driftd.core.greatest import Greatest
from driftd.core.histogram import Histogram

LAG_SPAN: Final = 300.0
"""Seconds over which the greatest lateness of a poll is shown."""


class Gauges:
    """Counters and histograms of all connections; `monotonic` gives seconds."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self.polls = Histogram()
        self.requests = Histogram()
        self.answers: Counter[str] = Counter()
        self.running = 0
        self.waiting = 0
        """Requests that wait for their turn."""
        self.restarts = 0
        self.lateness = Greatest(LAG_SPAN)

    def started(self, late: float) -> None:
        """Note that a poll began so many seconds after it was due."""
        self.lateness.note(self._monotonic(), max(0.0, late))

    def schedule_lag(self) -> float:
        """Return the greatest lateness of the last five minutes, in seconds."""
        return self.lateness.at(self._monotonic())

    def answered(self, status: int | None, seconds: float) -> None:
        """Note how a request to a tenant ended."""
        self.requests.observe(seconds)
        self.answers["error" if status is None else f"{status // 100}xx"] += 1

    def classes(self) -> Mapping[str, int]:
        """Return the requests sent by the class of their answer."""
        return dict(self.answers)

    @contextmanager
    def polling(self) -> Iterator[None]:
        """Count a poll while it runs."""
        self.running += 1
        try:
            yield
        finally:
            self.running -= 1

    @contextmanager
    def held(self) -> Iterator[Callable[[], None]]:
        """Count a request as waiting until the function given is called: how long that took is lateness as well."""
        begun, waits = self._monotonic(), True

        def admitted() -> None:
            nonlocal waits
            waits = False
            self.waiting -= 1
            self.started(self._monotonic() - begun)

        self.waiting += 1
        try:
            yield admitted
        finally:
            if waits:
                self.waiting -= 1
