"""Chance at work on a tenant: records entered, revised and deleted, always by the same chance for the same seed.

What belongs together stays together: chance revises only what no other record agrees with, deletes only records that
others do not build on, and neither enters nor deletes what is booked. For business as it goes on, see `routine`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from driftd.simulator.class_model import Edits, Field, line_count
from driftd.simulator.desk import Desk
from driftd.simulator.draws import Draft
from driftd.simulator.journal import Change
from driftd.simulator.json_values import Json

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
    """Makes the changes of one advance. Where a class has too few records to touch, less happens."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._chance, self._ledger = desk, desk.chance, desk.ledger

    def changes(self, plan: Plan) -> tuple[list[Change], list[Change]]:
        """Return what becomes visible at once, and what late transactions hold back: half new, half updated."""
        models = self._ledger.models
        resources = [plan.resource] if plan.resource else list(models)
        free = [name for name in resources if not models[name].booked]
        revisable = [name for name in resources if models[name].revisable]
        documents = [name for name in resources if models[name].document]
        now = self._repeat(plan.update, revisable, self.updated)
        now += self._repeat(plan.update_lines, documents, self._lines_updated)
        now += self._repeat(plan.delete, free, self.deleted)
        now += self._repeat(plan.create, free, self._desk.enter)
        late = self._repeat(plan.late // 2, revisable, self.updated)
        late += self._repeat(plan.late - len(late), free, self._desk.enter)
        return now, late

    def _repeat(self, times: int, resources: list[str], make: Callable[[str], Change | None]) -> list[Change]:
        made = (make(self._chance.choice(resources)) for _ in range(times if resources else 0))
        return [change for change in made if change is not None]

    def updated(self, resource: str) -> Change | None:
        """Revise up to three properties of a record."""
        row = self._desk.pick(resource)
        if row is None:
            return None
        model = self._ledger.models[resource]
        fields = model.revisable
        chosen = self._chance.sample(fields, min(len(fields), self._chance.choice((1, 1, 2, 3))))
        origin = self._ledger.renderers[resource].origin(row)
        content = model.draw(origin, self._ledger, row.edits, "$query")
        draft = Draft(self._ledger, row.ordinal, values=content)
        revised = {each.name: self._revised(each, content.get(each.name), draft) for each in chosen}
        return self._desk.change(resource, row, revised)

    def _lines_updated(self, resource: str) -> Change | None:
        row = self._desk.pick(resource)
        if row is None:
            return None
        content = self._desk.content(resource, row)
        edits: Edits = {}
        part = self._ledger.models[resource].collections[0]
        fields = [each for each in part.fields if each.revisable]
        rows = content[part.name]
        lines = range(line_count(part, content))
        for line in self._chance.sample(lines, min(len(lines), self._chance.choice((1, 1, 2)))):
            each = self._chance.choice(fields)
            values = rows[line] if isinstance(rows, list) else None
            assert isinstance(values, dict)
            draft = Draft(self._ledger, row.ordinal, line, dict(values))
            edits[f"{part.name}/{line}/{each.name}"] = self._revised(each, values[each.name], draft)
        return self._desk.change(resource, row, edits, header=False)

    def deleted(self, resource: str) -> Change | None:
        """Delete a record that no other builds on."""
        row = self._desk.pick(resource, lambda ordinal: ordinal % 3 == 0)
        return None if row is None else self._desk.delete(resource, row)

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
