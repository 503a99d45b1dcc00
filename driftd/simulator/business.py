"""A tenant's business going on: records created, updated and deleted, always by the same chance for the same seed."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from driftd.simulator.class_model import Field, Key, Patch, line_count
from driftd.simulator.draws import Draft
from driftd.simulator.journal import Change
from driftd.simulator.json_values import Json
from driftd.simulator.ledger import Ledger
from driftd.simulator.rows import Row

_TRIES = 40


@dataclass(frozen=True, slots=True)
class Plan:
    """How much happens in one advance."""

    create: int = 3
    update: int = 5
    update_lines: int = 2
    delete: int = 1
    late: int = 0
    resource: str | None = None

    def __post_init__(self) -> None:
        for name in ("create", "update", "update_lines", "delete", "late"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise ValueError(f"{name!r} is a whole number of at least 0, not {value!r}")


class Business:
    """Makes the changes of one advance; touches each record once, and none that a late transaction holds.

    Where a class has too few records to touch, less happens.
    """

    def __init__(self, ledger: Ledger, chance: Random, stamp: int, held: set[tuple[str, Key]]) -> None:
        self._ledger, self._chance, self._stamp = ledger, chance, stamp
        self._touched = set(held)

    def changes(self, plan: Plan) -> tuple[list[Change], list[Change]]:
        """Return what becomes visible at once, and what late transactions hold back: half new, half updated."""
        resources = [plan.resource] if plan.resource else list(self._ledger.models)
        documents = [name for name in resources if self._ledger.models[name].document]
        now = self._repeat(plan.update, resources, self._updated)
        now += self._repeat(plan.update_lines, documents, self._lines_updated)
        now += self._repeat(plan.delete, resources, self._deleted)
        now += self._repeat(plan.create, resources, self._created)
        late = self._repeat(plan.late // 2, resources, self._updated)
        late += self._repeat(plan.late - len(late), resources, self._created)
        return now, late

    def _repeat(self, times: int, resources: list[str], make: Callable[[str], Change | None]) -> list[Change]:
        made = (make(self._chance.choice(resources)) for _ in range(times if resources else 0))
        return [change for change in made if change is not None]

    def _created(self, resource: str) -> Change:
        model, table = self._ledger.models[resource], self._ledger.tables[resource]
        while True:
            ordinal = self._ledger.next_ordinal[resource]
            self._ledger.next_ordinal[resource] += 1
            key: Key = model.key_of(ordinal)
            if table.get(key) is None:
                return self._touch(Change(resource, None, Row(key, ordinal, self._stamp, self._stamp)))

    def _updated(self, resource: str) -> Change | None:
        row = self._pick(resource)
        if row is None:
            return None
        model = self._ledger.models[resource]
        fields = [each for each in model.fields if each.query and each.revisable]
        chosen = self._chance.sample(fields, min(len(fields), self._chance.choice((1, 1, 2, 3))))
        origin = self._ledger.renderers[resource].origin(row)
        content = model.draw(origin, self._ledger, row.patch, "$query")
        draft = Draft(self._ledger, row.ordinal, values=content)
        revised = {each.name: self._revised(each, content.get(each.name), draft) for each in chosen}
        after = replace(
            row, patch=(row.patch or {}) | revised, stamp=self._stamp, header_stamp=self._stamp, rendered=None
        )
        return self._touch(Change(resource, row, after))

    def _lines_updated(self, resource: str) -> Change | None:
        row = self._pick(resource)
        if row is None:
            return None
        model = self._ledger.models[resource]
        content = model.draw(self._ledger.renderers[resource].origin(row), self._ledger, row.patch, "$details")
        patch: Patch = dict(row.patch or {})
        part = model.collections[0]
        fields = [each for each in part.fields if each.revisable]
        rows = content[part.name]
        lines = range(line_count(part, content))
        for line in self._chance.sample(lines, min(len(lines), self._chance.choice((1, 1, 2)))):
            each = self._chance.choice(fields)
            values = rows[line] if isinstance(rows, list) else None
            assert isinstance(values, dict)
            draft = Draft(self._ledger, row.ordinal, line, dict(values))
            patch[f"{part.name}/{line}/{each.name}"] = self._revised(each, values[each.name], draft)
        after = replace(row, patch=patch, stamp=self._stamp, rendered=None)
        return self._touch(Change(resource, row, after))

    def _deleted(self, resource: str) -> Change | None:
        model = self._ledger.models[resource]
        row = (None if model.document else self._pick(resource, lambda ordinal: ordinal % 3 == 0)) or self._pick(
            resource
        )
        return None if row is None else self._touch(Change(resource, row, None))

    def _revised(self, each: Field, old: Json, draft: Draft) -> Json:
        """Draw another value for a field; text copied from elsewhere gets a mark, since it cannot be drawn anew."""
        if isinstance(old, bool):
            return not old
        for _ in range(_TRIES):
            try:
                value = each.make(self._chance.getrandbits(32), draft)
            except KeyError:  # made from a reference, which stays
                break
            if value != old:
                return value
        return f"{str(old).partition(' (rev. ')[0]} (rev. {self._chance.randrange(10**6)})"

    def _pick(self, resource: str, fits: Callable[[int], bool] = lambda _ordinal: True) -> Row | None:
        """Return a record nothing has touched in this advance, by chance over the numbers given so far."""
        last = self._ledger.next_ordinal[resource]
        for _ in range(_TRIES if last else 0):
            row = self._free(resource, self._chance.randrange(last), fits)
            if row is not None:
                return row
        live = sorted(row.ordinal for row in self._ledger.tables[resource] if row.ordinal >= 0)
        free = (self._free(resource, ordinal, fits) for ordinal in live)  # few of many numbers are left, or none fits
        candidates = [row for row in free if row is not None]
        return self._chance.choice(candidates) if candidates else None

    def _free(self, resource: str, ordinal: int, fits: Callable[[int], bool]) -> Row | None:
        if not fits(ordinal):
            return None
        row = self._ledger.tables[resource].get(self._ledger.models[resource].key_of(ordinal))
        if row is None or row.ordinal != ordinal or (resource, row.key) in self._touched:
            return None
        return row

    def _touch(self, change: Change) -> Change:
        self._touched.add((change.resource, change.place[0]))
        return change
