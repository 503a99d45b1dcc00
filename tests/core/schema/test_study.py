"""A resource's shape moves by evidence, and never by ordinary business."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from driftd.core.drift import SchemaKind
from driftd.core.model import ChangeReason, Kind, Resource
from driftd.core.schema import differing
from driftd.core.schema.acceptance import accept
from driftd.core.schema.counts import Counts
from driftd.core.schema.model import Baseline, FieldForm, Form, Learnt, Presence, SchemaChange, Source, ValueKind
from driftd.core.schema.record import unpacked
from driftd.core.schema.study import Study
from tests.core.schema.polled import RESOURCE, Polled, Record, customer, customers, told

ORDER = Resource("acme", "SORDER", "SORDER", ("SOHNUM",), details=True, lines={"SOHSOP": ("SOPLIN",)})


def order(number: int) -> Record:
    """What the query facet shows of an order."""
    return {"SOHNUM": f"S{number:05}", "BPCORD": f"C{number % 97:03}"}


def lines(number: int, count: int = 3) -> Record:
    """What the details facet shows beside it."""
    rows = [{"SOPLIN": at * 1000, "ITMREF": f"I{(number + at) % 50:03}", "QTY": 1 + at} for at in range(1, count + 1)]
    return {"SOHSOP": rows, "STOFCY": f"SITE{number % 7}"}


def orders(count: int = 300, read: int | None = None) -> Polled:
    """Orders of which the first `read` have their details read."""
    polled = Polled(map(order, range(count)), ORDER)
    polled.details = dict(zip(polled.records, map(lines, range(count)), strict=True))
    assert not polled.sweep(read=polled.keys(count if read is None else read))
    return polled


def setting(name: str, value: Any) -> Callable[[Record], None]:
    """Return an edit that sets a member, to a value or to what is made of the old one."""

    def edit(record: Record) -> None:
        record[name] = value(record.get(name)) if callable(value) else value

    return edit


def dropping(*names: str) -> Callable[[Record], None]:
    """Return an edit that drops members."""

    def edit(record: Record) -> None:
        for name in names:
            record.pop(name, None)

    return edit


def renaming(old: str, new: str) -> Callable[[Record], None]:
    """Return an edit that renames a member."""

    def edit(record: Record) -> None:
        if old in record:
            record[new] = record.pop(old)

    return edit


def opened(box: Any) -> Any:
    """Return what is in a box."""
    return box["code"] if isinstance(box, dict) else box


def reasons(polled: Polled) -> set[ChangeReason | None]:
    """Return the reasons of the last cycle's events."""
    return {event.reason for event in polled.events}


def only(changes: tuple[SchemaChange, ...]) -> SchemaChange:
    """Return the one change."""
    assert len(changes) == 1, told(changes)
    return changes[0]


def test_the_first_sweep_makes_the_baseline() -> None:
    """What a first sweep shows is the current form, the baseline, and version 1."""
    polled = Polled(map(customer, range(400)))
    assert polled.sweep() == ()
    version = polled.concluded.versions[0]
    assert (version.number, version.source, version.parent, version.n) == (1, Source.LEARNT, None, 400)
    assert polled.base.learnt == polled.learnt.form == version.form
    assert polled.learnt.version == 1


def test_a_glance_makes_no_baseline() -> None:
    """What a probe shows of a resource that was never swept is counted, and called nothing."""
    polled = Polled(map(customer, range(400)))
    assert polled.probe() == ()
    assert polled.concluded.baseline is None
    assert polled.learnt.form is None


def test_a_cycle_that_shows_nothing_changes_nothing() -> None:
    """An unchanged cycle leaves what is remembered as it was."""
    polled = customers()
    learnt, base = polled.learnt, polled.base
    for poll in (polled.sweep, polled.probe):
        assert poll() == ()
        assert (polled.learnt, polled.concluded.baseline, polled.base) == (learnt, None, base)


# --- members that go


