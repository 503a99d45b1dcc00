"""After a failure the next try waits: longer each time, by chance, as asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftd.core.backoff import Pacing, Retries, Wait, backoff, earned, spent, wait
from driftd.core.reasons import MEANINGS, Reach, State
from driftd.errors import Reason

chances = st.floats(0, 1, exclude_max=True)


@given(st.integers(1, 10**6), st.floats(0.001, 300), st.floats(0.001, 10**6), chances)
def test_a_wait_lies_between_its_floor_and_the_cap(failures: int, base: float, cap: float, chance: float) -> None:
    """Never at once, never longer than the cap, never more than doubled by one failure more."""
    span = backoff(failures, base=base, cap=cap, chance=chance)
    assert 0 < min(base, cap) / 10 <= span <= cap
    assert span <= backoff(failures + 1, base=base, cap=cap, chance=chance) <= 2 * span + 1e-9


@given(failed=st.lists(st.integers(0, 40), max_size=200), well=st.lists(st.integers(1, 40), max_size=200))
def test_retries_are_a_tenth_of_what_went_well(failed: list[int], well: list[int]) -> None:
    """Whatever fails, and in whatever order: what is asked ahead of the calendar is a tenth, and ten requests."""
    left, asked = Retries(), 0
    for number in range(max(len(failed), len(well))):
        if number < len(well):
            left = earned(left, well[number])
        if number < len(failed) and (after := spent(left, failed[number])) is not None:
            left, asked = after, asked + max(1, failed[number])
    assert asked <= 0.1 * sum(well) + 10 + 1e-6
    assert left.saved >= -1e-9


@given(st.integers(1, 12))
def test_chance_spreads_the_whole_range(failures: int) -> None:
    """Least chance gives the floor, most nearly base · 2ⁿ⁻¹."""
    assert backoff(failures, base=30, cap=10**9, chance=0) == 3
    most = 30 * 2 ** (failures - 1)
    assert most * 0.99 < backoff(failures, base=30, cap=10**9, chance=0.999) < most


def waited(reason: Reason, times: int, chance: float = 0.5, asked: float | None = None) -> Wait:
    return wait(Pacing(), (reason, asked), times, probe=300, second_look=45, chance=chance)


def test_a_refused_secret_is_looked_at_again_then_waits_a_quarter_of_an_hour_doubling_to_an_hour() -> None:
    """Trying sooner could lock the account; chance and the probe's pace change nothing."""
    spans = [waited(Reason.OAUTH_INVALID_CLIENT, n, chance=0.9).seconds for n in (1, 2, 3, 4, 5, 10**6)]
    assert spans == [45, 900, 1800, 3600, 3600, 3600]


def test_a_refused_folder_is_asked_for_ever_more_seldom() -> None:
    """It may be made meanwhile, so it is not given up either."""
    assert [waited(Reason.WRONG_FOLDER, n).seconds for n in (1, 2, 3, 99)] == [45, 300, 600, 3600]


@given(st.sampled_from(list(Reason)), st.integers(1, 99), chances)
def test_no_other_failure_slows_a_resource_below_its_probe(reason: Reason, times: int, chance: float) -> None:
    """Only refused credentials and a refused folder wait longer."""
    if MEANINGS[reason].state not in {State.AUTH_FAILED, State.CONFIG_ERROR}:
        assert 0 < waited(reason, times, chance).seconds <= 300


@given(st.floats(-10, 10**9), st.integers(1, 99), chances)
def test_what_the_tenant_asks_for_is_honoured_up_to_an_hour(asked: float, times: int, chance: float) -> None:
    """Never sooner than asked, never much later than the greater of an hour and the own wait; all resources wait."""
    found = waited(Reason.RATE_LIMITED, times, chance, asked)
    assert min(asked, 3600) <= found.seconds <= max(300, min(asked, 3600) + 30)
    assert waited(Reason.SERVER_ERROR, times, chance, asked).reach is Reach.CONNECTION


@given(st.sampled_from(list(Reason)), st.integers(1, 99))
def test_whoever_the_failure_reaches_waits(reason: Reason, times: int) -> None:
    """A resource's own failure holds no other one back."""
    assert waited(reason, times).reach is MEANINGS[reason].reach


@pytest.mark.parametrize("reason", [each for each, its in MEANINGS.items() if its.state is State.AUTH_FAILED])
def test_what_is_asked_seldom_after_its_second_look_is_told_with_that(reason: Reason) -> None:
    """Refused credentials of a connection: whoever must act does not wait for a third refusal, minutes later."""
    meaning, pacing = MEANINGS[reason], Pacing()
    waits = [wait(pacing, (reason, None), times, probe=300.0, second_look=45.0, chance=0.5).seconds for times in (1, 2)]
    if meaning.reach is Reach.CONNECTION:
        assert (waits, meaning.grace) == ([45.0, 900.0], 2)
    else:
        assert max(waits) <= 300.0
