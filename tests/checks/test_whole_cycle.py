"""What the whole of a cycle shows: scales, masses, doubts, sets, and what is filed."""

from itertools import pairwise

import pytest

from driftd.core.canonical import canonical
from driftd.core.drift import Check, Severity
from driftd.core.invariants.gathering import Gathering
from driftd.core.invariants.model import Breach
from driftd.core.model import Change, Kind, Op, Row
from driftd.core.volume import Doubt
from driftd.errors import Reason
from tests.checks.business import Some, deliveries, delivery, found, many, order, orders
from tests.checks.house import House, key_of, resource_of
from tests.faults.observing import Observe

# --- the whole of a cycle


def test_prices_in_cents_are_found_at_once_and_open_until_they_are_back() -> None:
    house = House.of("SORDER")
    usual = orders(*(order(n, ("A", 1, n)) for n in range(1, 31)))
    cents = orders(*(order(n, ("A", 1, 100 * n)) for n in range(1, 31)))
    house.cycle("SORDER", usual)
    (drift,) = house.cycle("SORDER", cents).drifts
    assert (drift.finding, drift.certain, drift.severity) == (Check.SCALE_SHIFT, True, Severity.CRITICAL)
    fields = drift.evidence["fields"]
    assert isinstance(fields, list)
    assert set(fields) == {"ORDNOT", "SOHSOP[].NETPRI", "SOHSOP[].LINAMT"}
    assert found(house.cycle("SORDER", cents)) == {(Check.SCALE_SHIFT, drift.field): drift.affected}
    assert found(house.cycle("SORDER", usual)) == {}


def test_new_orders_in_cents_are_found_against_the_last_prices() -> None:
    house = House.of("SORDER")
    usual = orders(*(order(n, (f"P{n}", 1, n)) for n in range(1, 31)))
    house.cycle("SORDER", usual)
    new: Some = {}
    for number, n in enumerate((1, 1, 2, 3, 4, 5)):
        assert Check.SCALE_SHIFT not in {each.finding for each in house.cycle("SORDER", usual | new).drifts}
        new |= orders(order(100 + number, (f"P{n}", 1, 100 * n)))
    checked = house.cycle("SORDER", usual | new)
    assert found(checked) == {(Check.SCALE_SHIFT, "SOHSOP[].NETPRI"): 5}
    new |= orders(*(order(200 + n, (f"P{n}", 1, n)) for n in range(6, 12)))
    assert found(house.cycle("SORDER", usual | new)) == {(Check.SCALE_SHIFT, "SOHSOP[].NETPRI"): 5}


@pytest.mark.fault(28)
def test_most_records_changed_are_one_finding_where_that_is_not_usual(observe: Observe) -> None:
    house = House.of("SORDER")
    for _ in range(6):
        assert found(house.cycle("SORDER", many(60))) == {}
    seen = found(house.cycle("SORDER", many(60, ORDDAT="2025-11-02")))
    observe(f"60 of 60 records updated: {', '.join(f'{each} of {n} records' for (each, _), n in seen.items())}")
    assert seen == {(Check.MASS_UPDATE, None): 60}
    assert found(house.cycle("SORDER", many(60, ORDDAT="2025-11-02"))) == {}
    assert found(house.cycle("SORDER", many(60))) == {}
    assert found(house.cycle("SORDER", many(10))) == {}


def test_half_of_the_records_a_probe_and_a_shift_of_scale_are_no_mass_update() -> None:
    house = House.of("SORDER")
    for _ in range(6):
        house.cycle("SORDER", many(60))
    late = many(60, ORDDAT="2025-11-02")
    assert found(house.cycle("SORDER", many(60) | dict(list(late.items())[:30]))) == {}
    assert found(house.cycle("SORDER", late, kind=Kind.DELTA)) == {}
    cents = orders(*(order(n, ("A", 1, 100 * n)) for n in range(1, 61)))
    usual = orders(*(order(n, ("A", 1, n)) for n in range(1, 61)))
    house = House.of("SORDER")
    for _ in range(6):
        house.cycle("SORDER", usual)
    assert {finding for finding, _ in found(house.cycle("SORDER", cents))} == {Check.SCALE_SHIFT}


