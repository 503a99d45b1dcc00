"""The runtime as the daemon composes it, over ten simulated tenants, each at a host of its own, one of them struck."""

import random
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import anyio
import httpx
from msgspec import structs

from driftd.adapters.clock import SystemClock
from driftd.adapters.sqlite import SqliteStore
from driftd.adapters.x3.client import X3Source
from driftd.adapters.x3.settings import Caps
from driftd.app.opening import settings_of
from driftd.config import ClientCredentials, Config, ConnectionConfig, DaemonConfig, ResourceConfig, SecretRef, Settings
from driftd.core.alerts.terms import Terms
from driftd.core.backoff import Pacing
from driftd.core.breaker import Limits
from driftd.core.model import Guards, Page, Query, Resource
from driftd.core.reasons import State
from driftd.core.status import ConnectionStatus
from driftd.errors import StoreError
from driftd.ports import Remembered, Source, Traffic
from driftd.runtime.alarms import Alarms
from driftd.runtime.book import Book
from driftd.runtime.detect import Detector
from driftd.runtime.gauges import Gauges
from driftd.runtime.post import Posts
from driftd.runtime.rooms import Rooms
from driftd.runtime.supervisor import Supervisor
from driftd.runtime.ways import Ways
from driftd.runtime.world import World
from driftd.simulator import Farm, serving
from driftd.simulator import Tenant as X3Tenant
from tests.adapters.x3.asking import CERTIFICATES
from tests.fakes.log import Line, Told
from tests.fakes.loopback import LOOPBACK
from tests.house.door import Door, Names
from tests.house.rig import resource

TENANTS = 10
RECORDS = 12
STRUCK = "camden"
CLASSES = ("BPCUSTOMER", "ITMMASTER")
"""Of the tenant that is struck; of each other one the first."""
OFTEN, SELDOM = 0.4, 2.0
"""Seconds between polls of the tenant that is struck, and of the others."""
PATIENCE = 60.0
"""Seconds until something that must come is given up."""


class Movable(SystemClock):
    """The clock of this machine, set forward at will."""

    def __init__(self) -> None:
        self.ahead = 0

    def now(self) -> int:
        return super().now() + self.ahead


class Breaking:
    """A source that may have a bug."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.broken = False
        self.details, self.split, self.keys, self.decode = source.details, source.split, source.keys, source.decode
        self.prototypes = source.prototypes

    async def page(self, resource: Resource, query: Query) -> Page:
        if self.broken:
            raise ZeroDivisionError("a bug")
        return await self._source.page(resource, query)


class Full:
    """A store that may have no room for what one connection has to say."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self.full = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def begin(self, resource: Resource, *arguments: Any, **named: Any) -> Any:
        if self.full and resource.connection == STRUCK:
            raise StoreError("the database or disk is full")
        return await self._store.begin(resource, *arguments, **named)


@dataclass(frozen=True)
class Patient:
    """How the tenant that is struck is configured, besides what all have."""

    settings: dict[str, Any] = field(default_factory=dict)
    certificate: str | None = None
    """What it shows over TLS; None for plain HTTP."""
    host: str = "127.0.0.99"
    caps: Caps = field(default_factory=Caps)


