"""What is due follows from what was read when."""

from collections import Counter
from datetime import datetime, time

import apscheduler.triggers.cron  # noqa: F401 - before the first example, which it would make late
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from driftd.core.cadence import HOUR, SPREAD, details_in_hand, due, finds_new, next_due, offset
from driftd.core.calendar import blackout_end
from driftd.core.model import Calendar, Hours, Kind, Privacy, Resource, Standing

R = Resource("c", "SORDER", "SORDER", ("SOHNUM",), details=True)
LARGE = Standing(baselined=True, records=100_000, last_sweep=1_000_000)
SMALL = replace(LARGE, records=500)
NIGHTLY = replace(R, calendar=Calendar(sweep_cron="30 2 * * *", timezone="Europe/London"))
LUNCH = replace(R, calendar=Calendar(timezone="Europe/London", blackout=(Hours(time(12), time(13, 30)),)))
DAY = 24 * HOUR
INTERVALS = {Kind.PROBE: 300_000, Kind.DELTA: 900_000, Kind.SWEEP: DAY}
times = st.integers(10**12, 10**13)
names = st.text(st.characters(codec="ascii", categories=["Ll", "Nd"]), min_size=1, max_size=12)


def at(text: str) -> int:
    """Return an instant written in UTC."""
    return round(datetime.fromisoformat(f"{text}+00:00").timestamp() * 1000)


def ran(standing: Standing, kind: Kind, at: int) -> Standing:
    """Return what is remembered once a cycle of `kind` ended at `at`."""
    return replace(standing, **{f"last_{kind.value}": at})


def test_the_first_cycle_is_a_sweep() -> None:
    """A resource that was never read completely is swept at once."""
    assert due(R, Standing(), 0) is Kind.SWEEP


@given(names, times, st.sampled_from(list(Kind)), st.data())
def test_a_kind_comes_once_an_interval(name: str, start: int, kind: Kind, data: st.DataObject) -> None:
    """Between two due times is exactly one interval, however late each cycle ends: none is lost, none comes twice."""
    resource, interval = replace(R, name=name), INTERVALS[kind]
    standing = ran(LARGE, Kind.SWEEP, start)
    first = next_due(resource, standing, start)[kind]
    for number in range(1, 4):
        late = data.draw(st.integers(0, interval - 1))
        standing = ran(standing, kind, first + (number - 1) * interval + late)
        assert next_due(resource, standing, first + (number - 1) * interval + late)[kind] == first + number * interval


@given(times, st.sampled_from([R, NIGHTLY, LUNCH]), st.sampled_from([LARGE, SMALL]), st.sampled_from(list(Kind)))
def test_after_a_cycle_it_is_due_later(now: int, resource: Resource, standing: Standing, kind: Kind) -> None:
    """next_due > now for the kind that just ran and every kind that proves less, at the latest in two intervals."""
    kind = Kind.SWEEP if standing is SMALL else kind  # a resource of one page is only swept
    at = next_due(resource, ran(standing, kind, now), now)
    proven = list(Kind)[: list(Kind).index(kind) + 1]
    for each in proven:
        assert now < at[each] <= now + 2 * INTERVALS[each] + 2 * HOUR


@given(times, st.integers(DAY, 100 * DAY))
def test_what_was_missed_is_one_cycle(last: int, pause: int) -> None:
    """After a pause of any length one sweep is due, and nothing once it ran."""
    now = last + pause
    standing = ran(LARGE, Kind.SWEEP, last)
    assert due(R, standing, now) is Kind.SWEEP
    assert due(R, ran(standing, Kind.SWEEP, now), now) is None


@given(times, st.sampled_from([R, NIGHTLY]), st.fixed_dictionaries({k: st.integers(0, 400 * DAY) for k in Kind}))
def test_a_clock_put_back_silences_nothing(now: int, resource: Resource, ahead: dict[Kind, int]) -> None:
    """Whatever the stamps say, each kind is due within two intervals, and not again at once when it ran."""
    standing = LARGE
    for kind, by in ahead.items():
        standing = ran(standing, kind, now + by)
    at = next_due(resource, standing, now)
    for kind in Kind:
        assert at[kind] <= now + 2 * INTERVALS[kind] + HOUR
        if ahead[kind] > 2 * DAY + HOUR and kind is Kind.SWEEP:
            assert at[kind] <= now
        assert next_due(resource, ran(standing, kind, now), now)[kind] > now


