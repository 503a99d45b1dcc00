"""A casebook and a snapshot in memory, and cycles over records given as dicts: exact checks without a network."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import anyio
import msgspec
from msgspec.structs import replace

from driftd.adapters.x3.catalogue import lookup, standard
from driftd.core import diff
from driftd.core.canonical import canonical, overlay
from driftd.core.diff import Sighting
from driftd.core.drift import Check
from driftd.core.invariants.model import Breach, Link, SumKey, Sums
from driftd.core.memory import Memory
from driftd.core.model import Change, Confidence, KeyBytes, Kind, Resource, Row, Standing, Stored
from driftd.core.volume import Doubt, Swept
from driftd.ports import Casebook, Facts, Seen, Snapshot, Store
from driftd.runtime.checks import Checked, Checks, Start

Some = dict[KeyBytes, dict[str, Any]]
Records = Mapping[KeyBytes, Mapping[str, Any]]
HOUR = 3_600_000
BEGIN = 1_764_547_200_000
"""2025-12-01."""


def key_of(*parts: Any) -> KeyBytes:
    return msgspec.json.encode(list(parts))


def resource_of(name: str) -> Resource:
    """Return a class as the catalogue has it."""
    known = lookup(name)
    assert known
    return Resource(
        "conn", name, known.representation, known.key, details=known.details, lines=known.lines,
        references=known.references, rules=known.rules,
    )  # fmt: skip


@dataclass
class Shelf:
    """What is kept of one class."""

    resource: Resource
    standing: Standing = field(default_factory=Standing)
    memory: Memory = field(default_factory=Memory)
    rows: dict[KeyBytes, Stored] = field(default_factory=dict)
    links: set[Link] = field(default_factory=set)
    sums: dict[SumKey, tuple[str, ...]] = field(default_factory=dict)
    breaches: dict[tuple[Check, str, KeyBytes], Breach] = field(default_factory=dict)


@dataclass
class House:
    """Some classes of one connection. Implements what checks ask of `Casebook` and `Store`."""

    shelves: dict[str, Shelf]
    now: int = BEGIN
    asked: Counter[str] = field(default_factory=Counter)
    doubtful: list[KeyBytes] = field(default_factory=list)
    """What the last cycle's checks would have had read again."""

    @classmethod
    def of(cls, *names: str) -> "House":
        return cls({name: Shelf(resource_of(name)) for name in names or standard()})

    # --- cycles

    def cycle(
        self,
        name: str,
        records: Records,
        *,
        kind: Kind = Kind.SWEEP,
        stale: bool = False,
        doubts: tuple[Doubt, ...] = (),
        batch: int = 500,
        twice: bool = False,
    ) -> Checked:
        """Run the checks of one cycle that sees all of `records`, an hour after the last; a sweep finds deletes.

        `stale`: the details of what changed were not read again; `twice`: all rows come a second time.
        """
        self.now += HOUR
        shelf = self.shelves[name]
        rows, changes = self._compared(shelf, records, kind, stale=stale)
        start = Start(shelf.resource, kind, self.now, shelf.standing, shelf.memory)
        checks = Checks(cast("Casebook", self), cast("Store", self), start, self._other)

        async def run() -> Checked:
            by_key = {change.key: change for change in changes}
            for at in [*range(0, len(rows), batch)] * (2 if twice else 1):
                some = rows[at : at + batch]
                await checks.observe(some, [by_key[row.key] for row in some if row.key in by_key])
            self.doubtful = [*await checks.doubtful()]
            swept = Swept(kind, "id", doubts, shelf.standing.records, len(records))
            return await checks.conclude(swept, self.now)

        self.asked.clear()
        checked = anyio.run(run)
        self._commit(shelf, rows, checked, kind)
        return checked

    def _other(self, name: str) -> Resource | None:
        return self.shelves[name].resource if name in self.shelves else None

    def _compared(self, shelf: Shelf, records: Records, kind: Kind, *, stale: bool) -> tuple[list[Row], list[Change]]:
        rows: list[Row] = []
        changes: list[Change] = []
        resource = shelf.resource
        for key, record in records.items():
            stored = shelf.rows.get(key)
            body, details = self._facets(resource, record)
            if stale and stored is not None:
                details = None
            if stored and stored.deleted_at is None and (stored.body, details or stored.details) == (
                body, stored.details,
            ):  # fmt: skip
                continue
            seen = Sighting(key, b"", body, 0, 0, self.now, details=details)
            if not shelf.standing.baselined:
                rows.append(diff.first(seen))
            else:
                row, change = diff.sighted(seen, stored, resource)
                rows.append(row)
                changes += [change] if change else []
        if kind is Kind.SWEEP and shelf.standing.baselined:
            for key, stored in shelf.rows.items():
                if key not in records and stored.deleted_at is None:
                    row, change = diff.deleted(
                        stored, resource, Confidence.CONFIRMED_ABSENT, page=0, row=0, now=self.now
                    )
                    rows.append(row)
                    changes.append(change)
        return rows, changes

    @staticmethod
    def _facets(resource: Resource, record: Mapping[str, Any]) -> tuple[bytes, bytes | None]:
        whole = canonical(dict(record), frozenset(), resource.lines)
        if not resource.details:
            return whole, None
        header = {name: value for name, value in record.items() if name not in resource.lines}
        return canonical(header, frozenset()), whole if any(name in record for name in resource.lines) else None

    def _commit(self, shelf: Shelf, rows: Sequence[Row], checked: Checked, kind: Kind) -> None:
        for row in rows:
            stored = Stored(
                row.key, row.raw, row.fingerprint, row.body, row.details, row.details_at, 1, row.first_seen, True,
                deleted_at=row.deleted_at, absent=row.absent,
            )  # fmt: skip
            shelf.rows[row.key] = stored
        live = sum(each.deleted_at is None for each in shelf.rows.values())
        shelf.standing = replace(
            shelf.standing,
            baselined=True,
            records=live,
            sweeps=shelf.standing.sweeps + (kind is Kind.SWEEP),
            last_sweep=self.now if kind is Kind.SWEEP else shelf.standing.last_sweep,
        )
        shelf.memory = checked.memory
        self._file(shelf, checked.facts)

    def _file(self, shelf: Shelf, facts: Facts) -> None:
        assert not set(facts.dropped) & set(facts.links)
        assert set(facts.dropped) <= shelf.links
        shelf.links -= set(facts.dropped)
        shelf.links |= set(facts.links)
        for key, amounts in facts.sums.items():
            if amounts:
                shelf.sums[key] = tuple(amounts)
            else:
                del shelf.sums[key]
        for place in facts.mended:
            del shelf.breaches[place]
        for name, breaches in facts.breaches.items():
            for each in breaches:
                held = self.shelves[name].breaches
                held.pop((each.check, each.field, each.key), None)
                held[each.check, each.field, each.key] = each

    # --- what checks ask of the casebook

    async def breached(self, connection: str, resource: str) -> Mapping[tuple[Check, str], tuple[int, int]]:
        self.asked["breached"] += 1
        found: dict[tuple[Check, str], tuple[int, int]] = {}
        for (check, path, _), each in self.shelves[resource].breaches.items():
            counts = each.times >= 2 and not each.accepted
            one, other = found.get((check, path), (0, 0))
            found[check, path] = (one + counts, other + (not counts))
        return found

    async def breaches(
        self, connection: str, resource: str, *, keys: Iterable[KeyBytes] | None = None, limit: int = 1_000
    ) -> Sequence[Breach]:
        self.asked["breaches"] += 1
        wanted = None if keys is None else set(keys)
        held = self.shelves[resource].breaches.values() if resource in self.shelves else ()
        return [each for each in held if wanted is None or each.key in wanted][:limit]

    async def present(self, connection: str, resource: str, keys: Iterable[KeyBytes]) -> frozenset[KeyBytes]:
        self.asked["present"] += 1
        rows = self.shelves[resource].rows
        return frozenset(key for key in keys if key in rows and rows[key].deleted_at is None)

    async def referring(self, connection: str, target: str, keys: Iterable[KeyBytes]) -> Mapping[str, Sequence[Link]]:
        self.asked["referring"] += 1
        wanted = set(keys)
        found = {
            name: [each for each in sorted(shelf.links) if each.target == target and each.value in wanted]
            for name, shelf in self.shelves.items()
        }
        return {name: links for name, links in found.items() if links}

    async def sums(self, connection: str, resource: str, wanted: Iterable[SumKey]) -> Sums:
        self.asked["sums"] += 1
        held = self.shelves[resource].sums
        return {key: held[key] for key in wanted if key in held}

    # --- and of the store

    async def standing(self, resource: Resource) -> Standing:
        return self.shelves[resource.name].standing

    async def known(self, resource: Resource, keys: Iterable[KeyBytes]) -> Mapping[KeyBytes, Stored]:
        self.asked["known"] += 1
        rows = self.shelves[resource.name].rows
        return {key: rows[key] for key in keys if key in rows}

    async def read_records(self, connection: str, resource: str, *, after: KeyBytes | None, limit: int) -> Snapshot:
        self.asked["read_records"] += 1
        rows = self.shelves[resource].rows
        keys = sorted(key for key in rows if rows[key].deleted_at is None and (after is None or key > after))
        seen = [Seen(key, overlay(rows[key].body, rows[key].details), None) for key in keys[:limit]]
        return Snapshot(seen, 1, keys[limit - 1] if len(keys) > limit else None)

    async def absent(self, resource: Resource) -> Sequence[Stored]:
        return [each for each in self.shelves[resource.name].rows.values() if each.absent]
