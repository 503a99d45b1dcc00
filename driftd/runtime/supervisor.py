"""All connections, each with a poller: started, restarted after a bug, replaced on a reload, stopped in order."""

from typing import Final, NamedTuple

import anyio
from anyio.abc import TaskGroup
from msgspec import Struct, field

from driftd.config import Config, ConnectionConfig
from driftd.core.health import Trouble
from driftd.core.reasons import MEANINGS, State
from driftd.core.status import ConnectionStatus
from driftd.errors import DamagedStoreError, FencedError, Reason, SourceError
from driftd.ports import Remembered, Source
from driftd.runtime.poller import Poller
from driftd.runtime.post import NOTHING_KNOWN, Post, by_connection
from driftd.runtime.tenant import Tenant
from driftd.runtime.view import Present
from driftd.runtime.world import World

_MENDED_BY_HAND: Final = frozenset({State.AUTH_FAILED, State.CONFIG_ERROR})


class Changes(NamedTuple):
    """What a new configuration changed, by the names of connections."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]


class Lifetime(Struct):
    """One connection's poller while it lives."""

    post: Post
    ended: anyio.Event = field(default_factory=anyio.Event)
    stopping: anyio.Event = field(default_factory=anyio.Event)
    gone: anyio.Event = field(default_factory=anyio.Event)
    """Set once nothing of it is left but what is remembered."""
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    poller: Poller | None = None

    @property
    def refused(self) -> bool:
        """Whether credentials or configuration keep it from being polled, be it that its state does not say so yet."""
        chart = self.post.chart
        outage = chart.health.outage
        states = {chart.status.state, *([MEANINGS[outage.reason].state] if outage else [])}
        return not states.isdisjoint(_MENDED_BY_HAND)

    def stop(self) -> None:
        """Begin no further cycle."""
        self.stopping.set()
        if self.poller is not None:
            self.poller.stop()


