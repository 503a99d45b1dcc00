"""From rows whose bytes are not known to rows and change events: known? ─▶ decode ─▶ details ─▶ diff."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from driftd.core import canonical, diff, fingerprint, flat, kinship, oversize, strict
from driftd.core.cadence import details_in_hand
from driftd.core.diff import Sighting
from driftd.core.lines import Line
from driftd.core.model import Change, Details, JsonObject, KeyBytes, Op, Resource, Row, Standing, Stored
from driftd.errors import Reason, SourceError
from driftd.runtime.tally import Tally
from driftd.runtime.tenant import Tenant
from driftd.runtime.veiling import Veiling


class Found(NamedTuple):
    """What a stretch gave."""

    rows: list[Row]
    changes: list[Change]


class Comparison:
    """Compares what one cycle sees with what is stored."""

    def __init__(self, tenant: Tenant, resource: Resource, standing: Standing, tally: Tally, veiling: Veiling) -> None:
        self._tenant = tenant
        self._veiling = veiling
        self._resource = resource
        self._tally = tally
        self._forgotten = standing.forgotten
        self._volatile = frozenset(resource.volatile) | frozenset(standing.volatile)
        self._redrop = (
            self._volatile
            if standing.baselined and standing.recipe != fingerprint.recipe(self._volatile)
            else frozenset()
        )
        self._flat = flat.Flat(self._volatile)
        self._rows = 0
        self.details_left = details_in_hand(resource, standing, tenant.clock.now()) if resource.details else 0.0
        """The budget of details reads; what a refusal leaves of it is not lost."""
        self._refused = self._looked = False
        self._completed: set[KeyBytes] = set()
        self.members: Counter[str] = Counter()
        """How many updates changed each top-level member."""
        self.looked = self.others = 0
        """Updates that were looked into, and those that made another thing of their record."""

    @property
    def details_allowed(self) -> int:
        """How many details this cycle may still read."""
        return 0 if self._refused else int(self.details_left)

    async def found(
        self, lines: Sequence[Line], stored: Mapping[KeyBytes, Stored], *, page: int, placed: bool = True
    ) -> Found:
        """Compare unknown rows, each of another key, with what is stored of them."""
        now = self._tenant.clock.now()
        rows: list[Row] = []
        unlike: list[Line] = []
        for line in lines:
            held = stored.get(line.key)
            if held is None or held.raw != line.raw or held.deleted_at is not None:
                unlike.append(line)
            elif held.absent is not None or (placed and not held.placed):
                rows.append(diff.row_of(held, placed=placed))
        sightings = await self._complete(self._sightings(unlike, page, now, placed=placed), stored)
        changes: list[Change] = []
        for seen in sightings:
            row, change = self._sighted(seen, stored.get(seen.key))
            rows.append(row)
            if change is not None:
                changes.append(change)
        return Found(rows, changes)

    async def baseline(self, lines: Sequence[Line], *, page: int) -> list[Row]:
        """Turn rows of a resource that is read for the first time into rows to keep: there is nothing to compare."""
        now = self._tenant.clock.now()
        if self._resource.details:
            complete = await self._complete(self._sightings(lines, page, now, placed=True), {})
            return [diff.first(seen) for seen in complete]
        bodies, _ = self._read(lines)
        return [
            Row(key, raw, print_, body, None, None, now)
            for (_, raw, key), print_, body in zip(lines, fingerprint.all_of(bodies), bodies, strict=True)
        ]

    async def refresh(self, stale: Iterable[Stored], *, page: int) -> Found:
        """Read the details of some records anew, and compare; none in a sweep under new field rules.

        What is stored of them is then of before the sweep, which has a newer row of each.
        """
        rows: list[Row] = []
        if self._veiling.changed:
            return Found([], [])
        changes: list[Change] = []
        for held in stale:
            if not self.details_allowed:
                break
            if held.key in self._completed or held.absent is not None:
                continue
            record = await self._details(held.key)
            if record is None:
                continue
            details = self._canonical(record)
            body = canonical.refreshed(held.body, details)
            seen = Sighting(held.key, held.raw, body, page, self._next_row(), self._tenant.clock.now(), details=details)
            row, change = self._sighted(seen, held)
            rows.append(row._replace(placed=held.placed))
            if change is not None:
                changes.append(change)
        return Found(rows, changes)

    def strangers(self, lines: Sequence[Line], stored: Mapping[KeyBytes, Stored]) -> int:
        """Return how many of some rows show another thing than what is stored under their keys."""
        bodies, _ = self._read(lines)
        found = 0
        for line, body in zip(lines, bodies, strict=True):
            held = stored[line.key]
            sides = self._veiling.sides(held, details=False, volatile=self._redrop)
            found += _is_another(sides, (held.body, None), (body, None))
        return found

    def _sighted(self, seen: Sighting, held: Stored | None) -> tuple[Row, Change | None]:
        sides = self._veiling.sides(held, details=seen.details is not None, volatile=self._redrop)
        row, change = diff.sighted(seen, held, self._resource, sides=sides, forgotten=self._forgotten)
        if change is not None:
            self._note(change)
        if held is not None and change is not None and change.op is Op.UPDATE and self.looked < kinship.SAMPLE:
            self.looked += 1
            self.others += _is_another(sides, (held.body, held.details), (row.body, row.details))
        return row, change

    def _sightings(self, lines: Sequence[Line], page: int, now: int, *, placed: bool) -> list[Sighting]:
        bodies, stamps = self._read(lines)
        return [
            Sighting(line.key, line.raw, body, page, self._next_row(), now, stamp, placed=placed)
            for line, body, stamp in zip(lines, bodies, stamps, strict=True)
        ]

    def _read(self, lines: Sequence[Line]) -> tuple[list[bytes], list[int | None]]:
        """Return the canonical bodies of rows, and their own update stamps.

        Rows may take the short way where there is no stamp to look at, and nothing that needs the careful decoder.
        """
        records = self._bounded([line.record for line in lines])
        self._tally.records_decoded += len(records)
        shaped = self._resource.watermark is None and self._veiling.veil is None
        if records and shaped and flat.plain(b",".join(records)):
            return self._shaped(records), [None] * len(records)
        decoded = list(map(self._tenant.source.decode, records))
        return list(map(self._canonical, decoded)), list(map(self._stamp, decoded))

    def _bounded(self, records: list[bytes]) -> list[bytes]:
        """Return records with what stands for those over a limit, and look at a few for what decoders pass over."""
        if not self._looked:
            self._looked = True
            self._tally.repeated(strict.twice(records[: strict.SAMPLE]))
        if max(map(len, records), default=0) <= oversize.SMALL:
            return records
        kept = list(map(oversize.bounded, records))
        self._tally.oversized(sum(one is not other for one, other in zip(kept, records, strict=True)))
        return kept

    def _shaped(self, records: Sequence[bytes]) -> list[bytes]:
        if not self._flat.learnt:
            self._flat.learn(self._tenant.source.decode(records[0]))
        forms = self._flat.forms(records)
        return [self._unshaped(each) if form is None else form for each, form in zip(records, forms, strict=True)]

    def _unshaped(self, record: bytes) -> bytes:
        decoded = self._tenant.source.decode(record)
        self._flat.learn(decoded)
        return self._canonical(decoded)

    def _canonical(self, record: JsonObject) -> bytes:
        return canonical.canonical(self._veiling.shown(record), self._volatile, self._resource.lines)

    def _stamp(self, record: JsonObject) -> int | None:
        """Return a record's own update stamp, epoch ms; None where it has none, or one without a zone."""
        value = record.get(self._resource.watermark) if self._resource.watermark else None
        if not isinstance(value, str):
            return None
        try:
            stamp = datetime.fromisoformat(value)
        except ValueError:
            return None
        return round(stamp.timestamp() * 1000) if stamp.tzinfo else None

    async def _complete(self, sightings: list[Sighting], stored: Mapping[KeyBytes, Stored]) -> list[Sighting]:
        """Read the details of document records that are new or whose bytes changed, within the budget."""
        if not self._resource.details:
            return sightings
        complete = []
        for seen in sightings:
            wanted = self.details_allowed and not self._veiling.alike(seen.body, stored.get(seen.key))
            record = await self._details(seen.key) if wanted else None
            complete.append(seen if record is None else diff.completed(seen, self._canonical(record)))
        return complete

    async def _details(self, key: KeyBytes) -> JsonObject | None:
        """Read the details of one record; None where the tenant refuses them or the record is gone by now."""
        try:
            answer: Details = await self._tenant.source.details(self._resource, key)
        except SourceError as error:
            if error.reason not in (Reason.FORBIDDEN, Reason.SERVER_ERROR, Reason.RESOURCE_NOT_FOUND):
                raise
            self._refused = True
            self._tally.failed(error)
            self._tally.doubt(error.reason, str(error), error.hint or "the resource goes on without its lines")
            return None
        self.details_left -= 1
        self._completed.add(key)
        self._tally.completed(answer)
        self._tally.oversized(int(answer.record is not None and oversize.NAME in answer.record))
        return answer.record

    def _note(self, change: Change) -> None:
        self._tally.changes[change.op] += 1
        if change.op is Op.UPDATE:
            self.members.update({pointer.split("/", 2)[1] for pointer in change.changed if pointer})

    def _next_row(self) -> int:
        self._rows += 1
        return self._rows - 1


def _is_another(sides: diff.Sides, before: tuple[bytes, bytes | None], after: tuple[bytes, bytes | None]) -> bool:
    """Tell whether body and details are of another thing than those before, by what may be compared of them."""
    shown = canonical.overlay(*before), canonical.overlay(*after)
    return kinship.another(*shown, (sides.compared(*before), sides.compared(*after)))
