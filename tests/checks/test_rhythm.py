"""A resource that stopped changing is late against its own working hours; nights and weekends never are."""

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from driftd.core.rhythm import Rhythm, due, late, noted

HOUR = 3_600_000
MONDAY = 1_764_547_200_000
"""2025-12-01T00:00Z."""


def works(hour: int) -> bool:
    """Office hours: Monday to Friday, 8 to 17."""
    return hour // 24 % 7 < 5 and 8 <= hour % 24 < 17


def lived(hours: int, changes: Callable[[int], bool], rhythm: Rhythm | None = None, start: int = 0) -> list[Rhythm]:
    """Return the rhythm after each of some hours, looked at every quarter."""
    states = [rhythm or Rhythm()]
    for hour in range(start, start + hours):
        for quarter in range(4):
            changed = changes(hour) and quarter == 1
            now = MONDAY + hour * HOUR + quarter * HOUR // 4
            states[-1:] = [noted(states[-1], now, changed=changed)]
        states.append(states[-1])
    return states[1:]


def test_a_resource_with_office_hours_is_never_late_while_it_lives() -> None:
    for hour, rhythm in enumerate(lived(24 * 60, works)):
        assert late(rhythm, MONDAY + (hour + 1) * HOUR) is None, hour


def test_it_is_late_after_two_working_days_and_not_before() -> None:
    rhythm = lived(24 * 35, works)[-1]
    found = {hour: late(rhythm, MONDAY + hour * HOUR) for hour in range(24 * 35, 24 * 45)}
    first = min(hour for hour, each in found.items() if each)
    assert 24 * 37 + 8 <= first <= 24 * 37 + 10
    assert all(found[hour] for hour in range(first, 24 * 45))
    assert due(rhythm) == MONDAY + first * HOUR
    (told,) = {(each.since, each.allowed) for each in found.values() if each}
    assert told == (MONDAY + 24 * 32 * HOUR + 16 * HOUR + HOUR // 4, 18)


def test_it_says_nothing_before_two_whole_weeks_are_known() -> None:
    rhythm = lived(24 * 13, works)[-1]
    assert late(rhythm, MONDAY + 24 * 60 * HOUR) is None
    assert due(rhythm) is None


def test_a_week_with_a_holiday_makes_no_alarm() -> None:
    rhythm = lived(24 * 35, lambda hour: works(hour) and hour // 24 != 30)[-1]
    wednesday = 24 * 37
    states = lived(24 * 3, lambda hour: works(hour) and hour // 24 != 35, rhythm, 24 * 35)
    assert all(late(each, MONDAY + (24 * 35 + n + 1) * HOUR) is None for n, each in enumerate(states))
    assert late(states[-1], MONDAY + wednesday * HOUR) is None


@settings(max_examples=15)
@given(st.sets(st.integers(0, 24 * 28 - 1), max_size=60))
def test_changes_without_a_rhythm_are_never_late(when: set[int]) -> None:
    """What changes at random hours, or hardly ever, has no busy hours to miss."""
    rhythm = lived(24 * 28, lambda hour: hour in when and hash(hour) % 3 == 0)[-1]
    assert late(rhythm, MONDAY + 24 * 50 * HOUR) is None


def test_a_week_without_a_look_begins_anew() -> None:
    rhythm = lived(24 * 35, works)[-1]
    assert rhythm.weeks
    assert noted(rhythm, MONDAY + 24 * 60 * HOUR, changed=False).weeks == ()


def test_it_is_small() -> None:
    rhythm = lived(24 * 40, works)[-1]
    assert len(rhythm.weeks) == 4
    assert sum(map(len, rhythm.weeks)) + len(rhythm.running) == 105
