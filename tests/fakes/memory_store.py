"""The `Store` port on plain dicts: what is remembered, told as shortly as it can be."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from uuid import uuid4

import orjson
from msgspec.structs import replace

from driftd import __version__
from driftd.core import fingerprint
from driftd.core.canonical import overlay
from driftd.core.envelope import Context, envelope
from driftd.core.lines import ERASED
from driftd.core.model import (
    Absence,
    Change,
    Contents,
    KeyBytes,
    Kind,
    Recorded,
    Resource,
    Row,
    Segment,
    Standing,
    Stored,
)
from driftd.errors import FencedError, StoreError
from driftd.ports import Detected, Erased, Erasure, Outcome, Seen, Snapshot
from tests.fakes.memory_casebook import MemoryCasebook
from tests.fakes.memory_changelog import MemoryChangelog


@dataclass
class _Shelf:
    """All that is remembered of one resource."""

    standing: Standing = field(default_factory=Standing)
    records: dict[KeyBytes, Stored] = field(default_factory=dict)
    layout: list[int] = field(default_factory=list)
    segments: dict[int, tuple[Segment, Contents]] = field(default_factory=dict)
    cycles: int = 0
    withholds: bool = False
    withheld: list[list[tuple[Change, Context]]] = field(default_factory=list)
    """Of each commit."""
    released: int = 0
    """The seq of the last event that was released late."""
    forgotten: int = 0
    forgets: int = 0
    """Up to which number tombstones go once `forgets_at` sweeps are complete."""
    forgets_at: int | None = None
    open: "MemoryCycle | None" = None
    erased: set[bytes] = field(default_factory=set)
    unfinished: dict[bytes, bool] = field(default_factory=dict)
    """What stands for records whose erasure is not over, and whether they are to be forgotten."""

    @property
    def placed(self) -> Standing:
        """The checkpoint as it is read."""
        return replace(self.standing, forgotten=self.forgotten)

    def live(self) -> list[Stored]:
        """Records that are no tombstones, in the order of key bytes."""
        return [self.records[key] for key in sorted(self.records) if self.records[key].deleted_at is None]

    def forget(self, first: int) -> int:
        """Remove tombstones, or find those that may go next; return how many went. The log begins at `first`."""
        tombstones = [key for key, each in self.records.items() if each.deleted_at is not None]
        if self.forgets_at is None:
            late = self.withheld or self.released >= first
            if not late and any(self.records[key].seq < first for key in tombstones):
                self.forgets, self.forgets_at = first - 1, self.standing.sweeps + 2
                self.forgotten = max(self.forgotten, self.forgets)
            return 0
        if self.standing.sweeps < self.forgets_at:
            return 0
        gone = [key for key in tombstones if self.records[key].seq <= self.forgets]
        for key in gone:
            del self.records[key]
        self.forgets_at = None
        return len(gone)


class MemoryCycle:
    """One cycle, kept aside until its commit."""

    def __init__(self, store: "MemoryStore", shelf: _Shelf, context: Context, *, baseline: bool) -> None:
        self._store = store
        self._shelf = shelf
        self._context = context
        self._baseline = baseline
        self._positions: set[int] = set()
        self._rows: dict[KeyBytes, Row] = {}
        self._changes: list[Change] = []
        self._segments: list[tuple[Segment, Contents]] = []

    @property
    def id(self) -> str:
        return self._context.sweep_id

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end()

    async def stage(
        self,
        position: int,
        *,
        rows: Iterable[Row] = (),
        changes: Iterable[Change] = (),
        segments: Sequence[tuple[Segment, Contents]] = (),
    ) -> Sequence[KeyBytes]:
        self._go_on()
        if position in self._positions:
            return ()
        self._positions.add(position)
        latest = {row.key: row for row in rows}
        repeated = [key for key in latest if key in self._rows]
        self._rows |= latest
        self._changes += changes
        self._segments += segments
        return repeated

    async def commit(
        self, standing: Standing, layout: Sequence[int | Segment] | None, detected: Detected | None = None
    ) -> Outcome:
        self._go_on()
        if self._store.fenced:
            raise FencedError("a later process owns the store: this one must end")
        self._end()
        if layout is not None:
            self._lay_out(layout)
        if detected is not None and detected.withhold is not None:
            self._shelf.withholds = detected.withhold
        if not self._shelf.withholds:
            self._store.release(self._context.connection, self._context.resource)
        first = self._store.last_seq + 1
        self._shelf.cycles += 1
        self._shelf.standing = standing
        context = replace(self._context, sweep=self._shelf.cycles)
        seqs = {change.key: seq for seq, change in enumerate(self._changes, first)}
        events = [(change, context) for change in self._changes]
        self._store.changelog.counted(events, self._store.now())
        if events and self._shelf.withholds:
            self._shelf.withheld.append(events)
            self._store.last_seq += len(events)
        else:
            self._store.publish(events)
        for key, row in self._rows.items():
            self._shelf.records[key] = self._stored(row, seqs.get(key))
        if detected is not None:
            self._store.casebook.detect(context.connection, context.resource, detected)
        absences = _absences(self._shelf)
        return Outcome(
            first_seq=first,
            changes=dict(Counter(change.op for change in self._changes)),
            records=len(self._shelf.live()),
            pending=absences.get(Absence.PENDING, 0),
            held=absences.get(Absence.HELD, 0),
        )

    def _stored(self, row: Row, seq: int | None) -> Stored:
        prior = self._shelf.records.get(row.key)
        if seq is None:
            seq = self._store.last_seq if prior is None or self._baseline else prior.seq
        return Stored(
            key=row.key,
            raw=row.raw,
            fingerprint=row.fingerprint,
            body=row.body,
            details=row.details,
            details_at=row.details_at,
            seq=seq,
            first_seen=row.first_seen,
            placed=row.placed,
            absent=row.absent,
            absent_since=row.absent_since,
            deleted_at=row.deleted_at,
        )

    def _lay_out(self, layout: Sequence[int | Segment]) -> None:
        known = {id_: self._shelf.segments[id_] for id_ in self._shelf.layout}
        waiting = list(self._segments)
        laid: dict[int, tuple[Segment, Contents]] = {}
        for wanted in layout:
            id_ = wanted if isinstance(wanted, int) else wanted.id
            staged = next((pair for pair in waiting if id_ is None and pair[0] == wanted), None)
            if staged is not None:
                waiting.remove(staged)
                id_ = self._store.next_segment()
                known[id_] = (replace(staged[0], id=id_), staged[1])
            if id_ is None or id_ not in known or id_ in laid:
                raise ValueError("the layout lists a segment twice, or one that was never staged")
            laid[id_] = known[id_]
        self._shelf.layout, self._shelf.segments = list(laid), laid

    def _go_on(self) -> None:
        if self._shelf.open is not self:
            raise StoreError(f'cycle "{self.id}" was dropped when another one began: poll again')

    def _end(self) -> None:
        if self._shelf.open is self:
            self._shelf.open = None


class MemoryStore:
    """All that is remembered, gone with the process."""

    def __init__(
        self, cycle_id: Callable[[], str] = lambda: uuid4().hex, now: Callable[[], int] = lambda: 1_000
    ) -> None:
        self.now = now
        self.log: list[Recorded] = []
        self.last_seq = 0
        """Greatest ``seq`` given so far, to a withheld event or one of the log."""
        self.casebook = MemoryCasebook(self)
        self.changelog = MemoryChangelog(self)
        self.fenced = False
        """Set it to have every further commit fail as after the start of another process."""
        self._cycle_id = cycle_id
        self.shelves: dict[tuple[str, str], _Shelf] = {}
        self._segment = 0

    def next_segment(self) -> int:
        """Return an id that no segment has had."""
        self._segment += 1
        return self._segment

    def publish(self, events: Sequence[tuple[Change, Context]]) -> None:
        """Put events of one commit at the end of the log."""
        self.changelog.published(events, self.last_seq + 1, self.now())
        for seq, (change, context) in enumerate(events, self.last_seq + 1):
            whole = envelope(change, seq, context)
            self.log.append(Recorded(seq, context.connection, context.resource, change.op, whole))
            self.last_seq = seq

    def release(self, connection: str, resource: str) -> None:
        """Put what is withheld of a resource at the end of the log, and withhold no more of it."""
        shelf = self.shelves.get((connection, resource), _Shelf())
        for events in shelf.withheld:
            self.publish(events)
            shelf.released = self.last_seq
        shelf.withheld, shelf.withholds = [], False

    def withheld(self, connection: str, resource: str) -> int:
        """Count the events of a resource that are withheld."""
        return sum(map(len, self.shelves.get((connection, resource), _Shelf()).withheld))

    def live(self, connection: str, resource: str) -> set[KeyBytes]:
        """Return the keys of the live records of a resource."""
        return {stored.key for stored in self.shelves.get((connection, resource), _Shelf()).live()}

    async def begin(
        self, resource: Resource, kind: Kind, *, host: str, folder: str, now: int, baseline: bool = False
    ) -> MemoryCycle:
        del now
        shelf = self._shelf(resource)
        context = Context(
            connection=resource.connection,
            resource=resource.name,
            key=resource.key,
            host=host,
            folder=folder,
            kind=kind,
            sweep_id=self._cycle_id(),
            sweep=0,
            version=__version__,
        )
        shelf.open = MemoryCycle(self, shelf, context, baseline=baseline)
        return shelf.open

    async def standing(self, resource: Resource) -> Standing:
        return self._shelf(resource).placed

    async def standings(self) -> Mapping[tuple[str, str], Standing]:
        return {name: shelf.placed for name, shelf in self.shelves.items() if shelf.cycles}

    async def segments(self, resource: Resource) -> Sequence[Segment]:
        shelf = self._shelf(resource)
        return [shelf.segments[id_][0] for id_ in shelf.layout]

    async def contents(self, segments: Sequence[Segment]) -> Sequence[Contents]:
        found, near = [], _Shelf()
        for id_ in [segment.id for segment in segments if segment.id is not None]:
            if id_ not in near.segments:
                near = next((shelf for shelf in self.shelves.values() if id_ in shelf.segments), near)
            if id_ not in near.segments:
                raise StoreError(f"segment {id_} is no longer stored: read the resource's segments again")
            found.append(near.segments[id_][1])
        return found

    async def known(self, resource: Resource, keys: Iterable[KeyBytes]) -> Mapping[KeyBytes, Stored]:
        records = self._shelf(resource).records
        return {key: records[key] for key in keys if key in records}

    async def absent(self, resource: Resource) -> Sequence[Stored]:
        return [stored for stored in self._shelf(resource).live() if stored.absent is not None]

    async def unplaced(self, resource: Resource) -> Sequence[KeyBytes]:
        return [stored.key for stored in self._shelf(resource).live() if not stored.placed]

    async def stalest(self, resource: Resource, limit: int) -> Sequence[Stored]:
        live = self._shelf(resource).live()
        return sorted(live, key=lambda stored: -1 if stored.details_at is None else stored.details_at)[:limit]

    async def coverage(self, resource: Resource, since: int) -> tuple[int, int]:
        live = self._shelf(resource).live()
        return sum(stored.details_at is not None and stored.details_at >= since for stored in live), len(live)

    async def absences(self, resource: Resource) -> Mapping[Absence, int]:
        return _absences(self._shelf(resource))

    async def rewrite(self, resource: Resource, stricter: Callable[[bytes], bytes]) -> Standing:
        shelf = self._shelf(resource)
        for key, stored in shelf.records.items():
            body, details = stricter(stored.body), None if stored.details is None else stricter(stored.details)
            print_ = fingerprint.of(overlay(body, details))
            shelf.records[key] = replace(stored, body=body, details=details, fingerprint=print_)
        mine = (resource.connection, resource.name)
        self.log = [_rewritten(each, stricter) if each[1:3] == mine else each for each in self.log]
        shelf.withheld = [[(_stricter(change, stricter), of) for change, of in commit] for commit in shelf.withheld]
        self.changelog.rewritten(*mine, lambda change: _stricter(change, stricter))
        shelf.standing = replace(shelf.standing, scrubbed=resource.private)
        return shelf.standing

    async def erase(self, resource: Resource, what: Erasure) -> Erased:
        shelf, mine = self._shelf(resource), (resource.connection, resource.name)
        gone = shelf.records.pop(what.key, None)
        live = int(gone is not None and gone.deleted_at is None)
        events = [each for each in self.log if each[1:3] == mine and _key_of(each, resource) == what.key]
        self.log = [each for each in self.log if each not in events]
        shelf.withheld = [[each for each in commit if each[0].key != what.key] for commit in shelf.withheld]
        self.changelog.erased({each.seq for each in events})
        shelf.forgotten = self.last_seq
        for id_, (segment, contents) in shelf.segments.items():
            keys = tuple(ERASED if each == what.key else each for each in contents.keys)
            shelf.segments[id_] = (segment, Contents(contents.raw, keys))
        shelf.layout = [id_ for id_ in shelf.layout if shelf.segments[id_][0].boundary != what.key]
        before = len(shelf.erased)
        shelf.erased = shelf.erased | {what.record}
        erased = shelf.standing.erased + len(shelf.erased) - before
        shelf.standing = replace(shelf.standing, records=shelf.standing.records - live, erased=erased)
        self.casebook.detect(*mine, what.detected)
        shelf.unfinished[what.record] = what.forget
        return Erased(live, len(events))

    async def resume(self, connection: str, resource: str) -> None:
        """Nothing is ever interrupted."""

    async def wipe(self, connection: str, resource: str) -> bool:
        shelf = self.shelves.get((connection, resource))
        if shelf is None:
            return True
        gone = {record for record, forget in shelf.unfinished.items() if forget}
        for id_, (segment, contents) in shelf.segments.items() if gone else ():
            if ERASED in contents.keys:
                shelf.segments[id_] = (replace(segment, digest=bytes(16)), contents)
        shelf.erased -= gone
        shelf.standing = replace(shelf.standing, erased=shelf.standing.erased - len(gone))
        shelf.unfinished.clear()
        return True

    async def unfinished(self) -> Mapping[tuple[str, str], frozenset[bytes]]:
        return {names: frozenset(each.unfinished) for names, each in self.shelves.items() if each.unfinished}

    async def erased(self, resource: Resource) -> frozenset[bytes]:
        return frozenset(self._shelf(resource).erased)

    async def read_changes(
        self, after: int, limit: int, *, connection: str | None = None, resource: str | None = None
    ) -> Sequence[Recorded]:
        return [
            recorded
            for recorded in self.log
            if recorded.seq > after
            and connection in {None, recorded.connection}
            and resource in {None, recorded.resource}
        ][:limit]

    async def read_records(self, connection: str, resource: str, *, after: KeyBytes | None, limit: int) -> Snapshot:
        live = [stored for stored in self._polled(connection, resource).live() if after is None or stored.key > after]
        page = [_seen(stored) for stored in live[:limit]]
        return Snapshot(page, self.last_seq, page[-1].key if len(live) > limit else None)

    async def read_record(self, connection: str, resource: str, key: KeyBytes) -> Seen | None:
        stored = self._polled(connection, resource).records.get(key)
        return _seen(stored) if stored is not None and stored.deleted_at is None else None

    def _shelf(self, resource: Resource) -> _Shelf:
        return self.shelves.setdefault((resource.connection, resource.name), _Shelf())

    def _polled(self, connection: str, resource: str) -> _Shelf:
        shelf = self.shelves.get((connection, resource))
        if shelf is None or not shelf.cycles:
            raise StoreError(
                f'resource "{resource}" of connection "{connection}" was never read: run `driftd poll` first'
            )
        return shelf


def _absences(shelf: _Shelf) -> dict[Absence, int]:
    return dict(Counter(stored.absent for stored in shelf.live() if stored.absent is not None))


def _seen(stored: Stored) -> Seen:
    return Seen(stored.key, overlay(stored.body, stored.details), stored.absent_since)


def _key_of(recorded: Recorded, resource: Resource) -> KeyBytes:
    key = orjson.loads(recorded.envelope)["key"]
    return orjson.dumps([key[name] for name in resource.key])


def _stricter(change: Change, stricter: Callable[[bytes], bytes]) -> Change:
    before, after = (None if each is None else stricter(each) for each in (change.before, change.after))
    return replace(change, before=before, after=after, before_hash=_hash(before), after_hash=_hash(after))


def _rewritten(recorded: Recorded, stricter: Callable[[bytes], bytes]) -> Recorded:
    event = orjson.loads(recorded.envelope)
    for side in ("before", "after"):
        if event[side] is not None:
            body = stricter(orjson.dumps(event[side], option=orjson.OPT_SORT_KEYS))
            event |= {side: orjson.Fragment(body), f"{side}_hash": _hash(body)}
    return recorded._replace(envelope=orjson.dumps(event))


def _hash(body: bytes | None) -> str | None:
    return None if body is None else fingerprint.of(body).hex()
