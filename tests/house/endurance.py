"""A daemon that polls hundreds of tenants for minutes, one of them slow and one huge, while business goes on at all.

    python -m tests.house.endurance [--tenants 500] [--minutes 10] [--probe 30] [--huge 20000] [--seed 1]

The tenants are simulated in this process, the daemon is one of its own. Lateness is measured where it matters, at the
tenants: between a due time and the first request after it. The exit code is 1 where a law is broken.
"""

import argparse
import signal
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import linear_regression, mean
from urllib.parse import urlsplit

import anyio

from driftd.adapters.clock import SystemClock
from driftd.adapters.sqlite import SqliteStore
from driftd.simulator import serving
from tests.bench.daemon import Measured, listens_at
from tests.house.reckoning import Reckoning, reckon
from tests.house.town import CLASSES, Town, Visits, business

PATIENCE = 300.0
"""Seconds within which every class must have been read, at the start and at the end."""
SHARE = 0.1
"""Of an interval, what the 99th percentile of lateness may be."""
COLUMNS = ("seconds", "cpu", "resident_mb", "descriptors", "threads", "loop_lag", "schedule_lag", "polls", "wal_mb")
FLAT = {"resident_mb": (1.05, 4.0), "descriptors": (1.05, 8.0), "threads": (1.0, 2.0)}
"""By how much the last quarter's mean may be above the second quarter's: times, plus."""
_now = SystemClock().now


@dataclass
class Outcome:
    """What was seen."""

    samples: list[dict[str, float]] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    missed: int = 0
    reckoning: Reckoning = field(default_factory=Reckoning)
    failures: float = 0.0
    log: str = ""
    broken: list[str] = field(default_factory=list)

    def at(self, share: float) -> float:
        """Return a percentile of lateness, seconds."""
        return sorted(self.late)[min(len(self.late) - 1, int(share * len(self.late)))]


def run(town: Town, seconds: float, every: float, folder: Path) -> Outcome:
    """Poll a town for so long; sample the daemon every so many seconds, then stop it and compare."""
    farm, visits, outcome = town.farm(), Visits(), Outcome()
    farm.warm()
    visits.attend(farm)
    with serving(farm, "0.0.0.0") as server:
        place = town.configuration(farm, folder, urlsplit(server.url).port or 0)
        daemon = Measured(place, folder / "log", None)
        try:
            daemon.url = listens_at(daemon, folder / "log")
            _until_swept(folder / "data", len(farm) * len(CLASSES), _now() - 3_600_000)
            begun = _now()
            with business(farm, town.pace, town.seed):
                outcome.samples = _sampled(daemon, seconds, every)
            outcome.late, outcome.missed = visits.lateness(town.probe, begun, _now())
            for _ in range(2):  # the first may have begun before
                _until_swept(folder / "data", len(farm) * len(CLASSES), _now())
            outcome.failures = daemon.metrics().get("driftd_poll_failures_total", 0.0)
        finally:
            daemon.process.send_signal(signal.SIGTERM)
            code = daemon.process.wait(60)
    outcome.log = (folder / "log").read_text()
    outcome.reckoning = anyio.run(reckon, farm, folder / "data")
    outcome.broken = [*_broken(outcome, town), *([f"the daemon ended with {code}"] if code else [])]
    return outcome


def _until_swept(directory: Path, resources: int, since: int) -> None:
    """Wait until every resource has been swept after `since`, epoch ms."""

    async def swept() -> tuple[int, list[tuple[str, str]]]:
        async with SqliteStore.reading(directory) as store:
            standings = await store.standings()
        late = [name for name, each in standings.items() if (each.last_sweep or 0) <= since]
        return len(standings) - len(late), late

    ends = time.monotonic() + PATIENCE
    while (found := anyio.run(swept))[0] < resources:
        if time.monotonic() > ends:
            raise RuntimeError(f"after {PATIENCE} s {found[0]} of {resources} resources were swept, not {found[1][:5]}")
        time.sleep(1)


def _sampled(daemon: Measured, seconds: float, every: float) -> list[dict[str, float]]:
    begun, found = time.monotonic(), []
    used, last = daemon.seconds(), begun
    while (left := begun + seconds - time.monotonic()) > 0:
        time.sleep(min(every, left))
        metrics, now, cpu = daemon.metrics(), time.monotonic(), daemon.seconds()
        sample = (
            now - begun,
            (cpu - used) / (now - last),
            daemon.resident() / 1e6,
            daemon.descriptors(),
            sum(1 for _ in Path(f"/proc/{daemon.process.pid}/task").iterdir()),
            metrics["driftd_event_loop_lag_seconds"],
            metrics["driftd_schedule_lag_seconds"],
            metrics["driftd_polls_total"],
            metrics["driftd_database_wal_bytes"] / 1e6,
        )
        used, last = cpu, now
        found.append(dict(zip(COLUMNS, sample, strict=True)))
        print("".join(f"{value:>13,.3f}" for value in sample), file=sys.stderr, flush=True)
    return found


def _broken(outcome: Outcome, town: Town) -> list[str]:
    """Name the laws that were broken."""
    broken = list(outcome.reckoning.wrong)
    if not outcome.reckoning.told:
        broken.append("nothing was told")
    if outcome.at(0.99) > SHARE * town.probe:
        broken.append(f"lateness p99 is {outcome.at(0.99):.2f} s of {town.probe} s")
    if outcome.missed:
        broken.append(f"{outcome.missed} due times were missed")
    quarter = len(outcome.samples) // 4
    for name, (times, plus) in FLAT.items() if quarter else ():
        second = mean(each[name] for each in outcome.samples[quarter : 2 * quarter])
        fourth = mean(each[name] for each in outcome.samples[-quarter:])
        if fourth > times * second + plus:
            broken.append(f"{name} grew from {second:.1f} to {fourth:.1f}")
    return broken


def table(outcome: Outcome) -> str:
    """Render what was seen."""
    lines = [f"{'':<16}{'first':>12}{'last':>12}{'greatest':>12}{'a minute':>12}"]
    minutes = [each["seconds"] / 60 for each in outcome.samples]
    for name in COLUMNS[1:]:
        values = [each[name] for each in outcome.samples]
        slope = linear_regression(minutes, values).slope if len(values) > 1 else 0.0
        lines.append(f"{name:<16}{values[0]:>12,.3f}{values[-1]:>12,.3f}{max(values):>12,.3f}{slope:>12,.3f}")
    reckoning, told = outcome.reckoning, outcome.reckoning.told
    late = f"p50 {outcome.at(0.5):.3f}, p99 {outcome.at(0.99):.3f}, greatest {max(outcome.late):.3f}"
    events = f"{told['c']} c, {told['u']} u, {told['d']} d"
    lines += [
        f"lateness s: {late}; {len(outcome.late)} due times met, {outcome.missed} missed",
        f"{reckoning.moves} changes made, told: {events}; {reckoning.records} records",
        f"{outcome.failures:.0f} polls failed; wrong: {len(reckoning.wrong)}",
    ]
    return "\n".join([*lines, *(f"BROKEN {each}" for each in outcome.broken[:20])])


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.house.endurance")
    parser.add_argument("--tenants", type=int, default=500)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--probe", type=float, default=30.0)
    parser.add_argument("--huge", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    town = Town(chosen.tenants, huge=chosen.huge, probe=chosen.probe, seed=chosen.seed)
    with tempfile.TemporaryDirectory() as folder:
        outcome = run(town, 60 * chosen.minutes, 10.0, Path(folder))
    print(table(outcome))
    return 1 if outcome.broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
