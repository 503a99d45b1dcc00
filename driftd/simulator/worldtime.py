"""The time of the simulated world, which tests may replace."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class WorldTime:
    """Two clocks, read at every use."""

    clock: Callable[[], float] = time.monotonic
    """Seconds of a monotonic clock: token lives, rate limits, late transactions."""
    wall: Callable[[], float] = time.time  # noqa: TID251 - the simulator is the world, it tells its own time
    """Seconds since 1970: stamps of changes, `Date` headers, JWT validity."""
