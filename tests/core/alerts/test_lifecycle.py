"""An alert's life: when it begins and ends, what it remembers, and what is told of it."""

import pytest
from msgspec.structs import replace

from driftd.core.alerts.identity import likeness
from driftd.core.alerts.lifecycle import Look, every, over, restless, settle
from driftd.core.alerts.model import AlertState
from driftd.core.drift import Drift, DriftKind, Severity
from tests.core.alerts.drifts import CYCLE, DAY, HOUR, MINUTE, NOW, Life, certain, drift, mute

HOLD = 2 * HOUR + CYCLE
SCHEMA = drift(DriftKind.SCHEMA, "type_changed", field="BPCNAM")


@pytest.mark.parametrize(
    ("found", "times"),
    [
        (drift(), 3),
        (SCHEMA, 2),
        (drift(DriftKind.INVARIANT, "orphans"), 2),
        (certain(), 1),
        (drift(DriftKind.FRESHNESS, "timeout", own_grace=True, certain=True), 1),
    ],
)
def test_a_drift_fires_once_it_has_lasted(found: Drift, times: int) -> None:
    """Until then it pends, and nobody is told."""
    life = Life()
    for _ in range(times - 1):
        assert life.then(found).one.state is AlertState.PENDING
        assert life.told == []
    alert = life.then(found).one
    assert (alert.state, alert.since, life.told) == (AlertState.FIRING, life.now, ["firing"])
    assert (alert.first_incident, alert.last_incident, alert.count) == (NOW + CYCLE, life.now, times)


def test_what_counts_by_itself_pends_until_it_is_certain() -> None:
    """However often it is looked at."""
    life = Life()
    for _ in range(9):
        life.then(drift(own_grace=True))
    assert life.one.state is AlertState.PENDING
    assert life.then(drift(own_grace=True, certain=True)).one.firing


@pytest.mark.parametrize("found", [drift(), SCHEMA, certain()])
def test_what_is_found_while_its_connection_is_put_aside_pends_however_long_it_lasts(found: Drift) -> None:
    """Nobody is told. What still departs afterwards fires with the next evaluation; what is certain needs none."""
    life = Life()
    for _ in range(5):
        assert life.then(found, quiet=every).one.state is AlertState.PENDING
    life.take(settle([life.one], Look(life.now, quiet=every)))
    assert (life.one.state, life.told) == (AlertState.PENDING, [])
    assert restless(life.one) == found.certain
    settled = settle([life.one], Look(life.now))
    assert [each.firing for each in settled.alerts] == [True] * found.certain
    assert life.then(found).one.firing
    assert life.told == ["firing"]
    gone = Life().then(found, quiet=every).then()
    assert (gone.one.dropped, gone.told) == (True, [])


def test_what_fires_already_goes_on_firing_while_its_connection_is_put_aside() -> None:
    """It is told when it ends, and how grave it came to be once the connection is not put aside any more; one that
    had ended and comes back pends."""
    life = Life().then(certain())
    worse = certain(severity=Severity.CRITICAL)
    assert life.then(worse, quiet=every).one.firing
    assert (life.told, restless(life.one)) == (["firing"], True)
    life.take(settle([life.one], Look(life.now)))
    assert life.told == ["firing", "severity"]
    life.good_for(HOLD, quiet=every)
    assert (life.one.state, life.told) == (AlertState.RESOLVED, ["firing", "severity", "resolved"])
    assert life.then(worse, quiet=every).one.state is AlertState.PENDING
    assert life.then(worse).one.firing
    assert life.told[3:] == ["firing"]


def test_a_success_drops_what_pends_and_it_begins_anew() -> None:
    """It is counted, and no notice tells of it."""
    life = Life().then(drift()).then(drift()).then()
    assert (life.one.state, life.one.dropped, life.dropped, life.told) == (AlertState.RESOLVED, True, 1, [])
    alert = life.then(drift(), after=9 * HOUR).one
    assert (alert.state, alert.dropped, alert.first_incident, alert.count) == (AlertState.PENDING, False, life.now, 1)
    assert alert.reopened == ()


def test_three_failures_within_eight_hours_fire_although_something_was_good_between_them() -> None:
    """Not those of before."""
    life = Life()
    for _ in range(2):
        life.then(drift(), after=3 * HOUR).then()
    assert life.then(drift(), after=HOUR).one.firing
    slow = Life()
    for _ in range(5):
        slow.then(drift(), after=4 * HOUR + CYCLE).then()
    assert slow.told == []


