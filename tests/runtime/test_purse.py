"""A day's budget, and clocks that are set."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftd.core.budget import Budget, Usage
from driftd.errors import SourceError
from driftd.runtime.purse import Purse
from tests.faults.observing import Observe
from tests.runtime.world import FakeClock

HOUR = 3_600_000
LIMIT = 10


def spent(jumps: list[tuple[int, int]]) -> Counter[str]:
    """Return how many requests were let out on each day that the clock showed, each jump followed by so many tries."""
    clock, budget, found = FakeClock(), Budget(LIMIT, 10**9, "Europe/Paris"), Counter[str]()
    purse = Purse("a", budget, Usage(), clock)
    for hours, tries in jumps:
        clock.ms += hours * HOUR
        for _ in range(tries):
            try:
                purse.send()
            except SourceError:
                break
            found[budget.day(clock.now())] += 1
    return found


@given(st.lists(st.tuples(st.integers(-48, 48), st.integers(0, 15)), max_size=8))
def test_no_day_has_its_budget_twice(jumps: list[tuple[int, int]]) -> None:
    """However often the clock is set to and fro, no day that it shows sees more requests than its budget."""
    assert max(spent(jumps).values(), default=0) <= LIMIT


@pytest.mark.fault(7)
def test_a_clock_set_ahead_and_back_gives_no_budget_twice(observe: Observe) -> None:
    """Half of today's, half of tomorrow's, and back, and there again: each day keeps what it has left."""
    seen = spent([(0, 5), (24, 5), (-24, 15), (24, 15), (-24, 15)])
    observe(f"a budget of {LIMIT}, the clock set ahead a day and back, twice: {sorted(seen.values())} requests a day")
    assert sorted(seen.values()) == [5, 10]


@given(st.integers(0, 15), st.integers(1, 47))
def test_what_is_sent_under_a_clock_that_ran_ahead_counts_for_today(tries: int, hours: int) -> None:
    """It is put back, and what was sent meanwhile is used of the day that it is."""
    clock, budget = FakeClock(), Budget(LIMIT, 10**9)
    purse = Purse("a", budget, Usage(budget.day(clock.now()), 3, 0), clock)
    clock.ms += hours * HOUR
    sent = 0
    while sent < tries and budget.allows(purse.usage):
        purse.send()
        sent += 1
    clock.ms -= hours * HOUR
    assert purse.usage == Usage(budget.day(clock.now()), 3 + sent, 0)
