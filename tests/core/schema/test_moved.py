"""Members that went elsewhere are found there by their values."""

import pytest

from driftd.core.drift import SchemaKind
from driftd.core.model import ChangeReason
from tests.core.schema.edits import only, orders, reasons, renaming, setting
from tests.core.schema.polled import Polled, customer, customers, told


@pytest.mark.parametrize("poll", ["probe", "sweep"])
def test_a_rename_is_one_change_with_its_proof(poll: str) -> None:
    """Values under the same keys say where a member went."""
    polled = customers()
    polled.edit(renaming("BPCNAM", "BPCNAM1"))
    change = only(getattr(polled, poll)())
    assert (change.kind, change.field, change.to) == (SchemaKind.FIELD_RENAMED, "BPCNAM", "BPCNAM1")
    assert "BPCNAM → BPCNAM1?" in change.hint
    assert "values are equal" in change.hint
    assert reasons(polled) == {ChangeReason.SCHEMA_CHANGE}
    assert only(polled.sweep()).to == "BPCNAM1"


def test_a_rename_that_retypes_is_still_found() -> None:
    """A number that became text under another name has the same values as text."""
    polled = customers()
    polled.edit(lambda record: record.update(AMOUNT=f"{record.pop('OST'):.2f}"))
    change, retyped = sorted(polled.sweep(), key=lambda each: each.kind)
    assert (change.kind, change.to, retyped.kind) == (SchemaKind.FIELD_RENAMED, "AMOUNT", SchemaKind.TYPE_CHANGED)
    assert "as text" in change.hint


def test_two_renames_at_once_are_told_apart() -> None:
    """Each vanished member finds its own values."""
    polled = customers()
    polled.edit(renaming("BPCNAM", "NAME"))
    polled.edit(renaming("OST", "BALANCE"))
    assert {(each.field, each.to) for each in polled.sweep()} == {("BPCNAM", "NAME"), ("OST", "BALANCE")}


def test_two_of_few_and_equal_values_are_moved_by_their_names() -> None:
    """Members that stand elsewhere by their own names are moved, however few values they have."""
    polled = Polled({"BPCNUM": f"C{n}", "LIN": n % 3, "SEQ": n % 3} for n in range(60))
    polled.sweep()
    polled.edit(lambda record: record.update(AT={"LIN": record.pop("LIN"), "SEQ": record.pop("SEQ")}))
    changes = [(change.kind, change.field, change.to) for change in polled.sweep()]
    assert changes == [(SchemaKind.FIELD_MOVED, "LIN", "AT.LIN"), (SchemaKind.FIELD_MOVED, "SEQ", "AT.SEQ")]


@pytest.mark.parametrize("name", ["BPCSTA", "CUR", "FAX"])
def test_what_has_few_values_never_matches(name: str) -> None:
    """A boolean, a code of three values and a member that is mostly empty prove no rename by their values."""
    polled = Polled(customer(at) | {"FAX": "" if at % 40 else "01"} for at in range(400))
    polled.sweep()
    polled.edit(renaming(name, "ELSEWHERE"))
    assert {kind for kind, _ in told(polled.sweep())} == {
        SchemaKind.FIELD_REMOVED_ALWAYS,
        SchemaKind.FIELD_ADDED_OPTIONAL,
    }


def test_other_values_are_no_rename() -> None:
    """A member that went and one that came with other values are two changes."""
    polled = customers()
    polled.edit(lambda record: record.update(OTHER=record.pop("BPCNAM")[::-1]))
    assert len(polled.sweep()) == 2


def test_flat_members_that_were_nested_are_moved() -> None:
    """Flat to nested: each member is found in the new object, which is no change of its own."""
    polled = customers()
    polled.edit(lambda record: record.update(LEDGER={"ost": record.pop("OST"), "name": record.pop("BPCNAM")}))
    found = polled.sweep()
    assert {(each.kind, each.field, each.to) for each in found} == {
        (SchemaKind.FIELD_MOVED, "OST", "LEDGER.ost"),
        (SchemaKind.FIELD_MOVED, "BPCNAM", "LEDGER.name"),
    }


def test_a_scalar_that_became_an_object_says_where_it_is() -> None:
    """Scalar to object is one change of type, with the member that has the old value."""
    polled = customers()
    polled.edit(setting("BPCNAM", lambda name: {"code": name, "title": "x"}))
    change = only(polled.sweep())
    assert (change.kind, change.field) == (SchemaKind.TYPE_CHANGED, "BPCNAM")
    assert "BPCNAM → BPCNAM.code? 120 of 120 values are equal" in change.hint
    assert reasons(polled) == {ChangeReason.SCHEMA_CHANGE}


def test_a_renamed_collection_is_one_change() -> None:
    """A collection under another name is known by its rows."""
    polled = orders()
    for key, record in polled.details.items():
        polled.details[key] = {"STOFCY": record["STOFCY"], "LINES": record["SOHSOP"]}
    change = only(polled.sweep(read=polled.keys(300)))
    assert (change.kind, change.field, change.to) == (SchemaKind.COLLECTION_RENAMED, "SOHSOP", "LINES")
    assert reasons(polled) == {ChangeReason.SCHEMA_CHANGE}


def test_a_member_of_lines_is_renamed_where_it_stands() -> None:
    """A member renamed in all lines of all documents is one change."""
    polled = orders()
    for record in polled.details.values():
        for row in record["SOHSOP"]:
            row["PRODUCT"] = row.pop("ITMREF")
    change = only(polled.sweep(read=polled.keys(300)))
    assert (change.kind, change.field, change.to) == (
        SchemaKind.FIELD_RENAMED,
        "SOHSOP[].ITMREF",
        "SOHSOP[].PRODUCT",
    )
