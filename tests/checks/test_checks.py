"""Exact checks over cycles: each is found, counts at its second evaluation, and is mended when the record is right."""

import pytest
from msgspec.structs import replace

from driftd.core.drift import Check
from driftd.core.model import KeyBytes, Kind
from driftd.core.volume import OF_SWEEPS
from driftd.ports import Facts
from driftd.runtime.checks import ALWAYS
from tests.checks.business import Record, customers, found, many, order, orders, products
from tests.checks.house import House, key_of

WRONG: list[tuple[str, Record, Check, str]] = [
    ("SORDER", order(1, ("A", 2, 3)) | {"ORDNOT": 7}, Check.HEADER_TOTALS, "ORDNOT"),
    ("SORDER", order(1, ("A", 2, 3), ORDSTA=9), Check.MENU_VALUES, "ORDSTA"),
    ("SORDER", order(1, ("A", 2, 3), ORDDAT="0025-11-01"), Check.DATE_RANGE, "ORDDAT"),
    ("SORDER", order(1, ("A", 1, 0.125)), Check.SCALE_ERRORS, "SOHSOP[].LINAMT"),
    ("ITMMVT", {"ITMREF": "A", "STOFCY": "F1", "PHYSTO": -3, "PHYALL": 0}, Check.STOCK_SIGNS, "PHYSTO"),
    (
        "GACCENTRY",
        {
            "TYP": "OD", "NUM": "1", "CAT": 1, "CPY": "C", "FIY": 1,
            "GACCENTRYD": [{"LIN": 1, "LEDTYP": 1, "SNS": 1, "AMTLED": 5, "AMTCUR": 5, "CURLED": "EUR"}],
        },
        Check.JOURNAL_BALANCE,
        "GACCENTRYD[].AMTLED",
    ),
]  # fmt: skip


RIGHT: dict[str, Record] = {
    "SORDER": order(1, ("A", 2, 3)),
    "ITMMVT": {"ITMREF": "A", "STOFCY": "F1", "PHYSTO": 3, "PHYALL": 3},
    "GACCENTRY": {
        "TYP": "OD", "NUM": "1", "CAT": 1, "CPY": "C", "FIY": 1,
        "GACCENTRYD": [
            {"LIN": n, "LEDTYP": 1, "SNS": sign, "AMTLED": 5, "AMTCUR": 5, "CURLED": "EUR"}
            for n, sign in enumerate((1, -1))
        ],
    },
}  # fmt: skip


def key_in(house: House, name: str, record: Record) -> KeyBytes:
    return key_of(*(record[member] for member in house.shelves[name].resource.key))


@pytest.mark.parametrize(("name", "record", "check", "path"), WRONG, ids=[str(each[2]) for each in WRONG])
def test_a_breach_of_one_record_counts_when_it_is_found_again_and_is_mended(
    name: str, record: Record, check: Check, path: str
) -> None:
    house = House.of(name)
    key, right = key_in(house, name, record), RIGHT[name]
    assert found(house.cycle(name, {key: right})) == {}
    assert found(house.cycle(name, {key: record})) == {}
    again = house.cycle(name, {key: record})
    assert found(again)[check, path] == 1
    (drift,) = [each for each in again.drifts if (each.finding, each.field) == (check, path)]
    assert (drift.samples, drift.certain, drift.resource) == ((key.decode(),), True, name)
    assert (check, path) in found(house.cycle(name, {key: record}, kind=Kind.PROBE))
    assert found(house.cycle(name, {key: right})) == {}
    assert house.shelves[name].breaches == {}


def test_a_breach_that_a_baseline_shows_counts_as_well() -> None:
    house = House.of("SORDER")
    wrong = many(3) | orders(order(9, ("A", 1, 1), ORDSTA=7))
    assert found(house.cycle("SORDER", wrong)) == {}
    assert found(house.cycle("SORDER", wrong)) == {(Check.MENU_VALUES, "ORDSTA"): 1}


