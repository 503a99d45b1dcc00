"""The composition of ``driftd run``."""

import random
import secrets
from collections.abc import AsyncIterator, Callable, MutableMapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing, suppress
from functools import partial
from typing import TextIO

import anyio
from anyio import to_thread
from msgspec import Struct
from msgspec.structs import replace

from driftd import __version__
from driftd.adapters.clock import SystemClock
from driftd.adapters.keyfile import KeyFile
from driftd.adapters.logs import Logs, Redaction, library_messages
from driftd.adapters.sqlite import SqliteStore
from driftd.adapters.sqlite.ballast import Ballast
from driftd.adapters.sqlite.library import LIBRARY, RESET_HINT, resets_wal
from driftd.adapters.systemd import Notifier
from driftd.adapters.x3.refusals import Refusals
from driftd.app.alone import cleared
from driftd.app.care import Keeper
from driftd.app.changing import Changing, Marks
from driftd.app.entrance import Entrance, covering, serve_own
from driftd.app.inside import Housed, inside
from driftd.app.joining import merged, merged_with
from driftd.app.opening import connected, writing
from driftd.app.pairing import Pairs, Told
from driftd.app.rescue import Rescue, rescued
from driftd.app.safekeeping import keys_of, renewed, safe_of
from driftd.app.service import feed, keep_small, obey, stop_at_damage, tell_ready
from driftd.app.space import Space
from driftd.app.webfile import Webfile
from driftd.config import Config, ConnectionConfig
from driftd.core.alerts.terms import TERMS, Terms
from driftd.core.backoff import Pacing
from driftd.core.breaker import Limits
from driftd.core.status import Database, Rebased
from driftd.errors import ConfigError, StoreError
from driftd.faces.http.address import Door, bind
from driftd.faces.http.application import application
from driftd.faces.http.serve import Cover, Patience, serve
from driftd.ports import Log, Source, Traffic
from driftd.runtime.admission import Admission
from driftd.runtime.alarms import Alarms
from driftd.runtime.book import Book
from driftd.runtime.daemon import Instruments, Running
from driftd.runtime.detect import Detector
from driftd.runtime.gauges import Gauges
from driftd.runtime.halt import Halt
from driftd.runtime.post import Posts
from driftd.runtime.pruning import Pruning
from driftd.runtime.rooms import Rooms
from driftd.runtime.secrecy import Secrecy
from driftd.runtime.watch import TICK
from driftd.runtime.ways import Ways
from driftd.runtime.world import World


class Tempo(Struct, frozen=True):
    """How fast goes what no configuration sets."""

    terms: Terms = TERMS
    pacing: Pacing = Pacing()
    limits: Limits = Limits()
    """Of the breakers."""
    tick: float = TICK
    """Seconds between looks at what is due to nobody."""


class Process(Struct, frozen=True):
    """What a daemon is given by whoever starts it."""

    load: Callable[[], Config]
    """Reads the configuration anew; raises `ConfigError`."""
    stderr: TextIO
    environ: MutableMapping[str, str]
    revision: str = "unknown"
    tempo: Tempo = Tempo()


class Alive(Struct, frozen=True):
    """A daemon that is served, and polls as soon as `Running.run` is called."""

    running: Running
    store: SqliteStore
    log: Log
    url: str
    """Scheme, host and port."""


async def run(config: Config, process: Process) -> None:
    """Run the daemon until SIGTERM or SIGINT; a database that proves damaged is set aside, and it goes on.

    Raises `LockedError` where another daemon owns the data directory, `StoreError` where it cannot be used,
    `ConfigError` where the address to listen on or the key of a secret that driftd keeps cannot be had, and
    `FencedError`, alone or in a group, where another process came to own the store.
    """
    logs, notifier = _logs(config, process, Redaction()), Notifier.from_environment(process.environ)
    first = [config]
    with closing(Door()) as door:

        async def live() -> None:
            await _live(first.pop() if first else _latest(process, config), process, notifier, door)

        await rescued(live, Rescue(config, SystemClock(), logs.log, notifier.watchdog))


def _latest(process: Process, otherwise: Config) -> Config:
    """Return the configuration as it is now: it may have been loaded anew since the start."""
    try:
        return process.load()
    except ConfigError:
        return otherwise


async def _live(config: Config, process: Process, notifier: Notifier, door: Door) -> None:
    async with living(config, process, door) as alive, anyio.create_task_group() as group:
        running, log = alive.running, alive.log
        group.start_soon(feed, running, notifier, log)
        group.start_soon(obey, running, notifier, group.cancel_scope)
        group.start_soon(tell_ready, running, notifier)
        log.info("driftd runs", version=__version__, url=alive.url, connections=len(running.config.connections))
        if resets_wal():
            log.warning("sqlite has a known fault", sqlite=LIBRARY, fault="WAL reset", hint=RESET_HINT)
        await running.run()
        group.cancel_scope.cancel()
    alive.log.info("driftd ended")


