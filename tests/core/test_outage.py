"""What the status of a connection says that no check of a cycle finds."""

from typing import Any

import pytest
from msgspec.structs import replace

from driftd.core.alerts.lifecycle import Look, evaluate, every
from driftd.core.alerts.model import Alert
from driftd.core.drift import Drift, DriftKind, Impact, SchemaKind, Severity
from driftd.core.health import ConnectionHealth, ResourceHealth
from driftd.core.outage import Outlook, outlook, watched
from driftd.core.reasons import MEANINGS, Actor, Cause, Reach, State
from driftd.core.status import ConnectionStatus
from driftd.errors import Reason
from tests.core.statuses import HOUR, MINUTE, NOW, of, status, trouble

SINCE = NOW - MINUTE
EARLY = NOW - 10 * HOUR
CHECKED = {Reason.EMPTY_ANSWER, Reason.SUSPECT_MASS_DELETE, Reason.KEY_NOT_UNIQUE, Reason.FROZEN}
ASIDE = [State.PAUSED, State.MAINTENANCE, State.UNVALIDATED, State.UNKNOWN]
WIDE = sorted(each for each in Reason if MEANINGS[each].reach is not Reach.RESOURCE)


def out(reason: Reason, **more: Any) -> ConnectionStatus:
    """Return the status of a connection that is kept from being read by a trouble which lasts."""
    found = trouble(reason, alike=9)
    state = more.pop("state", MEANINGS[reason].state)
    return status(state, health=ConnectionHealth(outage=more.pop("outage", found)), trouble=found, **more)


def part(reason: Reason, **more: Any) -> ConnectionStatus:
    """Return the status of a connection one of whose two resources has a trouble."""
    found = status(State.DEGRADED, reason, trouble_at="SORDER")
    first, *others = found.resources
    health = replace(first.health, trouble=trouble(reason, **more))
    return replace(found, resources=(replace(first, health=health), *others))


def seen(status: ConnectionStatus, *known: Alert) -> Outlook:
    return outlook(status, known, SINCE, NOW)


def one(status: ConnectionStatus, *known: Alert) -> Drift:
    (drift,) = seen(status, *known).drifts
    return drift


def alert(status: ConnectionStatus) -> Alert:
    """Return the alert that a status makes."""
    (alert,) = evaluate({}, seen(status).drifts, Look(NOW, waits=every)).alerts
    return alert


@pytest.mark.parametrize("reason", WIDE)
def test_what_keeps_a_connection_from_being_read_is_a_drift_of_the_whole(reason: Reason) -> None:
    """A refused secret is one of credentials; who acts follows from the reason, how grave it is from the state."""
    drift, meaning = one(out(reason)), MEANINGS[reason]
    kind = DriftKind.CREDENTIAL if meaning.cause is Cause.CREDENTIAL else DriftKind.FRESHNESS
    assert (drift.kind, drift.finding, drift.resource, drift.actor) == (kind, reason, None, meaning.actor)
    assert drift.severity is (Severity.CRITICAL if meaning.state.down else Severity.WARNING)
    assert (drift.certain, drift.since) == (True, NOW - 3 * HOUR)


def test_a_trouble_within_its_grace_pends() -> None:
    """However often it is looked at; a second refusal of a secret is the second look."""
    young = {"times": 1, "alike": 1}
    for reason, sure in ((Reason.CONNECT_TIMEOUT, False), (Reason.OAUTH_INVALID_CLIENT, False)):
        found = trouble(reason, **young)
        drift = one(out(reason, state=State.RETRYING, outage=found))
        assert (drift.certain, drift.own_grace, drift.severity) == (sure, True, Severity.WARNING)
    again = trouble(Reason.OAUTH_INVALID_CLIENT, times=2, alike=2)
    assert one(out(Reason.OAUTH_INVALID_CLIENT, outage=again)).certain


