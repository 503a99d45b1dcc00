"""How long it takes from a fault at a tenant until somebody is told, all delays together.

    python -m tests.house.delays [--moments 20] [--days 3] [--times 3] [--scale 60] [--seed 1]

First on virtual time with the default settings, at random moments, exactly; `--days`: of a resource swept once a day.
Then at a running daemon over real HTTP, `--times` each, with the default settings divided by `--scale`, and what was
measured multiplied by it: so a busy machine counts too. 0 leaves a part out. The exit code is 1 where a figure is not
met, or anything is told that no fault accounts for.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import anyio

from tests.house import delays_running, delays_virtual
from tests.house.delay import Measured, table


def main() -> int:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--moments", type=int, default=20)
    parser.add_argument("--days", type=int, default=3)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--scale", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    found: list[Measured] = []
    if given.moments or given.days:
        found = delays_virtual.measured(given.moments, given.seed) if given.moments else []
        found += [delays_virtual.measured_daily(given.days, given.seed)] if given.days else []
        print("on virtual time, with the default settings", table(found), sep="\n", flush=True)
    if given.times:
        with tempfile.TemporaryDirectory() as folder:
            ran = anyio.run(delays_running.measured, given.times, given.scale, given.seed, Path(folder))
        print(f"at a running daemon, {given.scale:g} times as fast", table(ran), sep="\n")
        found += ran
    return 0 if found and all(each.met for each in found) else 1


if __name__ == "__main__":
    sys.exit(main())