class Supervisor:
    """Keeps one poller for each connection."""

    def __init__(self, world: World, remembered: Remembered, grace: float) -> None:
        self._world = world
        self._remembered = by_connection(remembered)
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
        """Take a configuration: start, stop and replace what it adds, removes and changes.

        Nothing else is touched, but what waits because its credentials or configuration were refused begins anew: a
        person who mended them does not wait.
        """
        before = {name: life.post.connection for name, life in self._lives.items() if not life.stopping.is_set()}
        after = {each.name: each for each in config.connections}
        self._world.posts.allot(config)
        for name in before.keys() - after.keys():
            self._begin_end(self._lives[name])
        kept = before.keys() & after.keys()
        changed = [name for name in kept if before[name].unplaced != after[name].unplaced]
        refused = [name for name in kept.difference(changed) if self._lives[name].refused]
        for name in (*changed, *refused):
            self._begin_end(self._lives[name])
        added = sorted(after.keys() - before.keys())
        for name in (*added, *changed, *refused):
            self._start(after[name], self._lives.get(name))
        return Changes(tuple(added), tuple(sorted(before.keys() - after.keys())), tuple(sorted(changed)))

    def take(self, config: Config, name: str) -> None:
        """Take a configuration in which one connection came, went or is another one; nobody else is touched."""
        self._world.posts.allot(config)
        life = self._lives.get(name)
        if life is not None and not life.stopping.is_set():
            self._begin_end(life)
        for each in config.connections:
            if each.name == name:
                self._start(each, life)

    async def forget(self, name: str) -> None:
        """Wait until a connection that went is no longer polled, and remember nothing of it."""
        life = self._lives.get(name)
        if life is not None:
            await life.gone.wait()
        self._remembered.pop(name, None)

    def ask(self, name: str) -> None:
        """Have a connection be polled now; one that waits to begin anew does so; raises `KeyError` for none."""
        life = self._lives[name]
        if life.poller is not None:
            life.poller.ask()
        else:
            self.renew(name)

    def renew(self, name: str) -> None:
        """Have a connection begin anew, as it is configured; one that is not polled does nothing."""
        life = self._lives.get(name)
        if life is not None and not life.stopping.is_set():
            self._begin_end(life)
            self._start(life.post.connection, life)

    def turned(self, name: str) -> None:
        """Have a connection looked at at once, as it was put aside, or is no more; one that is not polled does nothing.

        What runs of one that is paused asks nothing more, and ends within the grace.
        """
        life = self._lives.get(name)
        if life is None or life.stopping.is_set() or self._group is None:
            return
        if life.poller is None:
            life.post.chart.look(Present(started=self._world.clock.now()), self._world.book, life.post.log)
            return
        life.poller.nudge()
        self._group.start_soon(self._cut, life, name=f"grace of {name}")

    async def _cut(self, life: Lifetime) -> None:
        await anyio.sleep(self._grace)
        if life.poller is not None:
            life.poller.cut()

    @property
    def begun(self) -> bool:
        """Whether it has taken a configuration."""
        return self._group is not None

    @property
    def names(self) -> frozenset[str]:
        """The connections that are polled, or would be."""
        return frozenset(name for name, life in self._lives.items() if not life.stopping.is_set())

    @property
    def statuses(self) -> tuple[ConnectionStatus, ...]:
        """The connections as they were last looked at, in the order of their names."""
        lives = [life for life in self._lives.values() if not life.stopping.is_set()]
        return tuple(sorted((life.post.chart.status for life in lives), key=lambda each: each.name))

    @property
    def refused(self) -> list[ConnectionConfig]:
        """The connections that wait for a person, as their credentials or configuration were refused."""
        lives = (life for life in self._lives.values() if not life.stopping.is_set())
        return [life.post.connection for life in lives if life.refused]

    @property
    def posts(self) -> list[Post]:
        """What is kept of each connection that is polled."""
        return [life.post for life in self._lives.values() if not life.stopping.is_set()]

    def post(self, name: str) -> Post:
        """Return what is kept of a connection; raises `KeyError` where there is none of the name."""
        return self._lives[name].post

    def unseen_for(self, seconds: float) -> str | None:
        """Return the name of a connection whose poller has not looked at it for so long; None where there is none."""
        now = self._world.clock.monotonic()
        for name, life in self._lives.items():
            if life.poller is not None and not life.ended.is_set() and now - life.poller.looked_at > seconds:
                return name
        return None

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
        life = Lifetime(self._make(connection, before))
        self._lives[connection.name] = life
        self._group.start_soon(self._live, life, before, name=f"connection {connection.name}")

    def _begin_end(self, life: Lifetime) -> None:
        life.stop()
        if self._group is not None:
            self._group.start_soon(self._end, life)

    async def _end(self, life: Lifetime) -> None:
        """Give a poller its grace, then forget the connection."""
        with anyio.move_on_after(self._grace):
            await life.ended.wait()
        life.scope.cancel()
        await life.ended.wait()
        name = life.post.connection.name
        self._remembered[name] = life.post.chart.known
        if self._lives.get(name) is life:
            del self._lives[name]
        life.gone.set()

    def _make(self, connection: ConnectionConfig, before: Lifetime | None) -> Post:
        """Return a post that knows what the one before it knew, else what was remembered at the start."""
        known = before.post.chart.known if before else self._remembered.get(connection.name, NOTHING_KNOWN)
        return self._world.posts.make(connection, known)

    async def _live(self, life: Lifetime, before: Lifetime | None) -> None:
        """Poll one connection for as long as it lives; what ends the poller by a bug is told, and it begins anew."""
        try:
            if before is not None:
                await before.ended.wait()
                life.post = self._make(life.post.connection, before)
            with life.scope:
                while not life.stopping.is_set():
                    await self._poll(life)
        finally:
            life.ended.set()

    async def _poll(self, life: Lifetime) -> None:
        """Run a poller to its end; where it cannot be, or ends by a bug, say so and rest."""
        post, world = life.post, self._world
        try:
            async with world.open_source(post.connection, post.traffic) as source:
                tenant = tenant_of(post, source, world)
                life.poller = Poller(post, tenant, world)
                if life.stopping.is_set():
                    life.poller.stop()
                await life.poller.run()
        except SourceError as error:
            self._unusable(post, error)
            await self._rest(life, post.connection.settings.probe)
        except Exception as error:
            if _is_the_end(error):
                raise
            world.gauges.restarts += 1
            post.log.error("poller ended by a bug", error=error)
            message = f'connection "{post.connection.name}": its poller ended by a bug ({type(error).__name__})'
            self._unusable(post, SourceError(Reason.INTERNAL_ERROR, message, hint="report it with the log's traceback"))
            await self._rest(life, world.restart)
        finally:
            life.poller = None

    async def _rest(self, life: Lifetime, seconds: float) -> None:
        with anyio.move_on_after(seconds):
            await life.stopping.wait()

    def _unusable(self, post: Post, error: SourceError) -> None:
        """Note that a connection cannot even be tried."""
        now, chart = self._world.clock.now(), post.chart
        before = chart.health.outage
        since, times = (before.since, before.times) if before else (now, 0)
        chart.struck(Trouble(error.reason, str(error), error.hint, error.status, since=since, at=now, times=times + 1))
        chart.look(Present(started=now), self._world.book, post.log)


def tenant_of(post: Post, source: Source, world: World) -> Tenant:
    """Return what the cycles of a connection work with."""
    connection = post.connection
    return Tenant(
        source,
        world.store,
        world.clock,
        post.host,
        connection.folder,
        world.seed,
        world.detector,
        {each.name: each for each in connection.resources},
    )


def _is_the_end(error: BaseException) -> bool:
    """Tell whether the store is another process's by now, or damaged: nobody may go on with it."""
    if isinstance(error, BaseExceptionGroup):
        return any(_is_the_end(each) for each in error.exceptions)
    return isinstance(error, FencedError | DamagedStoreError)