@pytest.mark.parametrize("reason", sorted(set(Reason) - set(WIDE) - CHECKED - {Reason.RESOURCE_NOT_FOUND}))
def test_the_trouble_of_one_resource_is_its_own(reason: Reason) -> None:
    """A lost right too; the other resource is well."""
    found = seen(part(reason))
    (drift,) = found.drifts
    kind = DriftKind.CREDENTIAL if reason is Reason.FORBIDDEN else DriftKind.FRESHNESS
    assert (drift.kind, drift.finding, drift.resource) == (kind, reason, "SORDER")
    assert (drift.severity, drift.certain) == (Severity.WARNING, True)
    assert (found.whole, found.resources) == (True, frozenset({"BPCUSTOMER"}))


def test_a_class_that_is_gone_is_a_break_of_shape() -> None:
    """For whoever reads and whoever writes."""
    drift = one(part(Reason.RESOURCE_NOT_FOUND))
    assert (drift.kind, drift.finding, drift.severity) == (DriftKind.SCHEMA, "resource_removed", Severity.CRITICAL)
    assert (drift.read_impact, drift.write_impact) == (Impact.BREAKING, Impact.BREAKING)


@pytest.mark.parametrize("reason", sorted(CHECKED))
def test_what_the_checks_of_a_cycle_tell_is_not_told_twice(reason: Reason) -> None:
    assert seen(part(reason)).drifts == ()


def test_a_class_whose_key_is_gone_is_not_told_as_gone() -> None:
    """A class that cannot be listed by a key it no longer declares has that alert; another class's says nothing."""
    status = part(Reason.RESOURCE_NOT_FOUND)
    first = alert(status)
    for name, left in ((first.drift.resource, 0), ("OTHER", 1)):
        lost = replace(first, id="key", drift=replace(first.drift, finding=SchemaKind.KEY_CHANGED, resource=name))
        assert len(seen(status, lost).drifts) == left


def test_what_every_resource_suffers_is_the_connections() -> None:
    """Those of its resources are left as they are."""
    found = seen(of(Reason.FORBIDDEN))
    assert [each.resource for each in found.drifts] == [None]
    assert found.drifts[0].severity is Severity.CRITICAL
    assert (found.whole, found.resources) == (False, frozenset())


@pytest.mark.parametrize("state", ASIDE)
def test_nothing_is_said_of_what_is_paused_or_not_known(state: State) -> None:
    """Neither that it is well."""
    for reason in (None, Reason.TIMEOUT):
        assert seen(status(state, reason)) == Outlook()


def test_polls_that_do_not_end_are_an_outage() -> None:
    """Late by one interval they pend; whichever resource it is, it is one alert."""
    late, stalled = status(State.RETRYING, trouble_at="SORDER"), status(State.STALLED, trouble_at="BPCUSTOMER")
    assert [(one(each).finding, one(each).resource, one(each).certain) for each in (late, stalled)] == [
        ("stalled", None, False),
        ("stalled", None, True),
    ]
    assert alert(late).id == alert(stalled).id


def test_an_outage_keeps_the_reason_that_it_was_known_by() -> None:
    """The latest is among its evidence; another kind of outage has an alert of its own."""
    known = alert(out(Reason.CONNECT_TIMEOUT))
    drift = one(out(Reason.GATEWAY_ERROR), known)
    assert (drift.finding, drift.evidence["reason"]) == (Reason.CONNECT_TIMEOUT, Reason.GATEWAY_ERROR)
    assert one(out(Reason.UNAUTHORIZED), known).finding == Reason.UNAUTHORIZED


def test_an_outlook_covers_what_would_show_in_it() -> None:
    """Nothing of a cycle's, nothing that an outage hides."""
    down, lost = alert(out(Reason.CONNECT_TIMEOUT)), alert(part(Reason.FORBIDDEN))
    well = seen(status())
    assert well.covers(down)
    assert well.covers(lost)
    assert not well.covers(replace(down, group=True))
    assert not well.covers(replace(lost, drift=replace(lost.drift, kind=DriftKind.VOLUME, finding="empty_answer")))
    for hidden in (seen(out(Reason.TIMEOUT)), seen(part(Reason.TIMEOUT)), Outlook()):
        assert not hidden.covers(lost)
    assert not seen(out(Reason.UNAUTHORIZED)).covers(down)


