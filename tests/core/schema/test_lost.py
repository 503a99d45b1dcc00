"""Keys and watermarks that are lost, and shapes that come back."""

from collections.abc import Callable
from typing import Any

import pytest

from driftd.core.drift import SchemaKind
from tests.core.schema.edits import dropping, only, renaming, setting
from tests.core.schema.polled import Polled, Record, customer, customers, told


def opened(box: Any) -> Any:
    """Return what is in a box."""
    return box["code"] if isinstance(box, dict) else box


# --- key and watermark


def test_rows_without_a_key_lose_it_at_once() -> None:
    """One row without a usable key where there was none loses the key, until a sweep shows none."""
    polled = customers()
    change = only(polled.sweep(keyless=[customer(900) | {"BPCNUM": None}]))
    assert (change.kind, change.field) == (SchemaKind.KEY_CHANGED, "BPCNUM")
    assert polled.concluded.key_lost
    assert polled.probe() == (change,)
    assert polled.sweep() == ()
    assert not polled.concluded.key_lost


def test_rows_that_never_had_a_key_are_nothing_new() -> None:
    """A resource that had such rows at its first sweep has lost nothing."""
    polled = Polled(map(customer, range(400)))
    odd = customer(900) | {"BPCNUM": ""}
    assert polled.sweep(keyless=[odd]) == ()
    assert polled.sweep(keyless=[odd]) == ()
    assert not polled.concluded.key_lost


def test_a_key_of_another_type_is_lost_at_once() -> None:
    """One record whose key is a number where all were text is enough."""
    polled = customers()
    keys = polled.add(customer(900) | {"BPCNUM": 900})
    assert told(polled.delta(keys)) == [(SchemaKind.KEY_CHANGED, "BPCNUM")]
    assert polled.concluded.key_lost


@pytest.mark.parametrize("edit", [dropping("UPDDATTIM"), setting("UPDDATTIM", 5)], ids=["gone", "retyped"])
def test_a_lost_watermark_acts_at_once(edit: Callable[[Record], None]) -> None:
    """Three records that all lack the watermark, or have another type there, lose it."""
    polled = customers()
    polled.edit(edit, polled.keys(3))
    assert told(polled.delta(polled.keys(3))) == [(SchemaKind.CURSOR_LOST, "UPDDATTIM")]
    assert polled.concluded.cursor_lost


# --- back and forth


@pytest.mark.parametrize(
    "edits",
    [
        (dropping("OST"), setting("OST", 1.25)),
        (renaming("BPCNAM", "NAME"), renaming("NAME", "BPCNAM")),
        (setting("OST", str), setting("OST", float)),
        (setting("NEW", 1), dropping("NEW")),
        (setting("BPCTYP", 9), setting("BPCTYP", 1)),
        (setting("BPCNAM", lambda name: {"code": name}), setting("BPCNAM", opened)),
    ],
    ids=["gone", "renamed", "retyped", "new", "value", "object"],
)
@pytest.mark.parametrize("polls", [("probe", "probe"), ("sweep", "sweep"), ("probe", "sweep"), ("sweep", "probe")])
def test_a_shape_that_comes_back_closes_what_was_open(edits: Any, polls: tuple[str, str]) -> None:
    """The current form follows the newest evidence at each poll."""
    polled = customers(300)
    there, back = edits
    keys = None if polls == ("sweep", "sweep") else polled.keys(50)
    for _ in range(2):
        polled.edit(there, keys if "sweep" not in polls else None)
        assert getattr(polled, polls[0])()
        polled.edit(back, None)
        getattr(polled, polls[1])()
        assert polled.sweep() == ()


def test_two_drifts_at_once_are_two_changes() -> None:
    """One drift hides no other."""
    polled = customers()
    polled.edit(dropping("OST"))
    polled.edit(setting("CREDAT", 20240101))
    assert told(polled.sweep()) == [
        (SchemaKind.TYPE_CHANGED, "CREDAT"),
        (SchemaKind.FIELD_REMOVED_ALWAYS, "OST"),
    ]


def test_what_is_accepted_is_no_longer_open() -> None:
    """After acceptance the new shape is normal, and its loss is told in turn."""
    polled = customers()
    polled.edit(renaming("BPCNAM", "NAME"))
    assert polled.sweep()
    polled.accept()
    assert polled.sweep() == ()
    polled.edit(dropping("NAME"))
    assert told(polled.sweep()) == [(SchemaKind.FIELD_REMOVED_ALWAYS, "NAME")]
