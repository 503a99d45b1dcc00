"""A whole driftd against a simulated tenant over real HTTP on loopback, with a real SQLite store."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from msgspec import structs

from driftd.adapters.clock import SystemClock
from driftd.adapters.sqlite import SqliteStore
from driftd.adapters.x3 import catalogue
from driftd.adapters.x3.client import X3Source
from driftd.adapters.x3.settings import Basic, ClientCredentials, X3Settings
from driftd.core.model import Guards, Kind, Resource
from driftd.core.secret import Secret
from driftd.ports import Clock, Source, Store
from driftd.runtime.poll import Round, poll
from driftd.runtime.tally import CycleReport
from driftd.runtime.tenant import Tenant
from driftd.simulator import Tenant as X3Tenant
from tests.fakes.detection import detector_of
from tests.fakes.loopback import LOOPBACK

SEED = 20_261_123


def normal(value: Any) -> Any:
    """Return a value with every number as `Decimal`, so that equal is exactly equal."""
    if type(value) is str:
        return value
    if isinstance(value, dict):
        return {name: normal(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [normal(inner) for inner in value]
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return value
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


def decoded(body: bytes) -> Any:
    """Decode canonical JSON exactly."""
    return normal(json.loads(body, parse_float=Decimal))


def named(key: bytes) -> tuple[Any, ...]:
    """Return a key as the simulator names it."""
    return tuple(json.loads(key))


def resource(name: str, connection: str = "aldgate", **settings: Any) -> Resource:
    """Return a class of the catalogue with settings that suit a test: small pages, no waiting, no limit on details."""
    known = catalogue.lookup(name)
    assert known is not None
    fitting: dict[str, Any] = {
        "page_size": 10,
        "details_per_hour": 10**7,
        "guards": Guards(ratio=0.9, second_look=0.0),
    } | settings
    return Resource(
        connection, name, known.representation, known.key, details=known.details, lines=known.lines, **fitting
    )


@dataclass
class Rig:
    """One connection of a driftd, and what its change log has told so far."""

    source: Source
    store: Store
    tenant: X3Tenant
    resources: Sequence[Resource]
    told: dict[str, dict[tuple[Any, ...], Any]] = field(default_factory=dict)
    """What a consumer holds who read the snapshot once and then followed the changes, by resource."""
    shown: dict[str, dict[tuple[Any, ...], Any]] = field(default_factory=dict)
    """The snapshot as it was last read, by resource."""
    seq: int = 0
    seqs: set[int] = field(default_factory=set)
    """How far the log was at each page of snapshots that was read."""
    shared: int = 0
    """How far a snapshot that began the story may show events that the log tells as well, as it was read meanwhile."""
    ids: set[str] = field(default_factory=set)
    after: list[tuple[str, str, tuple[Any, ...], Any]] = field(default_factory=list)
    """Every event followed: resource, op, key, after."""
    markers: list[str] = field(default_factory=list)
    """The resources of which the log says that their snapshot is to be read anew."""
    clock: Clock = field(default_factory=SystemClock)

    async def poll(self, kind: Kind | None = Kind.SWEEP) -> list[CycleReport]:
        """Run one cycle of each resource."""
        detector, others = detector_of(self.store), {each.name: each for each in self.resources}
        folder = self.tenant.folder
        tenant = Tenant(self.source, self.store, self.clock, "127.0.0.1", folder, lambda: SEED, detector, others)
        polled = await poll([Round(tenant, self.resources, 3)], kind)
        return list(polled.cycles)

    async def snapshot(self, name: str) -> dict[tuple[Any, ...], Any]:
        """Return what the store shows of a resource, read in small pages; `seq` of the first page is kept."""
        found: dict[tuple[Any, ...], Any] = {}
        after, first = None, True
        while True:
            page = await self.store.read_records(self.tenant.name, name, after=after, limit=7)
            self.seqs.add(page.as_of_seq)
            if first:
                self.seq, first = max(self.seq, page.as_of_seq), False
            found |= {named(seen.key): decoded(seen.body) for seen in page.records}
            if page.next is None:
                return found
            after = page.next

    async def follow(self) -> int:
        """Follow the change log; assert that each event fits what was told before. Return the number of events."""
        n = 0
        while changes := await self.store.read_changes(self.seq, 50, connection=self.tenant.name):
            for change in changes:
                event = json.loads(change.envelope, parse_float=Decimal)
                assert change.seq > self.seq
                assert event["id"] not in self.ids, "an id came twice"
                self.ids.add(event["id"])
                self.seq = change.seq
                if event["op"] == "m":
                    assert (event["reason"], event["key"]) == ("rebaseline", {})
                    self.markers.append(change.resource)
                    continue
                self._told(change.resource, event, fits=change.seq > self.shared)
                n += 1
        return n

    def _told(self, name: str, event: dict[str, Any], *, fits: bool) -> None:
        held = self.told.setdefault(name, {})
        key = tuple(event["key"].values())
        before = held.get(key) if fits else normal(event["before"])
        assert (before is None) == (event["before"] is None), (event["op"], key, "before does not fit what was told")
        assert before == normal(event["before"])
        after = normal(event["after"])
        assert before != after, "an event without a change"
        self.after.append((name, event["op"], key, after))
        if after is None:
            held.pop(key, None)
        else:
            held[key] = after


def truth(tenant: X3Tenant, name: str, facet: Any = None) -> dict[tuple[Any, ...], Any]:
    """Return what a reader must hold who sees everything."""
    return {key: normal(record) for key, record in tenant.records(name, facet=facet).items()}


@asynccontextmanager
async def rig(
    tenant: X3Tenant, url: str, directory: Path, resources: Sequence[Resource], **settings: Any
) -> AsyncIterator[Rig]:
    """Give a driftd that polls `tenant`, served at `url`, into `directory`."""
    async with (
        SqliteStore.open(directory, clock_now=SystemClock().now) as store,
        joined(tenant, url, store, resources, **settings) as house,
    ):
        yield house


@asynccontextmanager
async def joined(
    tenant: X3Tenant, url: str, store: Store, resources: Sequence[Resource], **settings: Any
) -> AsyncIterator[Rig]:
    """Give one connection that shares `store` with others; `settings` replace those of a connection that works."""
    auth: Any = ClientCredentials(url + tenant.token_path, tenant.client_id, lambda: tenant.client_secret)
    if settings.pop("basic", False):
        auth = Basic(tenant.username, Secret(tenant.password))
    known = X3Settings(tenant.name, url, tenant.folder, auth, endpoint=tenant.endpoint, egress=LOOPBACK)
    async with X3Source(replace(known, **settings), None, SystemClock()) as source:
        yield Rig(source, store, tenant, [structs.replace(each, connection=tenant.name) for each in resources])