def late(**more: Any) -> ConnectionStatus:
    """Return the status of a connection whose first resource is polled, and what else is known of it."""
    found = status()
    first, *others = found.resources
    fields = {"next_sweep": more.pop("next_sweep", None)}
    health = ResourceHealth(polls=9, last_success=NOW, last_sweep=NOW - 48 * HOUR, last_evaluation=NOW, **more)
    rest = [replace(each, health=replace(each.health, last_evaluation=NOW)) for each in others]
    return replace(found, resources=(replace(first, health=health, **fields), *rest))


def checked(at: int) -> ConnectionStatus:
    found = late()
    first, *others = found.resources
    return replace(found, resources=(replace(first, health=replace(first.health, last_evaluation=at)), *others))


@pytest.mark.parametrize(("ago", "missed"), [(4, None), (5, False), (9, False), (10, True), (60, True)])
def test_checks_that_polls_left_out_twice_did_not_run(ago: int, missed: bool | None) -> None:
    """Once, and it pends."""
    drifts = outlook(checked(NOW - ago * MINUTE), (), EARLY, NOW).drifts
    assert [each.certain for each in drifts] == ([] if missed is None else [missed])
    assert all(
        (each.finding, each.resource, each.actor) == ("check_did_not_run", "SORDER", Actor.SRE) for each in drifts
    )


@pytest.mark.parametrize(("ago", "missed"), [(23, None), (24, False), (47, False), (48, True)])
def test_a_sweep_that_is_two_runs_late_did_not_run(ago: int, missed: bool | None) -> None:
    """Reckoned from when the watch began, at the earliest: what was due while no daemon ran has its turn first."""
    since = NOW - 90 * HOUR
    found = late(next_sweep=NOW - ago * HOUR)
    drifts = outlook(found, (), since, NOW).drifts
    assert [each.certain for each in drifts] == ([] if missed is None else [missed])
    assert outlook(found, (), NOW - HOUR, NOW).drifts == ()


def test_a_sweep_that_an_outage_kept_from_running_has_its_turn_first() -> None:
    """The outage of three days has just ended, and other resources were polled before this one."""
    found = late(next_sweep=NOW - 60 * HOUR)
    first, *others = found.resources
    before = replace(first, health=replace(first.health, last_success=NOW - 72 * HOUR, last_evaluation=NOW - 72 * HOUR))
    drifts = outlook(replace(found, resources=(before, *others)), (), NOW - 90 * HOUR, NOW).drifts
    assert drifts == ()


def test_a_success_that_is_ahead_of_the_clock_makes_no_check_late() -> None:
    """The clock was set back since."""
    first, *others = status().resources
    ahead = replace(first, health=replace(first.health, last_success=NOW + HOUR))
    assert seen(replace(status(), resources=(ahead, *others))).drifts == ()


@pytest.mark.parametrize("reason", sorted(CHECKED))
def test_checks_are_not_late_where_something_else_of_the_resource_is_told(reason: Reason) -> None:
    found = outlook(part(reason), (), EARLY, NOW)
    assert [each.resource for each in found.drifts] == ["BPCUSTOMER"]


def test_what_does_not_run_because_of_an_outage_is_not_told_besides() -> None:
    """Nor of a resource that is in trouble itself."""
    old = replace(checked(NOW - HOUR), state=State.UNREACHABLE, health=out(Reason.TIMEOUT).health)
    assert [each.finding for each in outlook(old, (), EARLY, NOW).drifts] == ["timeout"]
    (drift,) = outlook(checked(NOW - HOUR), (), EARLY, NOW).drifts
    assert watched(drift)
