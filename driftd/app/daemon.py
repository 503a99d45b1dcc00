"""The composition of ``driftd run``."""

import random
import secrets
from collections.abc import AsyncIterator, Callable, MutableMapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing, suppress
from functools import partial
from typing import NamedTuple, TextIO

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
from driftd.adapters.vault.safe import Safe
from driftd.app.adoption import Adoption
from driftd.app.alone import cleared
from driftd.app.care import Keeper
from driftd.app.casework import listed, opened
from driftd.app.changing import Changing, Marks
from driftd.app.connections import Connections, House
from driftd.app.entrance import Entrance, serve_own
from driftd.app.joining import merged, merged_with
from driftd.app.keeping import check_reads
from driftd.app.opening import connected, writing
from driftd.app.pairing import Pairs, Told
from driftd.app.rescue import Rescue, rescued
from driftd.app.safekeeping import keys_of, renewed, safe_of
from driftd.app.service import feed, keep_small, obey, stop_at_damage, tell_ready
from driftd.app.space import Space
from driftd.app.tenants import tenants_of
from driftd.app.trial import checked
from driftd.app.vault import Vault
from driftd.app.webfile import Webfile
from driftd.config import Config, ConnectionConfig
from driftd.core.alerts.terms import TERMS, Terms
from driftd.core.backoff import Pacing
from driftd.core.breaker import Limits
from driftd.core.casefile import Case
from driftd.core.decision import Word
from driftd.core.retention import Cursor
from driftd.core.sealed import Kept
from driftd.core.status import Database, Rebased
from driftd.core.trial import Step as TrialStep
from driftd.core.trial import StepOutcome, Trial
from driftd.errors import ConfigError, DecisionError, StoreError
from driftd.faces.http.address import Door, bind
from driftd.faces.http.application import application
from driftd.faces.http.inside import Check, Deeds, Entry, Inside, Step, TokenDeeds, Upkeep
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
            housed = Housed(store, space, keeper, safe, pairs, Marks(), admission, entry, web)
            running = await _running(config, process, logs, redaction, housed)
            pruning = Pruning(store.changelog, clock, logs.log, lambda: running.config.store.retention, running.others)
            inside = _inside(running, redaction, logs, housed, pruning)
            cover = Cover(web.context)
            web.changed = cover.change
            covered = bound._replace(secure=web.context is not None)
            url = await group.start(serve, application(inside, bound.address), covered, Patience(), cover)
            group.start_soon(web.watch)
            group.start_soon(serve_own, inside, config.data_dir, logs.log)
            group.start_soon(admission.run)
            group.start_soon(keep_small, store, clock, logs.log)
            group.start_soon(pruning.run)
            group.start_soon(Changing(housed.marks, running.refused, running.renew).run, clock)
            group.start_soon(stop_at_damage, store, clock)
            group.start_soon(space.watch, config.store)
            group.start_soon(keeper.run)
            yield Alive(running, store, logs.log, url)
            group.cancel_scope.cancel()


class Housed(NamedTuple):
    """The store, and what looks after it."""

    store: SqliteStore
    space: Space
    keeper: Keeper
    safe: Safe
    """The secrets that it keeps, sealed."""
    pairs: Pairs
    """Those of them that each use replaces."""
    marks: Marks
    """What was last read of secrets, wherever they stand."""
    admission: Admission
    """The tokens that let programs in."""
    entry: Entry
    web: Webfile


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

    return connected(connection, traffic, learn, housed.safe, housed.pairs)


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


def _inside(running: Running, redaction: Redaction, logs: Logs, housed: Housed, pruning: Pruning) -> Inside:
    store = housed.store
    vault = Vault(store.vault, housed.safe, lambda: running.config, SystemClock().now)
    opening = partial(connected, learn=redaction.learn)
    adoption = Adoption(vault, housed.pairs, lambda: running.config, opening)

    async def reload() -> str:
        return str(await running.reload())

    async def case(id_: str) -> Case:
        return await opened(store, running.sites(), id_)

    async def move(cursor: Cursor) -> None:
        check_reads(running.config, cursor)
        await store.changelog.move(cursor)

    async def keep(kept: Kept, word: Word, unchecked: bool) -> str:  # noqa: FBT001 - as it is asked for
        prove = partial(_prove, running, redaction, kept.place.connection)
        said = await adoption.keep(
            kept, word, unchecked=unchecked, traffic=lambda name: running.post(name).traffic, prove=prove
        )
        for each in running.config.connections:
            if each.kept_as == kept.place.connection:
                running.renew(each.name)
        return said

    connections = Connections(
        House(
            store,
            housed.pairs,
            lambda: running.config,
            SystemClock().now,
            running.take,
            running.forget,
            running.changing,
            redaction.learn,
            running.renew,
        )
    )
    return Inside(
        status=running.status,
        web=lambda: running.config.web,
        missing=running.missing,
        reload=reload,
        check=partial(_check, running, redaction, housed),
        alerts=partial(listed, store.casebook),
        case=case,
        versions=store.casebook.versions,
        decide=running.decisions.decide,
        erase=running.erasing.erase,
        clock=SystemClock(),
        log=logs.log,
        upkeep=Upkeep(pruning.by_hand, store.changelog.cursors, move, store.changelog.forget),
        vault=Deeds(keep, vault.rotate, vault.shred),
        tenants=tenants_of(running, connections, store, partial(_trial, running, redaction, housed)),
        direct=running.pausing.direct,
        audit=store.casebook.audit,
        entry=housed.entry,
        tokens=TokenDeeds(housed.admission.listed, housed.admission.make, housed.admission.revoke),
    )


async def _trial(running: Running, redaction: Redaction, housed: Housed, name: str) -> Trial:
    """Check a connection live, within the limits of its polls."""
    post = running.post(name)
    return await checked(post.connection, post.traffic, redaction.learn, housed.safe, housed.pairs)


async def _check(running: Running, redaction: Redaction, housed: Housed, name: str) -> Check:
    if aside := running.pausing.told(name):
        return Check(success=False, steps=[Step(f"pause {name}", 0.0, f"{aside}; nothing is asked")])
    trial = await _trial(running, redaction, housed, name)
    return Check(trial.valid, [Step(f"{each.check} {each.subject}", each.seconds, _said(each)) for each in trial.steps])


async def _prove(running: Running, redaction: Redaction, name: str, safe: Safe) -> None:
    """Raise `DecisionError` where a connection does not go with the secret of a safe, asked within its limits."""
    post = running.post(name)
    trial = await checked(post.connection, post.traffic, redaction.learn, safe)
    if not trial.valid:
        failed = next((each for each in trial.steps if each.outcome is StepOutcome.FAILED), trial.steps[-1])
        what = f"the secret was not kept: {failed.check} {failed.subject}: {failed.message}"
        raise DecisionError(what, hint=failed.hint or "give another, or say unchecked where the tenant is not asked")


def _said(step: TrialStep) -> str:
    reason = f"{step.reason}: " if step.reason else ""
    return f"{step.outcome}: {reason}{step.message}" + (f"\n{step.hint}" if step.hint else "")
