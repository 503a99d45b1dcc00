"""What values show: types, forms, emptiness, sets, and a meaning that shifted."""

import pytest

from driftd.core.drift import SchemaKind
from driftd.core.model import ChangeReason
from driftd.core.schema.model import ValueKind
from tests.core.schema.edits import only, reasons, setting
from tests.core.schema.polled import Polled, customer, customers, told

# --- types


def test_a_type_changed_in_all_replaces_the_old() -> None:
    """Where no record shows the old type, it is changed; where some do, it has an alternative."""
    for share, kind, kinds in (
        (400, SchemaKind.TYPE_CHANGED, (ValueKind.TEXT,)),
        (60, SchemaKind.TYPE_WIDENED, (ValueKind.NUMBER, ValueKind.TEXT)),
    ):
        polled = customers()
        polled.edit(setting("OST", str), polled.keys(share))
        assert told(polled.sweep()) == [(kind, "OST")]
        assert polled.field("OST").kinds == kinds
        assert reasons(polled) == {ChangeReason.SCHEMA_CHANGE}


def test_whole_numbers_that_got_fractions_are_widened() -> None:
    """A fraction where there never was one widens integer to number."""
    polled = customers()
    polled.edit(setting("BPCTYP", lambda value: value + 0.5), polled.keys(60))
    assert told(polled.sweep()) == [(SchemaKind.TYPE_WIDENED, "BPCTYP")]
    assert polled.field("BPCTYP").kinds == (ValueKind.NUMBER,)


@pytest.mark.parametrize("share", [60, 400])
def test_another_form_of_dates_is_told_as_such(share: int) -> None:
    """A date written otherwise has another form, whether in some or in all."""
    polled = customers()
    polled.edit(setting("CREDAT", lambda date: f"{date[8:]}/{date[5:7]}/{date[:4]}"), polled.keys(share))
    assert told(polled.sweep()) == [(SchemaKind.DATE_FORMAT_CHANGED, "CREDAT")]


def test_an_empty_date_in_another_form_is_one_too() -> None:
    """Where dates lose their dashes, those that say nothing are eight zeros, and no texts."""
    polled = Polled(customer(at) | ({} if at % 3 else {"CREDAT": "0000-00-00"}) for at in range(400))
    polled.sweep()
    polled.edit(setting("CREDAT", lambda date: date.replace("-", "")))
    assert told(polled.sweep()) == [(SchemaKind.DATE_FORMAT_CHANGED, "CREDAT")]


def test_a_text_that_looks_like_a_date_is_text() -> None:
    """Among free texts a number of eight digits is no date."""
    polled = customers()
    polled.edit(setting("BPCNAM", "20240131"), polled.keys(60))
    assert polled.sweep() == ()


def test_more_digits_change_the_precision() -> None:
    """A fraction longer than any before is another precision."""
    polled = customers()
    polled.edit(setting("OST", lambda value: value + 0.0001), polled.keys(60))
    assert told(polled.sweep()) == [(SchemaKind.PRECISION_CHANGED, "OST")]


# --- values


def test_emptiness_where_there_was_none_is_told() -> None:
    """A member that was never empty in 300 records becomes nullable; an updated value is data."""
    for value in ("", None):
        polled = customers()
        polled.edit(setting("BPCNAM", value), polled.keys(40))
        assert told(polled.sweep()) == [(SchemaKind.BECAME_NULLABLE, "BPCNAM")]
        assert reasons(polled) == {None}


@pytest.mark.parametrize("k", [1, 2])
def test_a_clerks_slip_is_no_drift(k: int) -> None:
    """One or two records with what was never seen are watched, and report nothing."""
    for name, value in (("BPCNAM", ""), ("OST", "x"), ("BPCTYP", 9), ("OST", 1.23456)):
        polled = customers()
        polled.edit(setting(name, value), polled.keys(k))
        assert polled.delta(polled.keys(k)) == ()
        assert polled.concluded.versions == ()


