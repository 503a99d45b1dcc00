"""A process that sweeps one class when it is told to, and says what memory that took.

    python -m tests.faults.sweeping URL DIRECTORY FOLDER TOKEN_PATH CLIENT_ID PAGE < secret, then one line a sweep

A line is the megabytes that the process may grow by from then on, by RLIMIT_DATA, or 0 for no limit. It answers each
with a line of JSON: what became of the sweep, and the most bytes that Python held during it beyond those before.
"""

import json
import resource as system
import sys
import tracemalloc
from pathlib import Path

import anyio

from driftd.adapters.clock import SystemClock
from driftd.adapters.sqlite import SqliteStore
from driftd.adapters.x3.client import X3Source
from driftd.adapters.x3.settings import ClientCredentials, X3Settings
from driftd.core.model import Kind
from driftd.core.secret import Secret
from driftd.runtime.poll import Round, poll
from driftd.runtime.tenant import Tenant
from tests.fakes.detection import detector_of
from tests.fakes.loopback import LOOPBACK
from tests.house.rig import SEED, resource

NAME = "BPCUSTOMER"


async def main(*arguments: str) -> None:
    """Sweep once for each line that comes in."""
    url, directory, folder, token_path, client_id, page = arguments
    secret = Secret(sys.stdin.readline().strip())
    auth = ClientCredentials(url + token_path, client_id, secret)
    settings = X3Settings("aldgate", url, folder, auth, egress=LOOPBACK)
    clock, polled = SystemClock(), resource(NAME, page_size=int(page))
    async with (
        X3Source(settings, None, clock) as source,
        SqliteStore.open(Path(directory), clock_now=clock.now) as store,
    ):
        tenant = Tenant(
            source, store, clock, "127.0.0.1", folder, lambda: SEED, detector_of(store), {polled.name: polled}
        )
        while line := sys.stdin.readline():
            if room := int(line):
                limit(room)
            else:
                tracemalloc.start()
            before = tracemalloc.get_traced_memory()[0]
            (report,) = (await poll([Round(tenant, [polled], 3)], Kind.SWEEP)).cycles
            peak = tracemalloc.get_traced_memory()[1] - before
            tracemalloc.stop()
            print(json.dumps([f"{report.outcome} {report.message}".strip(), report.records, peak]), flush=True)


def limit(megabytes: int) -> None:
    """Let this process grow by no more from now on."""
    size = int(Path("/proc/self/statm").read_text().split()[5]) * system.getpagesize()
    system.setrlimit(system.RLIMIT_DATA, (size + megabytes * 10**6, system.RLIM_INFINITY))


if __name__ == "__main__":
    anyio.run(main, *sys.argv[1:])
