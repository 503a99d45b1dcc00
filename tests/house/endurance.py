"""A daemon that polls hundreds of tenants for minutes, one of them slow and one huge, while business goes on at all.

    python -m tests.house.endurance [--tenants 500] [--minutes 10] [--probe 30] [--huge 20000] [--seed 1]
    python -m tests.house.endurance --faults [--kills N] [--tenants 200] [--minutes 60] …

The tenants are simulated in this process, the daemon is one of its own. Lateness is measured where it matters, at the
tenants: between a due time and the first request after it. With --faults all that can befall a tenant does, at random
by the seed, until a while before the end, and with --kills the daemon is killed so often within the first half; nobody
is asked to be on time then. The exit code is 1 where a law is broken.
"""

import argparse
import signal
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

import anyio

from driftd.adapters.clock import SystemClock
from driftd.simulator import serving
from tests.bench.daemon import listens_at
from tests.house import hour
from tests.house.reckoning import Reckoning, reckon
from tests.house.sampling import Sample, Watched, grown, sampled, summary
from tests.house.town import CLASSES, Town, Visits, business
from tests.house.waiting import until_swept

SHARE = 0.1
"""Of an interval, what the 99th percentile of lateness may be."""
_now = SystemClock().now


@dataclass
class Outcome:
    """What was seen."""

    samples: list[Sample] = field(default_factory=list)
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
        daemon = Watched(place, folder / "log")
        try:
            daemon.url = listens_at(daemon, folder / "log")
            until_swept(folder / "data", len(farm) * len(CLASSES), 0)
            begun = _now()
            with business(farm, town.pace, town.seed):
                outcome.samples = list(sampled(lambda: daemon, seconds, every))
            outcome.late, outcome.missed = visits.lateness(town.probe, begun, _now())
            for _ in range(2):  # the first may have begun before
                until_swept(folder / "data", len(farm) * len(CLASSES))
            outcome.failures = daemon.metrics().get("driftd_poll_failures_total", 0.0)
        finally:
            daemon.process.send_signal(signal.SIGTERM)
            code = daemon.process.wait(60)
    outcome.log = (folder / "log").read_text()
    outcome.reckoning = anyio.run(reckon, farm, folder / "data")
    outcome.broken = [*_broken(outcome, town), *([f"the daemon ended with {code}"] if code else [])]
    return outcome


def _broken(outcome: Outcome, town: Town) -> list[str]:
    """Name the laws that were broken."""
    broken = [*outcome.reckoning.wrong, *grown(outcome.samples)]
    if not outcome.reckoning.told:
        broken.append("nothing was told")
    if outcome.at(0.99) > SHARE * town.probe:
        broken.append(f"lateness p99 is {outcome.at(0.99):.2f} s of {town.probe} s")
    if outcome.missed:
        broken.append(f"{outcome.missed} due times were missed")
    return broken


def table(outcome: Outcome) -> str:
    """Render what was seen."""
    reckoning, told = outcome.reckoning, outcome.reckoning.told
    late = f"p50 {outcome.at(0.5):.3f}, p99 {outcome.at(0.99):.3f}, greatest {max(outcome.late):.3f}"
    events = f"{told['c']} c, {told['u']} u, {told['d']} d"
    lines = [
        *summary(outcome.samples),
        f"lateness s: {late}; {len(outcome.late)} due times met, {outcome.missed} missed",
        f"{reckoning.moves} changes made, told: {events}; {reckoning.records} records",
        f"{outcome.failures:.0f} polls failed; wrong: {len(reckoning.wrong)}",
    ]
    return "\n".join([*lines, *(f"BROKEN {each}" for each in outcome.broken[:20])])


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.house.endurance")
    parser.add_argument("--faults", action="store_true")
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--tenants", type=int)
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--probe", type=float, default=30.0)
    parser.add_argument("--huge", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    tenants, minutes = (200, 60.0) if chosen.faults else (500, 10.0)
    town = Town(chosen.tenants or tenants, huge=chosen.huge, probe=chosen.probe, seed=chosen.seed)
    seconds = 60 * (chosen.minutes or minutes)
    with tempfile.TemporaryDirectory() as folder:
        broken = _printed(town, seconds, Path(folder), chosen.kills if chosen.faults else None)
    return 1 if broken else 0


def _printed(town: Town, seconds: float, folder: Path, kills: int | None) -> list[str]:
    """Run, under faults where `kills` are given, and print what was seen; return what was broken."""
    if kills is None:
        outcome = run(town, seconds, 10.0, folder)
        print(table(outcome))
        return outcome.broken
    stormy = hour.run(replace(town, delay=1.0, timeout=5.0), seconds, 10.0, folder, kills)
    print(hour.table(stormy))
    return stormy.broken


if __name__ == "__main__":
    raise SystemExit(main())
