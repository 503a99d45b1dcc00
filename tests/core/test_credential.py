"""What is remembered of the signs that answers give."""

from functools import reduce

from hypothesis import given
from hypothesis import strategies as st

from driftd.core.credential import ADOPTED, SKEW, WINDOW, Certificate, Dated, Issued, Signs, noted

NOW = 1_800_000_000_000
PACE = 300_000
"""Milliseconds between two tokens."""


def lived(*lives: float, every: int = PACE) -> Signs:
    return reduce(noted, (Issued(NOW + n * every, life) for n, life in enumerate(lives)), Signs())


def skewed(*ahead: float) -> Signs:
    return reduce(noted, (Dated(NOW + n * PACE, each) for n, each in enumerate(ahead)), Signs())


def test_the_usual_life_is_the_longest_of_a_window() -> None:
    """Before a window is whole nothing is usual."""
    assert lived(*[3600] * (WINDOW - 1)).token.usual == 0
    assert lived(*[3600] * WINDOW).token.usual == 3600


@given(st.integers(1, 12), st.integers(0, 100))
def test_a_kept_token_that_is_handed_out_again_does_not_shrink(pace: int, offset: int) -> None:
    """What is left of a kept token's life falls and starts anew: its longest in two hours stays what it was."""
    falling = [3600.0 - 300 * ((n + offset) % pace) for n in range(4 * WINDOW)]
    token = lived(*falling).token
    assert (token.lower_since is None) == (token.longest == token.usual)
    assert token.longest == max(falling)


def test_a_life_that_stays_shorter_becomes_the_usual_one() -> None:
    """It is shorter for as long as it takes to be used to it, then nothing is shorter any more."""
    whole = [3600.0] * WINDOW
    short = lived(*whole, *[600.0] * WINDOW).token
    assert (short.usual, short.longest) == (3600, 600)
    assert short.lower_since == NOW + (2 * WINDOW - 1) * PACE
    windows = ADOPTED // (WINDOW * PACE) + 2
    later = lived(*whole, *[600.0] * (WINDOW * windows)).token
    assert (later.usual, later.lower_since) == (600, None)


@given(st.lists(st.floats(1, 1e6), max_size=3 * WINDOW))
def test_the_usual_life_never_falls_at_once(lives: list[float]) -> None:
    usual = [lived(*lives[:n]).token.usual for n in range(0, len(lives) + 1, WINDOW)]
    assert usual == sorted(usual)


def test_the_latest_certificate_of_each_host_is_kept() -> None:
    first, other, renewed = Certificate("a", NOW), Certificate("b", NOW), Certificate("a", NOW + PACE, "CA")
    assert reduce(noted, (first, other, renewed), Signs()).certificates == {"a": renewed, "b": other}


def test_a_skew_counts_answers_in_a_row_on_one_side() -> None:
    """One answer whose clock agrees, or is off the other way, begins anew."""
    skew = skewed(61, 62.4, 64, 70).skew
    assert skew is not None
    assert (skew.ahead, skew.row, skew.since, skew.at) == (70, 3, NOW, NOW + 3 * PACE)
    other = skewed(61, 62, -61).skew
    assert other is not None
    assert (other.ahead, other.row, other.since) == (-61, 1, NOW + 2 * PACE)


@given(st.lists(st.floats(-1e6, 1e6)), st.floats(-SKEW, SKEW))
def test_an_answer_whose_clock_agrees_ends_a_skew(before: list[float], last: float) -> None:
    assert skewed(*before, last) == skewed(0.0)
