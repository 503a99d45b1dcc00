"""The command: `python -m tests.bench.metrics`. How long a scrape takes, and how long the loop waits meanwhile."""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable
from functools import partial

from prometheus_client import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from driftd.cli.loop import settle
from driftd.core.status import Status
from driftd.faces.http.scrape import Scrape, rendered
from driftd.faces.metrics.collector import FamilyCollector
from driftd.faces.metrics.exposition import Exposition, Wanted, negotiated
from tests.faces.views import many

TEXT = "text/plain;version=0.0.4"
OPENMETRICS = "application/openmetrics-text;version=1.0.0"
STEP = 0.001
"""Seconds between two looks at the loop."""


async def lagging(work: Callable[[], Scrape]) -> tuple[float, float, Scrape]:
    """Run work in a thread; return its seconds, the loop's greatest lag meanwhile, and what came of it."""
    begun = time.perf_counter()
    running = asyncio.ensure_future(asyncio.to_thread(work))
    worst = 0.0
    while not running.done():
        asleep = time.perf_counter()
        await asyncio.sleep(STEP)
        worst = max(worst, time.perf_counter() - asleep - STEP)
    return time.perf_counter() - begun, worst, running.result()


def main() -> int:
    """Measure each kind of scrape, and print the medians of the times and the greatest lags."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.metrics", description="What a scrape costs.")
    parser.add_argument("--connections", type=int, default=2000)
    parser.add_argument("--resources", type=int, default=4)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--stock", action="store_true", help="also prometheus_client's own renderer")
    asked = parser.parse_args()
    settle()
    view = many(asked.connections, asked.resources)
    print(f"{'detail':<8}{'format':<14}{'gzip':<6}{'series':>9}{'MB':>8}{'cpu s':>9}{'thread s':>10}{'lag ms':>8}")
    for full in (False, True):
        for accept in (TEXT, OPENMETRICS):
            for zipped in (False, True):
                _measure(view, Wanted(full=full, max_series=10**9), accept, zipped=zipped, repeat=asked.repeat)
    if asked.stock:
        _stock(view)
    return 0


def _measure(view: Status, wanted: Wanted, accept: str, *, zipped: bool, repeat: int) -> None:
    exposition = Exposition(time.perf_counter)
    work = partial(rendered, exposition, view, negotiated(accept), wanted, zipped=zipped)
    cpu = []
    for _ in range(repeat):
        begun = time.process_time()
        work()
        cpu.append(time.process_time() - begun)
    runs = [asyncio.run(lagging(work)) for _ in range(repeat)]
    series = sum(each.series for each in exposition.families(view, wanted))
    size = sum(map(len, runs[0][2].pieces)) / 1e6
    form = "openmetrics" if accept == OPENMETRICS else "text"
    cpu_s, thread_s = sorted(cpu)[repeat // 2], sorted(run[0] for run in runs)[repeat // 2]
    lag = max(run[1] for run in runs) * 1000
    print(
        f"{'full' if wanted.full else 'basic':<8}{form:<14}{'yes' if zipped else 'no':<6}{series:>9}{size:>8.1f}"
        f"{cpu_s:>9.3f}{thread_s:>10.3f}{lag:>8.1f}"
    )


def _stock(view: Status) -> None:
    for full in (False, True):
        families = list(Exposition(time.perf_counter).families(view, Wanted(full=full, max_series=10**9)))
        collector = FamilyCollector(partial(list, families))
        for encoder in (generate_latest, generate_openmetrics):
            begun = time.perf_counter()
            encoder(collector)
            print(f"stock renderer, {'full' if full else 'basic'}: {time.perf_counter() - begun:.2f} s")


if __name__ == "__main__":
    sys.exit(main())
