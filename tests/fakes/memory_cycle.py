"""The `Cycle` port on the shelves of the memory store."""

from collections import Counter
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

from msgspec.structs import replace

from driftd.core.envelope import Context
from driftd.core.model import Absence, Change, Contents, KeyBytes, Row, Segment, Standing, Stored
from driftd.errors import FencedError, StoreError
from driftd.ports import Detected, Outcome
from tests.fakes.memory_shelf import Shelf, absences

if TYPE_CHECKING:
    from tests.fakes.memory_store import MemoryStore


class MemoryCycle:
    """One cycle, kept aside until its commit."""

    def __init__(self, store: "MemoryStore", shelf: Shelf, context: Context, *, baseline: bool) -> None:
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
        absent = absences(self._shelf)
        return Outcome(
            first_seq=first,
            changes=dict(Counter(change.op for change in self._changes)),
            records=len(self._shelf.live()),
            pending=absent.get(Absence.PENDING, 0),
            held=absent.get(Absence.HELD, 0),
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
