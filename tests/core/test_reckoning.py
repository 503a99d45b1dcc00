"""However wrong our clock is, nothing goes before its time."""

from hypothesis import given
from hypothesis import strategies as st

from driftd.core.reckoning import CLOSE, WAIT, Clocks, bounds, reckoned
from driftd.core.retention import DAY, Commit, Retention, removable, strippable

KEPT = Retention()
NOW = 20_000 * DAY
"""The true time."""
wrong = st.integers(-10_000 * DAY, 10_000 * DAY)
ours = wrong.map(lambda error: NOW + error)
some = st.integers(0, 4)
commits = st.builds(Commit, st.integers(1, 100), st.integers(1, 20), st.integers(NOW - 500 * DAY, NOW))


@st.composite
def mostly_right(draw: st.DrawFn) -> list[int]:
    """Give the clocks of servers, more of them right than wrong."""
    false = draw(st.lists(ours, max_size=4))
    return draw(st.permutations([*false, *[NOW] * (len(false) + 1)]))


@given(ours, mostly_right(), commits)
def test_a_wrong_clock_takes_nothing_that_a_right_one_keeps(shown: int, others: list[int], commit: Commit) -> None:
    """Ahead or behind, by however much, as long as most servers are right; and a right clock is believed."""
    now = reckoned(Clocks(shown, others, NOW, 2 * WAIT))
    assert now is not None
    assert now == min(shown, NOW)
    for judge in (strippable(commit, KEPT, now, None), removable(commit, KEPT, now, None, 0)):
        assert judge in {0, commit.size}
    assert strippable(commit, KEPT, now, None) <= strippable(commit, KEPT, NOW, None)
    assert removable(commit, KEPT, now, None, 0) <= removable(commit, KEPT, NOW, None, 0)


@given(ours, st.integers(0, 100 * DAY), st.floats(0, 1e7))
def test_where_no_server_answers_time_goes_on_from_what_was_stamped(shown: int, down: int, ran: float) -> None:
    """It never overtakes the true one; and for a while nothing is believed: the clock of then may have been ahead."""
    began = NOW - round(ran * 1000)
    now = reckoned(Clocks(shown, (), began - down, ran))
    assert (now is None) is (ran < WAIT)
    assert now is None or now == min(shown, NOW - down)


@given(ours, mostly_right(), st.integers(0, 400 * DAY), st.data())
def test_what_happened_lately_is_within_the_bounds(
    shown: int, others: list[int], since: int, data: st.DataObject
) -> None:
    """They are known only where the clocks agree, and their end is not before the true time: what gets it as its stamp
    is not made older than it is."""
    found = bounds(Clocks(shown, others), since / 1000)
    if found is None:
        assert abs(shown - NOW) > CLOSE
        return
    first, last = found
    assert first <= data.draw(st.integers(NOW - since, NOW)) <= last
    assert last <= NOW + CLOSE
    assert first >= NOW - since - 2 * CLOSE


def test_without_servers_no_stamp_is_doubted() -> None:
    """Our clock alone says nothing of itself."""
    assert bounds(Clocks(NOW, (), NOW, 2 * WAIT), 60.0) is None
