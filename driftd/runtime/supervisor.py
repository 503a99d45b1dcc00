"""All connections, each with a poller: started, restarted after a bug, replaced on a reload, stopped in order."""

from collections.abc import Iterable
from typing import NamedTuple

import anyio
from anyio.abc import TaskGroup
from msgspec import Struct

from driftd.config import Config, ConnectionConfig
from driftd.core.budget import Usage
from driftd.core.health import ConnectionHealth, ResourceHealth, Trouble
from driftd.core.status import ConnectionStatus
from driftd.errors import FencedError, SourceError
from driftd.ports import Remembered
from driftd.runtime.chart import Chart
from driftd.runtime.poller import Poller, Post
from driftd.runtime.purse import Purse
from driftd.runtime.tenant import Tenant
from driftd.runtime.traffic import ConnectionTraffic
from driftd.runtime.view import Known, Present, budget_of
from driftd.runtime.ways import Ways
from driftd.runtime.world import World


class Changes(NamedTuple):
    """What a new configuration changed, by the names of connections."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]


class Lifetime(Struct):
    """One connection's poller while it lives."""

    post: Post
    ended: anyio.Event
    stopping: anyio.Event
    poller: Poller | None = None

    def stop(self) -> None:
        """Begin no further cycle."""
        self.stopping.set()
        if self.poller is not None:
            self.poller.stop()


