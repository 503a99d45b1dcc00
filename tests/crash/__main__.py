"""The crash matrix: everything driftd writes, killed before each of its steps.

    python -m tests.crash [--only SCENARIO …] [--points N] [--seed S] [--power]

prints for each scenario how many steps it has by kind (statements; writes, cuts, syncs and removals of SQLite's; files
opened, moved and removed by us), at how many points it was killed, and after how many of them it survived: it shows in
the end what a run shows that was never killed. After the others its log lacks events or its snapshot records (lost),
has too many (invented), both where one is changed, or neither, and it differs otherwise, as by rows, by the casebook,
or as it cannot go on. With --points so many are picked by the seed. With --power the power is lost instead: at each
write of a file, in four ways. The exit code is 1 where something differed.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from tests.contracts.stores import room
from tests.crash.ground import Picks, Row, sample, warm
from tests.crash.matrix import kill
from tests.crash.polls import play
from tests.crash.power import lose
from tests.crash.scenarios import SCENARIOS, Scenario

Hurt = Callable[[str, Scenario, Path, Picks], Row]
KINDS: Final = ("statement", "write", "cut", "sync", "remove", "file")
OUTCOMES: Final = ("points", "survived", "lost", "invented", "otherwise")


def table(rows: list[Row]) -> str:
    """Render the outcome."""
    lines = [f"{'scenario':<30}" + "".join(f"{each:>11}" for each in (*KINDS, *OUTCOMES))]
    steps, counts = (sum(each, Counter()) for each in ([row.steps for row in rows], [row.counts for row in rows]))
    for row in [*rows, Row("total", steps, counts)]:
        numbers = [*(row.steps[kind] for kind in KINDS), *(row.counts[outcome] for outcome in OUTCOMES)]
        lines.append(f"{row.name:<30}" + "".join(f"{number:>11}" for number in numbers))
    return "\n".join(lines)


def run(names: list[str], points: int, seed: int, directory: Path, hurt: Hurt = kill) -> list[Row]:
    """Hurt each scenario at so many points, or at all of them for 0."""
    warm(partial(play, numbers=range(2), detects=True), directory / "warm")
    rows = []
    for number, name in enumerate(names):
        picked = sample(seed, points, name) if points else range
        rows.append(hurt(name, SCENARIOS[name], directory / str(number), picked))
        print(table(rows[-1:]).splitlines()[1], file=sys.stderr, flush=True)
    return rows


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash")
    parser.add_argument("--only", nargs="+", choices=SCENARIOS, default=list(SCENARIOS), metavar="SCENARIO")
    parser.add_argument("--points", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--power", action="store_true")
    chosen = parser.parse_args()
    hurt: Hurt = partial(lose, seed=chosen.seed) if chosen.power else kill
    with room() as directory:
        rows = run(chosen.only, chosen.points, chosen.seed, directory, hurt)
    print(table(rows))
    for row in rows:
        if row.differing:
            print(f"{row.name}: {row.differing}\n{row.first}")
    return 1 if any(row.differing for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
