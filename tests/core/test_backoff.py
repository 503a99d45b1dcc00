"""After a failure the next try waits: longer each time, by chance, as asked."""

from hypothesis import given
from hypothesis import strategies as st

from driftd.core.backoff import auth_backoff, backoff, pause
from driftd.core.model import Resource
from driftd.errors import Reason

R = Resource("c", "SORDER", "SORDER", ("SOHNUM",))
chances = st.floats(0, 1, exclude_max=True)


@given(st.integers(1, 10**6), st.floats(0.001, 300), st.floats(0.001, 10**6), chances)
def test_a_wait_lies_between_its_floor_and_the_cap(failures: int, base: float, cap: float, chance: float) -> None:
    """Never at once, never longer than the cap, never more than doubled by one failure more."""
    wait = backoff(failures, base=base, cap=cap, chance=chance)
    assert 0 < min(base, cap) / 10 <= wait <= cap
    assert wait <= backoff(failures + 1, base=base, cap=cap, chance=chance) <= 2 * wait + 1e-9


@given(st.integers(1, 12))
def test_chance_spreads_the_whole_range(failures: int) -> None:
    """Least chance gives the floor, most nearly base · 2ⁿ⁻¹."""
    assert backoff(failures, base=30, cap=10**9, chance=0) == 3
    most = 30 * 2 ** (failures - 1)
    assert most * 0.99 < backoff(failures, base=30, cap=10**9, chance=0.999) < most


def test_a_refused_secret_waits_a_quarter_of_an_hour_doubling_to_an_hour() -> None:
    """Trying sooner could lock the account; chance and the probe's pace change nothing."""
    assert [auth_backoff(n) for n in (1, 2, 3, 4, 10**6)] == [900, 1800, 3600, 3600, 3600]
    assert pause(R, Reason.OAUTH_INVALID_CLIENT, 2, chance=0.9) == 1800


@given(
    st.sampled_from([each for each in Reason if each is not Reason.OAUTH_INVALID_CLIENT]), st.integers(1, 99), chances
)
def test_no_other_failure_slows_a_resource_below_its_probe(reason: Reason, failures: int, chance: float) -> None:
    assert 0 < pause(R, reason, failures, chance=chance) <= R.probe


@given(st.floats(-10, 10**9), st.integers(1, 99), chances)
def test_what_the_tenant_asks_for_is_honoured_up_to_an_hour(asked: float, failures: int, chance: float) -> None:
    """Never sooner than asked, never much later than the greater of an hour and the own wait."""
    wait = pause(R, Reason.RATE_LIMITED, failures, chance=chance, retry_after=asked)
    assert min(asked, 3600) <= wait <= max(300, min(asked, 3600) + 30)