def test_a_rare_exception_is_learnt_in_silence() -> None:
    """What is seen now and then among many ordinary records is learnt by both forms."""
    polled = customers()
    for at in range(0, 390, 30):
        polled.edit(setting("BPCNAM", f"Other {at}"), polled.keys(30, at))
        polled.edit(setting("BPCNAM", ""), polled.keys(1, at))
        assert polled.delta(polled.keys(30, at)) == ()
    assert polled.base.learnt is not None
    assert polled.field("BPCNAM").nullable is polled.base.learnt.fields["BPCNAM"].nullable is True
    assert polled.learnt.version == 1


def test_a_new_value_of_a_menu_is_told() -> None:
    """Records that turn to a value that no record had show a new value."""
    polled = customers()
    polled.edit(setting("BPCTYP", 5), polled.keys(30))
    assert told(polled.sweep()) == [(SchemaKind.ENUM_VALUE_ADDED, "BPCTYP")]
    assert polled.field("BPCTYP").values == ("1", "2", "3", "4", "5")


def test_a_new_period_is_no_new_value_of_a_menu() -> None:
    """A whole number that grows with time comes with new records alone: that is learnt in silence."""
    polled = Polled(customer(at) | {"PER": 1 + at % 6} for at in range(400))
    polled.sweep()
    assert polled.field("PER").values is not None
    for at in range(1000, 1400, 20):
        keys = polled.add(*(customer(at + each) | {"PER": 7} for each in range(20)))
        assert polled.delta(keys) == ()


def test_longer_texts_are_no_drift() -> None:
    """The longest text seen grows; it is no limit."""
    polled = customers()
    polled.edit(setting("BPCNAM", "x" * 60))
    assert polled.sweep() == ()
    assert polled.field("BPCNAM").max_length == 60
    assert polled.concluded.versions == ()


# --- meaning


def test_exchanged_values_of_a_menu_suspect_its_meaning() -> None:
    """Values that change places in all records at once mean something else; changed back, they mean it again."""
    polled = customers()
    swap = setting("BPCTYP", {1: 2, 2: 1, 3: 3, 4: 4}.__getitem__)
    polled.edit(swap)
    change = only(polled.sweep())
    assert (change.kind, change.field, change.affected) == (SchemaKind.MEANING_SUSPECTED, "BPCTYP", 200)
    assert "1 → 2, 2 → 1" in change.rule
    assert told(polled.sweep()) == told((change,))
    polled.edit(swap)
    assert polled.sweep() == ()


def test_a_value_in_the_place_of_another_is_new() -> None:
    """Where a value became one that there never was, that is told, and no other meaning beside it."""
    polled = customers()
    polled.edit(setting("CUR", lambda value: "EURO" if value == "EUR" else value))
    assert told(polled.sweep()) == [(SchemaKind.ENUM_VALUE_ADDED, "CUR")]


def test_a_menu_that_was_renumbered_in_half_of_the_records_is_suspected() -> None:
    """Where each value moved on, the last to one that never was, the menu means something else."""
    polled = customers()
    polled.edit(setting("BPCTYP", lambda value: value + 1), polled.keys(200))
    assert told(polled.sweep()) == [(SchemaKind.MEANING_SUSPECTED, "BPCTYP")]


def test_a_count_that_goes_on_is_no_menu_renumbered() -> None:
    """Records that count on beside other changes, or not from every value, mean what they meant."""
    polled = customers()
    polled.edit(setting("BPCTYP", lambda value: value + 1), polled.keys(200))
    polled.edit(setting("OST", lambda value: value + 1), polled.keys(200))
    assert polled.sweep() == ()
    polled = customers()
    polled.edit(setting("BPCTYP", lambda value: value + (value > 1)), polled.keys(200))
    assert polled.sweep() == ()


def test_business_that_moves_on_exchanges_nothing() -> None:
    """Orders that are closed by the dozen keep the meaning of their status."""
    polled = customers()
    polled.edit(setting("BPCTYP", lambda value: min(value + 1, 4)), polled.keys(120))
    assert polled.sweep() == ()
