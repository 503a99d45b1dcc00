"""Play seeds and tell what they broke.

    python -m tests.simulation --seed 4711 [--hours 72] [--story]
    python -m tests.simulation --seeds 1000 --hours 72 --processes 2 [--first 1]

The exit code is 1 where a law was broken, or where a kind of fault never took effect in a thousand seeds or more.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from tests.simulation.play import simulate
from tests.simulation.troubles import KINDS
from tests.simulation.verdict import Verdict

ENOUGH = 1_000
"""Seeds among which every kind of fault must have struck."""


@dataclass
class Summary:
    """What many seeds led to."""

    seeds: int = 0
    hours: float = 0.0
    requests: int = 0
    lives: int = 0
    told: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    struck: Counter[str] = field(default_factory=Counter)
    """Seeds in which each kind of fault took effect."""
    broken: list[Verdict] = field(default_factory=list)

    def add(self, verdict: Verdict) -> None:
        """Take in one seed."""
        self.seeds += 1
        self.hours += verdict.simulated
        self.requests += verdict.requests
        self.lives += verdict.lives
        self.told += verdict.told
        self.faults += verdict.faults
        self.struck.update(verdict.faults.keys())
        if verdict.violations:
            self.broken.append(verdict)

    @property
    def missing(self) -> list[str]:
        """Kinds of fault that never took effect."""
        return [kind for kind in KINDS if not self.faults[kind]]

    def shown(self, seconds: float) -> str:
        """Return the figures and the table of faults."""
        told = ", ".join(f"{self.told[op]} {op}" for op in "cud")
        lines = [
            f"{self.seeds} seeds, {self.hours:.0f} simulated hours, {60 * self.hours / seconds:.0f} of them a minute",
            f"{self.requests} requests, {self.lives} daemons, events: {told}",
            f"{'fault':<18}{'struck':>9}{'in seeds':>10}",
            *(f"{kind:<18}{self.faults[kind]:>9}{self.struck[kind]:>10}" for kind in KINDS),
            f"violations: {sum(len(each.violations) for each in self.broken)} in {len(self.broken)} seeds",
            *(f"BROKEN {each.replay}" for each in self.broken),
        ]
        return "\n".join([*lines, *(f"never struck: {kind}" for kind in self.missing)])


def played(seeds: range, hours: float, processes: int) -> Iterator[Verdict]:
    """Play seeds, in several processes where that is asked for."""
    play = partial(simulate, hours=hours)
    if processes == 1:
        yield from map(play, seeds)
        return
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(play, seeds, chunksize=4)


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--seed", type=int, help="one seed, with the story of what it broke")
    parser.add_argument("--story", action="store_true", help="with --seed: the whole story")
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--hours", type=float, default=6.0)
    parser.add_argument("--processes", type=int, default=1)
    given = parser.parse_args()
    begun = time.monotonic()
    summary = Summary()
    one = given.seed is not None
    seeds = range(given.seed, given.seed + 1) if one else range(given.first, given.first + given.seeds)
    for verdict in played(seeds, given.hours, 1 if one else given.processes):
        summary.add(verdict)
        if verdict.violations:
            print(verdict.shown(), flush=True)
        if given.story:
            print("\n".join(verdict.story))
        if one:
            print(f"trace {verdict.trace}")
    print(summary.shown(time.monotonic() - begun))
    return 1 if summary.broken or (summary.missing and summary.seeds >= ENOUGH) else 0


if __name__ == "__main__":
    sys.exit(main())