@pytest.mark.parametrize("poll", ["probe", "sweep"])
def test_a_member_gone_from_all_is_removed_at_once(poll: str) -> None:
    """A patch is found by the first probe; its updates are no updates of data."""
    polled = customers()
    polled.edit(dropping("OST"))
    change = only(getattr(polled, poll)())
    m = 50 if poll == "probe" else 400
    assert (change.kind, change.field) == (SchemaKind.FIELD_REMOVED_ALWAYS, "OST")
    assert (change.n, change.m, change.affected) == (400, m, m)
    assert f"3/{m}" in change.rule
    assert reasons(polled) == {ChangeReason.SCHEMA_CHANGE}
    assert polled.field("OST").presence is Presence.GONE
    assert polled.concluded.versions[0].number == 2


def test_one_patch_is_one_version_and_one_change() -> None:
    """What a probe found, the sweep confirms for all: no further version, no further change."""
    polled = customers()
    polled.edit(dropping("OST"))
    polled.probe()
    change = only(polled.sweep())
    assert (change.kind, change.affected) == (SchemaKind.FIELD_REMOVED_ALWAYS, 400)
    assert polled.concluded.versions == ()
    assert only(polled.sweep()) == change


def test_a_member_gone_from_some_is_no_longer_required() -> None:
    """Where others still have it, a member becomes optional."""
    polled = customers()
    polled.edit(dropping("OST"), polled.keys(60))
    assert told(polled.sweep()) == [(SchemaKind.REQUIRED_TO_OPTIONAL, "OST")]
    assert polled.field("OST").presence is Presence.SOMETIMES


def test_a_member_gone_a_few_records_a_day_adds_up() -> None:
    """Records that lose a member one after the other are one finding, although each cycle shows one."""
    polled = customers()
    found = []
    for key in polled.keys(5):
        polled.edit(dropping("OST"), [key])
        found.append(told(polled.delta([key])))
    assert found[:2] == [[], []]
    assert found[-1] == [(SchemaKind.REQUIRED_TO_OPTIONAL, "OST")]


def test_twenty_nine_records_prove_no_always() -> None:
    """A small resource that loses a member in all of its records lost one that was there sometimes."""
    polled = Polled(map(customer, range(29)))
    polled.sweep()
    polled.edit(dropping("OST"))
    assert told(polled.sweep()) == [(SchemaKind.FIELD_REMOVED_SOMETIMES, "OST")]


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_hardly_any_records_prove_nothing(n: int) -> None:
    """What comes, goes and changes its type in a handful of records is learnt, and no drift."""
    polled = Polled(map(customer, range(n)))
    polled.sweep()
    polled.edit(dropping("OST"))
    assert polled.sweep() == ()
    polled.edit(setting("NEW", 1))
    polled.add(customer(900) | {"BPCNAM": 5})
    assert polled.sweep() == ()


def test_a_member_that_some_have_goes_where_all_lose_it() -> None:
    """A conditional member is gone when no record has it any more that had it."""
    polled = Polled(customer(at) | ({"EECNUM": f"GB{at}"} if at % 4 == 0 else {}) for at in range(400))
    polled.sweep()
    polled.edit(dropping("EECNUM"))
    assert told(polled.sweep()) == [(SchemaKind.FIELD_REMOVED_SOMETIMES, "EECNUM")]


def test_absent_when_null_does_not_flap() -> None:
    """A tenant that leaves out what is null moves no form by filling and emptying it."""
    polled = Polled(customer(at) | ({"EECNUM": f"GB{at}"} if at % 4 == 0 else {}) for at in range(400))
    polled.sweep()
    for at in range(0, 40, 2):
        polled.edit(dropping("EECNUM"), polled.keys(1, at))
        polled.edit(setting("EECNUM", "GB1"), polled.keys(1, at + 1))
        assert polled.delta(polled.keys(2, at)) == ()
        assert reasons(polled) <= {None}


# --- conditional members


