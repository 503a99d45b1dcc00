"""One daemon from its start to its end, however it ends: the composition of ``driftd run`` on virtual time."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from ipaddress import ip_network
from random import Random
from typing import Any

from driftd.adapters.x3.client import X3Source
from driftd.adapters.x3.settings import Caps, ClientCredentials, Proof, X3Settings
from driftd.adapters.x3.transport import Transport
from driftd.config import ClientCredentials as Credentials
from driftd.config import Config, ConnectionConfig, proof_interval
from driftd.core.breaker import Limits
from driftd.core.budget import Usage
from driftd.core.network import Egress
from driftd.ports import Entries, Source, Traffic
from driftd.runtime.alarms import Alarms
from driftd.runtime.book import Book
from driftd.runtime.daemon import Instruments, Running
from driftd.runtime.detect import Detector
from driftd.runtime.gauges import Gauges
from driftd.runtime.post import Posts
from driftd.runtime.rooms import Rooms
from driftd.runtime.view import budget_of
from driftd.runtime.ways import Ways
from driftd.runtime.world import World
from tests.fakes.log import Line, Told
from tests.fakes.virtual import VirtualClock
from tests.simulation.disk import Disk, Ending, Stored, WatchedSource, WatchedStore
from tests.simulation.oracle import Oracle

TICK = 300.0
"""Seconds between looks where nothing is due: most of what hours cost."""
CAPS = Caps(wire=1 << 20, body=2 << 20, ratio=40, ratio_floor=256 << 10, token=1 << 16)
"""Small ones, so that bombs can be small too."""
EGRESS = Egress(allow_http=(ip_network("10.8.0.0/16"),))
"""Where the host is."""


@dataclass
class Surroundings:
    """What daemons come and go in."""

    config: Config
    clock: VirtualClock
    chance: Random
    disk: Disk
    oracle: Oracle
    secrets: dict[str, str]
    """The secret of each connection, as the operator has it."""
    spent: dict[str, int] = field(default_factory=dict)
    """Requests of the first day that are used before it begins, by connection."""
    lines: list[Line] = field(default_factory=list)
    """The log of all daemons."""


Shelf = Callable[[Ending], AbstractAsyncContextManager[tuple[Any, Any]]]
"""Opens the store and the logbook."""


class Life:
    """One daemon."""

    def __init__(self, around: Surroundings, number: int) -> None:
        self._around = around
        self.number = number
        self.ending = Ending()
        self.running: Running | None = None
        self.ended = False

    async def live(self, shelf: Shelf) -> None:
        """Run until it ends: stopped, cancelled or killed; raises `FencedError`, alone or in a group."""
        with self.ending.scope:
            async with shelf(self.ending) as (store, logbook):
                await self._live(store, logbook)

    async def _live(self, store: Any, logbook: Any) -> None:
        around, ending = self._around, self.ending
        log = Told(around.lines)
        watched = WatchedStore(store, around.disk, ending, around.oracle)
        book = Stored(logbook, around.disk, ending)
        alarms = Alarms(log)
        await alarms.load(store.casebook, around.clock.now())
        gauges = Gauges(around.clock.monotonic)
        chance = around.chance
        world = World(
            store=watched,
            book=Book(book, around.clock, log),
            clock=around.clock,
            gauges=gauges,
            posts=Posts(Ways(around.clock, chance.random, Limits()), 64, gauges, around.clock, log, alarms),
            open_source=self._open,
            sweeps=Rooms(64),
            chance=chance.random,
            seed=lambda: chance.getrandbits(64),
            detector=Detector(watched.casebook, watched, alarms),
            tick=TICK,
        )
        if self.number == 0 and around.spent:
            day = budget_of(around.config.connections[0]).day(around.clock.now())
            await logbook.write(Entries(usage={name: Usage(day, n, 0) for name, n in around.spent.items()}))
        remembered = await logbook.recall()
        self.running = Running(around.config, world, remembered, log, Instruments(_never, dict, lambda: None, "sim"))
        await self.running.run()

    async def stop(self) -> None:
        """End it in order."""
        if self.running is not None:
            await self.running.stop()

    @asynccontextmanager
    async def _open(self, connection: ConnectionConfig, traffic: Traffic) -> AsyncIterator[Source]:
        settings = _settings(connection, self._around.secrets)
        transport = Transport(None, settings.egress, settings.max_connections)
        async with X3Source(settings, transport, self._around.clock, traffic) as source:
            yield WatchedSource(source, self.ending, self._around.oracle)


def _settings(connection: ConnectionConfig, secrets: dict[str, str]) -> X3Settings:
    """Return a connection as the adapter needs it."""
    auth, name = connection.auth, connection.name
    assert isinstance(auth, Credentials)
    whole = X3Settings(
        name=name,
        base_url=connection.base_url,
        folder=connection.folder,
        auth=ClientCredentials(auth.token_url, auth.client_id, lambda: secrets[name]),
        endpoint=connection.endpoint,
        timeout=connection.settings.timeout,
        proof=Proof(proof_interval(connection), connection.settings.second_look),
    )
    return replace(whole, caps=CAPS, egress=EGRESS)


async def _never() -> Any:
    raise AssertionError("nothing is reloaded")
