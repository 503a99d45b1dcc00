"""The `Store` port on plain dicts: what is remembered, told as shortly as it can be."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from uuid import uuid4

from driftd import __version__
from driftd.core.canonical import overlay
from driftd.core.envelope import Context, envelope
from driftd.core.model import (
    Absence,
    Change,
    Contents,
    KeyBytes,
    Kind,
    Recorded,
    Resource,
    Segment,
    Standing,
    Stored,
)
from driftd.errors import StoreError
from driftd.ports import Erased, Erasure, Seen, Snapshot
from tests.fakes import memory_privacy
from tests.fakes.memory_casebook import MemoryCasebook
from tests.fakes.memory_changelog import MemoryChangelog
from tests.fakes.memory_cycle import MemoryCycle
from tests.fakes.memory_shelf import Shelf, absences


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
        self.shelves: dict[tuple[str, str], Shelf] = {}
        self._segment = 0

    def shelf(self, resource: Resource) -> Shelf:
        """Return what is remembered of a resource."""
        return self.shelves.setdefault((resource.connection, resource.name), Shelf())

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
        shelf = self.shelves.get((connection, resource), Shelf())
        for events in shelf.withheld:
            self.publish(events)
            shelf.released = self.last_seq
        shelf.withheld, shelf.withholds = [], False

    def withheld(self, connection: str, resource: str) -> int:
        """Count the events of a resource that are withheld."""
        return sum(map(len, self.shelves.get((connection, resource), Shelf()).withheld))

    def live(self, connection: str, resource: str) -> set[KeyBytes]:
        """Return the keys of the live records of a resource."""
        return {stored.key for stored in self.shelves.get((connection, resource), Shelf()).live()}

    async def begin(
        self, resource: Resource, kind: Kind, *, host: str, folder: str, now: int, baseline: bool = False
    ) -> MemoryCycle:
        del now
        shelf = self.shelf(resource)
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
        return self.shelf(resource).placed

    async def standings(self) -> Mapping[tuple[str, str], Standing]:
        return {name: shelf.placed for name, shelf in self.shelves.items() if shelf.cycles}

    async def segments(self, resource: Resource) -> Sequence[Segment]:
        shelf = self.shelf(resource)
        return [shelf.segments[id_][0] for id_ in shelf.layout]

    async def contents(self, segments: Sequence[Segment]) -> Sequence[Contents]:
        found, near = [], Shelf()
        for id_ in [segment.id for segment in segments if segment.id is not None]:
            if id_ not in near.segments:
                near = next((shelf for shelf in self.shelves.values() if id_ in shelf.segments), near)
            if id_ not in near.segments:
                raise StoreError(f"segment {id_} is no longer stored: read the resource's segments again")
            found.append(near.segments[id_][1])
        return found

    async def known(self, resource: Resource, keys: Iterable[KeyBytes]) -> Mapping[KeyBytes, Stored]:
        records = self.shelf(resource).records
        return {key: records[key] for key in keys if key in records}

    async def absent(self, resource: Resource) -> Sequence[Stored]:
        return [stored for stored in self.shelf(resource).live() if stored.absent is not None]

    async def unplaced(self, resource: Resource) -> Sequence[KeyBytes]:
        return [stored.key for stored in self.shelf(resource).live() if not stored.placed]

    async def stalest(self, resource: Resource, limit: int) -> Sequence[Stored]:
        live = self.shelf(resource).live()
        return sorted(live, key=lambda stored: -1 if stored.details_at is None else stored.details_at)[:limit]

    async def coverage(self, resource: Resource, since: int) -> tuple[int, int]:
        live = self.shelf(resource).live()
        return sum(stored.details_at is not None and stored.details_at >= since for stored in live), len(live)

    async def absences(self, resource: Resource) -> Mapping[Absence, int]:
        return absences(self.shelf(resource))

    async def rewrite(self, resource: Resource, stricter: Callable[[bytes], bytes]) -> Standing:
        return memory_privacy.rewrite(self, resource, stricter)

    async def erase(self, resource: Resource, what: Erasure) -> Erased:
        return memory_privacy.erase(self, resource, what)

    async def resume(self, connection: str, resource: str) -> Sequence[KeyBytes]:
        """Nothing is ever interrupted."""
        shelf = self.shelves.get((connection, resource))
        return [] if shelf is None else [key for key, _ in shelf.unfinished.values()]

    async def fits(self, connection: str, resource: str, room: int) -> bool:
        """Memory is not looked at."""
        return True

    async def wipe(self, connection: str, resource: str) -> bool:
        shelf = self.shelves.get((connection, resource))
        if shelf is not None:
            memory_privacy.wipe(shelf)
        return True

    async def unfinished(self) -> Mapping[tuple[str, str], frozenset[bytes]]:
        return {names: frozenset(each.unfinished) for names, each in self.shelves.items() if each.unfinished}

    async def erased(self, resource: Resource) -> frozenset[bytes]:
        return frozenset(self.shelf(resource).erased)

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

    def _polled(self, connection: str, resource: str) -> Shelf:
        shelf = self.shelves.get((connection, resource))
        if shelf is None or not shelf.cycles:
            raise StoreError(
                f'resource "{resource}" of connection "{connection}" was never read: run `driftd poll` first'
            )
        return shelf


def _seen(stored: Stored) -> Seen:
    return Seen(stored.key, overlay(stored.body, stored.details), stored.absent_since)