def test_it_ends_once_it_has_been_good_for_two_hours() -> None:
    """A failure within them begins the hold anew, and nothing is told of it."""
    life = Life().then(certain()).good_for(HOUR).then(certain()).good_for(2 * HOUR)
    assert life.one.firing
    assert life.then().one.state is AlertState.RESOLVED
    assert life.told == ["firing", "resolved"]


def test_two_cycles_are_the_least_hold() -> None:
    """Of what is evaluated every two hours: four hours, and never by one good evaluation."""
    life = Life(interval=7200.0).then(certain()).then(after=2 * HOUR).then(after=2 * HOUR)
    assert life.one.firing
    assert not life.then(after=2 * HOUR).one.open
    assert Life().then(certain()).then(after=9 * HOUR).one.firing


def test_a_working_secret_ends_its_alert_at_once() -> None:
    """So do a drift that was accepted, and what is no longer there."""
    refused = drift(DriftKind.CREDENTIAL, "oauth_invalid_client", certain=True, resource=None)
    assert Life().then(refused).then().told == ["firing", "resolved"]
    life = Life().then(certain())
    assert life.then(covers=lambda _: False, mended=frozenset(life.known)).told == ["firing", "resolved"]


def test_a_return_within_a_day_is_the_same_alert() -> None:
    """Its first incident stays; it fires at once."""
    life = Life().then(certain()).good_for(HOLD).then(drift(), after=20 * HOUR)
    alert = life.one
    assert (alert.state, alert.reopened, alert.first_incident) == (AlertState.FIRING, (life.now,), NOW + CYCLE)
    assert life.told == ["firing", "resolved", "firing"]


def test_a_return_after_a_day_is_another_alert() -> None:
    """It pends first, and counts from one."""
    alert = Life().then(certain()).good_for(HOLD).then(drift(), after=DAY + 1).one
    assert (alert.state, alert.reopened, alert.count, alert.told) == (AlertState.PENDING, (), 1, None)


def flapping() -> Life:
    life = Life().then(certain())
    for _ in range(3):
        life.good_for(HOLD).then(certain())
    return life


def test_three_reopenings_in_a_day_are_told_once_and_then_nothing() -> None:
    """Until it has kept its state for a day; its state says the truth all the while."""
    life = flapping()
    before = ["firing", "resolved"] * 3 + ["flapping"]
    assert life.told == before
    for _ in range(4):
        assert not life.good_for(HOLD).one.open
        assert life.then(certain()).one.firing
    assert life.told == before
    assert life.good_for(HOLD).told == before
    assert life.then(after=DAY).told == [*before, "resolved"]
    assert not life.one.flapping


def test_what_stays_failing_for_a_day_flaps_no_more_and_is_not_told_again() -> None:
    """Its end is."""
    life = flapping()
    told = len(life.told)
    for _ in range(25):
        life.then(certain(), after=HOUR)
    assert not life.one.flapping
    assert life.good_for(HOLD).told[told:] == ["resolved"]


def test_the_severity_in_force_is_the_drifts_and_its_change_is_told_once() -> None:
    """Whichever way."""
    life = Life().then(certain())
    grave = certain(severity=Severity.CRITICAL)
    life.then(grave).then(grave).then(certain())
    assert life.told == ["firing", "severity", "severity"]
    assert [each.alert.drift.severity for each in life.notices] == ["warning", "critical", "warning"]


def test_a_mute_hides_notices_and_ends_by_itself() -> None:
    """What began to fire meanwhile and still does is told then."""
    life = Life().then(drift())
    life.known = {life.one.id: replace(life.one, mute=mute(life.now + HOUR))}
    life.then(certain()).then(certain(severity=Severity.CRITICAL))
    assert life.one.firing
    assert life.told == []
    life.then(certain(), after=HOUR)
    assert (life.told, life.one.mute) == (["firing"], None)


def test_a_mute_that_ends_is_seen_without_an_evaluation() -> None:
    """Time alone tells what still fires, and nothing of what is good again."""
    for good, told in ((False, ["firing"]), (True, [])):
        life = Life().then(drift())
        life.known = {life.one.id: replace(life.one, mute=mute(life.now + HOUR))}
        life.then(certain())
        if good:
            life.then()
        life.take(settle(life.known.values(), Look(life.now + HOUR)))
        assert life.told == told
        assert life.one.mute is None


