"""A resource polled by hand: records that change, and a study of each cycle, with what is remembered between."""

import itertools
from collections.abc import Callable, Iterable
from typing import Any

from msgspec import json
from msgspec.structs import replace

from driftd.core import diff, fingerprint
from driftd.core.canonical import canonical
from driftd.core.diff import Sighting
from driftd.core.drift import SchemaKind
from driftd.core.model import Change, Confidence, KeyBytes, Kind, Resource, Row, Stored
from driftd.core.schema.acceptance import accept_all
from driftd.core.schema.counts import Counts
from driftd.core.schema.model import Baseline, FieldForm, Form, Learnt, SchemaChange
from driftd.core.schema.parting import Twins
from driftd.core.schema.record import unpacked
from driftd.core.schema.study import Conclusion, Study

Record = dict[str, Any]
RESOURCE = Resource("acme", "BPCUSTOMER", "BPCUSTOMER", ("BPCNUM",), watermark="UPDDATTIM")


def customer(number: int) -> Record:
    """A flat record as X3's query facet shows one, in which nothing is rare."""
    return {
        "BPCNUM": f"C{number:05}",
        "BPCNAM": f"Name {number * 7919 % 10007}",
        "BPCSTA": number % 2 == 0,
        "BPCTYP": 1 + number % 4,
        "CUR": ("EUR", "GBP", "USD")[number % 3],
        "OST": number * 1.25 + 0.25,
        "CREDAT": f"2024-{1 + number % 12:02}-{1 + number % 28:02}",
        "UPDDATTIM": f"2024-05-{1 + number % 28:02}T10:00:00Z",
        "FAX": "" if number % 5 else f"0{number}",
    }


class Polled:
    """One resource, its tenant and its memory."""

    def __init__(
        self, records: Iterable[Record], resource: Resource = RESOURCE, details: dict[KeyBytes, Record] | None = None
    ) -> None:
        self.resource = resource
        self.records = {self._key(record): dict(record) for record in records}
        self.details = details or {}
        self.stored: dict[KeyBytes, Stored] = {}
        self.learnt = Learnt()
        self.base = Baseline()
        self.volatile: tuple[str, ...] = ()
        self.twins: list[Twins] = []
        """Shown by each cycle as records of one key."""
        self.declares: Form | None = None
        self.now = 0
        self.events: list[Change] = []
        self.concluded: Conclusion
        self.study: Study
        self._ids = itertools.count()

    def edit(self, change: Callable[[Record], None], keys: Iterable[KeyBytes] | None = None) -> None:
        """Change records in place; all of them, or those of `keys`."""
        for key in list(self.records) if keys is None else keys:
            change(self.records[key])

    def add(self, *records: Record) -> list[KeyBytes]:
        """Add records; return their keys."""
        self.records |= {self._key(record): dict(record) for record in records}
        return [self._key(record) for record in records]

    def sweep(self, *, read: Iterable[KeyBytes] = (), keyless: Iterable[Record] = ()) -> tuple[SchemaChange, ...]:
        """Read everything; and the details of the keys in `read`."""
        return self._cycle(Kind.SWEEP, list(self.records), whole=True, read=read, keyless=keyless)

    def probe(self, count: int = 50) -> tuple[SchemaChange, ...]:
        """Read the first records."""
        return self._cycle(Kind.PROBE, list(self.records)[:count])

    def delta(self, keys: Iterable[KeyBytes], *, read: Iterable[KeyBytes] = ()) -> tuple[SchemaChange, ...]:
        """Read some records."""
        return self._cycle(Kind.DELTA, list(keys), read=read)

    def keys(self, count: int, start: int = 0) -> list[KeyBytes]:
        """Return some keys."""
        return list(self.records)[start : start + count]

    def accept(self) -> None:
        """Accept what is."""
        self.base = accept_all(self.base, Baseline(self.learnt.form, self.learnt.stated), self.now)

    def field(self, path: str) -> FieldForm:
        """Return what the current form says of a path."""
        assert self.learnt.form is not None
        return self.learnt.form.fields[path]

    @property
    def counts(self) -> Counts:
        """Return what is remembered as counted."""
        return Counts.unpack(unpacked(self.learnt.counts).counts)

    def rebuilt(self) -> Counts:
        """Return the counts of what is stored, counted anew."""
        study = Study(self.resource, Learnt(), Baseline())
        study.baseline(self.rows())
        learnt = study.conclude(kind=Kind.SWEEP, rows=len(self.stored), whole=True, now=0).learnt
        return Counts.unpack(unpacked(learnt.counts).counts)

    def rows(self) -> list[Row]:
        """Return what is stored."""
        return [self._row(each) for each in self.stored.values()]

    def _cycle(
        self,
        kind: Kind,
        keys: list[KeyBytes],
        *,
        whole: bool = False,
        read: Iterable[KeyBytes] = (),
        keyless: Iterable[Record] = (),
    ) -> tuple[SchemaChange, ...]:
        self.now += 60_000
        self.study = study = Study(self.resource, self.learnt, self.base, volatile=self.volatile)
        first = not self.stored and self.base.learnt is None
        rows, changes = self._walk(keys, set(read), whole=whole)
        if first:
            study.baseline(rows)
            self.events = []
        else:
            self.events = study.changed(rows, changes)
        study.keyless(list(keyless))
        study.repeated(self.twins)
        if self.declares is not None:
            study.declare(self.declares)
        rows_read = len(keys) + len(list(keyless))
        self.concluded = study.conclude(kind=kind, rows=rows_read, whole=whole, now=self.now)
        self.learnt = self.concluded.learnt
        self.base = self.concluded.baseline or self.base
        return self.concluded.changes

    def _walk(self, keys: list[KeyBytes], read: set[KeyBytes], *, whole: bool) -> tuple[list[Row], list[Change]]:
        rows, changes = [], []
        for key in keys:
            body = canonical(self.records[key])
            seen = Sighting(key, fingerprint.raw(body, 0), body, 0, 0, self.now)
            if key in read:
                seen = diff.completed(seen, canonical(self.records[key] | self.details[key]))
            stored = self.stored.get(key)
            if stored is not None and stored.raw == seen.raw and key not in read:
                continue
            row, change = diff.sighted(seen, stored, self.resource)
            self._remember(row)
            rows.append(row)
            changes += [] if change is None else [self._named(change)]
        for key in [key for key in self.stored if whole and key not in self.records]:
            row, change = diff.deleted(
                self.stored.pop(key), self.resource, Confidence.CONFIRMED_ABSENT, page=0, row=0, now=self.now
            )
            rows.append(row)
            changes.append(self._named(change))
        return rows, changes

    def _named(self, change: Change) -> Change:
        return replace(change, id=str(next(self._ids)))

    def _remember(self, row: Row) -> None:
        self.stored[row.key] = Stored(
            row.key, row.raw, row.fingerprint, row.body, row.details, row.details_at, 0, row.first_seen, placed=True
        )

    def _row(self, stored: Stored) -> Row:
        return Row(stored.key, stored.raw, stored.fingerprint, stored.body, stored.details, stored.details_at)

    def _key(self, record: Record) -> KeyBytes:
        return json.encode([record[name] for name in self.resource.key])


def customers(count: int = 400) -> Polled:
    """A resource of so many customers, swept once."""
    polled = Polled(map(customer, range(count)))
    assert not polled.sweep()
    return polled


def told(changes: Iterable[SchemaChange]) -> list[tuple[SchemaKind, str | None]]:
    """Return kind and field of each change."""
    return [(change.kind, change.field) for change in changes]
