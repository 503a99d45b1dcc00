"""What a patch does to the prototype of a class."""

from collections.abc import Callable
from typing import cast

from driftd.simulator.json_values import Json, Record
from driftd.simulator.patches import Patch
from driftd.simulator.places import COMPANION, PROTOTYPES, Found, Place, rows_of
from driftd.simulator.structure import RESHAPINGS, at_field

KEY_PART, LINEAGE = "$keyPart", "$lineage"
"""Marks in a prototype, not shown: the place in the key (from 0), and which property of the class it shows as it is."""
MEDIA = {
    "text": "application/x-string",
    "integer": "application/x-integer",
    "number": "application/x-decimal",
    "boolean": "application/x-boolean",
    "date": "application/x-date",
    "datetime": "application/x-datetime",
    "array": "application/x-array",
    "object": "application/json",
}


def declared(patch: Patch, properties: Record) -> Record:
    """Return the `$properties` of a prototype as the patch leaves them."""
    if patch.change in RESHAPINGS:
        return RESHAPINGS[patch.change](PROTOTYPES, patch, properties)
    if patch.change in {"add", "key_part"}:
        place = added_place(patch)
        found: Found = {"": _new_part(patch, properties) if patch.change == "key_part" else _new_property(patch)}
        return PROTOTYPES.within(properties, place.collections, lambda row: PROTOTYPES.put(row, place.names, found))
    return at_field(PROTOTYPES, patch, properties, lambda row, name: {**row, name: _altered(patch, row[name])})


def added_place(patch: Patch) -> Place:
    """Return where a field is added."""
    return Place.of(patch.field or str(patch.to))


def parts(patch: Patch) -> list[Json]:
    """Return the values of the part of the key that a patch has added."""
    return patch.to if isinstance(patch.to, list) else ["1", "2"]


def title_of(patch: Patch) -> str:
    """Return the title that a patch gives."""
    return str(patch.to) if patch.to else f"{patch.place.names[-1]} (new)"


def type_of_added(patch: Patch) -> str:
    """Return the type of an added field: that stated, or that of the value stated; else text."""
    to = patch.to if patch.field else None
    if isinstance(to, dict):
        if "type" in to:
            return str(to["type"])
        values = cast("list[Json]", to.get("values") or [to.get("value")])
        return _type_of(values[0])
    return _type_of(to)


def _type_of(value: Json) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, dict | list):
        return "object" if isinstance(value, dict) else "array"
    if isinstance(value, str) or value is None:
        return "text"
    return "integer" if isinstance(value, int) else "number"


def _new_property(patch: Patch) -> Record:
    place, kind = added_place(patch), type_of_added(patch)
    made: Record = {"$title": place.names[-1], "$type": MEDIA[kind]}
    if kind == "text":
        made["$maxLength"] = 30
    if kind == "object":
        made["$properties"] = {"code": {"$title": "code", "$type": MEDIA["text"], "$maxLength": 30}}
    if kind == "array":
        made["$item"] = {"$type": MEDIA["text"], "$maxLength": 30}
    if isinstance(patch.to, dict) and patch.to.get("mandatory"):
        made["$isMandatory"] = True
    return made


def _new_part(patch: Patch, properties: Record) -> Record:
    kind = _type_of(parts(patch)[0])
    made: Record = {"$title": patch.place.names[-1], "$type": MEDIA[kind], "$isMandatory": True}
    made[KEY_PART] = len(key_of(properties))
    return made | ({"$maxLength": 30} if kind == "text" else {})


def _altered(patch: Patch, value: Json) -> Json:
    """Return a property as a change leaves it that moves nothing; of an array of values, that of its elements."""
    assert isinstance(value, dict)
    if patch.change == "title":
        return {**value, "$title": title_of(patch)}
    alter = _ALTERATIONS.get(patch.change)
    if alter is None:
        return value
    each = value.get("$item")
    inside = patch.change not in {"mandatory", "exclude"} and patch.to not in {"array", "object"}
    if inside and isinstance(each, dict) and "$properties" not in each:
        return {**value, "$item": alter(patch.to, each)}
    return alter(patch.to, value)


def _flag(name: str) -> "Alteration":
    """Set a flag, or turn it over; one that is not set is not shown."""

    def alter(to: Json, value: Record) -> Record:
        wanted = not value.get(name) if to is None else to
        rest = {each: held for each, held in value.items() if each != name}
        return {**rest, name: True} if wanted else rest

    return alter


def _formatted(to: Json, value: Record) -> Record:
    rest = {each: held for each, held in value.items() if each != "$x3Format"}
    return {**rest, "$x3Format": to} if to else rest


def _dated(form: Json, value: Record) -> Record:
    if form == "datetime":
        return {**value, "$type": MEDIA["datetime"]}
    typed: Record = {"$type": MEDIA["datetime"]} if form == "local" else {}
    return {**value, **typed, "$x3Format": form}


def _retyped(to: Json, value: Record) -> Record:
    shared = {name: held for name, held in value.items() if name not in {"$maxLength", "$x3Format", "$item"}}
    about: Record = {name: value[name] for name in ("$type", "$maxLength", "$x3Format", "$item") if name in value}
    shared["$type"] = MEDIA[str(to)]
    if to == "object":
        return {**shared, "$properties": {"code": {"$title": "code", **about}}}
    if to == "array":
        return value if value.get("$type") == MEDIA["array"] else {**shared, "$item": about}
    return {**shared, "$maxLength": value.get("$maxLength", 30)} if to == "text" else shared


Alteration = Callable[[Json, Record], Record]
_ALTERATIONS: dict[str, Alteration] = {
    "retype": _retyped,
    "lengthen": lambda to, value: {**value, "$maxLength": to} if "$maxLength" in value else value,
    "scale": lambda to, value: {**value, "$x3Format": f"N:13.{to}"},
    "date_form": _dated,
    "mandatory": _flag("$isMandatory"),
    "exclude": _flag("$isExcluded"),
    "format": _formatted,
}
"""By change, what it makes of the property of the field; other changes of values are not to be seen in a prototype."""


def key_of(properties: Record) -> list[str]:
    """Return the paths of the members of the key, in its order."""
    marked: dict[int, str] = {}

    def walk(members: Record, before: str) -> None:
        for name, value in members.items():
            if isinstance(value, dict):
                if KEY_PART in value:
                    marked[cast("int", value[KEY_PART])] = before + name
                walk(PROTOTYPES.inner(value) or {}, f"{before}{name}.")

    walk(properties, "")
    return [marked[place] for place in sorted(marked)]


def paths_of(properties: Record, before: str = "") -> set[str]:
    """Return the path of every field, however deep, but for companions: what a patch may name."""
    found: set[str] = set()
    for name, value in properties.items():
        if not name.endswith(COMPANION) and isinstance(value, dict):
            path = before + name
            found |= {path} | paths_of(rows_of(value) or {}, f"{path}[].")
            found |= paths_of(PROTOTYPES.inner(value) or {}, f"{path}.")
    return found