def test_a_document_of_another_type_is_no_drift() -> None:
    """New records with members of their own, and without those of others, take no member away."""
    polled = customers()
    for at in range(600, 660):
        new = customer(at) | {"PROSPECT": "yes", "SINCE": "2024-01-01"}
        for name in ("OST", "FAX", "BPCTYP"):
            del new[name]
        keys = polled.add(new, customer(at + 1000), customer(at + 2000))
        removed = {
            kind
            for kind, _ in told(polled.delta(keys))
            if kind not in (SchemaKind.FIELD_ADDED_OPTIONAL, SchemaKind.CUSTOM_FIELD_ADDED)
        }
        assert not removed
    polled.accept()
    polled.add(*({**customer(at), "PROSPECT": "yes", "SINCE": "2024-01-01"} for at in range(5000, 5100)))
    assert polled.sweep() == ()


# --- members that come


def test_a_new_member_is_added_optional() -> None:
    """A member that comes with a patch is one change, whatever lies in it."""
    polled = customers()
    polled.edit(setting("BOX", {"A": 1, "ROWS": [{"B": 2}]}))
    assert told(polled.probe()) == [(SchemaKind.FIELD_ADDED_OPTIONAL, "BOX")]
    assert reasons(polled) == {ChangeReason.SCHEMA_CHANGE}
    change = only(polled.sweep())
    assert (change.affected, change.m) == (400, 400)
    assert polled.field("BOX.ROWS[].B").presence is Presence.ALWAYS


def test_one_record_with_a_new_member_is_only_rare() -> None:
    """A member seen once in many records is learnt in silence, by the baseline too."""
    polled = customers()
    polled.edit(setting("ODD", 1), polled.keys(1))
    polled.edit(setting("BPCNAM", "New"), polled.keys(99, 1))
    assert polled.sweep() == ()
    assert polled.concluded.versions == ()
    assert polled.base.learnt is not None
    assert polled.field("ODD") == polled.base.learnt.fields["ODD"]


# --- renames, moves, nesting


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


# --- documents


def test_details_read_for_the_first_time_are_no_change_of_shape() -> None:
    """Whether none, few or many were read before, a record that gets its lines changes nothing."""
    for read in (0, 20, 299):
        polled = orders(read=read)
        for start in range(0, 300, 60):
            assert polled.delta(polled.keys(60, start), read=polled.keys(60, start)) == ()
            assert reasons(polled) <= {None}
        assert polled.sweep() == ()
        assert polled.counts == polled.rebuilt()
        assert polled.field("SOHSOP").presence is Presence.ALWAYS


def test_a_document_without_its_details_lacks_no_lines() -> None:
    """New documents whose details were not read yet take nothing away."""
    polled = orders()
    for at in range(1000, 1100):
        assert polled.delta(polled.add(order(at))) == ()
    assert polled.field("SOHSOP").presence is Presence.ALWAYS


def test_more_lines_are_data() -> None:
    """A line added is no change of shape, nor is a value in it that no line had."""
    polled = orders()
    assert polled.field("SOHSOP[].QTY").values == ("2", "3", "4")
    for number, key in enumerate(polled.details):
        polled.details[key] = lines(number, 4)
        polled.details[key]["SOHSOP"][3]["QTY"] = 9
    assert polled.sweep(read=polled.keys(300)) == ()
    assert reasons(polled) == {None}


def test_a_member_gone_from_all_lines_is_one_change() -> None:
    """Lines that lose a member lose it once, in so many documents."""
    polled = orders()
    for record in polled.details.values():
        for row in record["SOHSOP"]:
            del row["QTY"]
    change = only(polled.sweep(read=polled.keys(300)))
    assert (change.kind, change.field) == (SchemaKind.FIELD_REMOVED_ALWAYS, "SOHSOP[].QTY")
    assert change.affected == 300


# --- what is left out, and what is declared


def test_a_member_learnt_as_volatile_is_forgotten() -> None:
    """A member that says nothing is in no form from then on, and is no member that went."""
    polled = customers()
    polled.volatile = ("FAX",)
    polled.edit(dropping("FAX"))
    assert polled.sweep() == ()
    polled.edit(setting("BPCNAM", "x"))
    assert polled.sweep() == ()
    assert polled.learnt.form is not None
    assert "FAX" not in polled.learnt.form.fields


