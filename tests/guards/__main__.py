"""Each guard is taken away in turn, and the seeds must find out.

    python -m tests.guards [--only NAME …] [--seeds 200] [--processes 2]

plays the seeds with nothing taken away, which must break no law; then without each guard until one breaks; and prints
guard, what was taken away, the seed that found it, and the violation. The exit code is 1 where nobody noticed.
"""

import argparse
import multiprocessing
import sys
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

from tests.guards.guard import Guard
from tests.guards.proving import Found, undisturbed, without
from tests.guards.table import GUARDS


def _progress(row: Found) -> None:
    print(f"{row.name}: {row.seed or 'nobody noticed'} {row.violation or row.other}", file=sys.stderr, flush=True)


def table(rows: Iterable[Found], guards: Sequence[Guard]) -> Table:
    """Return what is printed."""
    drawn = Table("guard", "taken away", "seed", "violation")
    known = {each.name: each for each in guards}
    for row in rows:
        told = row.violation or f"NOBODY NOTICED {row.other}"
        drawn.add_row(row.name, known[row.name].what, "–" if row.seed is None else str(row.seed), told)
    return drawn


def main() -> int:
    """Play, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.guards")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="guards whose names begin so")
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--unproven", action="store_true", help="leave out the seeds with every guard in place")
    chosen = parser.parse_args()
    guards = [each for each in GUARDS if not chosen.only or each.name.startswith(tuple(chosen.only))]
    broken: list[str] = []
    with multiprocessing.get_context("spawn").Pool(chosen.processes) as pool:
        jobs = [pool.apply_async(without, (each.name, chosen.seeds), callback=_progress) for each in guards]
        if not chosen.unproven:
            whole = pool.imap_unordered(undisturbed, range(1, chosen.seeds + 1), chunksize=5)
            broken = [f"seed {seed}: {told}" for seed, many in whole for told in many]
        rows = [each.get() for each in jobs]
    Console(width=170).print(table(rows, guards))
    for each in broken:
        print(f"with every guard in place, {each}")
    unnoticed = [row.name for row in rows if row.seed is None]
    print(f"{len(rows)} guards, {len(unnoticed)} unnoticed; {sum(row.seconds for row in rows):.0f} s of processor time")
    return 1 if unnoticed or broken else 0


if __name__ == "__main__":
    sys.exit(main())
