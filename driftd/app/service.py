"""The daemon as a service: it obeys signals, tells systemd how it is, and keeps its write-ahead log small."""

import signal
from contextlib import suppress
from typing import Final

import anyio

from driftd.adapters.clock import SystemClock
from driftd.adapters.sqlite import SqliteStore
from driftd.adapters.systemd import Notifier
from driftd.core.status import counted
from driftd.errors import ConfigError, FencedError, StoreError
from driftd.ports import Clock, Log
from driftd.runtime.daemon import Running

SAID: Final = 15.0
"""Seconds between two status lines for systemd."""
CHECKPOINT: Final = 30.0
"""Seconds between two WAL checkpoints; a busy writer makes more of its own."""
OPTIMIZE: Final = 4 * 3600.0
"""Seconds between two renewals of what queries are planned by."""
DAMAGE: Final = 0.5
"""Seconds between two looks whether the database was found damaged: nothing is written from then on anyway."""


async def obey(running: Running, notifier: Notifier, scope: anyio.CancelScope) -> None:
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


async def tell_ready(running: Running, notifier: Notifier) -> None:
    """Tell systemd once polls run."""
    await running.begun.wait()
    notifier.ready()


async def feed(running: Running, notifier: Notifier, log: Log) -> None:
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


async def stop_at_damage(store: SqliteStore, clock: Clock) -> None:
    """Raise the `DamagedStoreError` that any work on the database ended with."""
    while store.damage is None:
        await clock.sleep(DAMAGE)
    raise store.damage


async def keep_small(store: SqliteStore, clock: Clock, log: Log) -> None:
    """Move the write-ahead log into the database now and then; raises `FencedError` only."""
    failing, optimized = False, clock.monotonic()
    while True:
        await clock.sleep(CHECKPOINT)
        try:
            await store.checkpoint()
            if clock.monotonic() - optimized >= OPTIMIZE:
                optimized = clock.monotonic()
                await store.optimize()
            failing = False
        except FencedError:
            raise
        except StoreError as error:
            if not failing:
                log.error("checkpoint failed", error=str(error))
            failing = True
