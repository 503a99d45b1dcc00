"""Patches generated from a seed, each judged by an oracle that shares no code with the detector.

    python -m tests.drift [--patches 600] [--seed 1] [--only WORDS] [--days 0]

Prints the matrix: kind of patch, right, found, impacts, severity, delay in cycles, false findings. The exit code is 1
where less than 99 % came out right, or a null patch was found as anything.
"""

import argparse
import time

import anyio

from tests.drift.generator import generated
from tests.drift.living import lived
from tests.drift.matrix import Bench, Outcome, shown, wrong
from tests.drift.subject import Daemon

WANTED = 0.99


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.drift")
    parser.add_argument("--patches", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="words that a trial's name must hold")
    parser.add_argument("--days", type=int, default=0, help="also so many days of a tenant without incidents")
    chosen = parser.parse_args()
    begun = time.monotonic()
    trials = [each for each in generated(chosen.patches, chosen.seed) if chosen.only in str(each)]
    outcomes: list[Outcome] = []

    async def run() -> None:
        async for outcome in Bench(Daemon).outcomes(trials):
            outcomes.append(outcome)
            for line in wrong([outcome]):
                print(f"WRONG {line}", flush=True)

    anyio.run(run)
    print(shown(outcomes))
    if chosen.days:
        told = anyio.run(lived, chosen.days)
        print(f"{chosen.days} days of a living tenant: {len(told)} findings {told[:10]}")
    print(f"{time.monotonic() - begun:.0f} s")
    nulls = [each for each in outcomes if each.trial.null and each.judgement.false]
    right = sum(each.judgement.right for each in outcomes)
    return 0 if right >= WANTED * len(outcomes) and not nulls else 1


if __name__ == "__main__":
    raise SystemExit(main())
