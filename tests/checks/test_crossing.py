"""References between classes, and sums of two of them, are judged when both are read."""

from collections.abc import Mapping

import pytest

from driftd.core.drift import Check
from driftd.core.model import Kind
from driftd.runtime.checks import Checked
from tests.checks.business import Record, Some, customers, deliveries, delivery, found, many, order, orders, products
from tests.checks.house import House, key_of


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
