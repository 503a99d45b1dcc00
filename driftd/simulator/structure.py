"""What a patch does to the structure of records and of prototypes, which is one."""

from collections.abc import Callable
from typing import cast

from driftd.simulator.json_values import Record
from driftd.simulator.patches import Patch
from driftd.simulator.places import COMPANION, Tree, renamed, spread


def at_field(tree: Tree, patch: Patch, members: Record, change: Callable[[Record, str], Record]) -> Record:
    """Change the members among which the patched field stands, wherever it is."""
    collections, names = patch.place
    return tree.within(members, collections, lambda row: tree.beside(row, names, change))


def _removed(tree: Tree, patch: Patch, members: Record) -> Record:
    collections, names = patch.place
    return tree.within(members, collections, lambda row: tree.take(row, names)[0])


def _moved(tree: Tree, patch: Patch, members: Record) -> Record:
    """Rename or move a field; into rows of its collections every row takes it."""
    (collections, names), target = patch.place, patch.target
    deeper = target.collections[len(collections) :]

    def change(row: Record) -> Record:
        if not deeper and target.names[:-1] == names[:-1]:
            return tree.beside(row, names, lambda parent, name: renamed(parent, name, target.names[-1]))
        left, found = tree.take(row, names)
        if found is None:
            return row
        return tree.within(left, deeper, lambda each: tree.put(each, target.names, found))

    return tree.within(members, collections, change)


def _nested(tree: Tree, patch: Patch, members: Record) -> Record:
    """Put fields into one object, at the place of the first that is there."""
    target = patch.target.names

    def change(row: Record) -> Record:
        order, left, inner = list(row), row, cast("Record", {})
        for place in patch.places:
            left, found = tree.take(left, place.names)
            if found is not None:
                inner |= {place.names[-1] + end: value for end, value in found.items()}
                order = [target[0] if name == place.names[0] and target[0] not in order else name for name in order]
        if not inner:
            return row
        whole = tree.put(left, target, {"": tree.outer(inner, None)})
        return {name: whole[name] for name in dict.fromkeys((*order, *whole)) if name in whole}

    return tree.within(members, patch.place.collections, change)


def _flattened(tree: Tree, patch: Patch, members: Record) -> Record:
    def change(parent: Record, name: str) -> Record:
        inner = tree.inner(parent[name])
        return parent if inner is None else spread(parent, name, inner)

    return at_field(tree, patch, members, change)


def _wrapped(tree: Tree, patch: Patch, members: Record) -> Record:
    inside = str(patch.to or "code")

    def change(parent: Record, name: str) -> Record:
        inner = {inside + end: parent[name + end] for end in ("", COMPANION) if name + end in parent}
        return spread(parent, name, {name: tree.outer(inner, None)})

    return at_field(tree, patch, members, change)


def _reordered(tree: Tree, patch: Patch, members: Record) -> Record:
    """Reverse the members of the record, of an object or of a collection's rows; put any other field last."""
    collections, names = patch.place
    if not names:
        return _backwards(members)

    def change(parent: Record, name: str) -> Record:
        value = parent[name]
        if (inner := tree.inner(value)) is not None:
            return {**parent, name: tree.outer(_backwards(inner), value)}
        if tree.holds_rows(value):
            return {**parent, name: tree.rows(value, _backwards)}
        return {**{each: held for each, held in parent.items() if each != name}, name: value}

    return tree.within(members, collections, lambda row: tree.beside(row, names, change))


def _backwards(members: Record) -> Record:
    return dict(reversed(members.items()))


RESHAPINGS: dict[str, Callable[[Tree, Patch, Record], Record]] = {
    "remove": _removed,
    "rename": _moved,
    "move": _moved,
    "nest": _nested,
    "flatten": _flattened,
    "wrap": _wrapped,
    "order": _reordered,
}
"""By change, what it does."""
