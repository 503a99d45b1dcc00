"""Exact checks of one record: what is wrong is found, what cannot be told is no finding, and order never matters."""

import random
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import json

from driftd.adapters.x3.rules import RULES
from driftd.core.canonical import canonical
from driftd.core.drift import Check
from driftd.core.invariants.reading import decoded
from driftd.core.invariants.records import JUDGES, judged
from driftd.core.invariants.told import OF_RECORDS, explained
from driftd.core.rules import Rules, used

NOW = 1_764_547_200_000
JOURNAL = "GACCENTRYD[].AMTLED"
cents = st.integers(0, 10**15)


def wrong(name: str, record: dict[str, Any], check: Check | None = None) -> set[str]:
    """Return the paths at which a record of a class breaks a check, or any."""
    verdicts = judged(decoded(canonical(record)), RULES[name], NOW)
    return {path for (one, path), broken in verdicts.items() if broken and check in (None, one)}


def told(name: str, record: dict[str, Any], check: Check) -> dict[str, bool]:
    """Return the verdicts of one check."""
    return {path: broken for (one, path), broken in judged(record, RULES[name], NOW).items() if one is check}


def entry(amounts: list[int], scale: int = 2, **members: Any) -> dict[str, Any]:
    """A journal entry: one line a ledger against all others."""
    lines = []
    for ledger in (1, 2):
        for number, cents in enumerate([sum(amounts), *amounts]):
            amount = Decimal(cents).scaleb(-scale)
            sign = 1 if number == 0 else -1
            lines.append({"LIN": number, "LEDTYP": ledger, "SNS": sign, "AMTLED": amount, "CURLED": "EUR"})
    return {"TYP": "OD", "NUM": "1", "CAT": 1, "GACCENTRYD": lines} | members


@given(st.lists(cents, min_size=1, max_size=8), st.integers(0, 6), st.randoms(use_true_random=False))
def test_a_balanced_entry_is_right_in_any_order_of_lines_and_any_scale(
    amounts: list[int], scale: int, chance: random.Random
) -> None:
    record = entry(amounts, scale)
    chance.shuffle(record["GACCENTRYD"])
    assert wrong("GACCENTRY", record, Check.JOURNAL_BALANCE) == set()


@given(st.lists(cents, min_size=1, max_size=8), st.integers(0, 16), st.integers(1, 10**6), st.booleans())
def test_an_entry_that_is_off_by_anything_in_one_ledger_is_found(
    amounts: list[int], place: int, by: int, minus: bool
) -> None:
    record = entry(amounts)
    line = record["GACCENTRYD"][place % len(record["GACCENTRYD"])]
    line["AMTLED"] += Decimal(-by if minus else by).scaleb(-2)
    assert JOURNAL in wrong("GACCENTRY", record)


def test_an_entry_whose_two_ledgers_only_together_balance_is_found() -> None:
    record = entry([100])
    record["GACCENTRYD"][0]["AMTLED"] += 1
    record["GACCENTRYD"][2]["AMTLED"] -= 1
    assert JOURNAL in wrong("GACCENTRY", record)


def test_an_entry_is_not_judged_without_its_lines_nor_by_lines_that_cannot_be_read() -> None:
    for lines in (None, "x", [1], [{"LEDTYP": 1}], [{"LEDTYP": 1, "SNS": 1, "AMTLED": "12.50"}]):
        assert told("GACCENTRY", entry([1]) | {"GACCENTRYD": lines}, Check.JOURNAL_BALANCE) == {}
    odd = entry([1])
    odd["GACCENTRYD"][0]["SNS"] = 2
    assert told("GACCENTRY", odd, Check.JOURNAL_BALANCE) == {}


def test_a_template_need_not_balance() -> None:
    off = entry([100])
    off["GACCENTRYD"][0]["AMTLED"] += 1
    assert JOURNAL in wrong("GACCENTRY", off)
    assert JOURNAL not in wrong("GACCENTRY", off | {"CAT": 5})


def order(lines: list[tuple[int, int]], **members: Any) -> dict[str, Any]:
    """A sales order of (quantity, cents) lines."""
    rows = [{"SOPLIN": n, "QTY": qty, "LINAMT": Decimal(amount).scaleb(-2)} for n, (qty, amount) in enumerate(lines)]
    total = Decimal(sum(amount for _, amount in lines)).scaleb(-2)
    return {"CUR": "EUR", "ORDNOT": total, "TOTLINQTY": sum(qty for qty, _ in lines), "SOHSOP": rows} | members


pairs = st.lists(st.tuples(st.integers(0, 1000), cents), min_size=1, max_size=8)


@given(pairs, st.randoms(use_true_random=False))
def test_totals_are_right_in_any_order_of_lines(lines: list[tuple[int, int]], chance: random.Random) -> None:
    record = order(lines)
    chance.shuffle(record["SOHSOP"])
    assert wrong("SORDER", record) == set()