def test_what_is_declared_has_versions_of_its_own() -> None:
    """The first declared form is accepted; a later one differs from it, and is said to be of the prototype."""
    learnt, base = Learnt(), Baseline()
    found = []
    for names in (("A", "B"), ("A", "B"), ("A",)):
        study = Study(RESOURCE, learnt, base)
        study.declare(Form({name: replace(Form().fields.get(name) or _text(), max_length=5) for name in names}))
        done = study.conclude(kind=Kind.PROBE, rows=0, whole=False, now=5)
        learnt, base = done.learnt, done.baseline or base
        found.append((learnt.declared, len(done.versions), [change.field for change in done.changes]))
    assert found == [(1, 1, []), (1, 0, []), (2, 1, ["B"])]
    assert base.learnt is None


def _text() -> Any:
    return Form({"A": _field()}).fields["A"]


def _field() -> Any:
    from driftd.core.schema.model import FieldForm

    return FieldForm(kinds=(ValueKind.TEXT,))


def test_a_change_that_both_schemas_show_is_accepted_in_both() -> None:
    """A rename and a removal that records and prototype show are open once, and closed at once by one acceptance."""
    polled = customers()
    polled.declares = Form({name: FieldForm(kinds=(ValueKind.TEXT,)) for name in ("BPCNUM", "BPCNAM", "FAX")})
    assert polled.sweep() == ()
    polled.declares = Form({name: FieldForm(kinds=(ValueKind.TEXT,)) for name in ("BPCNUM", "NAME")})
    polled.edit(renaming("BPCNAM", "NAME"))
    polled.edit(dropping("FAX"))
    renamed, removed = sorted(polled.sweep(), key=lambda change: change.field or "")
    assert [(each.kind, each.also_declared) for each in (renamed, removed)] == [
        (SchemaKind.FIELD_RENAMED, True),
        (SchemaKind.FIELD_REMOVED_ALWAYS, True),
    ]
    for change, left in ((renamed, [removed]), (removed, [])):
        found = differing.opened(polled.learnt, polled.base, polled.resource)
        assert change in found.changes
        polled.base = accept(polled.base, found.current, change, found.among, 9) or Baseline()
        assert list(differing.opened(polled.learnt, polled.base, polled.resource).changes) == left


def test_bytes_of_a_later_release_start_anew() -> None:
    """What cannot be read moves no form, until the snapshot is counted again."""
    polled = customers()
    polled.learnt = replace(polled.learnt, counts=b"\xff" + polled.learnt.counts)
    polled.edit(dropping("OST"))
    assert polled.sweep() == ()
    study = Study(RESOURCE, polled.learnt, polled.base)
    assert study.unlearnt
    study.baseline(polled.rows())
    done = study.conclude(kind=Kind.SWEEP, rows=400, whole=True, now=5)
    assert Counts.unpack(unpacked(done.learnt.counts).counts) == polled.rebuilt()
    assert not Study(RESOURCE, done.learnt, polled.base).unlearnt


def test_a_sweep_that_counted_nothing_says_nothing_is_normal() -> None:
    """Where only changes of a resource were handed over that was never learnt, they are no baseline."""
    polled = customers()
    polled.learnt, polled.base = Learnt(), Baseline()
    polled.edit(dropping("OST"), polled.keys(5))
    assert polled.sweep() == ()
    assert (polled.learnt.form, polled.base.learnt) == (None, None)


def test_concluding_twice_concludes_the_same() -> None:
    """A conclusion may be asked for before the last page, and again."""
    polled = customers()
    polled.edit(renaming("BPCNAM", "NAME"))
    polled.sweep()
    assert polled.study.conclude(kind=Kind.SWEEP, rows=400, whole=True, now=polled.now) == polled.concluded


def test_counts_follow_every_kind_of_cycle() -> None:
    """After creates, updates, deletes and details, what is counted is what is stored."""
    polled = orders(read=150)
    polled.delta(polled.add(*map(order, range(900, 930))))
    for key in polled.keys(30, 400):
        polled.details[key] = lines(7, 2)
    polled.delta(polled.keys(60, 380), read=polled.keys(10, 400))
    for key in polled.keys(45, 130):
        del polled.records[key]
    polled.edit(setting("BPCORD", "C001"), polled.keys(200))
    polled.sweep(read=polled.keys(20, 90))
    assert polled.counts == polled.rebuilt()
    assert isinstance(Counts.unpack(unpacked(polled.learnt.counts).counts), Counts)


