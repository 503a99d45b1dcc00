"""A way to a host, its breaker and its one trial; and the limits that all of a host share."""

import anyio
import pytest

from driftd.core.breaker import Limits
from driftd.core.health import Trouble
from driftd.errors import Reason, SourceError
from driftd.runtime.way import Way
from tests.runtime.world import FakeClock

TROUBLE = Trouble(Reason.CONNECTION_REFUSED, "refused", "wait", None, since=1, at=1, times=1)


def way(clock: FakeClock) -> Way:
    return Way(anyio.CapacityLimiter(4), clock, lambda: 1.0, Limits(opens_after=2, first=30.0, longest=60.0))


def test_an_open_breaker_lets_one_try_when_its_time_has_come() -> None:
    """Everybody else is refused with the host's own failure until the trial has ended."""
    clock, told = FakeClock(), list[Trouble | None]()
    here = way(clock)
    here.join(told.append)
    here.failed(TROUBLE)
    assert here.claim("a")
    here.failed(TROUBLE)
    assert told == [TROUBLE]
    assert not here.claim("a")
    clock.ms += 30_000
    assert here.claim("a")
    assert not here.claim("b")
    here.check("a")
    with pytest.raises(SourceError) as refused:
        here.check("b")
    assert refused.value.reason is Reason.CONNECTION_REFUSED
    here.passed()
    assert told == [TROUBLE, None]
    here.check("b")
    assert here.claim("b")
    assert here.reopens_at is None


def test_a_trial_that_ends_without_a_word_leaves_the_next_one_to_another() -> None:
    """Cancelled, or failed before it sent anything: nobody waits longer for it."""
    clock = FakeClock()
    here = way(clock)
    here.failed(TROUBLE)
    here.failed(TROUBLE)
    clock.ms += 30_000
    assert here.claim("a")
    here.abandoned("b")
    assert not here.claim("b")
    here.abandoned("a")
    assert here.claim("b")


def test_a_trial_that_fails_doubles_the_wait() -> None:
    """Up to the longest."""
    clock = FakeClock()
    here = way(clock)
    waits = []
    for _ in range(5):
        here.failed(TROUBLE)
        waits.append(here.opens_in)
    assert waits == [None, 30.0, 60.0, 60.0, 60.0]
