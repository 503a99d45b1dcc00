"""A resource's shape moves by evidence, and never by ordinary business."""

import pytest

from driftd.core.drift import SchemaKind
from driftd.core.model import ChangeReason
from driftd.core.schema.model import Presence, Source
from tests.core.schema.edits import dropping, only, reasons, setting
from tests.core.schema.polled import Polled, customer, customers, told
from tests.faults.observing import Observe


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


@pytest.mark.fault(37)
def test_absent_when_null_does_not_flap(observe: Observe) -> None:
    """A tenant that leaves out what is null moves no form by filling and emptying it."""
    polled = Polled(customer(at) | ({"EECNUM": f"GB{at}"} if at % 4 == 0 else {}) for at in range(400))
    polled.sweep()
    found: list[object] = []
    for at in range(0, 40, 2):
        polled.edit(dropping("EECNUM"), polled.keys(1, at))
        polled.edit(setting("EECNUM", "GB1"), polled.keys(1, at + 1))
        found += polled.delta(polled.keys(2, at))
        assert reasons(polled) <= {None}
    observe(f"20 deltas that empty and fill a member: {len(found)} drifts")
    assert not found


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
