"""What a complete sweep did not show: look again ─▶ gate.

A missing record becomes a delete event when a second look confirms it; it stays *pending* where none was possible,
until a second complete sweep; it is *held* where a guard does not believe the sweep.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from itertools import islice

from msgspec import Struct, field
from msgspec.structs import replace

from driftd.core import diff, gate
from driftd.core.gate import Range, Verdict
from driftd.core.lines import usable
from driftd.core.model import Absence, Change, Confidence, KeyBytes, Op, Query, Resource, Row, Segment, Stored
from driftd.errors import Reason
from driftd.ports import Store
from driftd.runtime.compare import Found
from driftd.runtime.look import locate, look_again
from driftd.runtime.reader import Reader
from driftd.runtime.stretches import Stretch
from driftd.runtime.tally import Tally
from driftd.runtime.tenant import Tenant
from driftd.runtime.veiling import Veiling

BATCH = 500
"""Records judged at once."""
LOADED = 16
"""Segments whose rows are loaded at once."""


class SilentOnceError(Exception):
    """A resource answered no record, and a moment later it did: the pass was an accident, and begins anew."""


class Missing(Struct):
    """What a sweep gathers about absence."""

    ranges: list[Range] = field(default_factory=list)
    """Where segments list records that were not there."""
    keys: set[KeyBytes] = field(default_factory=set)
    """Their keys."""
    strays: set[KeyBytes] = field(default_factory=set)
    """Keys without a known place that the sweep did not show."""
    repeated: set[KeyBytes] = field(default_factory=set)
    """Keys that came twice."""
    moved: set[KeyBytes] = field(default_factory=set)
    """Stored keys that were seen in another place than where a segment lists them, or in several."""
    alike: set[KeyBytes] = field(default_factory=set)
    """Stored keys that were seen in other bytes, and had not changed."""
    opening: list[Segment | KeyBytes] = field(default_factory=list)
    """What the first page of the sweep showed: unchanged segments, and keys of the others."""
    _seen: set[KeyBytes] = field(default_factory=set)
    _unjudged: set[KeyBytes] = field(default_factory=set)
    """Stored keys that were seen in a part of a stretch, of which it is not known yet what segments list there."""

    def begin(self, stretch: Stretch, page_size: int) -> None:
        """Take in what a stretch of the first page shows; later ones say nothing of when the sweep began."""
        known = sum(each.n if isinstance(each, Segment) else 1 for each in self.opening)
        if known < min(page_size, gate.SHOWN):
            first = islice(filter(usable, stretch.lines.keys), gate.SHOWN)
            self.opening += first if stretch.kept is None else [stretch.kept]

    def note(self, stretch: Stretch, page_size: int) -> None:
        """Take in what a stretch shows, and what it does not show any more."""
        self.begin(stretch, page_size)
        if not stretch.goes_on:
            for key in self._unjudged.difference(stretch.order):
                self._elsewhere(key)
            self._unjudged.clear()
        if stretch.missing:
            self.keys |= stretch.missing
            order = tuple(dict.fromkeys(stretch.order))
            self.ranges.extend(gate.ranges(stretch.before, order, stretch.missing, page_size))

    def sighted(self, records: Iterable[Stored], stretch: Stretch) -> None:
        """Take in that stored records were seen in a stretch: where a segment lists them, or elsewhere."""
        listed = frozenset(stretch.order)
        for stored in records:
            if stored.deleted_at is not None:
                continue
            if not stored.placed:
                if stored.key in self._seen:
                    self.moved.add(stored.key)
                self._seen.add(stored.key)
            elif stretch.goes_on:
                self._unjudged.add(stored.key)
            elif stored.key not in listed:
                self._elsewhere(stored.key)

    def _elsewhere(self, key: KeyBytes) -> None:
        if key in self.moved:
            self.repeated.add(key)
        self.moved.add(key)

    def settle(self, unplaced: frozenset[KeyBytes], changed: AbstractSet[KeyBytes]) -> None:
        """Conclude, now that the whole resource was read, and so many records had `changed`.

        What only moved is not missing, nor what was seen in one of the places where segments list it; what is where it
        was and elsewhere too came twice; what has no known place (`unplaced`) and was not seen is missing as well.
        """
        self.repeated |= self.moved - self.keys
        self.keys -= self.moved | self._seen | self.alike | changed
        self.strays = set(unplaced - self._seen)
        self._narrow()

    def displaced(self, keys: AbstractSet[KeyBytes]) -> None:
        """Take keys for missing without a known place."""
        self.keys -= keys
        self.strays |= keys
        self._narrow()

    def _narrow(self) -> None:
        left = (replace(r, missing=tuple(key for key in r.missing if key in self.keys)) for r in self.ranges)
        self.ranges = [r for r in left if r.missing]

    def __len__(self) -> int:
        return len(self.keys | self.strays)

    def __contains__(self, key: KeyBytes) -> bool:
        return key in self.keys or key in self.strays


async def unplace(missing: Missing, store: Store, segments: Sequence[Segment]) -> None:
    """Have what several segments list looked for by its key: that it is missing in one of the places proves nothing.

    Pages that came twice in an earlier sweep leave such places. Loads all segments, where something is missing.
    """
    places: Counter[KeyBytes] = Counter()
    for first in range(0, len(segments) if missing.keys else 0, LOADED):
        for contents in await store.contents(segments[first : first + LOADED]):
            places.update(missing.keys.intersection(contents.keys))
    missing.displaced({key for key, number in places.items() if number > 1})


class Deletes(Struct, frozen=True):
    """Judges the missing records of one sweep."""

    tenant: Tenant
    resource: Resource
    reader: Reader
    tally: Tally
    veiling: Veiling
    trusted: int
    """Live records before the sweep."""

    async def judged(self, missing: Missing, *, key_unique: bool) -> AsyncIterator[Found]:
        """Yield the rows and events of all missing records, in batches."""
        if not len(missing):
            return
        why = gate.judge(len(missing), self.trusted, self.resource.guards, key_unique=key_unique)
        if why is not None:
            self._hold(why, len(missing))
            verdicts: dict[KeyBytes, Verdict] = {}
        else:
            verdicts = await self._second_look(missing.ranges, sorted(missing.strays))
            if Verdict.ABSENT in verdicts.values() and await self._faded(missing.opening):
                why = Reason.SUSPECT_MASS_DELETE
        keys = sorted(missing.keys | missing.strays)
        for batch in _batches(keys):
            yield await self._batch(batch, verdicts, held=why is not None)

    async def silent(self, *, last: bool) -> None:
        """Look again at a resource that answered no record, and hold everything if it still answers none.

        Raises `SilentOnceError` where records are there, for the pass to begin anew; the `last` one holds all the same.
        """
        await self.tenant.clock.sleep(self.resource.guards.second_look)
        page = await self.reader.again(Query(1, split=True))
        if self.tenant.source.split(page) and not last:
            raise SilentOnceError
        self.tally.held = self.trusted
        self.tally.doubt(
            Reason.EMPTY_ANSWER,
            f'"{self.resource.connection}" {self.resource.name}: no record, where there were {self.trusted}',
            "the snapshot stays; ask the customer's X3 admin about the role, rights and folder of the web-service user",
        )

    async def _second_look(self, ranges: Sequence[Range], strays: Sequence[KeyBytes]) -> dict[KeyBytes, Verdict]:
        await self.tenant.clock.sleep(self.resource.guards.second_look)
        source, looks = self.tenant.source, gate.allowed(self.tally.pages)
        verdicts: dict[KeyBytes, Verdict] = {}
        placed: list[Range] = []
        for key in strays[: max(0, looks - len(ranges))]:
            found = await locate(self.reader, source, self.resource, key)
            if found is None:
                verdicts[key] = Verdict.RETURNED
            else:
                placed.append(found)
        chosen = gate.joined([*ranges[:looks], *placed])
        return verdicts | await look_again(self.reader, source, self.resource, chosen)

    async def _faded(self, opening: Sequence[Segment | KeyBytes]) -> bool:
        """Tell whether a mass of what the sweep showed first is not shown any more, and say so.

        Where a right is withdrawn in the midst of a sweep few of its records are missing, and what is left of their
        neighbours comes back. Then nothing new is shown in place of what is gone, as where records come and go.
        """
        shown = await self._keys(opening)
        if not shown:
            return False
        page = await self.reader.again(Query(2 * gate.SHOWN, start=shown[0], split=True))
        slices = self.tenant.source.split(page)
        asked = shown if page.next is None else shown[: len(slices)]  # a server may show fewer than it is asked for
        there = set(filter(usable, self.tenant.source.keys(self.resource, slices)))
        gone, others = len(set(asked) - there), there.difference(asked)
        came = len(others - (await self.tenant.store.known(self.resource, others)).keys())
        if gate.judge(gone - came, len(asked), self.resource.guards, key_unique=True) is None:
            return False
        self.tally.doubt(
            Reason.SUSPECT_MASS_DELETE,
            f'"{self.resource.connection}" {self.resource.name}: {gone} of {len(asked)} records that this sweep showed'
            " first were gone at its end; its deletes are held",
            "ask the customer's X3 admin whether rights of the web-service user were withdrawn; the snapshot stays",
        )
        return True

    async def _keys(self, opening: Sequence[Segment | KeyBytes]) -> Sequence[KeyBytes]:
        """Return the keys of some records, in the order in which they were shown."""
        keys: list[KeyBytes] = []
        for each in opening:
            if isinstance(each, Segment):
                (contents,) = await self.tenant.store.contents([each])
                keys += filter(usable, contents.keys)
            else:
                keys.append(each)
        return keys[: gate.SHOWN]

    async def _batch(self, keys: Sequence[KeyBytes], verdicts: dict[KeyBytes, Verdict], *, held: bool) -> Found:
        known = await self.tenant.store.known(self.resource, keys)
        rows: list[Row] = []
        changes: list[Change] = []
        for key in keys:
            stored = known.get(key)
            if stored is None or stored.deleted_at is not None or (held and stored.absent is Absence.HELD):
                continue  # nothing, or nothing new, to say of it
            row, change = self._settled(stored, verdicts.get(key, Verdict.UNKNOWN), held=held)
            rows.append(row)
            if change is not None:
                changes.append(change)
                self.tally.changes[Op.DELETE] += 1
        return Found(rows, changes)

    def _settled(self, stored: Stored, verdict: Verdict, *, held: bool) -> tuple[Row, Change | None]:
        now = self.tenant.clock.now()
        since = stored.absent_since if stored.absent_since is not None else now
        unread = self.veiling.kept(stored, diff.row_of(stored, placed=False))
        if held:
            return unread._replace(absent=Absence.HELD, absent_since=since), None
        if verdict is Verdict.RETURNED:
            return unread, None
        if verdict is Verdict.UNKNOWN and stored.absent is None:
            return unread._replace(absent=Absence.PENDING, absent_since=since), None
        confidence = Confidence.CONFIRMED_ABSENT if verdict is Verdict.ABSENT else Confidence.INFERRED_ABSENT
        return diff.deleted(stored, self.resource, confidence, page=self.tally.pages, row=0, now=now)

    def _hold(self, why: Reason, candidates: int) -> None:
        where = f'"{self.resource.connection}" {self.resource.name}'
        if why is Reason.KEY_NOT_UNIQUE:
            self.tally.doubt(
                why,
                f"{where}: {candidates} deletes are held, since keys are not unique",
                "have the customer's X3 admin look for records under one key, or without a key",
            )
        else:
            self.tally.doubt(
                why,
                f"{where}: {candidates} of {self.trusted} records are missing; their deletes are held",
                "ask the customer whether they were deleted on purpose; the snapshot keeps them meanwhile",
            )


def _batches(keys: Iterable[KeyBytes]) -> Iterator[list[KeyBytes]]:
    rest = iter(keys)
    while batch := list(islice(rest, BATCH)):
        yield batch
