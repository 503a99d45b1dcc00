"""Counts of durations in fixed buckets, as Prometheus' histograms have them."""

from bisect import bisect_left
from typing import Final

from msgspec import Struct

SECONDS: Final = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
"""Upper bounds, inclusive."""


class Durations(Struct, frozen=True):
    """How many lasted how long; ``counts`` has one place more than the bounds."""

    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    total: float
    """Seconds altogether."""


class Histogram:
    """Counts durations."""

    def __init__(self, bounds: tuple[float, ...] = SECONDS) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._total = 0.0

    def observe(self, seconds: float) -> None:
        """Count one duration."""
        self._counts[bisect_left(self._bounds, seconds)] += 1
        self._total += seconds

    def shown(self) -> Durations:
        """Return the counts as they are now."""
        return Durations(self._bounds, tuple(self._counts), self._total)