class Supervisor:
    """Keeps one poller for each connection."""

    def __init__(self, world: World, ways: Ways, remembered: Remembered, grace: float) -> None:
        self._world = world
        self._ways = ways
        self._remembered = _by_connection(remembered)
        self._grace = grace
        self._lives: dict[str, Lifetime] = {}
        self._group: TaskGroup | None = None

    async def run(self, config: Config) -> None:
        """Poll every connection until cancelled, or until `stop`. Raises `FencedError`, alone or in a group."""
        async with anyio.create_task_group() as group:
            self._group = group
            self.apply(config)
            await anyio.sleep_forever()

    def apply(self, config: Config) -> Changes:
        """Take a configuration: start, stop and replace what it adds, removes and changes; nothing else is touched."""
        before = {name: life.post.connection for name, life in self._lives.items() if not life.stopping.is_set()}
        after = {each.name: each for each in config.connections}
        self._ways.allot(config)
        for name in before.keys() - after.keys():
            self._begin_end(self._lives[name])
        changed = [name for name in before.keys() & after.keys() if before[name] != after[name]]
        for name in changed:
            self._begin_end(self._lives[name])
        added = sorted(after.keys() - before.keys())
        for name in (*added, *changed):
            self._start(after[name], self._lives.get(name))
        return Changes(tuple(added), tuple(sorted(before.keys() - after.keys())), tuple(sorted(changed)))

    @property
    def statuses(self) -> tuple[ConnectionStatus, ...]:
        """The connections as they were last looked at, in the order of their names."""
        lives = [life for life in self._lives.values() if not life.stopping.is_set()]
        return tuple(sorted((life.post.chart.status for life in lives), key=lambda each: each.name))

    async def stop(self) -> int:
        """Begin no further cycle, and give those that run their grace; return how many had to be cancelled."""
        for life in self._lives.values():
            life.stop()
        with anyio.move_on_after(self._grace):
            for life in tuple(self._lives.values()):
                await life.ended.wait()
        left = sum(not life.ended.is_set() for life in self._lives.values())
        if self._group is not None:
            self._group.cancel_scope.cancel()
        return left

    def _start(self, connection: ConnectionConfig, before: Lifetime | None) -> None:
        if self._group is None:
            raise RuntimeError("the supervisor does not run")
        life = Lifetime(self._post(connection, before), anyio.Event(), anyio.Event())
        self._lives[connection.name] = life
        self._group.start_soon(self._live, life, before, name=f"connection {connection.name}")

    def _begin_end(self, life: Lifetime) -> None:
        life.stop()
        if self._group is not None:
            self._group.start_soon(self._remove, life)

    async def _remove(self, life: Lifetime) -> None:
        """Forget a connection once its poller has ended."""
        await life.ended.wait()
        name = life.post.connection.name
        if self._lives.get(name) is life:
            del self._lives[name]

    def _post(self, connection: ConnectionConfig, before: Lifetime | None) -> Post:
        world, known = self._world, self._known(connection.name, before)
        way = self._ways.of(connection)
        purse = Purse(connection.name, budget_of(connection), known.usage, world.clock)
        traffic = ConnectionTraffic(connection.settings.max_concurrency, way, world.everywhere, purse, world.gauges)
        chart = Chart(connection, self._ways.host(connection), known, traffic, world.clock)
        return Post(connection, chart, way, traffic, world.log.bind(connection=connection.name))

    def _known(self, name: str, before: Lifetime | None) -> Known:
        """Return what is known of a connection: what its poller before knew, else what was remembered at the start."""
        if before is not None:
            return before.post.chart.known
        return self._remembered.get(name, Known(ConnectionHealth(), Usage(), {}))

    async def _live(self, life: Lifetime, before: Lifetime | None) -> None:
        """Poll one connection for as long as it lives; what ends the poller by a bug is told, and it begins anew."""
        world, post = self._world, life.post
        try:
            if before is not None:
                await before.ended.wait()
                post = life.post = self._post(post.connection, before)
            while not life.stopping.is_set():
                try:
                    await self._poll(life)
                except SourceError as error:
                    self._unusable(post, error)
                    await self._rest(life, post.connection.settings.probe)
                except Exception as error:
                    if _is_fenced(error):
                        raise
                    world.gauges.restarts += 1
                    post.log.error("poller ended by a bug", error=error)
                    await self._rest(life, world.restart)
        finally:
            life.ended.set()

    async def _poll(self, life: Lifetime) -> None:
        post, world = life.post, self._world
        async with world.open_source(post.connection, post.traffic) as source:
            host = self._ways.host(post.connection)
            tenant = Tenant(source, world.store, world.clock, host, post.connection.folder, world.seed)
            life.poller = Poller(post, tenant, world)
            with anyio.CancelScope() as scope:
                async with anyio.create_task_group() as group:
                    group.start_soon(self._hasten, life, scope)
                    await life.poller.run()
                    group.cancel_scope.cancel()

    async def _hasten(self, life: Lifetime, scope: anyio.CancelScope) -> None:
        """Cancel what still runs once the grace of a connection that ends is over."""
        await life.stopping.wait()
        await anyio.sleep(self._grace)
        scope.cancel()

    async def _rest(self, life: Lifetime, seconds: float) -> None:
        with anyio.move_on_after(seconds):
            await life.stopping.wait()

    def _unusable(self, post: Post, error: SourceError) -> None:
        """Note that a connection cannot even be tried."""
        now, chart = self._world.clock.now(), post.chart
        since = chart.health.outage.since if chart.health.outage else now
        chart.struck(Trouble(error.reason, str(error), error.hint, error.status, since=since, at=now, times=1))
        chart.look(Present(started=now), self._world.book, post.log)


def _is_fenced(error: BaseException) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return any(_is_fenced(each) for each in error.exceptions)
    return isinstance(error, FencedError)


def _by_connection(remembered: Remembered) -> dict[str, Known]:
    resources: dict[str, dict[str, ResourceHealth]] = {}
    for (connection, name), health in remembered.resources.items():
        resources.setdefault(connection, {})[name] = health
    names: Iterable[str] = remembered.connections.keys() | resources.keys() | remembered.usage.keys()
    return {
        name: Known(
            remembered.connections.get(name, ConnectionHealth()),
            remembered.usage.get(name, Usage()),
            resources.get(name, {}),
        )
        for name in names
    }
