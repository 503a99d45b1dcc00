"""What the prototype says of a patch: its properties path by path, and how two of them differ.

Form and members: x3 7. Titles, order, links and layout say nothing (drift 3.1).
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from tests.drift.evidence import Patched
from tests.drift.facts import roots, under
from tests.drift.happenings import Happening, Told, one
from tests.drift.learnt import MOVES, added

Declared = Mapping[str, Mapping[str, Any]]
"""Path → members of its property that count."""
COMPANION: Final = "_REF"
"""Ends the name of what shows a reference's title: no field of its own, its records' members are all translated."""
COUNTED: Final = ("$type", "$maxLength", "$x3Format", "$isMandatory", "$isExcluded", "$capabilities")


def properties(prototype: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the properties of a prototype by path."""
    return dict(_properties(prototype.get("$properties", {}), ""))


def _properties(members: Mapping[str, Any], above: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, each in members.items():
        if name.startswith("$") or name.endswith(COMPANION):
            continue
        yield above + name, {member: each[member] for member in COUNTED if member in each}
        yield from _properties(each.get("$properties", {}), f"{above}{name}.")
        element = each.get("$item", {})
        if element and "$properties" not in element:
            yield f"{above}{name}[]", {member: element[member] for member in COUNTED if member in element}
        yield from _properties(element.get("$properties", {}), f"{above}{name}[].")


def declared(patched: Patched, before: Declared, after: Declared) -> list[Told]:
    """Return what happened, as two prototypes tell it."""
    same = before.keys() & after.keys()
    types = {path for path in same if before[path].get("$type") != after[path].get("$type")}
    loose = [path for path in before.keys() ^ after.keys() if not any(under(path, each) for each in types)]
    gone, new = roots(before.keys() & loose), roots(after.keys() & loose)
    events = [_changed(path, before[path], after[path]) for path in sorted(same) if before[path] != after[path]]
    if patched.change in MOVES and gone and new:
        case = "declared nested" if patched.change in {"nest", "flatten"} else "declared renamed"
        inside = [path for path in {*before, *after} - same if any(under(path, each) for each in (*gone, *new))]
        return [*events, one(Happening(case, gone[0], (*new, *inside), required=_required(before, gone[0])))]
    events += [one(Happening("declared gone", path, required=_required(before, path))) for path in gone]
    return events + [one(added(path, declared=True, required=_required(after, path))) for path in new]


def _required(prototype: Declared, path: str) -> bool:
    return bool(prototype[path].get("$isMandatory"))


def _changed(path: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Told:
    """Return the ways to see one property that is another than before: each member of it that changed is one."""
    names = [name for name in COUNTED if before.get(name) != after.get(name)]
    names = ["$type"] if "$type" in names else names  # what another type no longer has did not change by itself
    return tuple((Happening(_case(name, before.get(name), after.get(name)), path),) for name in names)


def _case(name: str, old: Any, new: Any) -> str:
    """Return the case of one member that changed."""
    if name == "$type":
        return _retyped(str(old), str(new))
    if name == "$maxLength":
        return "declared limit set" if old is None else "declared shorter" if new and new < old else "declared longer"
    there, gone = {
        "$isMandatory": ("declared required", "declared optional"),
        "$isExcluded": ("declared excluded", "declared included"),
        "$x3Format": ("declared format", "declared format dropped"),
        "$capabilities": ("declared capabilities", "declared capabilities"),
    }[name]
    return there if new else gone


def _retyped(old: str, new: str) -> str:
    whole, fraction = ("int", "long", "short"), ("decimal", "double", "float", "quantity")
    if any(each in old for each in whole) and any(each in new for each in fraction):
        return "declared widened"
    if any(each in old for each in fraction) and any(each in new for each in whole):
        return "declared narrowed"
    return "declared date form" if "date" in old and "date" in new else "declared retyped"
