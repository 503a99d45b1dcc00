"""New, or only rare."""

from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftd.core.schema.rarity import bound, ordinary, reportable, tail


@given(st.integers(0, 60), st.integers(0, 60), st.integers(1, 99))
def test_the_tail_is_exact(k: int, m: int, percent: int) -> None:
    """The tail is the sum of the binomial's terms."""
    p = Fraction(percent, 100)
    exact = sum((comb(m, i) * p**i * (1 - p) ** (m - i) for i in range(k, m + 1)), Fraction())
    assert tail(k, m, percent / 100) == pytest.approx(float(exact), rel=1e-9, abs=1e-12)


@given(st.integers(1, 10**6), st.integers(1, 10**6), st.integers(0, 10**6))
def test_nothing_is_both_new_and_ordinary(k: int, m: int, n: int) -> None:
    """What is reported is not learnt in silence, whatever the numbers; and no number takes long."""
    k = min(k, m)
    assert not (reportable(k, m, n) and ordinary(k, m, n))


@pytest.mark.parametrize(("n", "rate"), [(0, 1.0), (3, 1.0), (300, 0.01), (1000, 0.003)])
def test_the_rule_of_three(n: int, rate: float) -> None:
    """What was never seen in n records has a rate of at most 3/n."""
    assert bound(n) == pytest.approx(rate)


@pytest.mark.parametrize(
    ("k", "m", "n", "found"),
    [(2, 2, 10_000, False), (3, 3, 300, True), (3, 3, 29, False), (29, 29, 29, True), (3, 100, 300, False)],
)
def test_what_is_worth_a_report(k: int, m: int, n: int, found: bool) -> None:
    """At least three records, not explained by rarity, and not drowned in others."""
    assert reportable(k, m, n) is found