def test_two_thousand_connections_spread_evenly() -> None:
    """No minute of the day has more than twice its share of sweeps, no second of five minutes thrice its of probes."""
    standing = ran(LARGE, Kind.SWEEP, 10**12)
    at = [next_due(replace(R, connection=f"tenant-{n}"), standing, 10**12) for n in range(2000)]
    assert max(Counter((each[Kind.SWEEP] - 10**12) // HOUR for each in at).values()) < 2 * 2000 / 24
    assert max(Counter((each[Kind.PROBE] - 10**12) // 3000 for each in at).values()) < 2.5 * 2000 / 100


def test_the_offset_is_that_of_every_release() -> None:
    """A release that hashed otherwise would move every resource's times."""
    assert offset(R) == 15243398230481427427
    assert offset(replace(R, connection="cS", name="ORDER")) != offset(R)


@given(times, names)
def test_a_delta_is_also_a_probe(start: int, name: str) -> None:
    """Where the delta's interval is a multiple of the probe's, a day has a cycle every five minutes and not more."""
    resource, standing, now = replace(R, name=name), ran(LARGE, Kind.SWEEP, start), start
    kinds: Counter[Kind] = Counter()
    while True:
        now = min(next_due(resource, standing, now).values())
        if now > start + DAY:
            break
        kind = due(resource, standing, now)
        assert kind
        kinds[kind] += 1
        standing = ran(standing, kind, now + 2000)
    assert kinds == {Kind.PROBE: 192, Kind.DELTA: 95, Kind.SWEEP: 1}


@given(times, names)
def test_a_resource_of_one_page_is_swept_at_the_probes_pace(now: int, name: str) -> None:
    """Reading one page completely costs what a probe costs, and a cron line does not slow it."""
    resource = replace(NIGHTLY, name=name)
    standing = ran(SMALL, Kind.SWEEP, now)
    at = next_due(resource, standing, now)[Kind.SWEEP]
    assert now < at <= now + 300_000
    assert due(resource, standing, at - 1) is None
    assert due(resource, standing, at) is Kind.SWEEP


def test_a_cron_line_decides_instead_of_the_interval() -> None:
    """In the tenant's time zone, at its minute."""
    last = at("2026-06-01T12:00")
    due_at = next_due(NIGHTLY, ran(LARGE, Kind.SWEEP, last), last)
    assert due_at[Kind.SWEEP] == at("2026-06-02T01:30")
    assert due_at[Kind.DELTA] <= last + INTERVALS[Kind.DELTA]


@given(times, st.integers(0, 3 * DAY), names, st.sampled_from([LARGE, SMALL, Standing()]))
def test_nothing_is_due_in_a_blackout(last: int, later: int, name: str, standing: Standing) -> None:
    """What would be due in it, or is late in it, waits for its end and a little; nothing else is moved."""
    resource, now = replace(LUNCH, name=name), last + later
    standing = ran(standing, Kind.SWEEP, last)
    closed, plain = next_due(resource, standing, now), next_due(replace(resource, calendar=Calendar()), standing, now)
    end = blackout_end(resource.calendar, now)
    if end is not None:
        assert due(resource, standing, now) is None
    for kind in Kind:
        assert blackout_end(resource.calendar, closed[kind]) is None
        if end is not None and plain[kind] <= now:
            assert end <= closed[kind] < end + SPREAD
        elif (moved := blackout_end(resource.calendar, plain[kind])) is not None:
            assert moved <= closed[kind] < moved + SPREAD
        else:
            assert closed[kind] == plain[kind]


def test_a_gap_between_blackouts_that_is_short_is_used() -> None:
    """The little that follows an end does not reach into the next blackout."""
    gap = (Hours(time(12), time(13)), Hours(time(13, 1), time(14)))
    standing = ran(SMALL, Kind.SWEEP, at("2026-01-01T11:59"))
    for n in range(50):
        resource = replace(LUNCH, name=f"R{n}", calendar=Calendar(blackout=gap))
        due_at = min(next_due(resource, standing, at("2026-01-01T12:30")).values())
        assert at("2026-01-01T13:00") <= due_at < at("2026-01-01T13:01")


@given(st.integers(0, 10**13), st.integers(-10 * HOUR, 10 * HOUR), st.floats(0, 600))
def test_the_budget_fills_steadily(at: int, elapsed: int, left: float) -> None:
    """An hour gives an hour's worth, never more; a clock that went back gives nothing."""
    standing = Standing(details_budget=left, details_budget_at=at or 1)
    budget = details_in_hand(R, standing, (at or 1) + elapsed)
    assert left <= budget <= R.details_per_hour
    if elapsed >= HOUR:
        assert budget == R.details_per_hour


@given(times, st.integers(0, 3 * DAY), st.sampled_from([R, NIGHTLY]))
def test_what_no_delta_finds_is_left_to_the_sweep(last: int, later: int, resource: Resource) -> None:
    """Under a key of several parts and without a watermark no delta is due before its sweep, and probes go on."""
    blind = replace(resource, key=("TYP", "NUM"))
    standing, now = ran(LARGE, Kind.SWEEP, last), last + later
    assert not finds_new(blind)
    at = next_due(blind, standing, now)
    assert at[Kind.DELTA] == at[Kind.SWEEP]
    assert due(blind, standing, now) is not Kind.DELTA
    assert at[Kind.PROBE] == next_due(resource, standing, now)[Kind.PROBE]
    stamped = replace(blind, watermark="UPDDATTIM")
    assert next_due(stamped, standing, now) == next_due(resource, standing, now)


@given(times, times, st.sampled_from([R, NIGHTLY, LUNCH]), st.data())
def test_other_field_rules_make_a_sweep_of_what_is_due_first(
    last: int, now: int, resource: Resource, data: st.DataObject
) -> None:
    """As soon as anything is due, and no sooner; after the complete sweep the rhythm is that of before."""
    standing = ran(ran(LARGE, Kind.SWEEP, last), Kind.PROBE, now - data.draw(st.integers(0, DAY)))
    hashed = {"NAME": Privacy.HASH}
    plain, ruled = next_due(resource, standing, now), replace(resource, private=hashed)
    assert next_due(ruled, standing, now) == dict.fromkeys(Kind, min(plain.values()))
    back = replace(standing, halfway=(hashed,))
    assert next_due(resource, back, now) == dict.fromkeys(Kind, min(plain.values()))
    assert next_due(ruled, replace(standing, private=hashed, scrubbed=hashed), now) == plain