@asynccontextmanager
async def living(config: Config, process: Process, door: Door | None = None) -> AsyncIterator[Alive]:
    """Give a daemon that obeys no signals, with its store open and its surface served.

    Raises as `run` does, and `DamagedStoreError`, alone or in a group, where the database proves damaged.
    """
    redaction, clock = Redaction(), SystemClock()
    logs = _logs(config, process, redaction)
    with library_messages(logs.log):
        keys = await keys_of(merged(config))
        web = Webfile(lambda: running.config.web.web_config_file, clock, logs.log)
        await web.load(config.web.web_config_file)
        async with writing(config) as store, anyio.create_task_group() as group:
            await cleared(store)
            config = await merged_with(config, store)
            safe = await safe_of(config, store, keys)
            keeper = Keeper(store, config, clock, logs.log)
            space = Space(store, Ballast(config.data_dir), Halt(), clock, logs.log)
            await space.look(config.store)
            admission = Admission(store.tokens, lambda: running.names, clock, logs.log)
            await admission.load()
            entrance = Entrance(admission, web)
            bound = (door.open if door else bind)(config.web.listen, guarded=entrance.guarded)
            entry = entrance.entry(loopback=bound.loopback)
            pairs = Pairs(store.vault, safe, clock.now, Told(redaction.learn, redaction.forget))
            housed = Housed(store, space, keeper, safe, pairs, Refusals(), Marks(), admission, entry, web)
            running = await _running(config, process, logs, redaction, housed)
            pruning = Pruning(store.changelog, clock, logs.log, lambda: running.config.store.retention, running.others)
            seen = inside(running, redaction, logs.log, housed, pruning)
            cover = Cover(web.context)
            web.changed = covering(cover, bound, logs.log)
            covered = bound._replace(secure=web.context is not None)
            url = await group.start(serve, application(seen, bound.address), covered, Patience(), cover)
            group.start_soon(web.watch)
            group.start_soon(serve_own, seen, config.data_dir, logs.log)
            group.start_soon(admission.run)
            group.start_soon(keep_small, store, clock, logs.log)
            group.start_soon(pruning.run)
            group.start_soon(Changing(housed.marks, running.refused, running.renew).run, clock)
            group.start_soon(stop_at_damage, store, clock)
            group.start_soon(space.watch, config.store)
            group.start_soon(keeper.run)
            yield Alive(running, store, logs.log, url)
            group.cancel_scope.cancel()


def _logs(config: Config, process: Process, redaction: Redaction) -> Logs:
    daemon = config.daemon
    return Logs(process.stderr, SystemClock(), level=daemon.log_level, form=daemon.log_format, redaction=redaction)


async def _running(config: Config, process: Process, logs: Logs, redaction: Redaction, housed: Housed) -> Running:
    clock, tempo, store = SystemClock(), process.tempo, housed.store
    alarms = Alarms(logs.log, tempo.terms)
    await alarms.load(store.casebook, clock.now())
    gauges = Gauges(clock.monotonic)
    ways = Ways(clock, random.random, tempo.limits)
    world = World(
        store=store,
        book=Book(store.logbook, clock, logs.log),
        clock=clock,
        gauges=gauges,
        posts=Posts(ways, config.daemon.max_concurrency, gauges, clock, logs.log, alarms),
        open_source=partial(_opened, redaction, housed),
        sweeps=Rooms(config.daemon.max_concurrency),
        chance=random.random,
        seed=lambda: secrets.randbits(64),
        detector=Detector(store.casebook, store, alarms, Secrecy(KeyFile(config.data_dir), store).of),
        halt=housed.space.halt,
        pacing=tempo.pacing,
        tick=tempo.tick,
    )

    async def load() -> Config:
        found = await merged_with(await to_thread.run_sync(process.load), housed.store)
        await housed.web.load(found.web.web_config_file)
        await renewed(found, housed.safe)
        logs.set_level(found.daemon.log_level)
        return found

    rebased = await store.rebased()
    facts = partial(_facts, housed, rebased)
    instruments = Instruments(load, lambda: logs.counts, facts, process.revision, rebased)
    return Running(config, world, await store.logbook.recall(), logs.log, instruments)


def _opened(
    redaction: Redaction, housed: Housed, connection: ConnectionConfig, traffic: Traffic
) -> AbstractAsyncContextManager[Source]:
    """Give a connection's source; each secret that it reads is hidden in the log, and known again."""

    def learn(secret: str) -> None:
        redaction.learn(secret)
        housed.marks.read(connection.name, secret)

    housed.refusals.forget()  # it begins anew
    return connected(connection, traffic, learn, housed.safe, housed.pairs, housed.refusals)


def _facts(housed: Housed, rebased: Rebased | None) -> Database | None:
    with suppress(StoreError):  # the file is gone: metrics are answered all the same
        return replace(
            housed.store.facts(),
            paused=housed.space.halt.trouble is not None,
            ballast=housed.space.held,
            rebased=rebased,
            care=housed.keeper.care,
        )
    return None
