"""A process that polls when it is told to, in order to be killed.

    python -m tests.house.victim URL DIRECTORY FOLDER TOKEN_PATH CLIENT_ID ROWS < secret, then one line for each poll

The secret comes as the first line. It says `ready` once the store is open, and one line of JSON after each poll: the
outcome of each resource. ROWS is the number of rows beyond which a cycle is written ahead under a generation.
"""

import json
import sys
from pathlib import Path

import anyio

from driftd.adapters.clock import SystemClock
from driftd.adapters.sqlite import SqliteStore
from driftd.adapters.sqlite import cycle as sqlite_cycle
from driftd.adapters.x3.client import X3Source
from driftd.adapters.x3.settings import ClientCredentials, X3Settings
from driftd.core.model import Kind
from driftd.core.secret import Secret
from driftd.runtime.poll import Round, poll
from driftd.runtime.tenant import Tenant
from tests.fakes.detection import detector_of
from tests.fakes.loopback import LOOPBACK
from tests.house.rig import SEED, resource

CLASSES = ("BPCUSTOMER", "ITMMASTER", "SORDER")


async def main(*arguments: str) -> None:
    """Poll once for each line that comes in."""
    url, directory, folder, token_path, client_id, rows = arguments
    setattr(sqlite_cycle, "ONE_TRANSACTION", int(rows))  # noqa: B010 - a test composition, not a setting
    setattr(sqlite_cycle, "BASELINE", int(rows))  # noqa: B010 - the same
    secret = Secret(sys.stdin.readline().strip())
    settings = X3Settings(
        "aldgate", url, folder, ClientCredentials(url + token_path, client_id, secret), egress=LOOPBACK
    )
    clock = SystemClock()
    async with (
        X3Source(settings, None, clock) as source,
        SqliteStore.open(Path(directory), clock_now=clock.now) as store,
    ):
        resources = [resource(name, page_size=10) for name in CLASSES]
        others = {each.name: each for each in resources}
        tenant = Tenant(source, store, clock, "127.0.0.1", folder, lambda: SEED, detector_of(store), others)
        print("ready", flush=True)
        while sys.stdin.readline():
            polled = await poll([Round(tenant, resources, 3)], Kind.SWEEP)
            print(json.dumps([f"{each.outcome} {each.message}".strip() for each in polled.cycles]), flush=True)


if __name__ == "__main__":
    anyio.run(main, *sys.argv[1:])