@given(pairs, st.integers(1, 10**6))
def test_a_total_that_rounding_does_not_explain_is_found(lines: list[tuple[int, int]], by: int) -> None:
    record = order(lines)
    allowed = Decimal("0.005") * len(lines)
    for off, found in ((allowed, set()), (allowed + Decimal(by).scaleb(-3), {"ORDNOT"})):
        for total in (record["ORDNOT"] + off, record["ORDNOT"] - off):
            assert wrong("SORDER", record | {"ORDNOT": total}, Check.HEADER_TOTALS) == found
    assert "TOTLINQTY" in wrong("SORDER", record | {"TOTLINQTY": record["TOTLINQTY"] + 1})


def test_a_total_is_not_judged_where_a_part_is_missing() -> None:
    record = order([(1, 100)])
    others: list[dict[str, Any]] = [{"SOHSOP": None}, {"SOHSOP": []}, {"SOHSOP": [{"QTY": 1}]}]
    for other in (*others, {"ORDNOT": "1.00"}, {"CUR": None}):
        assert "ORDNOT" not in told("SORDER", record | other, Check.HEADER_TOTALS)


def test_stock_is_not_negative_nor_over_allocated() -> None:
    stock = {"ITMREF": "A", "STOFCY": "", "PHYSTO": 5, "CTLSTO": 0, "REJSTO": 0, "PHYALL": 5}
    assert wrong("ITMMVT", stock) == set()
    assert wrong("ITMMVT", stock | {"PHYALL": 6}) == {"PHYALL"}
    assert wrong("ITMMVT", stock | {"PHYSTO": -1, "PHYALL": 0}) == {"PHYSTO"}
    assert wrong("ITMMVT", stock | {"REJSTO": Decimal("-0.001")}) == {"REJSTO"}
    assert told("ITMMVT", {"PHYSTO": "many", "PHYALL": 3}, Check.STOCK_SIGNS) == {}


def test_a_menu_has_only_its_values_and_zero_is_empty() -> None:
    assert wrong("SORDER", {"ORDSTA": 0, "ALLSTA": 3}) == set()
    assert wrong("SORDER", {"ORDSTA": 3, "ALLSTA": 3}) == {"ORDSTA"}
    assert wrong("PINVOICE", {"PINVOICED": [{"TWMSTA": 1}, {"TWMSTA": 6}]}) == {"PINVOICED[].TWMSTA"}
    assert told("SORDER", {"ORDSTA": "3", "ALLSTA": True}, Check.MENU_VALUES) == {}


def test_an_amount_is_as_fine_as_its_currency() -> None:
    fine = {"CUR": "EUR", "ORDNOT": Decimal("12.50"), "ORDATI": 15}
    assert wrong("SORDER", fine) == set()
    assert wrong("SORDER", fine | {"ORDNOT": Decimal("12.505")}) == {"ORDNOT"}
    assert wrong("SORDER", fine | {"CUR": "JPY", "ORDNOT": 12, "ORDATI": Decimal("1.5")}) == {"ORDATI"}
    assert wrong("SORDER", fine | {"CUR": "KWD", "ORDNOT": Decimal("12.505")}) == set()
    assert wrong("SORDER", fine | {"CUR": "?", "ORDNOT": Decimal("12.505")}) == set()


def test_a_date_is_of_these_years_and_an_empty_one_is_none() -> None:
    for good in ("1900-01-01", "2035-12-31", "0000-00-00", "1599-12-31", "", None, "31/12/2026", 20261231):
        assert wrong("SORDER", {"ORDDAT": good}) == set(), good
    for bad in ("1899-12-31", "2036-01-01", "0026-11-01", "9999-12-31"):
        assert wrong("SORDER", {"ORDDAT": bad}) == {"ORDDAT"}, bad
    assert wrong("SORDER", {"SOHSOP": [{"SHIDAT": "2025-01-01"}, {"SHIDAT": "0205-01-01"}]}) == {"SOHSOP[].SHIDAT"}


names = st.sampled_from(["LEDTYP", "SNS", "AMTLED", "QTY", "LINAMT", "CUR"])
scalars = st.none() | st.integers() | st.text(max_size=4) | st.floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=40)
@given(
    st.recursive(
        scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=6), max_leaves=8
    )
)
def test_no_record_of_any_shape_is_a_fault(value: Any) -> None:
    """Whatever stands where the rules expect something else, judging never fails."""
    for rules in RULES.values():
        members = {"GACCENTRYD", "SOHSOP", "ORDNOT", "CUR", "ORDDAT", "PHYSTO", "PHYALL", "CAT", "DEB", "DEBLED"}
        judged(decoded(json.encode(dict.fromkeys(members, value))), rules, NOW)


def test_every_check_of_records_is_explained_in_several_sentences() -> None:
    assert set(JUDGES) < OF_RECORDS
    for check in OF_RECORDS:
        assert len(explained(check)) > 150, check
    assert explained(Check.CLOCK_SKEW) == ""


def test_what_checks_read_of_a_class_can_be_told() -> None:
    paths = used(RULES["GACCENTRY"])
    assert {"CAT", "GACCENTRYD[].AMTLED", "GACCENTRYD[].SNS", "CPY", "ACCDAT"} <= paths
    assert {"PHYSTO", "PHYALL"} <= used(RULES["ITMMVT"])
    assert {"ORDNOT", "SOHSOP[].LINAMT", "SOHSOP[].NETPRI"} <= used(RULES["SORDER"])
    assert "GACCENTRYD[].DES" not in paths
    assert used(Rules()) == frozenset()
