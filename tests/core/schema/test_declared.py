"""A prototype's form is its types, limits and structure; titles and nonsense do not count."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftd.core.drift import SchemaKind
from driftd.core.schema.compare import compare
from driftd.core.schema.declared import DEPTH, MEMBERS, declared
from driftd.core.schema.fingerprint import fingerprint
from driftd.core.schema.model import FieldForm, Form, Source, ValueKind
from driftd.errors import SourceError
from tests.core.records import values

TEXT = "application/x-string"


def prototype(**changes: Any) -> dict[str, Any]:
    """The example of a prototype that Sage gives."""
    properties = {
        "ORDNUM": {"$title": "{@14573}", "$type": TEXT, "$capabilities": "sort", "$maxLength": 16},
        "ORDDAT": {"$title": "{@2566}", "$type": "application/x-date", "$isMandatory": True},
        "CURRENCY": {"$type": TEXT, "$x3Format": "K:3c", "$maxLength": 3, "$isExcluded": True},
        "CURRENCY_REF": {"$type": "application/x-reference"},
        "YOHLINES": {
            "$type": "application/x-array",
            "$item": {"$type": "application/json", "$properties": {"ITEM": {"$type": TEXT, "$maxLength": 20}}},
        },
    }
    return {"$properties": properties | changes, "$article": {}, "$localization": {"@14573": "Order", "@2566": "Date"}}


def test_all_that_counts_is_taken() -> None:
    """Types, lengths, formats, flags, capabilities and structure make the form; titles of references are no members."""
    assert declared(prototype()).fields == {
        "ORDNUM": FieldForm(kinds=(ValueKind.TEXT,), max_length=16, capabilities="sort"),
        "ORDDAT": FieldForm(kinds=(ValueKind.DATE,), mandatory=True),
        "CURRENCY": FieldForm(kinds=(ValueKind.TEXT,), max_length=3, excluded=True, format="K:3c"),
        "YOHLINES": FieldForm(kinds=(ValueKind.ARRAY,)),
        "YOHLINES[].ITEM": FieldForm(kinds=(ValueKind.TEXT,), max_length=20),
    }


def test_the_key_is_told_by_its_parts() -> None:
    """Members in the braces of ``$key`` are parts of it; any other text, number or name is none."""
    fields = declared(prototype() | {"$key": "{ORDNUM}~{SITE}"}).fields
    assert [path for path, field in fields.items() if field.key] == ["ORDNUM"]
    for odd in ("ORDNUM", 7, None, "{ORDNUM"):
        assert declared(prototype() | {"$key": odd}) == declared(prototype())


def test_titles_count_apart() -> None:
    """Another title leaves the fingerprint as it is, and is told of as a change of texts alone."""
    before = declared(prototype())
    after = declared(prototype() | {"$localization": {"@14573": "Purchase order", "@2566": "Date"}})
    assert fingerprint(after) == fingerprint(before)
    (change,) = compare(before, after, source=Source.DECLARED)
    assert (change.kind, change.field) == (SchemaKind.TEXT_ONLY_CHANGED, None)


def test_other_numbers_of_the_same_titles_are_no_change() -> None:
    """Titles are compared as they read, not by the numbers of their messages."""
    titled = {"$title": "{@7}", "$type": TEXT, "$capabilities": "sort", "$maxLength": 16}
    after = prototype(ORDNUM=titled)
    after["$localization"]["@7"] = "Order"
    assert declared(after) == declared(prototype())


@given(st.dictionaries(st.text(max_size=4) | st.sampled_from(["$type", "$item", "$properties"]), values, max_size=5))
def test_nonsense_declares_nothing(told: dict[str, Any]) -> None:
    """Whatever stands in one member, the others are taken and nothing raises."""
    fields = declared(prototype(ODD=told)).fields
    assert fields["ORDNUM"] == declared(prototype()).fields["ORDNUM"]


def test_unknown_types_are_told_apart() -> None:
    """A type that is none of those known is still compared."""
    before, after = (declared(prototype(ODD={"$type": f"application/x-{name}"})) for name in ("image", "sound"))
    (change,) = compare(before, after, source=Source.DECLARED)
    assert (change.kind, change.field) == (SchemaKind.TYPE_CHANGED, "ODD")


def test_depth_is_bounded() -> None:
    """Levels beyond the bound are ignored."""
    told: dict[str, Any] = {"$type": TEXT}
    for _ in range(2_000):
        told = {"$properties": {"A": told}}
    deepest = max(declared({"$properties": {"A": told}}).fields, key=len)
    assert deepest.count("A") == DEPTH


@pytest.mark.parametrize(
    "broken", [{}, {"$properties": []}, {"$properties": {f"A{n}": {} for n in range(MEMBERS + 1)}}]
)
def test_what_cannot_be_used_is_refused(broken: dict[str, Any]) -> None:
    """A prototype without members, or with too many, is an error that says so."""
    with pytest.raises(SourceError, match="the prototype"):
        declared(broken)


@given(st.permutations(sorted(declared(prototype()).fields)))
def test_order_is_no_part_of_the_fingerprint(names: list[str]) -> None:
    """The fingerprint has 16 hex digits, the same in any order of members."""
    form = declared(prototype())
    shuffled = Form({name: form.fields[name] for name in names})
    assert fingerprint(shuffled) == fingerprint(form)
    assert len(fingerprint(form)) == 16
    assert fingerprint(Form({})) != fingerprint(form)


def test_a_change_changes_the_fingerprint() -> None:
    """Each of what counts is in the fingerprint."""
    plain = prototype()["$properties"]["ORDNUM"]
    changes = [{"$maxLength": 17}, {"$isMandatory": True}, {"$isExcluded": True}, {"$x3Format": "K"}]
    changes += [{"$type": "application/x-integer"}, {"$capabilities": "filter"}, {"$type": "application/x-odd"}, {}]
    assert len({fingerprint(declared(prototype(ORDNUM=plain | change))) for change in changes}) == len(changes)
