"""What a patch does to a record, and what that makes of the shape that records have."""

from itertools import count
from typing import cast

from driftd.simulator.class_model import Key
from driftd.simulator.conversions import CONVERSIONS, chance
from driftd.simulator.declaring import LINEAGE, added_place, declared, parts, title_of, type_of_added
from driftd.simulator.json_values import Json, Record
from driftd.simulator.patches import Patch
from driftd.simulator.places import COMPANION, PROTOTYPES, RECORDS
from driftd.simulator.structure import RESHAPINGS, at_field

_EMPTY_REFERENCE: Record = {"$title": ""}
_TELLING = frozenset({"mandatory", "exclude", "format", "title", "order"})
"""Changes that leave every value where and as it is."""


def strikes(patch: Patch, key: Key) -> bool:
    """Say whether the data side strikes a record."""
    return patch.share >= 1 or chance(patch.resource, patch.field, key) < patch.share * 2**64


def struck(patch: Patch, record: Record, key: Key) -> Record:
    """Return a record as the patch leaves it; `record` stays as it was."""
    if patch.change in RESHAPINGS:
        return RESHAPINGS[patch.change](RECORDS, patch, record)
    if patch.change == "add":
        place = added_place(patch)
        numbers = count()

        def add(row: Record) -> Record:
            return RECORDS.put(row, place.names, {"": _added(patch, (key, next(numbers)))})

        return RECORDS.within(record, place.collections, add)
    if patch.change == "title" or patch.change in CONVERSIONS:
        return at_field(RECORDS, patch, record, lambda row, name: _revalued(patch, row, name))
    return record


def shaped(patch: Patch, properties: Record) -> Record:
    """Return properties that describe the data, as the patch leaves the data: lineage is lost where values change."""
    after = declared(patch, properties)
    if patch.change in _TELLING or patch.change in {"add", "key_part"}:
        return after
    if patch.share < 1 and patch.change in RESHAPINGS:  # some records have the one shape, some the other
        old = {name: _unmarked(value) if after.get(name) is not value else value for name, value in properties.items()}
        return {**old, **{name: _unmarked(value) for name, value in after.items() if properties.get(name) is not value}}
    if patch.change in CONVERSIONS:
        return at_field(PROTOTYPES, patch, after, lambda row, name: {**row, name: _unmarked(row[name])})
    return after


def _revalued(patch: Patch, row: Record, name: str) -> Record:
    companion = name + COMPANION
    if patch.change == "title":
        held = row.get(companion)
        titled = isinstance(held, dict) and held.get("$title")
        return {**row, companion: {**cast("Record", held), "$title": title_of(patch)}} if titled else row
    changed = {**row, name: CONVERSIONS[patch.change](patch.to, row[name])}
    if patch.change == "empty" and companion in row:
        changed[companion] = _EMPTY_REFERENCE
    return changed


def _added(patch: Patch, spot: tuple[object, ...]) -> Json:
    """Return the value of an added field: the one stated, one of those stated, or one made up for its type."""
    to: Json = None if not patch.field else patch.to
    if isinstance(to, dict) and "values" in to:
        values = cast("list[Json]", to["values"])
        return values[chance(patch.field, spot) % len(values)]
    if isinstance(to, dict) and "value" in to:
        return to["value"]
    if to is not None and not isinstance(to, dict):
        return to
    number = chance(patch.field, patch.to, spot)
    made: dict[str, Json] = {
        "text": f"X{number % 1000:03d}",
        "integer": number % 1000,
        "number": (number % 100_000 * 2 + 1) / 200,
        "boolean": number % 2 == 0,
        "date": f"2025-{number % 12 + 1:02d}-{number % 28 + 1:02d}",
        "datetime": f"2025-{number % 12 + 1:02d}-{number % 28 + 1:02d}T08:00:00Z",
        "object": {"code": f"X{number % 1000:03d}"},
        "array": [f"X{number % 1000:03d}"],
    }
    return made[type_of_added(patch)]


def part_of(patch: Patch, record: Record, number: int) -> Record:
    """Return a record with its part of the key that a patch has added; the row's twins count from 0."""
    values = parts(patch)
    return RECORDS.put(record, patch.place.names, {"": values[min(number, len(values) - 1)]})


def _unmarked(value: Json) -> Json:
    return {each: held for each, held in value.items() if each != LINEAGE} if isinstance(value, dict) else value
