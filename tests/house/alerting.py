"""A daemon in this process, alerting and in haste, and tenants that are served over real HTTP, one incident each."""

import os
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

import anyio

from driftd import app
from driftd.app import daemon
from driftd.cli.simulated import Setting, configuration
from driftd.config import Config, load
from driftd.core.alerts.terms import Terms
from driftd.core.backoff import Pacing
from driftd.core.breaker import Limits
from driftd.core.drift import Check, DriftKind, SchemaKind
from driftd.core.reasons import State
from driftd.errors import Reason
from driftd.simulator import Farm, Patch, Serving, Tenant, serving
from driftd.simulator.worldtime import WorldTime

INTERVAL = 1.0
"""Seconds between two polls of a resource."""
CLASSES = ("BPCUSTOMER", "ITMMASTER", "SORDER")
RECORDS = {"BPCUSTOMER": 60, "ITMMASTER": 40, "SORDER": 30}
SETTINGS: Mapping[str, Setting] = {
    **dict.fromkeys(("probe", "delta", "sweep"), f"{INTERVAL}s"),
    "second_look": f"{INTERVAL / 4}s",
}
TEMPO = daemon.Tempo(
    terms=Terms(hold=INTERVAL),
    pacing=Pacing(first=INTERVAL / 2, slow=INTERVAL, slowest=2 * INTERVAL),
    limits=Limits(first=INTERVAL / 2, longest=INTERVAL),
    tick=INTERVAL / 4,
)
READ = 3
"""Polls of each resource after which all of it is known, the lines of documents among it."""
Undo: TypeAlias = Callable[[], object]
"""Takes back what was done."""


@dataclass(frozen=True)
class Struck:
    """A tenant, and the server that serves it."""

    tenant: Tenant
    server: Serving


@dataclass(frozen=True)
class Incident:
    """What befalls one tenant, and what it must be found as."""

    kind: DriftKind
    findings: frozenset[str]
    strike: Callable[[Struck], Undo]
    resource: str = ""
    """Empty: the connection as a whole."""
    field: str = ""


def patched(patch: Patch, struck: Struck) -> Undo:
    """Patch a tenant."""
    return partial(struck.tenant.unpatch, struck.tenant.patch(patch))


def rotated(struck: Struck) -> Undo:
    """Rotate a tenant's secret; the tokens that it gave stay good until they end."""
    struck.tenant.rotate_secret()
    return struck.tenant.restore_secret


def filtered(resource: str, struck: Struck) -> Undo:
    """Have a role hide half of the records."""
    struck.tenant.filter(resource, 0.5)
    return partial(struck.tenant.filter, resource)


def down(struck: Struck) -> Undo:
    """Take the whole host down."""
    struck.server.down()
    return struck.server.up


def deleted(struck: Struck) -> Undo:
    """Delete a product that orders name."""
    tenant = struck.tenant
    product = tenant.used_products()[0]
    record = tenant.records("ITMMASTER")[product,]
    tenant.remove("ITMMASTER", product)
    return partial(tenant.put, "ITMMASTER", record)


INCIDENTS = (
    Incident(
        DriftKind.SCHEMA,
        frozenset({SchemaKind.FIELD_RENAMED}),
        partial(patched, Patch("BPCUSTOMER", "rename", "BPCNAM", to="BPCNAM1")),
        "BPCUSTOMER",
        "BPCNAM",
    ),
    Incident(DriftKind.CREDENTIAL, frozenset({Reason.OAUTH_INVALID_CLIENT}), rotated),
    Incident(
        DriftKind.DATA,
        frozenset({Check.SCALE_SHIFT}),
        partial(patched, Patch("ITMMASTER", "multiply", "BASPRI", to=100)),
        "ITMMASTER",
        "BASPRI",
    ),
    Incident(DriftKind.VOLUME, frozenset({Check.MASS_DELETE}), partial(filtered, "SORDER"), "SORDER"),
    Incident(DriftKind.FRESHNESS, frozenset({Reason.CONNECTION_REFUSED, Reason.CONNECTION_RESET}), down),
    Incident(DriftKind.INVARIANT, frozenset({Check.ORPHANS}), deleted, "SORDER", "SOHSOP[].ITMREF"),
)
"""One of each kind of drift that there is."""


@contextmanager
def served(farm: Farm, alone: Mapping[str, str], at: str = "127.0.0.1") -> Iterator[dict[str, Struck]]:
    """Serve a farm; tenants in `alone` are each at the address that stands there, as a host of their own."""
    with ExitStack() as stack:
        shared = stack.enter_context(serving(farm, at))
        own = {name: stack.enter_context(serving(farm, address)) for name, address in alone.items()}
        yield {name: Struck(tenant, own.get(name, shared)) for name, tenant in farm.items()}


def written(
    struck: Mapping[str, Struck],
    folder: Path,
    settings: Mapping[str, Setting],
    urls: Mapping[str, str] | None = None,
) -> Config:
    """Write a configuration and its secrets, and read it; tenants are at `urls`, or where they are served."""
    for each in struck.values():
        (folder / each.tenant.name).write_text(each.tenant.client_secret)
    text = configuration(
        Farm([each.tenant for each in struck.values()], WorldTime()),
        lambda tenant: urls[tenant.name] if urls else struck[tenant.name].server.url,
        secret=lambda tenant: f'{{ file = "{tenant.name}" }}',
        tables={
            "daemon": {"data_dir": str(folder / "data")},
            "store": {"ballast": "64KiB"},
            "web": {"listen": "127.0.0.1:0"},
            "defaults": {"requests_per_day": 10**9, "bytes_per_day": "900TB", **settings},
        },
        only=CLASSES,
    )
    place = folder / "driftd.toml"
    place.write_text(text)
    return load(place, app.catalogue())


@asynccontextmanager
async def living(config: Config, tempo: daemon.Tempo, folder: Path) -> AsyncIterator[daemon.Alive]:
    """Have a daemon live until the block ends; it logs to a file in a folder."""
    with (folder / "driftd.log").open("w") as log:
        process = daemon.Process(lambda: config, log, os.environ, tempo=tempo)
        async with daemon.living(config, process) as alive, anyio.create_task_group() as group:
            group.start_soon(alive.running.run)
            yield alive
            group.cancel_scope.cancel()


def well(alive: daemon.Alive, names: Collection[str] = ()) -> bool:
    """Tell whether each of these tenants, or all, is well, and each of its resources known."""
    found = [each for each in alive.running.status().connections if not names or each.name in names]
    known = all(each.health.polls >= READ for status in found for each in status.resources)
    return bool(found) and known and all(each.state is State.OK for each in found)


async def until(holds: Callable[[], bool], what: str, seconds: float = 120.0) -> None:
    """Wait until something holds; raises `AssertionError` where it does not come to that."""
    with anyio.move_on_after(seconds):
        while True:
            if holds():
                return
            await anyio.sleep(0.05)
    raise AssertionError(f"it never came to that: {what}")
