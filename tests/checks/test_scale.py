"""A shift of scale is found at once and stays open until it is undone; ordinary revisions are none."""

import random
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from driftd.core.scale import Pair, Quote, Ratios, Shift, accepted, factor_of, opened, pairs, quoted, remembered

PATH = "SOHSOP[].NETPRI"
prices = st.integers(1, 10**7).map(lambda cents: Decimal(cents).scaleb(-2))
factors = st.sampled_from(["100", "0.01", "10", "0.001", "-1", "1000"])


def shifts(changes: list[tuple[Decimal, Decimal]], path: str = PATH) -> list[Shift]:
    ratios = Ratios()
    for number, (before, after) in enumerate(changes):
        ratios.take(b"[%d]" % number, [Pair(path, before, after)])
    return ratios.found(7)


@given(st.lists(prices, min_size=5, max_size=30, unique=True), factors)
def test_values_that_went_by_one_factor_are_one_shift(values: list[Decimal], factor: str) -> None:
    found = shifts([(each, each * Decimal(factor)) for each in values])
    assert [(each.fields, each.factor, each.n, each.m) for each in found] == [
        ((PATH,), factor, len(values), len(values))
    ]
    assert len(found[0].samples) == min(20, len(values))


@given(st.integers(0, 10**6))
def test_rounding_does_not_hide_it(seed: int) -> None:
    chance = random.Random(seed)
    values = [Decimal(chance.randrange(10_000, 10**7)).scaleb(-2) for _ in range(20)]
    (shift,) = shifts([(each, (each / 100).quantize(Decimal("0.01"))) for each in values])
    assert shift.factor == "0.01"


@given(st.integers(0, 10**9), st.sampled_from([1, 6, 60, 10**4, 10**7]), st.integers(5, 40), st.sampled_from([0, 2]))
@example(0, 6, 5, 0)
def test_random_revisions_are_none(seed: int, high: int, count: int, scale: int) -> None:
    """Prices, quantities, menus and counters that change each by itself, however few, are no shift."""
    chance = random.Random(seed)
    values = [Decimal(chance.randrange(high + 1)).scaleb(-scale) for _ in range(2 * count)]
    assert shifts(list(zip(values[::2], values[1::2], strict=True))) == []


@given(st.lists(prices, min_size=5, max_size=20, unique=True), st.decimals("0.8", "1.25", places=2))
def test_a_general_rise_of_prices_is_none(values: list[Decimal], rise: Decimal) -> None:
    assert shifts([(each, (each * rise).quantize(Decimal("0.01"))) for each in values]) == []


def test_few_values_values_from_nothing_and_one_menu_that_moves_are_none() -> None:
    hundred = [(Decimal(n), Decimal(100 * n)) for n in range(1, 5)]
    assert shifts(hundred) == []
    assert shifts([(Decimal(0), Decimal(n)) for n in range(1, 20)]) == []
    assert shifts([(Decimal(n), Decimal(0)) for n in range(1, 20)]) == []
    assert shifts([(Decimal(1), Decimal(10))] * 20) == []
    assert shifts([*hundred, (Decimal(5), Decimal(500)), (Decimal(6), Decimal(7))]) == []


@given(prices, st.sampled_from([("2.54", "1/2.54"), ("12", "1/12"), ("0.45359237", "1/0.45359237")]))
def test_units_are_known_in_both_directions(value: Decimal, factor: tuple[str, str]) -> None:
    value += 1000
    there = (value * Decimal(factor[0])).quantize(Decimal("0.0001"))
    assert factor_of(value, there) == factor[0]
    assert factor_of(there, value.quantize(Decimal("0.01"))) == factor[1]


def test_fields_that_went_together_are_one_shift_told_under_the_one_of_most_values() -> None:
    ratios = Ratios()
    for n in range(1, 11):
        for line in range(2):
            ratios.take(b"[%d]" % n, [Pair(PATH, Decimal(n + line), Decimal(100 * (n + line)))])
        ratios.take(
            b"[%d]" % n, [Pair("ORDNOT", Decimal(n), Decimal(100 * n)), Pair("QTY", Decimal(n), Decimal(n + 1))]
        )
    (shift,) = ratios.found(7)
    assert (shift.fields, shift.factor, shift.m) == ((PATH, "ORDNOT"), "100", 30)


@pytest.mark.parametrize("undone", [("A",), ("A", "B")])
def test_it_stays_open_until_the_inverse_one_or_acceptance(undone: tuple[str, ...]) -> None:
    there = Shift(("A", "B"), "100", 1, 10, 10)
    open_ = opened((), [there])
    assert opened(open_, []) == open_
    left = opened(open_, [Shift(undone, "0.01", 2, 10, 10)])
    assert [each.fields for each in left] == [tuple(name for name in ("A", "B") if name not in undone)][
        : 2 - len(undone)
    ]
    assert accepted(open_, "A") == ()
    assert accepted(open_, "B") == open_


def test_a_shift_that_goes_on_is_one_and_the_same() -> None:
    (one,) = opened(opened((), [Shift(("A",), "100", 1, 10, 10)]), [Shift(("A", "B"), "100", 2, 5, 5)])
    assert (one.fields, one.at, one.n, one.m) == (("A", "B"), 1, 15, 15)


def test_new_documents_show_it_by_five_products_nine_in_ten() -> None:
    def quotes(*names: str) -> tuple[Quote, ...]:
        return tuple(Quote(b"%d" % n, name) for n, name in enumerate(names))

    usual = [""] * 15
    assert quoted(quotes(*usual, *["100"] * 4), PATH, 7, []) is None
    assert quoted(quotes(*usual, "100", "100", "", "100", "100"), PATH, 7, []) is None
    found = quoted(quotes(*usual, *["100"] * 5), PATH, 7, [b"[1]"])
    assert found == Shift((PATH,), "100", 7, 5, 5, (b"[1]",), new=True)


def test_of_each_product_the_latest_price_counts_and_twenty_are_kept() -> None:
    kept = remembered([Quote(b"%d" % n, "") for n in range(20)], [Quote(b"0", "100"), Quote(b"20", "")])
    assert [each.of for each in kept] == [b"%d" % n for n in range(2, 20)] + [b"0", b"20"]
    assert kept[-2].factor == "100"


def test_changed_numbers_are_found_under_their_paths() -> None:
    before = {"A": 1, "L": [{"P": Decimal("1.5"), "T": "x"}, {"P": 2}], "a/b": {"~": 3}, "N": None}
    after = {"A": 2, "L": [{"P": 3, "T": "y"}], "a/b": {"~": 4}, "N": 5}
    found = pairs(before, after, ["/A", "/L/0/P", "/L/0/T", "/L/1", "/a~1b/~0", "/N", "/GONE"])
    assert list(found) == [
        Pair("A", Decimal(1), Decimal(2)),
        Pair("L[].P", Decimal("1.5"), Decimal(3)),
        Pair("a/b.~", Decimal(3), Decimal(4)),
    ]