def test_a_number_of_lines_is_no_menu() -> None:
    """What counts lines goes up by one where lines are added, beyond all that was seen, and that is data."""
    polled = Polled([order(at) | {"LINNBR": 1 + at % 4} for at in range(300)], ORDER)
    polled.details = {key: lines(at, 1 + at % 4) for at, key in enumerate(polled.records)}
    polled.sweep(read=polled.keys(300))
    assert polled.field("LINNBR").values == ("1", "2", "3", "4")
    for at, key in enumerate(polled.keys(300)):
        polled.edit(setting("LINNBR", lambda count: count + 1), [key])
        polled.details[key] = lines(at, 2 + at % 4)
    assert polled.delta(polled.keys(200), read=polled.keys(100)) == ()
    assert polled.sweep(read=polled.keys(300)) == ()


def test_dynamic_names_are_no_drift() -> None:
    """Members with other names in each record, by the thousand, come and go as data; what is fixed is watched."""
    polled = Polled(customer(at) | {"MAP": {f"{at}_{each}": each for each in range(40)}} for at in range(300))
    polled.sweep()
    assert "MAP.*" in polled.base.learnt.fields if polled.base.learnt else False
    polled.edit(lambda record: record.update(MAP={name + "x": value for name, value in record["MAP"].items()}))
    assert polled.sweep() == ()
    assert reasons(polled) == {None}
    polled.edit(dropping("OST"))
    assert told(polled.sweep()) == [(SchemaKind.FIELD_REMOVED_ALWAYS, "OST")]
    assert len(polled.learnt.counts) < 50_000


def test_records_of_ten_thousand_members_are_bounded() -> None:
    """A record as wide as none should be is counted, compared and remembered within bounds."""
    polled = Polled([{"BPCNUM": "C1"} | {f"N{each}": each for each in range(10_000)}])
    polled.sweep()
    polled.edit(lambda record: record.update({f"M{each}": record.pop(f"N{each}") for each in range(5_000)}))
    assert polled.sweep() == ()
    assert len(polled.learnt.counts) < 100_000


def test_nulls_everywhere_and_numbers_as_text_are_a_form_too() -> None:
    """Odd records make an odd form, and no drift while they stay as odd."""
    values: list[Any] = [None, "", "12.5", 12.5, "2024-01-31", "31/01/2024", True, [], {}, [None, 1], "0000-00-00"]
    polled = Polled({"BPCNUM": f"C{at}", "A": values[at % 11], "B": None} for at in range(330))
    polled.sweep()
    for at in range(20):
        polled.edit(setting("A", values[at % 11]), polled.keys(30, at * 10))
        assert polled.delta(polled.keys(30, at * 10)) == ()


def test_an_update_of_data_keeps_its_place_among_others() -> None:
    """A record that changed a value together with its shape is an update like any other."""
    polled = customers()
    polled.edit(dropping("OST"))
    polled.edit(setting("BPCTYP", lambda value: 5 - value), polled.keys(10))
    polled.sweep()
    told_as = [event.reason for event in polled.events]
    assert (told_as.count(None), told_as.count(ChangeReason.SCHEMA_CHANGE)) == (10, 390)


def test_emptiness_in_an_array_of_values_is_told() -> None:
    """Periods without an amount, where each had one, are empties as well; an array without periods is data."""
    polled = Polled(customer(at) | {"DEB": [at + 0.5, 1.25]} for at in range(300))
    polled.sweep()
    polled.edit(setting("DEB", []), polled.keys(5))
    assert polled.sweep() == ()
    polled.edit(setting("DEB", [None, 1.25]))
    assert told(polled.sweep()) == [(SchemaKind.BECAME_NULLABLE, "DEB[]")]
