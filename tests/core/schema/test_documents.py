"""Documents and their lines, what is left out, what is declared, and what is out of bounds."""

from typing import Any

import pytest
from msgspec.structs import replace

from driftd.core.drift import SchemaKind
from driftd.core.model import ChangeReason, Kind
from driftd.core.schema import differing
from driftd.core.schema.acceptance import accept
from driftd.core.schema.counts import Counts
from driftd.core.schema.model import Baseline, FieldForm, Form, Learnt, Presence, ValueKind
from driftd.core.schema.record import packed, unpacked
from driftd.core.schema.study import Study
from tests.core.schema.edits import ORDER, dropping, lines, only, order, orders, reasons, renaming, setting
from tests.core.schema.polled import RESOURCE, Polled, customer, customers, told

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


@pytest.mark.parametrize("whole", [True, False], ids=["remembered", "counted"])
def test_bytes_of_a_later_release_start_anew(whole: bool) -> None:
    """What cannot be read moves no form, until the snapshot is counted again."""
    polled = customers()
    known = unpacked(polled.learnt.counts)
    otherwise = b"\xff" + known.counts[1:]
    later = b"\xff" + polled.learnt.counts[1:] if whole else packed(replace(known, counts=otherwise))
    polled.learnt = replace(polled.learnt, counts=later)
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