@pytest.mark.parametrize(
    ("reason", "check"),
    [
        (Reason.EMPTY_ANSWER, Check.EMPTY_ANSWER),
        (Reason.SUSPECT_MASS_DELETE, Check.MASS_DELETE),
        (Reason.KEY_NOT_UNIQUE, Check.DUPLICATE_KEYS),
    ],
)
def test_what_a_cycle_doubts_is_a_drift_until_a_sweep_without_it(reason: Reason, check: Check) -> None:
    house = House.of("SORDER")
    house.cycle("SORDER", many(30))
    (drift,) = house.cycle("SORDER", many(30), doubts=(Doubt(reason, "in words"),)).drifts
    assert (drift.finding, drift.seen, drift.certain) == (check, "in words", True)
    probe = house.cycle("SORDER", many(30), kind=Kind.PROBE)
    assert check not in probe.covered
    assert check in house.cycle("SORDER", many(30)).covered


def test_a_further_site_is_told_once_enough_is_known() -> None:
    house = House.of("SORDER")
    house.cycle("SORDER", many(300))
    new = orders(order(999, ("A", 1, 1), SALFCY="F2"))
    (drift,) = house.cycle("SORDER", many(300) | new).drifts
    assert (drift.finding, drift.field, drift.severity) == (Check.SET_CHANGES, "SALFCY", Severity.INFO)
    assert "F2" not in repr(drift)
    assert found(house.cycle("SORDER", many(300) | new)) == {}
    few = House.of("SORDER")
    few.cycle("SORDER", many(299))
    assert found(few.cycle("SORDER", many(299) | new)) == {}


def test_no_site_is_lost_with_the_member_that_told_it() -> None:
    """Where no record has the member any more, its shape changed: none of its values is told as lost."""
    house = House.of("SORDER")
    house.cycle("SORDER", many(300))
    bare = {key: {name: value for name, value in each.items() if name != "SALFCY"} for key, each in many(300).items()}
    assert found(house.cycle("SORDER", bare)) == {}


def test_a_document_that_comes_twice_in_a_cycle_is_added_up_once() -> None:
    house = House.of("SORDER", "SDELIVERY")
    house.cycle("SDELIVERY", deliveries(delivery(1, 1, 1)))
    shelf = house.shelves["SDELIVERY"]
    house.cycle("SDELIVERY", deliveries(delivery(1, 1, 5)), twice=True)
    assert {key.value: row for key, row in shelf.sums.items()} == {b'["O1",1000]': ("5",), b"[]": ("1",)}


def test_a_reference_that_goes_and_comes_back_in_one_cycle_stays() -> None:
    gathering = Gathering(resource_of("SORDER"), 1, baseline=False)
    bodies = [canonical(order(1, (item, 1, 1))) for item in ("A", "B", "A")]
    for before, after in pairwise(bodies):
        row = Row(key_of("O1"), b"", b"", after)
        pointers = ("/SOHSOP/0/ITMREF",)
        gathering.look(row, Change("", Op.UPDATE, row.key, before, after, pointers, None, None, 0, 0, None, 1, 1))
    assert (gathering.dropped, gathering.links) == (set(), set())
    assert not any(any(row) for row in gathering.sums.values())


def test_breaches_are_filed_under_what_identifies_them() -> None:
    house = House.of("SORDER")
    house.cycle("SORDER", orders(order(9, ("A", 1, 1), ORDSTA=7)))
    (breach,) = house.shelves["SORDER"].breaches.values()
    assert breach == Breach(Check.MENU_VALUES, "ORDSTA", key_of("O9"), house.now, breach.fingerprint)
    assert len(breach.fingerprint) == 17
