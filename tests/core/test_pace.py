"""A pace is halved by an objection, and grows by the second."""

from math import inf

from hypothesis import given
from hypothesis import strategies as st

from driftd.core.pace import LEAST, ONCE, STEP, Pace, rate, slower

moments = st.floats(0, 1e6)
rates = st.floats(0.1, 1e4)


@given(moments)
def test_without_an_objection_there_is_no_limit(now: float) -> None:
    assert rate(Pace(), now) == inf


@given(rates, moments, st.floats(0, 1e5))
def test_it_grows_evenly(sent: float, now: float, later: float) -> None:
    pace = slower(Pace(), now, sent)
    assert abs(rate(pace, now + later) - (max(LEAST, sent / 2) + STEP * later)) <= 1e-6 * (1 + sent + later)


@given(st.lists(st.tuples(st.floats(ONCE + 1e-6, 100), rates), max_size=50))
def test_each_objection_halves_what_was_allowed_or_sent(objections: list[tuple[float, float]]) -> None:
    """Down to the least; several within a second are one."""
    pace, now = Pace(), 0.0
    for after, sent in objections:
        now += after
        allowed = min(rate(pace, now), sent)
        pace = slower(pace, now, sent)
        assert rate(pace, now) == max(LEAST, allowed / 2)
        assert slower(pace, now + ONCE / 2, sent) == pace
