"""What the web-service user sees of a class: through patches, and as much as the user's role lets through."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from difflib import get_close_matches
from functools import cached_property

from driftd.simulator.class_model import ClassModel
from driftd.simulator.conversions import chance
from driftd.simulator.declaring import LINEAGE, added_place, declared, key_of, parts, paths_of
from driftd.simulator.json_values import Record
from driftd.simulator.patches import Patch
from driftd.simulator.places import COMPANION
from driftd.simulator.reshaping import part_of, shaped, strikes, struck
from driftd.simulator.rows import Row

Keep = Callable[[Record], bool] | float
"""Which records a role lets through: a test of the record with its lines, before any patch, or their share."""
Base = Callable[[str, bool], Record]
"""Facet, and whether `$query` shows `UPDDATTIM` → the properties of the class without patches, with marks."""
_TWIN = 1000
"""From this twin number on a row is one that a new part of the key made out of another."""


class View:
    """The patches and the filter of one class; never changed."""

    def __init__(self, model: ClassModel, base: Base, patches: Sequence[Patch] = (), keep: Keep = 1.0) -> None:
        self.patches = tuple(patches)
        self.keep = keep
        self._model, self._base = model, base
        self._on_data = [patch for patch in patches if patch.side != "prototype"]
        self._parts = [patch for patch in self._on_data if patch.change == "key_part"]
        self._names: dict[bool, frozenset[str]] = {}

    def record(self, record: Record, row: Row) -> Record:
        """Return the members of a row as patches leave them."""
        for patch in self._on_data:
            if patch.change == "key_part":
                record = part_of(patch, record, row.twin // _TWIN)
            elif strikes(patch, row.key):
                record = struck(patch, record, row.key)
        return record

    def twins(self, row: Row) -> list[Row]:
        """Return the rows that a row has become, in their order: more than one where its key has gained a part."""
        rows = [row]
        for patch in self._parts:
            if strikes(patch, row.key):
                more = range(1, len(parts(patch)))
                rows += [replace(row, twin=row.twin + number * _TWIN, rendered=None) for number in more]
        return rows

    def check(self, patch: Patch) -> None:
        """Raise `ValueError` unless a further patch has what it changes, and finds its place free."""
        known: set[str] = set()
        if patch.side != "prototype":
            known |= paths_of(self.shape("$details", updatim=True))
        if patch.side != "data":
            known |= paths_of(self.properties("$details", updatim=True))
        name = self._model.name
        new = patch.change in {"add", "key_part"}
        for place in [] if new or not patch.field else patch.places:
            if str(place) not in known:
                near = ", ".join(get_close_matches(str(place), known)) or ", ".join(sorted(known)[:8])
                raise ValueError(f"{name} has no field {str(place)!r}: there are such as {near}")
        if patch.change == "flatten" and not any(path.startswith(f"{patch.place}.") for path in known):
            raise ValueError(f"{str(patch.place)!r} of {name} is no object: 'flatten' undoes 'nest' and 'wrap'")
        if new or patch.change in {"rename", "move", "nest"}:
            target = added_place(patch) if new else patch.target
            if str(target) in known:
                raise ValueError(f"{name} has a field {str(target)!r} already: give another name")
            around = "[].".join(".".join(part) for part in target.collections)
            if around and around not in known:
                raise ValueError(f"{name} has no collection {around!r}: there is no place for {str(target)!r}")

    def admits(self, row: Row, whole: Callable[[Row], Record]) -> bool:
        """Say whether the role lets a row through; `whole` gives its record."""
        if callable(self.keep):
            return self.keep(whole(row))
        return self.keep >= 1 or chance(self._model.name, row.key) < self.keep * 2**64

    def properties(self, facet: str, *, updatim: bool) -> Record:
        """Return the `$properties` that the prototype of a facet shows, with marks."""
        return self._patched(self._base(facet, updatim), "data", declared)

    def shape(self, facet: str, *, updatim: bool) -> Record:
        """Return properties that describe what records show in truth, with marks."""
        return self._patched(self._base(facet, updatim), "prototype", shaped)

    def names(self, *, updatim: bool) -> frozenset[str]:
        """Return the properties that `$query` shows: those that can be filtered and sorted on."""
        if updatim not in self._names:
            shape = self.shape("$query", updatim=updatim)
            self._names[updatim] = frozenset(name for name in shape if not name.endswith(COMPANION))
        return self._names[updatim]

    @cached_property
    def origins(self) -> dict[str, str]:
        """By a property that `$query` shows, which of the class's own it is, unchanged in all records."""
        shape = self.shape("$query", updatim=True)
        return {
            name: str(value[LINEAGE]) for name, value in shape.items() if isinstance(value, dict) and LINEAGE in value
        }

    @cached_property
    def key_names(self) -> tuple[str, ...]:
        """The names under which the parts of the key are shown as they are; no name that can be asked for otherwise."""
        shown = {origin: name for name, origin in self.origins.items()}
        return tuple(shown.get(name, f"\0{name}") for name in self._model.key)

    @cached_property
    def key(self) -> tuple[str, ...]:
        """The paths of the key's parts as they are now."""
        return tuple(key_of(self.shape("$details", updatim=True)))

    @property
    def added_to_key(self) -> list[str]:
        """The names of the parts that the key has gained."""
        return [patch.field for patch in self._parts]

    @property
    def rekeyed(self) -> bool:
        """True where keys as shown are no longer those of the rows."""
        return bool(self._parts) or self.key_names != self.key

    @property
    def transparent(self) -> bool:
        """True where each row is shown, once."""
        return not self._parts and not callable(self.keep) and self.keep >= 1

    def seen(self, rows: Iterable[Row], whole: Callable[[Row], Record]) -> list[Row]:
        """Return the rows that are shown, in the order of those that there are."""
        return [twin for row in rows if self.admits(row, whole) for twin in self.twins(row)]

    def _patched(self, properties: Record, but: str, change: Callable[[Patch, Record], Record]) -> Record:
        for patch in self.patches:
            if patch.side != but:
                properties = change(patch, properties)
        return properties


def made_by_patch(row: Row) -> int:
    """Return which of the rows that a new part of the key made out of one this is; 0 for the first."""
    return row.twin // _TWIN
