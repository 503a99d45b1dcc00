"""A whole runtime on virtual time: tenants in memory, each behind its real traffic, and a store in memory."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel

from driftd.config import Basic, Config, ConnectionConfig, DaemonConfig, ResourceConfig, SecretRef, Settings
from driftd.core.breaker import Limits
from driftd.core.model import Details, Guards, KeyBytes, Page, Query, Resource
from driftd.core.status import ConnectionStatus
from driftd.errors import Reason, SourceError
from driftd.ports import Source, Traffic
from driftd.runtime.alarms import Alarms
from driftd.runtime.book import Book
from driftd.runtime.detect import Detector
from driftd.runtime.gauges import Gauges
from driftd.runtime.post import Posts
from driftd.runtime.rooms import Rooms
from driftd.runtime.supervisor import Supervisor
from driftd.runtime.ways import Ways
from driftd.runtime.world import World
from tests.fakes.log import Line, Told
from tests.fakes.memory_logbook import MemoryLogbook
from tests.fakes.memory_store import MemoryStore
from tests.fakes.source import FakeSource, FakeTable
from tests.fakes.virtual import VirtualClock, virtual_run
from tests.runtime.world import row

CLASSES = ("ONE", "TWO")
MIDNIGHT = 1_700_006_400_000


@dataclass
class Tenant:
    """One simulated tenant."""

    source: FakeSource
    latency: float = 0.05
    """Seconds that each answer takes."""
    fault: Callable[[], None] = lambda: None
    """Is called before each answer; raises what the tenant answers instead."""
    sent: list[float] = field(default_factory=list)
    """When requests were sent, monotonic seconds."""
    opened: int = 0

    def failing(self, reason: Reason, **told: Any) -> None:
        """Fail with `reason` from now on."""

        def fail() -> None:
            raise SourceError(reason, f"it is {reason}", hint="wait", **told)

        self.fault = fail

    def well(self) -> None:
        """Answer again."""
        self.fault = lambda: None


class Slow:
    """A source that takes its turns and its time."""

    def __init__(self, tenant: Tenant, traffic: Traffic) -> None:
        self._tenant = tenant
        self._traffic = traffic
        self.split, self.keys, self.decode = tenant.source.split, tenant.source.keys, tenant.source.decode
        self.prototypes = tenant.source.prototypes

    async def page(self, resource: Resource, query: Query) -> Page:
        found: Page = await self._asked(lambda: self._tenant.source.page(resource, query))
        return found

    async def details(self, resource: Resource, key: KeyBytes) -> Details:
        found: Details = await self._asked(lambda: self._tenant.source.details(resource, key))
        return found

    async def _asked(self, answer: Callable[[], Awaitable[Any]]) -> Any:
        sent = 0
        try:
            async with self._traffic.turn():
                self._traffic.send()
                sent = 1
                self._tenant.sent.append(anyio.current_time())
                await anyio.sleep(self._tenant.latency)
                self._tenant.fault()
                found = await answer()
                self._traffic.receive(found.wire_bytes)
                return found
        except SourceError as error:
            error.requests = sent
            if sent and error.retry_after is not None:
                status = 429 if error.reason is Reason.RATE_LIMITED else 503
                self._traffic.answered(status, self._tenant.latency)
                self._traffic.asked(status, error.retry_after)
            raise


def connection(name: str, *, host: str = "", classes: Sequence[str] = CLASSES, **settings: Any) -> ConnectionConfig:
    """Configure a connection as `driftd.config` would."""
    given = Settings(**{"details_per_hour": 0, "page_size": 20} | settings)
    resources = tuple(
        ResourceConfig(
            Resource(
                name,
                each,
                each,
                ("KEY",),
                page_size=given.page_size,
                probe=given.probe,
                delta=given.delta,
                sweep=given.sweep,
                guards=Guards(given.mass_delete_ratio, given.mass_delete_limit, given.second_look),
            ),
            given,
        )
        for each in classes
    )
    where = f"https://{host or name}.example"
    return ConnectionConfig(name, where, "F", "F", Basic("user", SecretRef("x", env="X")), given, resources)


@dataclass
class Rig:
    """The runtime of some connections."""

    connections: list[ConnectionConfig]
    records: int = 5
    grace: float = 15.0
    clock: VirtualClock = field(default_factory=lambda: VirtualClock(MIDNIGHT))
    store: MemoryStore = field(default_factory=MemoryStore)
    logbook: MemoryLogbook = field(default_factory=MemoryLogbook)
    tenants: dict[str, Tenant] = field(default_factory=dict)
    unopened: set[str] = field(default_factory=set)
    """Connections whose secret is not to be had."""
    told: list[Line] = field(default_factory=list)
    """Level, event and facts of each line logged."""

    def __post_init__(self) -> None:
        for each in self.connections:
            self.tenant(each.name, tuple(one.name for one in each.resources))
        chance = random.Random(7)
        self.gauges = Gauges(self.clock.monotonic)
        self.log = Told(self.told)
        self.alarms = Alarms(self.log)
        self.ways = Ways(self.clock, chance.random, Limits())
        self.world = World(
            store=self.store,
            book=Book(self.logbook, self.clock, self.log),
            clock=self.clock,
            gauges=self.gauges,
            posts=Posts(self.ways, 64, self.gauges, self.clock, self.log, self.alarms),
            open_source=self.open,
            sweeps=Rooms(64),
            chance=chance.random,
            seed=lambda: 42,
            detector=Detector(self.store.casebook, self.store, self.alarms),
        )

    def tenant(self, name: str, classes: Sequence[str] = CLASSES) -> Tenant:
        """Return a tenant; there is one from the first time on."""
        if name not in self.tenants:
            source = FakeSource({each: FakeTable(("KEY",)) for each in classes})
            for each in classes:
                source.put(each, [row(10 * number) for number in range(1, self.records + 1)])
            self.tenants[name] = Tenant(source)
        return self.tenants[name]

    @property
    def config(self) -> Config:
        return Config(DaemonConfig(data_dir=Path("nowhere")), tuple(self.connections))

    @asynccontextmanager
    async def open(self, connection: ConnectionConfig, traffic: Traffic) -> AsyncIterator[Source]:
        if connection.name in self.unopened:
            raise SourceError(Reason.CONFIG_ERROR, "its secret is not to be had", hint="set it")
        tenant = self.tenant(connection.name)
        tenant.opened += 1
        yield Slow(tenant, traffic)

    def change(self, name: str, **settings: Any) -> None:
        """Set a connection's settings otherwise in the configuration."""
        self.connections = [
            connection(each.name, **settings) if each.name == name else each for each in self.connections
        ]

    def status(self, name: str) -> ConnectionStatus:
        """Return a connection's status as it was last looked at."""
        (found,) = [each for each in self.supervisor.statuses if each.name == name]
        return found

    async def until(self, holds: Callable[[], bool], seconds: float = 36_000.0, *, step: float = 0.25) -> float:
        """Wait in virtual time until something holds; return the seconds it took, `step` too many at most."""
        begun = anyio.current_time()
        while not holds():
            assert anyio.current_time() - begun < seconds, "it never came to that"
            await asyncio.sleep(step)
        return anyio.current_time() - begun

    async def reach(self, instant: float) -> None:
        """Let virtual time pass until an instant of the monotonic clock is over; at once where it is."""
        await anyio.sleep(max(0.0, instant - self.clock.monotonic() + 0.25))

    def run(self, story: Callable[["Rig"], Awaitable[None]]) -> None:
        """Play a story beside the running supervisor, then stop it."""
        virtual_run(self._run, story)

    async def _run(self, story: Callable[["Rig"], Awaitable[None]]) -> None:
        async with anyio.create_task_group() as group:
            self.supervisor = Supervisor(self.world, await self.logbook.recall(), self.grace)
            group.start_soon(self.world.book.run)
            group.start_soon(self.supervisor.run, self.config)
            await anyio.lowlevel.checkpoint()
            await story(self)
            await self.supervisor.stop()
            group.cancel_scope.cancel()
        await self.world.book.write()
