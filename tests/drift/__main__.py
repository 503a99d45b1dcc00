"""Patches generated from a seed, each judged by an oracle that shares no code with the detector.

    python -m tests.drift [--patches 600] [--seed 1] [--only WORDS] [--processes 1] [--days 0 --slower 6]

Prints the matrix: kind of patch, right, found, impacts, severity, delay in cycles, false findings. The exit code is 1
where less than 99 % came out right, a null patch was found as anything, or a living tenant raised anything.
"""

import argparse
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

import anyio

from tests.drift.generator import documented, generated
from tests.drift.living import lived
from tests.drift.matrix import Bench, Outcome, misweighed, shown, wrong
from tests.drift.plan import Trial
from tests.drift.subject import Daemon, Found

WANTED = 0.99


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.drift")
    parser.add_argument("--patches", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="words that a trial's name must hold")
    parser.add_argument("--documented", action="store_true", help="the documented breaks alone")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--days", type=int, default=0, help="also so many days of a tenant without incidents")
    parser.add_argument("--slower", type=int, default=6, help="probed and read by deltas so many times as seldom")
    chosen = parser.parse_args()
    begun = time.monotonic()
    trials = documented() if chosen.documented else generated(chosen.patches, chosen.seed) if chosen.patches else []
    trials = [each for each in trials if chosen.only in str(each)]
    outcomes = _shared(trials, chosen.processes) if chosen.processes > 1 else _run(trials)
    if outcomes:
        print(shown(outcomes))
    for line in misweighed(outcomes):
        print(f"WEIGHS WRONG {line}")
    alarms: list[Found] = anyio.run(_lived, chosen.days, chosen.slower, chosen.seed) if chosen.days else []
    if chosen.days:
        print(f"{chosen.days} days of a living tenant: {len(alarms)} findings {alarms[:10]}")
    print(f"{time.monotonic() - begun:.0f} s")
    nulls = [each for each in outcomes if each.trial.null and each.judgement.false]
    right = sum(each.judgement.right for each in outcomes)
    return 0 if right >= WANTED * len(outcomes) and not nulls and not alarms else 1


def _run(trials: Sequence[Trial]) -> list[Outcome]:
    """Run trials, and print at once which did not come out right."""
    outcomes: list[Outcome] = []

    async def run() -> None:
        async for outcome in Bench(Daemon).outcomes(trials):
            outcomes.append(outcome)
            for line in wrong([outcome]):
                print(f"WRONG {line}", flush=True)

    anyio.run(run)
    return outcomes


def _shared(trials: Sequence[Trial], processes: int) -> list[Outcome]:
    """Run trials in several processes; those of one class and size stay together, as they share their ground."""
    ordered = sorted(trials, key=lambda each: (each.resource, each.records, each.details, each.watermark))
    size = max(1, -(-len(ordered) // (4 * processes)))
    parts = [ordered[at : at + size] for at in range(0, len(ordered), size)]
    with ProcessPoolExecutor(processes) as pool:
        return [outcome for part in pool.map(_run, parts) for outcome in part]


async def _lived(days: int, slower: int, seed: int) -> list[Found]:
    return await lived(days, slower=slower, seed=seed)


if __name__ == "__main__":
    raise SystemExit(main())
