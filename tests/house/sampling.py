"""What a running daemon takes up, looked at again and again, and whether that grows."""

import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from math import sqrt
from pathlib import Path
from statistics import linear_regression, mean, variance
from typing import Final

from tests.bench.daemon import Measured

COLUMNS: Final = (
    "seconds", "cpu", "resident_mb", "descriptors", "threads", "tasks", "loop_lag", "schedule_lag", "polls", "wal_mb",
)  # fmt: skip
FLAT: Final[Mapping[str, tuple[float, float]]] = {
    "resident_mb": (1.05, 4.0),
    "descriptors": (1.05, 8.0),
    "threads": (1.0, 2.0),
    "tasks": (1.05, 8.0),
    "wal_mb": (1.05, 16.4),  # the 4,000 pages at which SQLite moves them by itself
}
"""By how much the last quarter's mean may be above the second quarter's, and what a straight line through the second
half may rise: times, plus."""
Sample = dict[str, float]


class Watched(Measured):
    """A daemon whose tasks are counted too: see `tests.house.counted`."""

    def __init__(self, place: Path, log: Path) -> None:
        self._count = log.with_suffix(".tasks")
        super().__init__(place, log, None, ("-m", "tests.house.counted", str(self._count)))

    def tasks(self) -> int:
        """Return how many tasks there were at the latest look, and have it look again."""
        self.process.send_signal(signal.SIGUSR1)
        return int(self._count.read_text()) if self._count.exists() else 0


def sampled(daemon: Callable[[], Watched], seconds: float, every: float) -> Iterator[Sample]:
    """Look at a daemon, or the one in its place, every so many seconds."""
    begun = last = time.monotonic()
    seen, used = daemon(), daemon().seconds()
    while (left := begun + seconds - time.monotonic()) > 0:
        time.sleep(min(every, left))
        if daemon() is not seen:
            seen, used = daemon(), 0.0
        metrics, now, cpu = seen.metrics(), time.monotonic(), seen.seconds()
        sample = (
            now - begun,
            (cpu - used) / (now - last),
            seen.resident() / 1e6,
            seen.descriptors(),
            sum(1 for _ in Path(f"/proc/{seen.process.pid}/task").iterdir()),
            seen.tasks(),
            metrics["driftd_event_loop_lag_seconds"],
            metrics["driftd_schedule_lag_seconds"],
            metrics["driftd_polls_total"],
            metrics["driftd_database_wal_bytes"] / 1e6,
        )
        used, last = cpu, now
        print("".join(f"{value:>13,.3f}" for value in sample), file=sys.stderr, flush=True)
        yield dict(zip(COLUMNS, sample, strict=True))


def grown(samples: list[Sample]) -> list[str]:
    """Name what did not stay as it was, by more than what chance explains: three standard errors.

    Fewer than eight samples say nothing.
    """
    found, quarter = [], len(samples) // 4
    for name, (times, plus) in FLAT.items() if quarter > 1 else ():
        second = [each[name] for each in samples[quarter : 2 * quarter]]
        fourth = [each[name] for each in samples[-quarter:]]
        noise = 3 * sqrt((variance(second) + variance(fourth)) / quarter)
        if mean(fourth) > times * mean(second) + plus + noise:
            found.append(f"{name} grew from {mean(second):.1f} to {mean(fourth):.1f}")
        rise, noise = _risen(samples[2 * quarter :], name)
        if rise > (times - 1) * mean(second) + plus + 3 * noise:
            found.append(f"{name} rose by {rise:.1f} over the second half")
    return found


def _risen(samples: list[Sample], name: str) -> tuple[float, float]:
    """Return by how much a straight line through the samples rises from first to last, and its standard error."""
    seconds, values = [each["seconds"] for each in samples], [each[name] for each in samples]
    line, span = linear_regression(seconds, values), seconds[-1] - seconds[0]
    left = [value - line.slope * at - line.intercept for at, value in zip(seconds, values, strict=True)]
    error = sqrt(sum(each**2 for each in left) / (len(left) - 2) / sum((at - mean(seconds)) ** 2 for at in seconds))
    return line.slope * span, error * span


def slope(samples: list[Sample], name: str) -> float:
    """Return by how much a figure rises a second, by a straight line through the samples."""
    seconds = [each["seconds"] for each in samples]
    return linear_regression(seconds, [each[name] for each in samples]).slope if len(samples) > 1 else 0.0


def summary(samples: list[Sample]) -> list[str]:
    """Render first, last and greatest, and how much a minute brings."""
    lines = [f"{'':<16}{'first':>12}{'last':>12}{'greatest':>12}{'a minute':>12}"]
    for name in COLUMNS[1:] if samples else ():
        values = [each[name] for each in samples]
        rise = 60 * slope(samples, name)
        lines.append(f"{name:<16}{values[0]:>12,.3f}{values[-1]:>12,.3f}{max(values):>12,.3f}{rise:>12,.3f}")
    return lines
