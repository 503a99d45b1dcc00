"""After failures nobody goes the way to a host, but for one trial at a time."""

from hypothesis import given
from hypothesis import strategies as st

from driftd.core.breaker import Breaker, Limits, closed, failed, released
from driftd.core.health import Trouble
from driftd.errors import Reason

LIMITS = Limits()
TROUBLE = Trouble(Reason.CONNECT_TIMEOUT, "no connection in time", "", None, 0, 0, 1)
chances = st.floats(0, 1, exclude_max=True)


def after(times: int, chance: float = 0.5) -> tuple[Breaker, float]:
    """Return a breaker after so many failures, each trial at its time, and when the last one was."""
    breaker, now = Breaker(), 1000.0
    for _ in range(times):
        now = breaker.open_until or now
        breaker = failed(breaker, TROUBLE, LIMITS, now=now, chance=chance)
    return breaker, now


@given(st.integers(1, 8), chances)
def test_it_opens_after_so_many_failures(opens_after: int, chance: float) -> None:
    """Not before, and it remembers the latest failure throughout."""
    breaker = Breaker()
    for number in range(1, opens_after + 1):
        breaker = failed(breaker, TROUBLE, Limits(opens_after), now=5.0, chance=chance)
        assert (breaker.open_until is not None) == (number == opens_after)
        assert breaker.trouble == TROUBLE


@given(st.integers(3, 200), chances)
def test_each_failed_trial_doubles_the_span_up_to_the_longest(times: int, chance: float) -> None:
    """The chance takes off a quarter at most, so that many do not come back in step."""
    breaker, now = after(times, chance)
    assert breaker.open_until is not None
    full = min(LIMITS.longest, LIMITS.first * 2 ** (times - LIMITS.opens_after))
    assert 0.75 * full <= breaker.open_until - now <= full


def test_the_chance_decides_within_the_span() -> None:
    """Two draws give two times."""
    early, late = (after(3, chance)[0].open_until for chance in (0.0, 0.99))
    assert early is not None
    assert late is not None
    assert early < late


def test_one_trial_a_span() -> None:
    """In an hour of failing at every time that is due, a host is tried about as often as the longest span fits in."""
    breaker, now = after(3)
    trials, end = 0, now + 3600
    while breaker.open_until is not None and breaker.open_until < end:
        breaker = failed(breaker, TROUBLE, LIMITS, now=breaker.open_until, chance=0.5)
        trials += 1
    assert 3600 / LIMITS.longest <= trials <= 3600 / (0.75 * LIMITS.longest) + 4


@given(st.integers(0, 20))
def test_a_success_closes_it(times: int) -> None:
    """And the next failures count from the beginning."""
    breaker = closed(after(times)[0])
    assert breaker == Breaker()
    assert failed(breaker, TROUBLE, LIMITS, now=0.0, chance=0.5).open_until is None


@given(st.integers(0, 20), st.floats(0, 10**6))
def test_a_trial_without_a_word_makes_room_for_the_next_at_once(times: int, now: float) -> None:
    """What is closed stays closed, and no failure is added or forgotten."""
    breaker, _ = after(times)
    free = released(breaker, now=now)
    assert (free.failures, free.trouble) == (breaker.failures, breaker.trouble)
    assert free.open_until == (None if breaker.open_until is None else now)
