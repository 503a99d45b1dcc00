"""The daemon's lifetime: polls, bookkeeping and the watch over both; reloads while it runs, and an end in order."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import anyio
from msgspec import Struct

from driftd import __version__
from driftd.config import Config, ConnectionConfig
from driftd.core.drift import Drift
from driftd.core.health import NOT_ASIDE
from driftd.core.outage import began_anew
from driftd.core.status import Daemon, Database, Rebased, Status
from driftd.errors import ConfigError
from driftd.ports import Log, Remembered
from driftd.runtime.credentials import credential_drifts, evidence_of
from driftd.runtime.decisions import Decisions
from driftd.runtime.erasing import Erasing
from driftd.runtime.lag import Lag, watch_lag
from driftd.runtime.pausing import Pausing
from driftd.runtime.post import Post
from driftd.runtime.resuming import Resuming
from driftd.runtime.settling import Site
from driftd.runtime.supervisor import Changes, Supervisor
from driftd.runtime.watch import Sight, Watch
from driftd.runtime.world import World

STUCK: Final = 4
"""Ticks without a look after which a poller counts as stuck."""
TIDY: Final = 3600.0
"""Seconds between two looks for what the logbook may forget."""

_STORED: Final = ("url", "backup_every", "backups_kept", "backup_dir", "ballast", "low_water")
"""Settings of the store that are read at the start only."""


class Reloaded(Struct, frozen=True):
    """What a reload did."""

    changes: Changes = Changes((), (), ())
    needs_restart: tuple[str, ...] = ()
    """Settings that differ and stay as they are until the next start."""

    def __str__(self) -> str:
        """Return it as a line."""
        named = zip(Changes._fields, self.changes, strict=True)
        told = [f"{len(names)} {what}{f': {shortened(names)}' if names else ''}" for what, names in named]
        rest = f"; needs a restart: {', '.join(self.needs_restart)}" if self.needs_restart else ""
        return f"configuration loaded: {', '.join(told)}{rest}"


class Instruments(Struct, frozen=True):
    """What the daemon is told of the world around it."""

    load: Callable[[], Awaitable[Config]]
    """Reads the configuration anew; raises `ConfigError`."""
    log_lines: Callable[[], Mapping[str, int]]
    """Lines written, by level."""
    database: Callable[[], Database | None]
    revision: str
    rebased: Rebased | None = None
    """When the log last began anew."""


class Running:
    """A running daemon."""

    def __init__(
        self, config: Config, world: World, remembered: Remembered, log: Log, instruments: Instruments
    ) -> None:
        self.config = self._begun_with = config
        self._world = world
        self._log = log
        self._instruments = instruments
        self._supervisor = Supervisor(world, remembered, config.daemon.stop_grace)
        self._lag = Lag()
        self._reload = anyio.Lock()
        self._started = self._loaded = world.clock.now()
        self._reload_ok = True
        self._polling = False
        self._watch = Watch(world.detector.alarms, world.detector.casebook, world.clock, log, self._sight())
        self.decisions = Decisions(world.detector, world.store, world.clock, self.sites)
        self.pausing = Pausing(
            world.detector.alarms.asides, world.detector.casebook, world.clock, self._known, self._turned
        )
        self.erasing = Erasing(world.detector, world.store, world.clock, self.sites)
        self._resuming = Resuming(self.erasing, world.clock, world.halt, log)
        self.begun = anyio.Event()
        """Set once polls run."""

    async def run(self) -> None:
        """Poll until cancelled, or until `stop`. Raises `FencedError`, alone or in a group."""
        async with anyio.create_task_group() as group:
            group.start_soon(watch_lag, self._world.clock, self._lag)
            group.start_soon(self._world.book.run)
            group.start_soon(self._tidy)
            group.start_soon(self._watch.run, self._world.tick)
            group.start_soon(self._resuming.run)
            self._polling = True
            self.begun.set()
            try:
                await self._supervisor.run(self.config)
            finally:
                self._polling = False
                group.cancel_scope.cancel()
                await self._world.book.write()

    async def stop(self) -> None:
        """Begin nothing new, give what runs its grace, and end `run`."""
        self._polling = False
        running = self._world.gauges.running
        cancelled = await self._supervisor.stop()
        self._log.info("polls ended", running=running, cancelled=cancelled)

    async def reload(self) -> Reloaded:
        """Read the configuration anew and take it over.

        Raises `ConfigError` with every mistake where it has some: then the old one stays.
        """
        async with self._reload:
            try:
                config = await self._instruments.load()
            except ConfigError as error:
                self._reload_ok = False
                for each in error.mistakes:
                    self._log.error("configuration refused", path=each.path or None, mistake=each.message)
                raise
            if not self._polling:
                return Reloaded()
            done = Reloaded(self._supervisor.apply(config), needs_restart(self._begun_with, config))
            self.config, self._reload_ok, self._loaded = config, True, self._world.clock.now()
            told = {what: shortened(names) for what, names in zip(Changes._fields, done.changes, strict=True) if names}
            self._log.info("configuration loaded", **told, needs_restart=", ".join(done.needs_restart) or None)
            return done

    @property
    def changing(self) -> anyio.Lock:
        """Held by whoever exchanges the configuration."""
        return self._reload

    async def take(self, name: str, config: Config) -> None:
        """Take over a configuration in which the connection `name` came, went or is another one.

        The caller holds `changing`.
        """
        self.config = config
        if all(each.name != name for each in config.connections):
            self._world.detector.alarms.asides.put(name, NOT_ASIDE)
        if self._polling:
            self._supervisor.take(config, name)
        self._log.info("connection taken over", connection=name)

    async def forget(self, name: str) -> None:
        """Wait until nothing is polled of a connection that went, and keep nothing of it in memory."""
        await self._supervisor.forget(name)
        self._world.book.forget(name)
        self._world.detector.forget(name)

    def ask(self, name: str) -> None:
        """Have a connection be polled now; raises `KeyError` where there is none of the name."""
        self._supervisor.ask(name)

    def renew(self, name: str) -> None:
        """Have a connection begin anew, with the secret that there is now; its running cycles end in order."""
        self._supervisor.renew(name)

    def refused(self) -> list[ConnectionConfig]:
        """Return the connections that wait for a person."""
        return self._supervisor.refused

    def _known(self, name: str) -> bool:
        return name in self._supervisor.names

    def _turned(self, name: str) -> None:
        self._supervisor.turned(name)

    def status(self) -> Status:
        """Return everything as it is now."""
        groups = self._world.detector.alarms.groups
        return Status(self._world.clock.now(), self._supervisor.statuses, self._daemon(), groups)

    @property
    def names(self) -> frozenset[str]:
        """The names of the connections that are polled."""
        return frozenset(each.name for each in self._supervisor.statuses)

    def post(self, name: str) -> Post:
        """Return what is kept of a connection; raises `KeyError` where there is none of the name."""
        return self._supervisor.post(name)

    def others(self) -> list[int]:
        """Return what the clocks of those that are polled show now, epoch ms, as far as they said."""
        shown = (each.traffic.shown() for each in self._supervisor.posts)
        return [each for each in shown if each is not None]

    def missing(self) -> str | None:
        """Return what keeps the daemon from being ready; None where nothing does."""
        if not self._polling:
            return "polls do not run"
        if self._world.halt.trouble is not None:
            return self._world.halt.trouble.message
        return "the database cannot be written" if self._world.book.failing else None

    def stuck(self) -> str | None:
        """Return the name of a connection that is no longer looked at; None where all are."""
        return self._supervisor.unseen_for(STUCK * self._world.tick)

    def _daemon(self) -> Daemon:
        gauges = self._world.gauges
        return Daemon(
            version=__version__,
            revision=self._instruments.revision,
            started=self._started,
            reloaded=self._loaded,
            reload_ok=self._reload_ok,
            loop_lag=self._lag.greatest(self._world.clock.monotonic()),
            schedule_lag=gauges.schedule_lag(),
            running=gauges.running,
            waiting=self._world.sweeps.waiting + gauges.waiting,
            polls=gauges.polls.shown(),
            requests=gauges.requests.shown(),
            answers=gauges.classes(),
            log_lines=dict(self._instruments.log_lines()),
            restarts=gauges.restarts,
            database=self._instruments.database(),
        )

    def _sight(self) -> Sight:
        return Sight(lambda: self._supervisor.statuses if self._looking else None, self._credentials)

    @property
    def _looking(self) -> bool:
        """Whether connections are polled: before, and while they end, there are none to be seen."""
        return self._polling and self._supervisor.begun

    def _credentials(self, now: int) -> list[Drift]:
        posts = self._supervisor.posts
        anew = began_anew((each.connection.name for each in posts), self._instruments.rebased, now)
        return [*credential_drifts((evidence_of(each.connection, *each.chart.evidence) for each in posts), now), *anew]

    def sites(self) -> Mapping[tuple[str, str], Site]:
        """Return where each resource is polled, by connection and resource."""
        return {
            (post.connection.name, each.name): Site(each, post.host, post.connection.folder)
            for post in self._supervisor.posts
            for each in post.connection.resources
        }

    async def _tidy(self) -> None:
        """Have the logbook forget what is old, slice by slice."""
        while True:
            await self._world.book.prune()
            await self._world.clock.sleep(TIDY)


def needs_restart(before: Config, after: Config) -> tuple[str, ...]:
    """Name the settings that differ and are read at the start only."""
    pairs = {
        "daemon.data_dir": (before.daemon.data_dir, after.daemon.data_dir),
        "daemon.log_format": (before.daemon.log_format, after.daemon.log_format),
        "daemon.stop_grace": (before.daemon.stop_grace, after.daemon.stop_grace),
        "web.listen": (before.web.listen, after.web.listen),
    }
    found = [name for name, (old, new) in pairs.items() if old != new]
    stored = [name for name in _STORED if getattr(before.store, name) != getattr(after.store, name)]
    return (*found, *(f"store.{name}" for name in stored))


def shortened(names: tuple[str, ...], most: int = 20) -> str:
    """Return names on one line, those beyond `most` as a number."""
    left = len(names) - most
    return ", ".join(names[:most]) + (f" and {left} more" if left > 0 else "")
