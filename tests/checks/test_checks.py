"""Exact checks over cycles: each is found, counts at its second evaluation, and is mended when the record is right."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pytest
from msgspec.structs import replace

from driftd.core.canonical import canonical
from driftd.core.drift import Check, Severity
from driftd.core.invariants.gathering import Gathering
from driftd.core.invariants.model import Breach
from driftd.core.model import Change, KeyBytes, Kind, Op, Row
from driftd.core.volume import OF_SWEEPS, Doubt
from driftd.errors import Reason
from driftd.ports import Facts
from driftd.runtime.checks import ALWAYS, Checked
from tests.checks.house import House, key_of, resource_of

Record = dict[str, Any]
Some = dict[KeyBytes, Record]


def found(checked: Checked) -> dict[tuple[str, str | None], int]:
    """Return how many records depart, by finding and field."""
    return {(each.finding, each.field): each.affected for each in checked.drifts}


def order(number: int, *lines: tuple[str, int, float], customer: str = "C1", **members: Any) -> Record:
    """A sales order; each line is of product, quantity and price in whole euros."""
    rows: list[Record] = [
        {"SOPLIN": 1000 * n, "ITMREF": item, "QTY": qty, "SAU": "UN", "NETPRI": price, "LINAMT": price * qty}
        for n, (item, qty, price) in enumerate(lines, 1)
    ]
    head: Record = {"SOHNUM": f"O{number}", "BPCORD": customer, "SALFCY": "F1", "CUR": "EUR", "ORDDAT": "2025-11-01"}
    head |= {
        "ORDSTA": 1,
        "ALLSTA": 1,
        "ORDNOT": sum(r["LINAMT"] for r in rows),
        "TOTLINQTY": sum(r["QTY"] for r in rows),
    }
    return head | {"SOHSOP": rows} | members


def orders(*some: Record) -> Some:
    return {key_of(each["SOHNUM"]): each for each in some}


def many(count: int, **members: Any) -> Some:
    return orders(*(order(n, ("A", n, 2), **members) for n in range(1, count + 1)))


def delivery(number: int, of: int, quantity: int, line: int = 1000) -> Record:
    row = {"SDDLIN": 1000, "SOHNUM": f"O{of}", "SOPLIN": line, "ITMREF": "A", "QTY": quantity, "LINAMT": 2 * quantity}
    head = {"SDHNUM": f"D{number}", "SOHNUM": f"O{of}", "BPCORD": "C1", "CUR": "EUR", "INVFLG": False}
    return head | {"DLVNOT": 2 * quantity, "TOTLINQTY": quantity, "SDELIVERYD": [row]}


def deliveries(*some: Record) -> Some:
    return {key_of(each["SDHNUM"]): each for each in some}


def customers(*names: str) -> Some:
    return {key_of(name): {"BPCNUM": name} for name in names}


def products(*names: str) -> Some:
    return {key_of(name): {"ITMREF": name} for name in names}


def settle(house: House, classes: Mapping[str, Some], name: str, times: int = 2) -> Checked:
    """Sweep all classes in turn, `name` last; return what the last cycle of it found."""
    checked = None
    for _ in range(times):
        for other, records in classes.items():
            if other != name:
                house.cycle(other, records)
        checked = house.cycle(name, classes[name])
    assert checked
    return checked


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


# --- references


def classes(*some: Record) -> dict[str, Some]:
    return {"BPCUSTOMER": customers("C1", "C2"), "ITMMASTER": products("A", "B", "D"), "SORDER": orders(*some)}


def test_a_product_that_open_orders_use_and_that_is_deleted_is_found_at_the_orders_next_cycle() -> None:
    """The breach belongs to the order; a closed order does not matter; it ends when the product comes back."""
    house = House.of("BPCUSTOMER", "ITMMASTER", "SORDER")
    town = classes(order(1, ("A", 1, 1)), order(2, ("A", 1, 1), ("B", 2, 2)), order(3, ("B", 1, 1), ORDSTA=2))
    settle(house, town, "SORDER")
    house.cycle("ITMMASTER", products("A", "D"))
    checked = house.cycle("SORDER", town["SORDER"], kind=Kind.PROBE)
    assert found(checked) == {(Check.ORPHANS, "SOHSOP[].ITMREF"): 1}
    assert checked.drifts[0].samples == ('["O2"]',)
    house.cycle("ITMMASTER", products("A", "B", "D"))
    assert found(house.cycle("SORDER", town["SORDER"])) == {}


def test_an_order_of_a_customer_that_never_was_counts_once_customers_were_read_again() -> None:
    house = House.of("BPCUSTOMER", "ITMMASTER", "SORDER")
    town = classes(order(1, ("A", 1, 1)), order(2, ("A", 1, 1), customer="C9"))
    settle(house, town, "SORDER", 1)
    assert found(house.cycle("SORDER", town["SORDER"])) == {}
    house.cycle("BPCUSTOMER", town["BPCUSTOMER"], kind=Kind.PROBE)
    assert found(house.cycle("SORDER", town["SORDER"])) == {}
    house.cycle("BPCUSTOMER", town["BPCUSTOMER"])
    assert found(house.cycle("SORDER", town["SORDER"])) == {(Check.ORPHANS, "BPCORD"): 1}
    house.cycle("BPCUSTOMER", customers("C1", "C9"))
    assert found(house.cycle("SORDER", town["SORDER"])) == {}


def test_orphans_beyond_those_that_one_cycle_judges_again_are_mended_in_turn() -> None:
    house = House.of("ITMMASTER", "SORDER")
    some = orders(*(order(n, ("A" if n <= 600 else "B", 1, 1)) for n in range(1, 611)))
    settle(house, {"ITMMASTER": products("A", "B", *"CDEFG"), "SORDER": some}, "SORDER", 1)
    house.cycle("ITMMASTER", products(*"CDEFG"))
    counts = [found(house.cycle("SORDER", some))[Check.ORPHANS, "SOHSOP[].ITMREF"] for _ in range(2)]
    assert counts == [500, 610]
    house.cycle("ITMMASTER", products("B", *"CDEFG"))
    counts = [found(house.cycle("SORDER", some))[Check.ORPHANS, "SOHSOP[].ITMREF"] for _ in range(2)]
    assert counts[-1] == 600


def test_a_new_customer_with_a_new_order_is_no_orphan() -> None:
    house = House.of("BPCUSTOMER", "ITMMASTER", "SORDER")
    town = classes(order(1, ("A", 1, 1)))
    settle(house, town, "SORDER")
    more = town["SORDER"] | orders(order(2, ("A", 1, 1), customer="C3"))
    house.cycle("SORDER", more)
    house.cycle("BPCUSTOMER", customers("C1", "C2", "C3"))
    assert found(house.cycle("SORDER", more)) == {}
    assert house.shelves["SORDER"].breaches == {}


def test_an_order_that_is_closed_or_points_elsewhere_is_no_orphan_any_more() -> None:
    house = House.of("BPCUSTOMER", "ITMMASTER", "SORDER")
    town = classes(order(1, ("B", 1, 1)), order(2, ("B", 1, 1)))
    settle(house, town, "SORDER")
    house.cycle("ITMMASTER", products("A", "D"))
    assert found(house.cycle("SORDER", town["SORDER"])) == {(Check.ORPHANS, "SOHSOP[].ITMREF"): 2}
    moved = orders(order(1, ("A", 1, 1)), order(2, ("B", 1, 1), ORDSTA=2))
    assert found(house.cycle("SORDER", moved)) == {}
    assert {link.value for link in house.shelves["SORDER"].links if link.target == "ITMMASTER"} == {b'["A"]'}


@pytest.mark.parametrize("polled", [("SORDER",), ("SORDER", "BPCUSTOMER", "ITMMASTER")])
def test_what_is_not_polled_or_was_never_read_is_not_judged(polled: tuple[str, ...]) -> None:
    house = House.of(*polled)
    for _ in range(4):
        assert found(house.cycle("SORDER", many(5, customer="nobody"))) == {}
    assert house.shelves["SORDER"].breaches == {}


def test_orders_that_were_read_before_their_customers_are_judged_later_a_part_at_a_time() -> None:
    house = House.of("BPCUSTOMER", "ITMMASTER", "SORDER")
    some = many(450) | orders(*(order(n, ("A", 1, 1), customer="C9") for n in (7, 400)))
    house.cycle("SORDER", some)
    house.cycle("ITMMASTER", products("A"))
    house.cycle("SORDER", some)
    house.cycle("BPCUSTOMER", customers("C1"))
    asked = []
    for _ in range(6):
        house.cycle("SORDER", some)
        asked.append(house.asked["read_records"])
    assert asked == [1, 1, 1, 0, 0, 0]
    assert len(house.shelves["SORDER"].breaches) == 2
    house.cycle("BPCUSTOMER", customers("C1"))
    assert found(house.cycle("SORDER", some)) == {(Check.ORPHANS, "BPCORD"): 2}


def test_balances_that_were_read_before_their_entries_had_lines_are_judged_when_these_are_there() -> None:
    house = House.of("GACCENTRY", "BALANCE")
    bare = entries(100, 50)
    del bare[key_of("OD", "1")]["GACCENTRYD"]
    held = balances(150, 149)
    settle(house, {"GACCENTRY": bare, "BALANCE": held}, "BALANCE", 2)
    assert house.shelves["BALANCE"].breaches == {}
    last = settle(house, {"GACCENTRY": entries(100, 50), "BALANCE": held}, "BALANCE", 4)
    assert found(last) == {(Check.BALANCES, "DEBLED[]"): 1}


# --- sums of two classes


def test_more_delivered_than_ordered_is_found_once_both_were_read_again_and_mended() -> None:
    house = House.of("SORDER", "SDELIVERY")
    over = {
        "SDELIVERY": deliveries(delivery(1, 2, 3), delivery(2, 2, 4)),
        "SORDER": many(3) | orders(order(2, ("A", 6, 2))),
    }
    house.cycle("SDELIVERY", over["SDELIVERY"])
    house.cycle("SORDER", over["SORDER"])
    reports = [found(settle(house, over, "SORDER", 1)) for _ in range(3)]
    assert reports[-1] == {(Check.DELIVERED_OVER_ORDERED, "SOHSOP[].QTY"): 1}
    assert reports[0] == {}
    house.cycle("SDELIVERY", deliveries(delivery(1, 2, 3), delivery(2, 2, 3)))
    assert found(house.cycle("SORDER", over["SORDER"])) == {}


def test_a_delivery_that_takes_the_rest_of_a_raised_order_is_no_breach() -> None:
    """Deliveries are read first: until the order is read as well, its sum is too small."""
    house = House.of("SORDER", "SDELIVERY")
    settle(house, {"SDELIVERY": deliveries(delivery(1, 2, 2)), "SORDER": many(3)}, "SORDER")
    house.cycle("SDELIVERY", deliveries(delivery(1, 2, 2), delivery(2, 2, 4)))
    assert len(house.shelves["SORDER"].breaches) == 1
    assert found(house.cycle("SORDER", many(3), kind=Kind.PROBE)) == {}
    assert found(house.cycle("SORDER", many(3) | orders(order(2, ("A", 6, 2))))) == {}
    assert house.shelves["SORDER"].breaches == {}


def posting(account: str, sign: int, cents: int) -> Record:
    return {
        "LIN": 1, "LEDTYP": 1, "FCYLIN": "F1", "PER": 2, "ACC": account, "BPR": "", "SNS": sign, "CUR": "EUR",
        "AMTCUR": cents / 100, "AMTLED": cents / 100, "CURLED": "EUR", "FIY": 1, "CPY": "C",
    }  # fmt: skip


def entries(*amounts: int) -> Some:
    return {
        key_of("OD", str(n)): {"TYP": "OD", "NUM": str(n), "CAT": 1, "CPY": "C", "FIY": 1}
        | {"GACCENTRYD": [posting("411", 1, each), posting("707", -1, each)]}
        for n, each in enumerate(amounts)
    }


def balance(account: str, debit: int, credit: int) -> Record:
    head = {"LEDTYP": 1, "CPY": "C", "FCY": "F1", "FIY": 1, "ACC": account, "BPR": "", "CUR": "EUR"}
    debits, credits_ = [7, 0, debit / 100], [0, 0, credit / 100]
    return head | {"DEB": debits, "DEBLED": debits, "CDT": credits_, "CDTLED": credits_}


def balances(debit: int, credit: int) -> Some:
    some = (balance("411", debit, 0), balance("707", 0, credit))
    return {key_of(1, "C", "F1", 1, each["ACC"], "", "EUR"): each for each in some}


@pytest.mark.parametrize(
    ("entered", "held", "wrong"),
    [((100, 50), (150, 150), 0), ((100, 50), (150, 151), 1), ((100,), (150, 150), 2), ((), (0, 1), 1)],
)
def test_balances_are_compared_with_their_entries(entered: tuple[int, ...], held: tuple[int, int], wrong: int) -> None:
    house = House.of("GACCENTRY", "BALANCE")
    town = {"GACCENTRY": entries(*entered), "BALANCE": balances(*held)}
    last = settle(house, town, "BALANCE", 4)
    assert found(last) == ({(Check.BALANCES, "DEBLED[]"): wrong} if wrong else {})


def test_a_balance_that_is_wrong_is_mended_by_a_further_entry() -> None:
    house = House.of("GACCENTRY", "BALANCE")
    assert found(settle(house, {"GACCENTRY": entries(100), "BALANCE": balances(150, 150)}, "BALANCE", 4))
    assert found(settle(house, {"GACCENTRY": entries(100, 50), "BALANCE": balances(150, 150)}, "BALANCE", 1)) == {}
    assert house.shelves["BALANCE"].breaches == {}


def test_balances_are_not_judged_while_an_entry_is_without_its_lines() -> None:
    house = House.of("GACCENTRY", "BALANCE")
    some = entries(100, 50)
    some[key_of("OD", "1")].pop("GACCENTRYD")
    for _ in range(4):
        assert found(settle(house, {"GACCENTRY": some, "BALANCE": balances(150, 150)}, "BALANCE", 1)) == {}
    assert house.shelves["BALANCE"].breaches == {}


def test_balances_are_left_as_they_were_judged_while_entries_cannot_be_read() -> None:
    """Lines that a patch has renamed take their amounts out of the sums: no balance is wrong, or right, for that."""
    house = House.of("GACCENTRY", "BALANCE")
    wrong = {"GACCENTRY": entries(100, 50), "BALANCE": balances(150, 149)}
    assert found(settle(house, wrong, "BALANCE", 4)) == {(Check.BALANCES, "DEBLED[]"): 1}
    renamed = entries(100, 50)
    for entry in renamed.values():
        for line in entry["GACCENTRYD"]:
            line["AMTLED1"] = line.pop("AMTLED")
    patched = wrong | {"GACCENTRY": renamed}
    assert found(settle(house, patched, "BALANCE", 4)) == {(Check.BALANCES, "DEBLED[]"): 1}
    assert not [key for key in house.shelves["GACCENTRY"].sums if key.name == "posted"]
    empty = patched | {"BALANCE": balances(0, 0)}
    assert found(settle(house, empty, "BALANCE", 4)) == {(Check.BALANCES, "DEBLED[]"): 1}
    assert found(settle(house, wrong | {"BALANCE": balances(150, 150)}, "BALANCE", 4)) == {}


def test_the_first_cycle_of_either_class_may_be_the_one_that_finds_it() -> None:
    for first in ("GACCENTRY", "BALANCE"):
        house = House.of("GACCENTRY", "BALANCE")
        town = {"GACCENTRY": entries(100), "BALANCE": balances(150, 100)}
        house.cycle(first, town[first])
        other = "BALANCE" if first == "GACCENTRY" else "GACCENTRY"
        house.cycle(other, town[other])
        assert [each.check for each in house.shelves["BALANCE"].breaches.values()] == [Check.BALANCES]


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


def test_most_records_changed_are_one_finding_where_that_is_not_usual() -> None:
    house = House.of("SORDER")
    for _ in range(6):
        assert found(house.cycle("SORDER", many(60))) == {}
    assert found(house.cycle("SORDER", many(60, ORDDAT="2025-11-02"))) == {(Check.MASS_UPDATE, None): 60}
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