def test_the_end_of_what_was_told_is_told_although_it_was_muted_since() -> None:
    """The end of what was not told is not."""
    life = Life().then(certain())
    life.known = {life.one.id: replace(life.one, mute=mute(life.now + DAY))}
    assert life.good_for(HOLD).told == ["firing", "resolved"]
    assert life.then(certain()).good_for(HOLD).told == ["firing", "resolved"]


@pytest.mark.parametrize("after", [CYCLE, 3 * DAY])
def test_a_mute_outlives_what_was_dropped_or_ended_long_ago(after: int) -> None:
    """Until its own end."""
    for found, until_end in ((drift(), 0), (certain(), HOLD)):
        life = Life().then(found)
        life.known = {life.one.id: replace(life.one, mute=mute(NOW + 9 * DAY))}
        life.then().good_for(until_end).then(certain(), after=after)
        assert life.one.firing
        assert life.one.mute is not None
        assert "firing" not in life.told[1:]


def test_the_same_moment_twice_is_two_notices() -> None:
    """A clock that is set back may bring it."""
    refused = drift(DriftKind.CREDENTIAL, "unauthorized", certain=True)
    life = Life().then(refused).then()
    life.now -= 2 * CYCLE
    life.then(refused).then()
    assert [each.at for each in life.notices] == [NOW + CYCLE, NOW + 2 * CYCLE] * 2
    assert len({each.id for each in life.notices}) == 4


def test_what_was_not_covered_does_not_change() -> None:
    """Unknown is never ok."""
    life = Life().then(certain()).then(drift(field="B"))
    before = dict(life.known)
    assert life.then(after=DAY, covers=lambda _: False).known == before


def test_what_waits_is_told_later() -> None:
    """By time alone, once it waits no more."""
    life = Life().then(certain(), waits=every)
    assert (life.told, life.one.firing) == ([], True)
    life.take(settle(life.known.values(), Look(life.now + MINUTE)))
    assert life.told == ["firing"]


def test_a_glance_leaves_a_firing_alert_as_it_is_where_nothing_is_new() -> None:
    """A drift that says something else is news."""
    life = Life().then(certain())
    before = life.one
    assert life.then(certain(), glance=True).one is before
    assert life.then(certain(seen="more"), glance=True).one.count == 2
    assert life.then().then(certain(seen="more"), glance=True).one.good == 0


def test_a_clock_that_was_set_back_delays_nothing_beyond_its_term() -> None:
    """Neither the end of an alert nor that of its flapping."""
    life = Life().then(certain()).good_for(HOUR)
    life.now -= 30 * DAY
    assert not life.good_for(HOLD).one.open
    life = flapping()
    life.now -= 30 * DAY
    life.then(certain()).then(certain(), after=DAY)
    assert not life.one.flapping


def test_an_alert_is_forgotten_a_day_after_its_end() -> None:
    """Unless it is muted, or something of it is still to be told."""
    ended = Life().then(certain()).good_for(HOLD)
    at = ended.one.since
    assert not over(ended.one, at + DAY)
    assert over(ended.one, at + DAY + 1)
    assert not over(replace(ended.one, mute=mute(at + 9 * DAY)), at + DAY + 1)
    assert not over(replace(ended.one, told=Severity.INFO, flapping=True), at + DAY + 1)
    assert not over(Life().then(certain()).one, NOW + 9 * DAY)


def test_reasons_of_one_kind_are_alike() -> None:
    """However a host fails to answer; other findings are alike only by themselves, those of shape by field."""
    down = {likeness(drift(DriftKind.FRESHNESS, each)) for each in ("timeout", "dns_failure", "gateway_error")}
    assert len(down) == 1
    assert likeness(drift(DriftKind.FRESHNESS, "store_error")) not in down
    assert likeness(drift(DriftKind.CREDENTIAL, "forbidden")) != likeness(drift(DriftKind.CREDENTIAL, "unauthorized"))
    assert likeness(SCHEMA) != likeness(replace(SCHEMA, field="B"))
    assert likeness(drift(field="A")) == likeness(drift(field="B"))