@dataclass
class Ten:
    """Ten tenants, polled."""

    farm: Farm
    store: SqliteStore
    full: Full
    clock: Movable
    door: Door
    names: Names
    config: Config
    secret: Path
    """The file with the secret of the tenant that is struck."""
    told: list[Line]
    supervisor: Supervisor
    world: World
    sources: dict[str, Breaking]

    @property
    def struck(self) -> X3Tenant:
        """The tenant that faults are switched on at."""
        return self.farm[STRUCK]

    def status(self, name: str = STRUCK) -> ConnectionStatus:
        """Return a connection's status as it was last looked at."""
        (found,) = (each for each in self.supervisor.statuses if each.name == name)
        return found

    def polls(self, name: str) -> int:
        """Return how often the resource of a connection that was polled least was polled."""
        return min(each.health.polls for each in self.status(name).resources)

    async def until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait until something holds; raises `AssertionError` where it never does."""
        begun = anyio.current_time()
        while not holds():
            if anyio.current_time() - begun > PATIENCE:
                found = self.status()
                raise AssertionError(f"it never came to that: {what}; {STRUCK} is {found.state} by {found.trouble}")
            await anyio.sleep(0.02)


@asynccontextmanager
async def ten(directory: Path, patient: Patient) -> AsyncIterator[Ten]:
    """Give ten tenants that are all well, each polled at least twice."""
    clock, told, names = Movable(), list[Line](), Names()
    farm = Farm.build(TENANTS, RECORDS, seed=20_261, only=CLASSES)
    farm.wall = lambda: clock.now() / 1000
    with ExitStack() as stack:
        server = stack.enter_context(serving(farm, "0.0.0.0"))
        port = httpx.URL(server.url).port or 0
        stack.enter_context(names.in_force())
        door = Door("127.0.0.99" if patient.certificate is None else "127.0.0.1", port, patient.certificate)
        names.known[patient.host] = door.host
        await door.open()
        config = configured(farm, directory, (port, door), patient)
        async with SqliteStore.open(config.data_dir, clock_now=clock.now) as store, anyio.create_task_group() as group:
            house = _composed(farm, store, (clock, door, names), config, told, patient)
            group.start_soon(house.world.book.run)
            group.start_soon(house.supervisor.run, config)
            await anyio.lowlevel.checkpoint()
            await house.until(lambda: _well(house), "all are well at first")
            try:
                yield house
            finally:
                await house.supervisor.stop()
                group.cancel_scope.cancel()
                await door.close()


def _well(house: Ten) -> bool:
    found = house.supervisor.statuses
    return len(found) == TENANTS and all(each.state is State.OK and house.polls(each.name) > 1 for each in found)


def configured(farm: Farm, directory: Path, ways: tuple[int, Door], patient: Patient) -> Config:
    """Configure every tenant as `driftd.config` would."""
    port, door = ways
    connections = []
    for number, tenant in enumerate(farm.values(), 1):
        secret = directory / f"{tenant.name}.secret"
        secret.write_text(tenant.client_secret)
        struck = tenant.name == STRUCK
        scheme = "https" if struck and patient.certificate else "http"
        url = f"{scheme}://{patient.host}:{door.port}" if struck else f"http://127.0.0.{number}:{port}"
        signing_in = ClientCredentials(
            url + tenant.token_path, tenant.client_id, SecretRef("auth.client_secret", file=secret)
        )
        often = OFTEN if struck else SELDOM
        own = patient.settings if struck else {}
        asked = {"probe": often, "delta": often, "sweep": often, "second_look": 0.2, "timeout": 2.0, "page_size": 100}
        settings = Settings(**{"requests_per_day": 10**6} | asked | own)
        trusted = CERTIFICATES / "good.pem" if scheme == "https" else None
        classes = tuple(_class(name, tenant.name, settings) for name in (CLASSES if struck else CLASSES[:1]))
        connections.append(
            ConnectionConfig(
                tenant.name,
                url,
                tenant.folder,
                tenant.endpoint,
                signing_in,
                settings,
                classes,
                ca_file=trusted,
                network=LOOPBACK,
            )
        )
    return Config(DaemonConfig(data_dir=directory / "data", stop_grace=1.0), tuple(connections))


def _class(name: str, connection: str, settings: Settings) -> ResourceConfig:
    cadence = {each: getattr(settings, each) for each in ("probe", "delta", "sweep", "page_size")}
    made = resource(name, connection, **cadence, guards=Guards(ratio=0.1, second_look=settings.second_look))
    return ResourceConfig(structs.replace(made, details=False), settings)


def _composed(
    farm: Farm,
    store: SqliteStore,
    outside: tuple[Movable, Door, Names],
    config: Config,
    told: list[Line],
    patient: Patient,
) -> Ten:
    clock, door, names = outside
    log, gauges, sources = Told(told), Gauges(clock.monotonic), dict[str, Breaking]()

    @asynccontextmanager
    async def opened(connection: ConnectionConfig, traffic: Traffic) -> AsyncIterator[Source]:
        known = replace(settings_of(connection), connect_timeout=0.4)
        if connection.name == STRUCK:
            known = replace(known, caps=patient.caps)
        async with X3Source(known, None, clock, traffic) as source:
            sources[connection.name] = Breaking(source)
            yield sources[connection.name]

    full, alarms = Full(store), Alarms(log, Terms(hold=OFTEN))
    chance = random.Random(7)
    world = World(
        store=full,
        book=Book(store.logbook, clock, log),
        clock=clock,
        gauges=gauges,
        posts=Posts(Ways(clock, chance.random, Limits(3, 0.2, 0.4)), 64, gauges, clock, log, alarms),
        open_source=opened,
        sweeps=Rooms(64),
        chance=chance.random,
        seed=lambda: 42,
        detector=Detector(store.casebook, full, alarms),
        pacing=Pacing(0.1, 0.3, 1.0),
        tick=0.2,
        restart=0.3,
    )
    supervisor = Supervisor(world, Remembered(), 1.0)
    secret = config.data_dir.parent / f"{STRUCK}.secret"
    return Ten(farm, store, full, clock, door, names, config, secret, told, supervisor, world, sources)
