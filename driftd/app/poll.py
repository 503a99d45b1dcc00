"""The composition of a one-shot poll."""

import random
import secrets
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from functools import partial

from msgspec import Struct
from msgspec.structs import asdict

from driftd.adapters.clock import SystemClock
from driftd.adapters.keyfile import KeyFile
from driftd.adapters.x3.refusals import Refusals
from driftd.app.opening import connected, writing
from driftd.app.pairing import Pairs
from driftd.app.safekeeping import keys_of, safe_of
from driftd.config import Config, ConnectionConfig
from driftd.core.breaker import Limits
from driftd.core.model import Kind, Resource
from driftd.core.pausing import told
from driftd.errors import DecisionError, SourceError
from driftd.ports import Clock
from driftd.runtime import poll as polling
from driftd.runtime.alarms import Alarms
from driftd.runtime.asides import Asides
from driftd.runtime.book import Book
from driftd.runtime.detect import Detector
from driftd.runtime.gauges import Gauges
from driftd.runtime.post import NOTHING_KNOWN, Post, Posts, by_connection
from driftd.runtime.quiet import Quiet
from driftd.runtime.secrecy import Secrecy
from driftd.runtime.tally import CycleReport, Watch
from driftd.runtime.tenant import Tenant
from driftd.runtime.view import Present
from driftd.runtime.ways import Ways


class Selection(Struct, frozen=True):
    """What to poll: None takes every connection, every resource, and what is due."""

    connection: str | None = None
    resource: str | None = None
    kind: Kind | None = None


class Report(Struct, frozen=True):
    """What a poll did."""

    cycles: tuple[CycleReport, ...]
    seconds: float
    next_due: int | None
    """The earliest time at which something is due again, epoch ms."""
    paused: tuple[str, ...] = ()
    """Of each connection that was not polled as it is paused: by whom, until when and why."""

    @property
    def ok(self) -> bool:
        """Whether every cycle was wholly fine."""
        return all(each.outcome == "ok" for each in self.cycles)

    def to_json(self) -> dict[str, object]:
        """Return the report as `driftd poll --format json` prints it."""
        due = None if self.next_due is None else datetime.fromtimestamp(self.next_due / 1000, UTC).isoformat()
        resources = [asdict(each) for each in self.cycles]
        return {"ok": self.ok, "resources": resources, "seconds": round(self.seconds, 6), "next_due": due}


async def poll(config: Config, selection: Selection, watch: Watch | None = None) -> Report:
    """Run one cycle of each selected resource.

    Raises `LockedError` where a daemon owns the data directory, `StoreError` where it cannot be used, `ConfigError`
    where the key of a secret that driftd keeps is missing, `DecisionError` where it was asked for one that is paused.
    """
    clock = SystemClock()
    begun = clock.monotonic()
    unusable: list[CycleReport] = []
    keys = await keys_of(config)
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(writing(config))
        safe = await safe_of(config, store, keys)
        pairs, refusals = Pairs(store.vault, safe, clock.now), Refusals()
        book = Book(store.logbook, clock, Quiet())
        alarms = Alarms(Quiet())
        await alarms.load(store.casebook, clock.now())
        chosen, paused = _chosen(config, selection, alarms.asides, clock.now())
        detector = Detector(store.casebook, store, alarms, Secrecy(KeyFile(config.data_dir), store).of)
        posts = _posts(config, clock, alarms)
        known = by_connection(await store.logbook.recall(each.name for each in chosen))
        rounds, made = [], []
        for connection in chosen:
            resources = [each for each in connection.resources if selection.resource in {None, each.name}]
            post = posts.make(connection, known.get(connection.name, NOTHING_KNOWN))
            made.append(post)
            try:
                opened = connected(connection, post.traffic, safe=safe, pairs=pairs, refusals=refusals)
                source = await stack.enter_async_context(opened)
            except SourceError as error:
                unusable += polling.unusable(resources, selection.kind, error)
                continue
            tenant = Tenant(
                source,
                store,
                clock,
                post.host,
                connection.folder,
                lambda: secrets.randbits(64),
                detector,
                {each.name: each for each in connection.resources},
            )
            most = connection.settings.max_concurrency
            rounds.append(polling.Round(tenant, resources, most, partial(_note, post, book)))
        most = config.daemon.max_concurrency
        polled = await polling.poll(rounds, selection.kind, max_concurrency=most, watch=watch)
        for post in made:
            post.chart.look(Present(), book, post.log)
        await book.write()
    return Report((*polled.cycles, *unusable), clock.monotonic() - begun, polled.next_due, tuple(paused))


def _chosen(config: Config, selection: Selection, asides: Asides, now: int) -> tuple[list[ConnectionConfig], list[str]]:
    """Return the connections to poll, and what is to be said of those that are paused.

    Raises `DecisionError` where it was asked for one that is.
    """
    named = [each for each in config.connections if selection.connection in {None, each.name}]
    chosen = [each for each in named if not asides.of(each.name).paused(now)]
    paused = [f'"{each.name}" is {told(asides.of(each.name), now)}' for each in named if each not in chosen]
    if selection.connection is not None and paused:
        hint = f"poll it then, or resume it: driftd connections resume {selection.connection}"
        raise DecisionError(paused[0], hint=hint)
    return chosen, paused


def _note(post: Post, book: Book, resource: Resource, report: CycleReport, began: int) -> None:
    post.chart.polled(resource.name, report, began, book, post.log)


def _posts(config: Config, clock: Clock, alarms: Alarms) -> Posts:
    ways = Ways(clock, random.random, Limits())
    posts = Posts(ways, config.daemon.max_concurrency, Gauges(clock.monotonic), clock, Quiet(), alarms)
    posts.allot(config)
    return posts
