"""A patch of a tenant, as data: what a new release or a consultant does to the shape or the meaning of one field.

A patch says what becomes of the records and of the prototype that describes them, of both or of one alone. It changes
what is shown and nothing of what business goes on with, so that it can be taken back.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from decimal import Decimal
from typing import Literal, cast, get_args

from driftd.simulator.conversions import DATE_FORMS, TYPES
from driftd.simulator.json_values import Json, Record
from driftd.simulator.places import Place

Change = Literal[
    "remove",
    "add",
    "rename",
    "move",
    "nest",
    "flatten",
    "wrap",
    "retype",
    "empty",
    "lengthen",
    "mandatory",
    "scale",
    "multiply",
    "date_form",
    "menu",
    "shift_menu",
    "title",
    "order",
    "format",
    "exclude",
    "key_part",
]
Side = Literal["both", "data", "prototype"]
FIELD_TYPES = (*TYPES, "date", "datetime")
"""Types that an added field may have."""
_TEXT, _WHOLE, _FLAG = ("a text", str), ("a whole number of at least 0", int), ("true or false", bool)
_KINDS: dict[Change, tuple[str, type]] = {
    "rename": _TEXT, "move": _TEXT, "nest": _TEXT, "title": _TEXT, "wrap": _TEXT, "format": _TEXT,
    "lengthen": _WHOLE, "scale": _WHOLE, "mandatory": _FLAG, "exclude": _FLAG,
    "shift_menu": ('an object of old values and new ones, such as {"2": 3}', dict),
}  # fmt: skip
_OPTIONAL = frozenset({"wrap", "title", "format", "mandatory", "exclude"})


@dataclass(frozen=True, slots=True)
class Patch:
    """One change of one field. Raises `ValueError` for what no patch can be."""

    resource: str
    change: Change
    field: str
    """A path such as `BPCNAM`, `SOHSOP[].ITMREF`, a collection as `SOHSOP`; `nest` takes several, joined by a comma.
    `""` is the record itself: for `order`, and for `add` of the custom field that `to` names."""
    to: Json = None
    """What it becomes; by the change a name, path, type, form, value, factor, length or flag."""
    share: float = 1.0
    """The share of records that the data side strikes, always the same ones for the same field."""
    side: Side = "both"

    def __post_init__(self) -> None:
        if self.change not in get_args(Change):
            raise ValueError(f"there is no change {self.change!r}: use one of {', '.join(get_args(Change))}")
        if self.side not in get_args(Side):
            raise ValueError(f"there is no side {self.side!r}: use one of {', '.join(get_args(Side))}")
        share: object = self.share
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
            raise ValueError(f"'share' is a number above 0 and at most 1, not {share!r}")
        if any(not isinstance(each, str) for each in (self.resource, self.field)):
            raise ValueError(f"'resource' and 'field' are texts, not {self.resource!r} and {self.field!r}")
        if not self.field and self.change not in {"order", "add"}:
            raise ValueError(f"{self.change!r} needs a 'field', such as 'BPCNAM' or 'SOHSOP[].ITMREF'")
        if len(self.places) > 1 and self.change != "nest":
            raise ValueError(f"{self.change!r} takes one field, not {self.field!r}")
        self._check_to()

    @property
    def places(self) -> tuple[Place, ...]:
        """The fields' places. Of several the collection need be stated once."""
        first, *others = (part.strip() for part in self.field.split(","))
        prefix = first[: first.rfind("[].") + 3] if "[]." in first else ""
        return (Place.of(first), *(Place.of(each if "[]." in each else prefix + each) for each in others))

    @property
    def place(self) -> Place:
        """The field's place."""
        return self.places[0]

    @property
    def target(self) -> Place:
        """Where a renamed, moved or nested field stands afterwards (`nest`: the object that it stands in)."""
        to, (collections, names) = str(self.to), self.place
        if "[]" in to:
            return Place.of(to)
        stated = Place.of(to).names
        return Place(collections, (*names[:-1], *stated) if self.change == "rename" else stated)

    def shown(self) -> Record:
        """Return the patch as JSON."""
        return asdict(self)

    @classmethod
    def of(cls, members: Mapping[str, object]) -> "Patch":
        """Return the patch that a JSON object describes. Raises `ValueError` for an unknown or missing member."""
        known = [each.name for each in fields(cls)]
        unknown, missing = set(members) - set(known), {"resource", "change", "field"} - set(members)
        if unknown or missing:
            raise ValueError(
                f"a patch has 'resource', 'change', 'field' and may have 'to', 'share', 'side': "
                f"{', '.join(map(repr, sorted(unknown | missing)))} {'is unknown' if unknown else 'is missing'}"
            )
        return cls(**members)  # type: ignore[arg-type]

    def _check_to(self) -> None:
        to, change = self.to, self.change
        if to is None and change in _OPTIONAL:
            return
        if change in _KINDS:
            what, kind = _KINDS[change]
            wrong = not isinstance(to, kind) or (kind is int and isinstance(to, bool)) or (kind is str and not to)
            if wrong or (kind is int and cast("int", to) < 0):
                raise ValueError(f"{change!r} takes 'to' as {what}, not {to!r}")
        choices = {"retype": TYPES, "date_form": DATE_FORMS}.get(change)
        if choices and to not in choices:
            raise ValueError(f"{change!r} takes 'to' as one of {', '.join(choices)}; not {to!r}")
        if change == "multiply" and (isinstance(to, bool) or not isinstance(to, int | float | Decimal)):
            raise ValueError(f"'multiply' takes 'to' as a number, not {to!r}")
        if change == "menu" and isinstance(to, list | dict | None):
            raise ValueError(f"'menu' takes 'to' as the value that appears, not {to!r}")
        if change == "key_part" and not (to is None or (isinstance(to, list) and len(to) > 1)):
            raise ValueError(f"'key_part' takes 'to' as a list of two values or more, not {to!r}")
        if change in {"rename", "move", "nest"}:
            self._check_target()
        if change == "add":
            self._check_added()

    def _check_target(self) -> None:
        here, there = self.place, self.target
        if there.collections[: len(here.collections)] != here.collections:
            raise ValueError(f"{self.field!r} cannot go to {self.to!r}: it may go deeper, not out of its collection")
        if self.change == "nest" and any(place.collections != here.collections for place in self.places):
            raise ValueError(f"{self.field!r} cannot be nested: its fields stand in different collections")

    def _check_added(self) -> None:
        to = self.to
        if not self.field and not (isinstance(to, str) and to and Place.of(to)):
            raise ValueError(f"'add' without 'field' takes 'to' as the name of a custom field, not {to!r}")
        if not isinstance(to, dict):
            return
        if unknown := sorted(set(to) - {"value", "values", "mandatory", "type"}):
            raise ValueError(f"'add' takes 'value' or 'values', 'type', 'mandatory'; not {', '.join(unknown)}")
        if to.get("type", "text") not in FIELD_TYPES:
            raise ValueError(f"an added field has a 'type' of {', '.join(FIELD_TYPES)}; not {to['type']!r}")
        if "values" in to and (not isinstance(to["values"], list) or not to["values"]):
            raise ValueError(f"'values' of an added field is a list of at least one, not {to['values']!r}")
        if to.get("mandatory", False) not in {True, False}:
            raise ValueError(f"'mandatory' of an added field is true or false, not {to['mandatory']!r}")
