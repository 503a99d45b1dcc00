"""Lateness is measured from the due time, and none that was missed is passed over."""

from driftd.core.cadence import offset
from driftd.core.model import Resource
from tests.house.lateness import lateness

RESOURCE = Resource("c", "ONE", "ONE", ("KEY",), probe=10.0)
FIRST = 10_000_000 + (offset(RESOURCE) - 10_000_000) % 10_000
SPAN = (10_000_000, 10_060_000)


def test_each_due_time_is_met_by_the_first_request_after_it() -> None:
    """Further requests before the next due time count for nothing."""
    times = [FIRST + 10_000 * n + more for n in range(6) for more in (100 * n, 5_000)]
    assert lateness(RESOURCE, times, SPAN) == ([0.0, 0.1, 0.2, 0.3, 0.4], 0)


def test_a_due_time_without_a_request_is_missed() -> None:
    """A poll that comes after the next due time meets that one only."""
    times = [FIRST, FIRST + 20_500, FIRST + 30_000, FIRST + 40_000]
    assert lateness(RESOURCE, times, SPAN) == ([0.0, 0.5, 0.0, 0.0], 1)
    assert lateness(RESOURCE, [], SPAN) == ([], 5)
