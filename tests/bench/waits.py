"""How long another connection waits to commit while a large baseline is written into the same store.

    python -m tests.bench.waits CONFIG        (the secret in TENANT_SECRET)

One task sweeps the tenant for the first time, another commits a small cycle every 50 ms and times it from `begin` to
the end of `commit`; a third sleeps 5 ms at a time and sees how late the event loop wakes it.
"""

import json
import secrets
import sys
from pathlib import Path
from time import perf_counter

import anyio

from driftd import app
from driftd.adapters.clock import SystemClock
from driftd.config import Config, load
from driftd.core import fingerprint
from driftd.core.model import Change, Kind, Op, Resource, Row, Standing
from driftd.ports import Store
from driftd.runtime.alarms import Alarms
from driftd.runtime.cycle import cycle
from driftd.runtime.detect import Detector
from driftd.runtime.quiet import Quiet
from driftd.runtime.tenant import Tenant

PAUSE = 0.05
NAP = 0.005
ROWS = 5


async def measure(config: Config) -> dict[str, float]:
    (connection,) = config.connections
    (resource,) = connection.resources
    clock = SystemClock()
    waits: list[float] = []
    lags: list[float] = []
    async with (
        app.writing(config) as store,
        app.connected(connection) as source,
        anyio.create_task_group() as group,
    ):
        detector = Detector(store.casebook, store, Alarms(Quiet()))
        folder = connection.folder
        tenant = Tenant(source, store, clock, "127.0.0.1", folder, lambda: secrets.randbits(64), detector)
        group.start_soon(_neighbour, store, waits)
        group.start_soon(_napper, lags)
        report = await cycle(tenant, resource, Kind.SWEEP)
        group.cancel_scope.cancel()
    if report.outcome != "ok":
        raise RuntimeError(report.message)
    return {"records": report.records, "seconds": report.seconds, **_spread("wait", waits), **_spread("lag", lags)}


async def _neighbour(store: Store, waits: list[float]) -> None:
    """Commit a few changes of another connection's resource, again and again."""
    resource = Resource("neighbour", "ITMMASTER", "ITMMASTER", ("ITMREF",))
    clock = SystemClock()
    number = 0
    while True:
        await anyio.sleep(PAUSE)
        now, keys = clock.now(), [f'["{number * ROWS + row}"]'.encode() for row in range(ROWS)]
        begun = perf_counter()
        async with await store.begin(resource, Kind.DELTA, host="127.0.0.1", folder="N", now=now) as writing:
            await writing.stage(0, rows=[_row(key, now) for key in keys], changes=[_change(key, now) for key in keys])
            await writing.commit(Standing(baselined=True, records=(number + 1) * ROWS), None)
        waits.append(perf_counter() - begun)
        number += 1


async def _napper(lags: list[float]) -> None:
    while True:
        begun = perf_counter()
        await anyio.sleep(NAP)
        lags.append(perf_counter() - begun - NAP)


def _row(key: bytes, now: int) -> Row:
    return Row(key, fingerprint.raw(key, 0), fingerprint.of(key), b'{"ITMREF":"X"}', first_seen=now)


def _change(key: bytes, now: int) -> Change:
    after = b'{"ITMREF":"X"}'
    hashed = fingerprint.of(key).hex()
    return Change(hashed * 2, Op.CREATE, key, None, after, (), None, hashed, 0, 0, None, now, now)


def _spread(name: str, seconds: list[float]) -> dict[str, float]:
    """Return number, median, 99th percentile and greatest of some times, in milliseconds."""
    ordered = sorted(seconds) or [0.0]
    at = {"p50": ordered[len(ordered) // 2], "p99": ordered[len(ordered) * 99 // 100], "max": ordered[-1]}
    return {f"{name}s": len(seconds), **{f"{name}_{rank}_ms": round(1000 * value, 1) for rank, value in at.items()}}


if __name__ == "__main__":
    print(json.dumps(anyio.run(measure, load(Path(sys.argv[1]), app.catalogue()))))
