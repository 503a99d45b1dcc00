"""Alerts in memory: nothing is taken over that was not written, and nothing that was written is lost."""

import pytest
from msgspec.structs import replace

from driftd.core.alerts.model import Alert
from driftd.core.drift import Drift, DriftKind, Severity
from driftd.ports import Filing
from driftd.runtime.alarms import Alarms, Checked, Judged, joint
from tests.core.alerts.drifts import CYCLE, DAY, HOUR, INTERVAL, NOW, certain, drift, mute
from tests.fakes.log import Line, Told
from tests.fakes.memory_store import MemoryStore

COVERED = frozenset({DriftKind.VOLUME, DriftKind.SCHEMA})


def checked(*drifts: Drift, resource: str = "SORDER", covered: frozenset[str] = COVERED) -> Checked:
    return Checked("aldgate", resource, covered, INTERVAL, drifts)


class Desk:
    """Alarms, and what was said of them."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.alarms = Alarms(Told(self.lines))
        self.now = NOW

    def cycle(self, *drifts: Drift, covered: frozenset[str] = COVERED) -> Judged:
        """Evaluate a cycle whose commit succeeds."""
        self.now += CYCLE
        judged = self.alarms.evaluate(checked(*drifts, covered=covered), self.now)
        self.alarms.took(judged)
        return judged

    @property
    def one(self) -> Alert:
        (alert,) = self.alarms.all.values()
        return alert


def test_a_commit_that_failed_changes_nothing() -> None:
    """The next cycle judges as if it had not been."""
    desk = Desk()
    lost = desk.alarms.evaluate(checked(certain()), NOW)
    assert (desk.alarms.all, desk.lines) == ({}, [])
    assert desk.alarms.evaluate(checked(certain()), NOW) == lost
    desk.alarms.took(lost)
    assert desk.one.firing
    (line,) = desk.lines
    assert line == (
        "warning",
        "alert fires",
        {
            "alert": desk.one.id,
            "connection": "aldgate",
            "resource": "SORDER",
            "scope": None,
            "kind": "volume",
            "finding": "mass_update",
            "field": None,
            "severity": "warning",
            "actor": "operator",
        },
    )


def test_a_cycle_ends_what_it_checked_and_nothing_else() -> None:
    """Not another resource's, not a kind that it left out, not what the watch finds."""
    desk = Desk()
    others = [
        certain(resource="BPCUSTOMER"),
        certain(kind=DriftKind.INVARIANT, finding="orphans"),
        certain(kind=DriftKind.SCHEMA, finding="resource_removed"),
        certain(resource=None),
    ]
    desk.cycle(certain(), *others)
    for _ in range(30):
        desk.cycle()
    still = [each.drift for each in desk.alarms.all.values() if each.open]
    assert sorted(still, key=repr) == sorted(others, key=repr)
    for _ in range(30):
        desk.cycle(covered=frozenset({"orphans"}))
    assert sum(each.open for each in desk.alarms.all.values()) == 3


def test_what_is_alike_elsewhere_is_told_by_the_watch() -> None:
    """The first of them is told at once."""
    desk = Desk()
    assert len(desk.cycle(certain()).notices) == 1
    other = Checked("barbican", "SORDER", COVERED, INTERVAL, [replace(certain(), connection="barbican")])
    judged = desk.alarms.evaluate(other, desk.now)
    assert judged.alerts[0].firing
    assert judged.notices == ()


def test_two_who_change_an_alert_at_once_each_keep_their_change() -> None:
    """And it is written again, as the later one wrote without the earlier's."""
    desk = Desk()
    desk.cycle(certain())
    cycle = desk.alarms.evaluate(checked(certain(severity=Severity.CRITICAL)), desk.now + CYCLE)
    muting = desk.alarms.mute(desk.one.id, mute(NOW + DAY))
    desk.alarms.took(muting)
    assert list(desk.alarms.unwritten) == []
    desk.alarms.took(cycle)
    assert (desk.one.drift.severity, desk.one.mute) == (Severity.CRITICAL, mute(NOW + DAY))
    assert list(desk.alarms.unwritten) == [desk.one]
    desk.alarms.took(Judged(alerts=desk.alarms.unwritten, before={desk.one.id: desk.one}))
    assert list(desk.alarms.unwritten) == []


def test_joining_with_what_did_not_change_is_either_alone() -> None:
    """Both ways."""
    desk = Desk()
    desk.cycle(certain())
    before, after = desk.one, replace(desk.one, count=7)
    assert joint(before, after, before) == joint(before, before, after) == after
    assert joint(None, after, before) == after


async def test_alarms_that_are_loaded_go_on_with_what_was_written() -> None:
    """But for what ended long ago and is owed nothing."""
    casebook, desk = MemoryStore().casebook, Desk()
    for found in ([certain()], [certain(), drift(field="B")], [], *[[]] * 30):
        judged = desk.cycle(*found)
        await casebook.file(Filing(alerts=judged.alerts, notices=judged.notices))
    again = Desk()
    await again.alarms.load(casebook, desk.now)
    assert again.alarms.all == desk.alarms.all
    assert len(again.alarms.all) == 2
    assert again.alarms.evaluate(checked(certain()), desk.now) == desk.alarms.evaluate(checked(certain()), desk.now)
    late = Desk()
    await late.alarms.load(casebook, desk.now + 2 * DAY)
    assert late.alarms.all == {}
    desk.alarms.forget(desk.now + 2 * DAY)
    assert (desk.alarms.all, desk.alarms.of("aldgate")) == ({}, ())


def test_a_connections_alerts_are_listed_without_what_never_fired() -> None:
    """By id; those of wider scopes apart."""
    desk = Desk()
    desk.cycle(certain(), drift(field="B"), certain(field="C"))
    desk.cycle(certain(), certain(field="C"))
    listed = desk.alarms.of("aldgate")
    assert [each.id for each in listed] == sorted(each.id for each in listed)
    assert {each.drift.field for each in listed} == {None, "C"}
    assert desk.alarms.dropped == 1
    assert (desk.alarms.of("barbican"), desk.alarms.groups) == ((), ())
    assert len(desk.alarms.known("aldgate")) == 3


def test_a_critical_drift_alarms_and_an_outage_does_not() -> None:
    """Of which the state has its own word, and whose alert goes on for a while after it."""
    grave = {"severity": Severity.CRITICAL}
    for found, alarms in ((certain(), False), (certain(**grave), True)):
        desk = Desk()
        desk.cycle(found)
        assert desk.alarms.alarmed("aldgate") is alarms
    desk = Desk()
    desk.cycle(certain(kind=DriftKind.FRESHNESS, finding="timeout", resource=None, **grave))
    assert not desk.alarms.alarmed("aldgate")


def test_what_was_accepted_ends_at_once() -> None:
    """It is told, and in the log."""
    desk = Desk()
    desk.cycle(certain())
    judged = desk.alarms.mended([desk.one.id, "unknown"], desk.now + HOUR)
    assert [str(each.telling) for each in judged.notices] == ["resolved"]
    assert desk.one.firing
    desk.alarms.took(judged)
    assert not desk.one.open
    assert [event for _, event, _ in desk.lines] == ["alert fires", "alert ended"]


def test_muting_what_is_not_there_is_refused() -> None:
    with pytest.raises(KeyError):
        Desk().alarms.mute("0", mute(NOW))
