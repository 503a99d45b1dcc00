"""What may be asked of a tenant in a day, and when the next begins."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftd.core.budget import Budget, Usage

ZONES = ["UTC", "Europe/Paris", "America/New_York", "Africa/Cairo", "America/Havana", "Pacific/Apia", "Asia/Beirut"]
HOUR = 3_600_000
zones = st.sampled_from(ZONES)
moments = st.integers(1_420_000_000_000, 2_050_000_000_000)


def ms(text: str, zone: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


@given(moments, zones)
def test_a_day_ends_where_the_next_begins(now: int, zone: str) -> None:
    """Whatever the clocks of the zone do that day: the millisecond before is of the day, the next one is not."""
    budget = Budget(1, 1, zone)
    end = budget.next_day(now)
    assert now < end <= now + 26 * HOUR
    assert budget.day(end - 1) == budget.day(now) < budget.day(end)


@pytest.mark.parametrize(
    ("zone", "noon", "hours"),
    [
        ("Europe/Paris", "2026-03-29T12:00", 23),
        ("Europe/Paris", "2026-10-25T12:00", 25),
        ("America/Havana", "2026-03-08T12:00", 23),
        ("Africa/Cairo", "2026-04-24T12:00", 23),
        ("UTC", "2026-03-29T12:00", 24),
    ],
)
def test_a_day_is_as_long_as_the_zones_clocks_make_it(zone: str, noon: str, hours: int) -> None:
    """Also where they are put forward at midnight."""
    budget = Budget(1, 1, zone)
    now = ms(noon, zone)
    before = now - 24 * HOUR if hours < 25 else now - 26 * HOUR
    assert budget.next_day(now) - budget.next_day(before) == hours * HOUR


@given(moments, zones, st.integers(0, 100), st.integers(0, 10**9))
def test_what_is_used_counts_until_the_day_ends(now: int, zone: str, requests: int, size: int) -> None:
    """Then everything may be used anew."""
    budget = Budget(50, 10**8, zone)
    usage = Usage(budget.day(now), requests, size)
    assert budget.today(usage, budget.next_day(now) - 1) == usage
    fresh = budget.today(usage, budget.next_day(now))
    assert (fresh.requests, fresh.bytes) == (0, 0)
    assert budget.allows(fresh)


@given(moments, zones, st.integers(0, 40 * 24 * HOUR))
def test_a_clock_that_goes_back_gives_no_second_day(now: int, zone: str, back: int) -> None:
    """What was used stays used, until the next day of the calendar begins."""
    budget = Budget(50, 10**8, zone)
    today = budget.today(Usage(budget.day(now), 50, 0), now - back)
    assert today == Usage(budget.day(now - back), 50, 0)
    assert budget.allows(budget.today(today, budget.next_day(now - back)))


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 30), st.integers(0, 30))
def test_a_request_is_allowed_while_both_limits_leave_something(requests: int, size: int, used: int, read: int) -> None:
    """What is left is never negative."""
    budget, usage = Budget(requests, size), Usage("2026-11-25", used, read)
    left = budget.left(usage)
    assert left == (max(0, requests - used), max(0, size - read))
    assert budget.allows(usage) == (min(left) > 0)


def test_a_day_is_the_tenants() -> None:
    """Late in the evening in London it is tomorrow in Paris."""
    now = round(datetime(2026, 11, 25, 23, 30, tzinfo=UTC).timestamp() * 1000)
    assert Budget(1, 1).day(now) == "2026-11-25"
    assert Budget(1, 1, "Europe/Paris").day(now) == "2026-11-26"
