"""The command: `python -m tests.bench`. Exit code 1 if a count differs from the ground truth."""

import argparse
import json
import os
import platform
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench import contenders, table
from tests.bench.control import Control, served
from tests.bench.measure import measured
from tests.bench.works import WORKS, Round, Run

MILLION = 1_000_000


def main() -> int:
    """Measure what was asked for, print it, and clean up."""
    asked = _asked()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="driftd-bench-") as folder:
        try:
            report = _report(asked, Path(folder))
        except KeyboardInterrupt:
            return 130
    if asked.json:
        asked.json.write_text(json.dumps(report, indent=1))
    return 1 if report["wrong"] else 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="How fast driftd is.")
    parser.add_argument("--records", type=int, default=100_000, metavar="N", help="records of the tenant")
    parser.add_argument("--repeat", type=int, default=3, metavar="N", help="rounds; medians are shown")
    parser.add_argument("--works", nargs="+", choices=(*WORKS, "waits"), default=[*WORKS, "waits"], metavar="WORK")
    parser.add_argument("--contenders", nargs="+", choices=contenders.NAMES, default=list(contenders.NAMES))
    parser.add_argument("--million", action="store_true", help="also driftd alone on a million records, once")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    return parser.parse_args()


def _report(asked: argparse.Namespace, folder: Path) -> dict[str, Any]:
    core = _apart()
    with served(asked.records, core) as control:
        start = _start(contenders.environment(control, folder), folder, asked.repeat)
        runs: list[Run] = []
        for number in range(asked.repeat):
            names = asked.contenders if number % 2 == 0 else asked.contenders[::-1]
            runs += Round(control, folder / f"round{number}", names, _say).runs(asked.works)
        waits = _waits(control, folder / "waits") if "waits" in asked.works else None
    if asked.million:
        with served(MILLION, core) as control:
            million = Round(control, folder / "million", ["driftd"], _say).runs(["unchanged"])
            runs += [replace(run, work=f"1 M {run.work}") for run in million]
            waits = _waits(control, folder / "million-waits") if "waits" in asked.works else None
    found = table.lines(runs, start["driftd version"])
    _print(found, start, waits)
    wrong = [f"{line.work}: {line.contender}: {each}" for line in found for each in line.wrong]
    print("".join(f"WRONG {each}\n" for each in wrong), end="")
    machine = {"python": platform.python_version(), "system": platform.platform(), "cores": os.cpu_count()}
    return {
        "machine": machine,
        "start": start,
        "works": table.as_json(found),
        "waits": waits,
        "wrong": wrong,
        "runs": [asdict(run) for run in runs],
    }


def _apart() -> int | None:
    """Keep to one core, which contenders inherit; return another one for the simulator, if there is one."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[-1]})
    return cores[0] if len(cores) > 1 else None


def _start(environment: Mapping[str, str], folder: Path, repeat: int) -> dict[str, tuple[float, float]]:
    """Measure what starting costs: wall clock and processor time, medians."""
    commands = {
        "python": [sys.executable, "-c", "pass"],
        "driftd version": [sys.executable, "-m", "driftd", "version"],
    }
    measured(contenders.warming(), folder=folder, environment=environment)
    found = {}
    for name, command in commands.items():
        runs = [measured(command, folder=folder, environment=environment) for _ in range(2 * repeat + 1)]
        found[name] = (median(run.wall for run in runs), median(run.cpu for run in runs))
    return found


def _waits(control: Control, folder: Path) -> dict[str, float]:
    _say("waits")
    contenders.prepare(control, folder)
    command = [sys.executable, "-m", "tests.bench.waits", str(folder / "driftd.toml")]
    done = measured(command, folder=folder, environment=contenders.environment(control, folder.parent))
    if done.code:
        raise RuntimeError(done.err)
    return {**json.loads(done.out), "peak_mb": round(done.peak / 1e6)}


def _say(what: str) -> None:
    """Show where we are on a terminal."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{what}", end="", file=sys.stderr, flush=True)


def _print(
    found: Sequence[table.Line], start: Mapping[str, tuple[float, float]], waits: Mapping[str, float] | None
) -> None:
    _say("")
    print(table.rendered(found))
    for name, (wall, cpu) in start.items():
        print(f"start of {name}: {wall:.3f} s, {cpu:.3f} s of processor time")
    if waits:
        print("waits:", ", ".join(f"{name} {value:g}" for name, value in waits.items()))


if __name__ == "__main__":
    sys.exit(main())
