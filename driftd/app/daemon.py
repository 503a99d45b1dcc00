"""The composition of ``driftd run``."""

import random
import secrets
import signal
from collections.abc import AsyncIterator, Callable, MutableMapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TextIO

import anyio
from anyio import to_thread

from driftd import __version__
from driftd.adapters.clock import SystemClock
from driftd.adapters.logs import Logs, Redaction, library_messages
from driftd.adapters.systemd import Notifier
from driftd.app.opening import connected, writing
from driftd.app.trial import checked
from driftd.config import Config
from driftd.core import trial as trials
from driftd.core.breaker import Limits
from driftd.core.status import counted
from driftd.errors import ConfigError
from driftd.faces.http.address import bind
from driftd.faces.http.application import application
from driftd.faces.http.inside import Check, Inside, Step
from driftd.faces.http.serve import serve
from driftd.ports import Log
from driftd.runtime.book import Book
from driftd.runtime.daemon import Instruments, Running
from driftd.runtime.gauges import Gauges
from driftd.runtime.post import Posts
from driftd.runtime.ways import Ways
from driftd.runtime.world import World

SAID = 15.0
"""Seconds between two status lines for systemd."""


async def run(config: Config, load: Callable[[], Config], stream: TextIO, environ: MutableMapping[str, str]) -> None:
    """Run the daemon until SIGTERM or SIGINT; `load` reads the configuration anew, on SIGHUP.

    Raises `LockedError` where another daemon owns the data directory, `StoreError` where it cannot be used, and
    `FencedError`, alone or in a group, where another process came to own it.
    """
    redaction, clock = Redaction(), SystemClock()
    logs = Logs(stream, clock, level=config.daemon.log_level, form=config.daemon.log_format, redaction=redaction)
    notifier = Notifier.from_environment(environ)
    bound = bind(config.web.listen)
    with library_messages(logs.log):
        async with _started(config, load, logs, redaction) as running, anyio.create_task_group() as group:
            url = await group.start(serve, application(_inside(running, redaction, logs.log), bound.address), bound)
            group.start_soon(_feed, running, notifier, logs.log)
            group.start_soon(_obey, running, notifier, group.cancel_scope)
            group.start_soon(_tell_ready, running, notifier)
            logs.log.info("driftd runs", version=__version__, url=url, connections=len(config.connections))
            await running.run()
            group.cancel_scope.cancel()
    logs.log.info("driftd ended")


def _inside(running: Running, redaction: Redaction, log: Log) -> Inside:
    async def reload() -> str:
        return str(await running.reload())

    return Inside(
        status=running.status,
        web=lambda: running.config.web,
        missing=running.missing,
        reload=reload,
        check=partial(_check, running, redaction),
        clock=SystemClock(),
        log=log,
    )


async def _check(running: Running, redaction: Redaction, name: str) -> Check:
    """Check a connection live, within the limits of its polls."""
    post = running.post(name)
    trial = await checked(post.connection, post.traffic, redaction.learn)
    return Check(trial.valid, [Step(f"{each.check} {each.subject}", each.seconds, _said(each)) for each in trial.steps])


def _said(step: trials.Step) -> str:
    reason = f"{step.reason}: " if step.reason else ""
    return f"{step.outcome}: {reason}{step.message}" + (f"\n{step.hint}" if step.hint else "")


async def _tell_ready(running: Running, notifier: Notifier) -> None:
    await running.begun.wait()
    notifier.ready()


@asynccontextmanager
async def _started(
    config: Config, load: Callable[[], Config], logs: Logs, redaction: Redaction
) -> AsyncIterator[Running]:
    clock = SystemClock()
    async with writing(config) as store:
        gauges = Gauges(clock.monotonic)
        ways = Ways(clock, random.random, Limits())
        world = World(
            store=store,
            book=Book(store.logbook, clock, logs.log),
            clock=clock,
            gauges=gauges,
            posts=Posts(ways, config.daemon.max_concurrency, gauges, clock, logs.log),
            open_source=partial(connected, learn=redaction.learn),
            sweeps=anyio.Semaphore(config.daemon.max_concurrency, fast_acquire=True),
            chance=random.random,
            seed=lambda: secrets.randbits(64),
        )

        async def reloaded() -> Config:
            found = await to_thread.run_sync(load)
            logs.set_level(found.daemon.log_level)
            return found

        instruments = Instruments(reloaded, lambda: logs.counts, store.facts)
        yield Running(config, world, await store.logbook.recall(), logs.log, instruments)


async def _obey(running: Running, notifier: Notifier, scope: anyio.CancelScope) -> None:
    """Obey signals: SIGHUP reloads, SIGTERM and SIGINT end in order, a second of them ends at once."""

    async def stop() -> None:
        notifier.stopping()
        await running.stop()
        scope.cancel()

    stopping = False
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as received:
        async with anyio.create_task_group() as group:
            async for number in received:
                if number == signal.SIGHUP:
                    group.start_soon(_reload, running, notifier)
                elif stopping:
                    scope.cancel()
                else:
                    stopping = True
                    group.start_soon(stop)


async def _reload(running: Running, notifier: Notifier) -> None:
    notifier.reloading(round(SystemClock().monotonic() * 1_000_000))
    with suppress(ConfigError):  # each mistake is in the log
        await running.reload()
    notifier.ready()


async def _feed(running: Running, notifier: Notifier, log: Log) -> None:
    """Tell systemd how things stand, and that all is well while the loop turns and every connection is looked at."""
    every = SAID if notifier.watchdog_usec is None else min(SAID, notifier.watchdog_usec / 2_000_000)
    while True:
        states = counted(running.status().connections)
        notifier.status(", ".join(f"{number} {state}" for state, number in sorted(states.items())) or "no connections")
        stuck = running.stuck()
        if stuck is None:
            notifier.watchdog()
        else:
            log.error("poller is stuck", connection=stuck)
        await anyio.sleep(every)
