"""Cron lines and blackout hours become instants, whatever the zone does to its clocks."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import apscheduler.triggers.cron  # noqa: F401 - before the first example, which it would make late
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from driftd.core.calendar import blackout_end, next_fire, open_minutes
from driftd.core.crontab import FIELDS, comes, numbers
from driftd.core.model import Calendar, Hours

MINUTE = 60_000
DAY = 86_400_000
CHANGES = {
    "UTC": "2026-03-29T01:00",
    "Europe/London": "2026-03-29T01:00",  # forward by an hour
    "Europe/Paris": "2026-10-25T01:00",  # back by an hour
    "America/New_York": "2026-11-01T06:00",
    "Africa/Cairo": "2026-04-23T22:00",  # forward at midnight
    "Asia/Beirut": "2026-10-24T21:00",  # back at midnight
    "Australia/Lord_Howe": "2026-04-04T15:00",  # back by half an hour
    "Antarctica/Troll": "2026-03-29T01:00",  # forward by two hours
}
"""Zones, and when the clocks of each are changed, in UTC."""
zones = st.sampled_from(sorted(CHANGES))
around = st.integers(-3 * 1440, 3 * 1440)
"""Minutes before or after a change."""


def instant(zone: str, minutes: int) -> int:
    return round(datetime.fromisoformat(CHANGES[zone] + "+00:00").timestamp() * 1000) + minutes * MINUTE


def wall(zone: str, at: int) -> datetime:
    return datetime.fromtimestamp(at / 1000, ZoneInfo(zone))


def ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


@given(zones, around, st.times(time(0), time(23, 59)).map(lambda each: each.replace(second=0, microsecond=0)))
def test_a_daily_line_comes_once_on_every_date(zone: str, start: int, at: time) -> None:
    """Never twice where an hour is repeated, and on the same date where it is skipped: later by as much as it was."""
    fires = [instant(zone, start)]
    for _ in range(6):
        fires.append(next_fire(f"{at.minute} {at.hour} * * *", zone, fires[-1]))
    shown = [wall(zone, each) for each in fires[1:]]
    assert [each.date() - shown[0].date() for each in shown] == [timedelta(n) for n in range(6)]
    for each in shown:
        skipped = datetime.combine(each, at, ZoneInfo(zone))
        exists = skipped.astimezone(UTC).astimezone(ZoneInfo(zone)).time() == at
        assert each.fold == 0
        assert (each.time() == at) if exists else (each.time() > at and each.minute == at.minute)


def test_a_skipped_time_is_still_to_come_when_the_clocks_have_passed_it() -> None:
    """In London the clocks went from 01:00 to 02:00: at 02:10 the 01:30 of that day comes in twenty minutes."""
    after = ms(datetime(2026, 3, 29, 1, 10, tzinfo=UTC))
    assert next_fire("30 1 * * *", "Europe/London", after) == after + 20 * MINUTE


@given(zones, around, st.data())
def test_a_line_comes_as_crontab_would_have_it(zone: str, start: int, data: st.DataObject) -> None:
    """The next time is the first minute whose fields match, Sunday being 0; of two kinds of days either is enough."""
    minutes, hours = (data.draw(st.sets(st.integers(0, top), min_size=1, max_size=3)) for top in (59, 23))
    days = data.draw(st.none() | st.sets(st.integers(1, 31), min_size=5))
    weekdays = data.draw(st.none() | st.sets(st.integers(0, 6), min_size=1))
    fields = [minutes, hours, days, None, weekdays]
    line = " ".join("*" if each is None else ",".join(map(str, sorted(each))) for each in fields)

    def match(at: datetime) -> bool:
        named = [
            *([] if days is None else [at.day in days]),
            *([] if weekdays is None else [at.isoweekday() % 7 in weekdays]),
        ]
        return at.minute in minutes and at.hour in hours and at.fold == 0 and (any(named) or not named)

    after = instant(zone, start)
    ahead = range(after + MINUTE, after + 4 * DAY, MINUTE)
    jumps = {wall(zone, at).utcoffset() for at in range(after - DAY, after + 4 * DAY, DAY // 24)}
    assume(len(jumps) == 1 or zone in {"Europe/Paris", "America/New_York", "Asia/Beirut", "Australia/Lord_Howe"})
    expected = next((at for at in ahead if match(wall(zone, at))), None)
    assume(expected)
    assert next_fire(line, zone, after) == expected


def test_weekday_numbers_and_names_are_those_of_crontab() -> None:
    """0 and 7 are Sunday, 1 is Monday; a range of names runs from Sunday on."""
    monday = ms(datetime(2026, 6, 1, 12, tzinfo=UTC))
    for text, days in {"0": 7, "7": 7, "1": 8, "sun": 7, "Mon": 8, "2-3": 2, "sat": 6, "*/3": 3, "5-7": 5}.items():
        assert wall("UTC", next_fire(f"0 2 * * {text}", "UTC", monday)).date() == date(2026, 6, days), text


def test_fields_mean_what_crontab_says() -> None:
    """Lists, ranges, steps and names; a number with a step runs to the end; nonsense means nothing."""
    minute, _, _, month, weekday = FIELDS
    assert numbers("*/20,5", minute) == {0, 5, 20, 40}
    assert numbers("50/5", minute) == {50, 55}
    assert numbers("*/90", minute) == {0}
    assert numbers("jan-mar,DEC", month) == {1, 2, 3, 12}
    assert numbers("fri-7", weekday) == {5, 6, 7}
    for text in ("", "60", "5-2", "1,,2", "*/0", "mon", "-1", "1-", "٣", "*-5"):
        assert not numbers(text, minute), text


def test_a_day_that_no_month_has_never_comes() -> None:
    assert not comes("0 2 30 2 *")
    assert not comes("0 2 31 2,4,6 */2")
    assert comes("0 2 29 2 *")
    assert comes("0 2 31 4,5 *")
    assert comes("0 2 31 2 mon")  # or a Monday
    with pytest.raises(ValueError, match="never comes true"):
        next_fire("0 2 30 2 *", "UTC", 0)


spans = st.lists(
    st.tuples(st.integers(0, 1439), st.integers(1, 700)).map(
        lambda each: Hours(clock(each[0]), clock((each[0] + each[1]) % 1440))
    ),
    min_size=1,
    max_size=3,
)


def clock(minute: int) -> time:
    return time(minute // 60, minute % 60)


def covered(calendar: Calendar, at: int) -> bool:
    shown = wall(calendar.timezone, at).time()
    return any(
        span.start <= shown < span.end if span.start < span.end else shown >= span.start or shown < span.end
        for span in calendar.blackout
    )


@given(zones, around, st.integers(0, MINUTE - 1), spans)
def test_a_blackout_ends_at_the_first_instant_that_it_does_not_cover(
    zone: str, start: int, part: int, blackout: list[Hours]
) -> None:
    """By the clock on the wall, whichever way it is changed meanwhile."""
    assume(open_minutes(blackout))
    calendar, now = Calendar(timezone=zone, blackout=tuple(blackout)), instant(zone, start) + part
    end = blackout_end(calendar, now)
    assert (end is not None) == covered(calendar, now)
    if end is not None:
        assert end > now
        assert not covered(calendar, end)
        assert all(covered(calendar, at) for at in range(now, end, MINUTE))
        assert covered(calendar, end - 1)


def test_a_blackout_that_would_end_in_a_skipped_hour_ends_with_the_change() -> None:
    """In London the clocks went from 01:00 to 02:00, which is past 01:30."""
    calendar = Calendar(timezone="Europe/London", blackout=(Hours(time(0, 30), time(1, 30)),))
    change = instant("Europe/London", 0)
    assert blackout_end(calendar, change - 15 * MINUTE) == change


@given(spans)
def test_open_minutes_are_those_that_no_span_covers(blackout: list[Hours]) -> None:
    calendar = Calendar(blackout=tuple(blackout))
    assert open_minutes(blackout) == sum(not covered(calendar, at * MINUTE) for at in range(1440))


def test_a_blackout_that_never_ends_is_no_endless_search() -> None:
    calendar = Calendar(blackout=(Hours(time(0), time(12)), Hours(time(12), time(0))))
    with pytest.raises(ValueError, match="no minute of the day"):
        blackout_end(calendar, 0)
