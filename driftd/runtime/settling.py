"""Deletes that a guard held are settled: a cycle that reads nothing, and writes what a person decided of records."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from driftd.core import diff
from driftd.core.alerts.model import Alert, Deed
from driftd.core.drift import Check
from driftd.core.model import Absence, Confidence, JsonObject, Kind, Op, Resource, Segment, Stored
from driftd.errors import DecisionError
from driftd.ports import Clock, Detected, Store
from driftd.runtime.alarms import Judged
from driftd.runtime.checks import Start
from driftd.runtime.counterparts import Others
from driftd.runtime.detect import Detector
from driftd.runtime.tally import Tally

BATCH: Final = 500
"""Records that are settled at once."""


class Site(Struct, frozen=True):
    """Where a resource is polled."""

    resource: Resource
    host: str
    folder: str


class Settling(Struct, frozen=True):
    """What is settled, and how."""

    alert: Alert
    site: Site
    emit: bool
    """Whether the deletes become events; else the records stay."""
    deed: Deed
    """Without the candidates."""
    candidates: str | None = None
    """Their hash, where only these are meant."""


async def settle(detector: Detector, store: Store, clock: Clock, others: Others, what: Settling) -> int:
    """Settle the deletes that an alert holds; return how many they were.

    The caller holds off cycles of the resource. Raises `DecisionError` where there are none, or others than were meant;
    `StoreError` where it is not written.
    """
    resource, site, now = what.site.resource, what.site, clock.now()
    standing = await store.standing(resource)
    detection = detector.begin(Start(resource, Kind.PROBE, now, standing), others, _nothing)
    tally, counted = Tally(resource, Kind.PROBE), _Counted()
    begun = await store.begin(resource, Kind.SWEEP, host=site.host, folder=site.folder, now=now)
    async with begun as writing:
        async for batch in candidates(store, resource, what.alert):
            counted.add(batch)
            if not what.emit:
                await writing.stage(counted.batches, rows=[diff.row_of(each) for each in batch])
                continue
            pairs = [diff.deleted(each, resource, Confidence.INFERRED_ABSENT, page=0, row=0, now=now) for each in batch]
            rows = [row for row, _ in pairs]
            changes = await detection.changed(rows, [change for _, change in pairs])
            tally.changes[Op.DELETE] += len(changes)
            await writing.stage(counted.batches, rows=rows, changes=changes)
        _check(counted, what)
        left = standing.records - counted.number if what.emit else standing.records
        async with detection.lock:
            verdict = await detection.conclude(None, tally, now)
            judged = detector.alarms.mended([what.alert.id], now)
            deed = replace(what.deed, subject=counted.hash, before=str(standing.records), after=str(left))
            detected = _joined(verdict.detected or Detected(), judged, deed)
            layout: list[int | Segment] | None = (
                [] if what.emit and what.alert.drift.finding == Check.EMPTY_ANSWER else None
            )
            await writing.commit(replace(standing, records=left), layout, detected)
            detection.took(verdict)
            detector.alarms.took(judged)
    return counted.number


def _nothing(_record: bytes) -> JsonObject:
    raise RuntimeError("nothing is read here")


async def candidates(store: Store, resource: Resource, alert: Alert) -> AsyncIterator[Sequence[Stored]]:
    """Yield the records whose deletes an alert holds, in batches: of one that answers nothing, all there are."""
    if alert.drift.finding != Check.EMPTY_ANSWER:
        held = [each for each in await store.absent(resource) if each.absent is Absence.HELD]
        for position in range(0, len(held), BATCH):
            yield held[position : position + BATCH]
        return
    after, more = None, True
    while more:
        page = await store.read_records(resource.connection, resource.name, after=after, limit=BATCH)
        known = await store.known(resource, [seen.key for seen in page.records])
        if known:
            yield [known[key] for key in sorted(known)]
        after, more = page.next, page.next is not None


class _Counted:
    """How many candidates there are, and the hash of their set."""

    def __init__(self) -> None:
        self.number = self.batches = 0
        self._digest = hashlib.blake2b(digest_size=8)

    def add(self, batch: Sequence[Stored]) -> None:
        for each in batch:
            self._digest.update(len(each.key).to_bytes(4, "big") + each.key)
        self.number += len(batch)
        self.batches += 1

    @property
    def hash(self) -> str:
        """16 hex digits."""
        return self._digest.hexdigest()


async def counted(store: Store, resource: Resource, alert: Alert) -> tuple[int, str]:
    """Return how many deletes an alert holds, and the hash of their set."""
    found = _Counted()
    async for batch in candidates(store, resource, alert):
        found.add(batch)
    return found.number, found.hash


def _check(counted: _Counted, what: Settling) -> None:
    id_ = what.alert.id
    if not counted.number:
        raise DecisionError(f"{id_} holds no deletes any more", hint="`driftd drift list` shows what does")
    if what.candidates not in {None, counted.hash}:
        raise DecisionError(
            f"{id_} holds other deletes than those of {what.candidates}: {counted.number}, {counted.hash}",
            hint=f"look at them again: `driftd drift show {id_}`",
        )


def _joined(detected: Detected, judged: Judged, deed: Deed) -> Detected:
    return replace(
        detected,
        alerts=(*detected.alerts, *judged.alerts),
        notices=(*detected.notices, *judged.notices),
        deeds=(deed,),
    )