def test_a_record_that_breaks_and_is_right_again_before_the_second_evaluation_is_nothing() -> None:
    house = House.of("SORDER")
    house.cycle("SORDER", many(3))
    house.cycle("SORDER", many(3) | orders(order(1, ("A", 1, 2), ORDNOT=9)))
    assert found(house.cycle("SORDER", many(3))) == {}
    assert house.shelves["SORDER"].breaches == {}


def test_a_record_that_goes_takes_its_breaches_along() -> None:
    house = House.of("SORDER")
    wrong = many(2) | orders(order(9, ("A", 1, 1), ORDSTA=7))
    house.cycle("SORDER", wrong)
    assert found(house.cycle("SORDER", wrong)) != {}
    assert found(house.cycle("SORDER", many(2))) == {}
    assert house.shelves["SORDER"].breaches == {}


@pytest.mark.parametrize("evaluations", [1, 2])
def test_what_a_person_accepted_no_longer_counts(evaluations: int) -> None:
    house = House.of("SORDER")
    wrong = orders(order(9, ("A", 1, 1), ORDSTA=7))
    for _ in range(evaluations):
        house.cycle("SORDER", wrong)
    shelf = house.shelves["SORDER"]
    shelf.breaches = {place: replace(each, accepted=True) for place, each in shelf.breaches.items()}
    assert found(house.cycle("SORDER", wrong)) == {}
    assert found(house.cycle("SORDER", orders(order(9, ("A", 2, 1), ORDSTA=7)))) == {}
    assert all(each.accepted for each in shelf.breaches.values())


def test_samples_are_twenty_keys_and_the_count_is_whole() -> None:
    house = House.of("SORDER")
    house.cycle("SORDER", many(30, ORDSTA=7))
    (drift,) = house.cycle("SORDER", many(30, ORDSTA=7)).drifts
    assert (drift.affected, len(set(drift.samples)), drift.n) == (30, 20, 30)
    assert "100.00%" in drift.seen


def test_more_breaches_than_a_cycle_judges_again_are_all_judged_in_turn() -> None:
    house = House.of("SORDER")
    wrong = many(1200, ORDSTA=7)
    counts = [found(house.cycle("SORDER", wrong)).get((Check.MENU_VALUES, "ORDSTA"), 0) for _ in range(4)]
    assert counts == [0, 500, 1000, 1200]


def test_lines_that_are_missing_or_were_not_read_with_their_header_are_unknown() -> None:
    house = House.of("SORDER")
    right = order(1, ("A", 2, 3))
    bare = {name: value for name, value in right.items() if name != "SOHSOP"}
    checked = house.cycle("SORDER", orders(bare))
    assert checked.unknown == {Check.HEADER_TOTALS: 1}
    assert found(house.cycle("SORDER", orders(right))) == {}
    stale = house.cycle("SORDER", orders(right | {"ORDNOT": 100}), stale=True)
    assert stale.unknown == {Check.HEADER_TOTALS: 1}
    assert house.shelves["SORDER"].breaches == {}


def test_a_document_that_may_be_half_written_is_to_be_read_again_once() -> None:
    house = House.of("SORDER")
    half = orders(order(1, ("A", 1, 1), ORDNOT=5), order(2, ("A", 1, 1), ORDSTA=7))
    house.cycle("SORDER", half)
    assert house.doubtful == []
    house.cycle("SORDER", half)
    assert house.doubtful == [key_of("O1")]
    house.cycle("SORDER", half)
    assert house.doubtful == []


def test_an_unchanged_cycle_asks_one_question() -> None:
    house = House.of()
    records = {"BPCUSTOMER": customers("C1"), "ITMMASTER": products("A"), "SORDER": many(20)}
    for name, some in records.items():
        house.cycle(name, some)
    for name, some in records.items():
        checked = house.cycle(name, some)
        assert house.asked == {"breached": 1}
        assert checked.facts == Facts()
    checked = house.cycle("SORDER", many(20))
    assert checked.covered == ALWAYS | OF_SWEEPS
    assert house.cycle("SORDER", many(20), kind=Kind.PROBE).covered == ALWAYS
