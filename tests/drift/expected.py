"""What a patch of a tenant must be found as, and as what not: written down before any detector, from the designs alone.

`IMPACTS` is the taxonomy: what each kind of change does to a reader and to a writer. `CASES` says, for each thing that
can happen to a field, which findings are right. Beside stand `breaks`, the documented breaks of standard software, and
`beside`, what a patch does to exact checks in truth.

A case has *ways*: sets of findings each of which is a right answer, as a whole; the empty way says that silence is
right as well. What is *beside* may be told with any of them and never must be. Everything else is false. Every finding
is told with the impacts that `IMPACTS` has for it.

Words of the conditions: *always* = present in all of at least 300 records; *sometimes* = in fewer than all, or in all
of fewer than 300 (rule of three: below that nothing may be called required). *Glimpsed* = the cycles since the patch
showed a part of the records only. *Few* = fewer than 30 records: no claim about what is usual can rest on them.
*Unproven* = so few records show the change that what was never seen in n may have been rare all along (rate 3/n), or
the n are too few to say what was usual: silence is right, and so is the finding.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

BREAKING, WARNING, INFO, NONE = "breaking", "warning", "info", "none"

IMPACTS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        # finding: (what a reader suffers, what a writer suffers)
        "field_added_optional": (INFO, INFO),
        "field_added_required": (INFO, BREAKING),
        "field_removed_always": (BREAKING, WARNING),
        "field_removed_sometimes": (WARNING, WARNING),
        "required_to_optional": (BREAKING, INFO),
        "became_nullable": (BREAKING, INFO),
        "optional_to_required": (INFO, BREAKING),
        "became_not_null": (INFO, BREAKING),
        "type_changed": (BREAKING, BREAKING),
        "type_widened": (BREAKING, INFO),
        "type_narrowed": (INFO, BREAKING),
        "enum_value_added": (WARNING, INFO),
        "enum_value_removed": (INFO, BREAKING),
        "limit_loosened": (BREAKING, INFO),
        "limit_tightened": (NONE, BREAKING),
        "limit_set": (NONE, WARNING),
        "pattern_added": (INFO, BREAKING),
        "precision_changed": (WARNING, WARNING),
        "date_format_changed": (BREAKING, BREAKING),
        "text_only_changed": (NONE, NONE),
        "field_renamed": (BREAKING, BREAKING),
        "field_moved": (BREAKING, BREAKING),  # not in the taxonomy's table: a rename over places, so the rename's row
        "collection_renamed": (BREAKING, BREAKING),
        "key_changed": (BREAKING, BREAKING),
        "cursor_lost": (BREAKING, NONE),
        "resource_removed": (BREAKING, BREAKING),
        "resource_added": (INFO, NONE),
        "custom_field_added": (INFO, INFO),
        "meaning_suspected": (WARNING, WARNING),
        "order_changed": (NONE, NONE),
    }
)

FIELD, TO, PAIR, KEY, RESOURCE = "field", "to", "pair", "key", "resource"
"""At which path a finding stands: the patched one, the new one, either of the two (a rename may be named by both), any
member of the key, or none."""


class Finding(NamedTuple):
    """One finding; its impacts are those of `IMPACTS`, and (none, none) for one that is not of shape."""

    name: str
    place: str = FIELD
    shape: bool = True
    """Whether it is one of shape; of which other kind it is told is not judged."""

    @property
    def impacts(self) -> tuple[str, str]:
        """Return the impacts on a reader and on a writer."""
        return IMPACTS.get(self.name, (NONE, NONE))


Way = tuple[Finding, ...]


class Case(NamedTuple):
    """What is right where one thing happened."""

    ways: tuple[Way, ...]
    why: str
    """The section that says so."""
    beside: Way = ()


def one_of(*names: str, place: str = FIELD) -> tuple[Way, ...]:
    """Return the ways of exactly one finding, of any of these names."""
    return tuple((Finding(name, place),) for name in names)


def _all(*names: str, place: str = FIELD) -> Way:
    return tuple(Finding(name, place) for name in names)


SILENCE: Final[tuple[Way, ...]] = ((),)
_GONE = _all("field_removed_always", "field_removed_sometimes")
MOVED: Final = one_of("field_renamed", "field_moved", place=PAIR)

_APART: Final = tuple(
    (gone, Finding(new, TO)) for gone in _GONE for new in ("field_added_optional", "field_added_required")
)
"""A mandatory field that stands elsewhere is a new mandatory one there."""
_TWICE: Final = Finding("duplicate_keys", KEY, shape=False)
_OF_KEY: Final = (
    *_GONE,
    *_all("type_changed", "type_widened", "required_to_optional", "became_nullable"),
    Finding("field_renamed", PAIR),
    *_all("field_added_optional", "field_added_required", "custom_field_added", place=TO),
    _TWICE,
    *(Finding(name, RESOURCE, shape=False) for name in ("empty_answer", "mass_delete", "mass_update")),
)
"""What a change of the key brings about; ``duplicate_keys`` is its sign where it gained a part."""

CASES: Final[Mapping[str, Case]] = MappingProxyType(
    {
        # --- as the records show it (learnt)
        "nothing": Case(SILENCE, "issue: null patches raise nothing"),
        "gone always": Case(one_of("field_removed_always"), "drift 3.3"),
        "gone sometimes": Case(one_of("field_removed_sometimes"), "drift 3.3; always asks for 300 records: 3.2"),
        "gone, 300 lines in fewer records": Case(
            one_of("field_removed_always", "field_removed_sometimes"), "drift 3.2 leaves open what n counts in lines"
        ),
        "gone always, glimpsed": Case(
            one_of("field_removed_always", "required_to_optional", "became_nullable"),
            "drift 3.3: those not shown since may have it yet",
        ),
        "gone, unproven": Case(
            (*SILENCE, *one_of(*(each.name for each in _GONE), "required_to_optional", "became_nullable")),
            "drift 3.2, 4.3",
        ),
        "gone sometimes, glimpsed": Case(
            (*SILENCE, *one_of("field_removed_sometimes")), "drift 3.2: a field may be absent by type of record"
        ),
        "gone, few": Case((*SILENCE, *one_of("field_removed_sometimes")), "drift 3.2: absent when null"),
        "thinner always": Case(one_of("required_to_optional", "became_nullable"), "drift 3.3; absent is empty: 3.1"),
        "thinner, unproven": Case((*SILENCE, *one_of("required_to_optional", "became_nullable")), "drift 3.2, 4.3"),
        "thinner sometimes": Case(SILENCE, "drift 3.2: below 300 never required"),
        "added": Case(one_of("field_added_optional", place=TO), "drift 3.3"),
        "added custom": Case(
            one_of("custom_field_added", "field_added_optional", place=TO), "drift 3.3: X, Y, Z activity codes"
        ),
        "added, unproven": Case(
            (*SILENCE, *one_of("field_added_optional", "custom_field_added", place=TO)), "drift 3.2, 4.3"
        ),
        "renamed": Case(MOVED, "drift 3.4: n of at least 30 pairs, 95 % equal, 5 distinct values, mutual best"),
        "collection renamed": Case(one_of("collection_renamed", place=PAIR), "drift 3.3, 3.4"),
        "nested": Case(
            (*MOVED, *one_of("type_changed", place=PAIR)),
            "drift 3.3: flat to nested is a type change; the same values elsewhere are a move",
        ),
        "type changed": Case(one_of("type_changed"), "drift 3.3"),
        "type changed in some": Case(
            one_of("type_changed", "type_widened"), "drift 3.3: an alternative added, or another type"
        ),
        "type changed, unproven": Case(
            (*SILENCE, *one_of("type_changed", "type_widened", "date_format_changed")), "drift 3.2, 4.3"
        ),
        "integer to number": Case(one_of("type_widened"), "drift 3.3"),
        "integer to number, unproven": Case(
            (*SILENCE, *one_of("type_widened", "precision_changed")), "drift 3.2: whole numbers by chance"
        ),
        "number to integer": Case(
            (*SILENCE, *one_of("type_narrowed", "precision_changed")),
            "drift 3.3; that no fraction was seen proves little",
        ),
        "empty seen": Case(
            one_of("became_nullable", "type_widened"), "drift 3.3, 4.2: none in at least 300 records; T to T or null"
        ),
        "empty seen, unproven": Case((*SILENCE, *one_of("became_nullable", "type_widened")), "drift 3.2, 4.2"),
        "more empties": Case(SILENCE, "drift 4.3: a rate is a matter of statistics"),
        "no more empties": Case((*SILENCE, *one_of("became_not_null", "type_narrowed")), "drift 3.3; proves little"),
        "longer": Case((*SILENCE, *one_of("limit_loosened")), "drift 3.3: the limit is the declared one; 3.1"),
        "finer": Case(one_of("precision_changed"), "drift 3.3"),
        "finer, unproven": Case((*SILENCE, *one_of("precision_changed")), "drift 3.2: longer fractions by chance"),
        "coarser": Case((*SILENCE, *one_of("precision_changed", "type_narrowed")), "drift 3.3; proves little"),
        "date form": Case(one_of("date_format_changed"), "drift 3.3"),
        "date form in some": Case(
            one_of("date_format_changed", "type_widened"), "drift 3.3: an alternative added, or another form"
        ),
        "date to datetime": Case(
            one_of("date_format_changed", "type_changed"), "drift 3.3: another form, or another type"
        ),
        "date to datetime in some": Case(
            one_of("date_format_changed", "type_changed", "type_widened"), "drift 3.3, as above"
        ),
        "new value of a menu": Case(
            one_of("enum_value_added"),
            "drift 3.3, 4.2",
            (Finding("menu_values", shape=False), *_all("enum_value_removed", "meaning_suspected")),
        ),
        "new value, unproven": Case(
            (*SILENCE, *one_of("enum_value_added")),
            "drift 3.1: a value set only if small",
            (Finding("menu_values", shape=False), *_all("enum_value_removed", "meaning_suspected")),
        ),
        "value of a menu gone": Case(
            (*SILENCE, *one_of("enum_value_removed")), "drift 3.3; that none was seen proves little"
        ),
        "menu shifted": Case(
            (
                *one_of("meaning_suspected", "enum_value_added"),
                _all("meaning_suspected", "enum_value_added"),
                (Finding("menu_values", shape=False),),
            ),
            "drift 3.3, x3 13: same name with new meaning",
            (Finding("menu_values", shape=False), *_all("enum_value_removed", "meaning_suspected")),
        ),
        "menu shifted, unproven": Case(
            (*SILENCE, *one_of("meaning_suspected", "enum_value_added")),
            "drift 3.2",
            (Finding("menu_values", shape=False), *_all("enum_value_removed", "meaning_suspected")),
        ),
        "one ratio": Case(
            ((Finding("scale_shift", shape=False),),),
            "drift 4.2: 5 changed values, 90 % of one ratio",
            _all("meaning_suspected", "precision_changed", "type_narrowed", "type_widened"),
        ),
        "one ratio, unproven": Case(
            (*SILENCE, (Finding("scale_shift", shape=False),)),
            "drift 4.2: of one sweep",
            _all("meaning_suspected", "precision_changed", "type_narrowed", "type_widened"),
        ),
        "amounts changed": Case(
            SILENCE,
            "drift 4.2: no power of ten, no sign, no unit factor",
            _all("precision_changed", "type_narrowed", "type_widened"),
        ),
        # --- key, cursor, resource
        "key": Case(one_of("key_changed", place=KEY), "drift 3.3, 3.5", _OF_KEY),
        "key, unproven": Case(
            (*SILENCE, *one_of("key_changed", place=KEY), (_TWICE,)),
            "drift 3.3, 4.2: a key that is not unique in what was shown",
            _OF_KEY,
        ),
        "key, unreadable": Case(
            (
                *one_of("key_changed", place=KEY),
                *one_of("resource_removed", place=RESOURCE),
                (Finding("paging_incomplete", RESOURCE, shape=False),),
            ),
            "drift 3.3, 3.5: by a key that is no more the class cannot be listed",
            _OF_KEY,
        ),
        "cursor": Case(
            one_of("cursor_lost"),
            "drift 3.3, 3.5",
            (*_GONE, *_all("type_changed", "type_widened", "date_format_changed")),
        ),
        "resource gone": Case(one_of("resource_removed", place=RESOURCE), "drift 3.3, 3.5"),
        # --- as the prototype says it (declared)
        "longer codes": Case(
            (*SILENCE, *one_of("limit_loosened")),
            "drift 3.1, 3.3: a length is no limit; what is a small set of codes has other codes then",
            _all("enum_value_added", "enum_value_removed", "meaning_suspected"),
        ),
        "declared gone": Case(
            one_of("field_removed_always", "field_removed_sometimes"), "drift 3.3; use is a matter of the records"
        ),
        "declared added": Case(one_of("field_added_optional", place=TO), "drift 3.3"),
        "declared added custom": Case(one_of("custom_field_added", "field_added_optional", place=TO), "drift 3.3"),
        "declared added required": Case(
            one_of("field_added_required", place=TO), "drift 3.3: mandatory, also by default"
        ),
        "declared renamed": Case(
            (
                *_APART,
                *MOVED,
                *one_of("collection_renamed", place=PAIR),
            ),
            "drift 3.4: without values a rename cannot be told from removal and addition",
        ),
        "declared nested": Case(
            (
                *_APART,
                *MOVED,
                *one_of("type_changed", place=PAIR),
            ),
            "drift 3.3, 3.4, as above",
        ),
        "declared required": Case(one_of("optional_to_required"), "drift 3.3"),
        "declared optional": Case(one_of("required_to_optional"), "drift 3.3"),
        "declared retyped": Case(one_of("type_changed"), "drift 3.3"),
        "declared date form": Case(one_of("date_format_changed", "type_changed"), "drift 3.3: another form, or type"),
        "declared widened": Case(one_of("type_widened", "type_changed"), "drift 3.3: integer to number"),
        "declared narrowed": Case(one_of("type_narrowed", "type_changed"), "drift 3.3: number to integer"),
        "declared longer": Case(one_of("limit_loosened"), "drift 3.3"),
        "declared shorter": Case(one_of("limit_tightened"), "drift 3.3"),
        "declared limit set": Case(one_of("limit_set"), "drift 3.3"),
        "declared format": Case(
            one_of("pattern_added", "precision_changed", "limit_loosened", "limit_tightened"),
            "drift 3.3: an $x3Format is a pattern, and carries length and scale",
        ),
        "declared format dropped": Case(
            (*SILENCE, *one_of("precision_changed", "limit_loosened", "text_only_changed")),
            "drift 3.3 has no row for a pattern that is no more",
        ),
        "declared excluded": Case(
            (*SILENCE, *one_of("field_removed_always", "field_removed_sometimes", "text_only_changed")),
            "x3 7: part of the fingerprint; drift 3.3 has no row for it",
        ),
        "declared included": Case(
            (*SILENCE, *one_of("field_added_optional", "custom_field_added", "text_only_changed")), "as above"
        ),
        "declared capabilities": Case((*SILENCE, *one_of("text_only_changed")), "as above"),
        "declared title": Case(SILENCE, "drift 3.1: titles are left out of the fingerprint"),
        "declared order": Case(SILENCE, "drift 3.3: order of members changes nothing"),
    }
)

UNREACHED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "resource_added": "a class that the configuration does not name is not polled",
        "text_only_changed": "none at all is expected, and told it is right in a few cases only",
        "order_changed": "none at all is expected",
    }
)
"""Kinds of the taxonomy that no case expects."""
