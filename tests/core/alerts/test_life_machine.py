"""Alerts under every order of failures, successes, mutes, gaps, set clocks and restarts."""

import random

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec import json
from msgspec.structs import replace

from driftd.core.alerts.lifecycle import Evaluation, Look, evaluate, settle
from driftd.core.alerts.model import Alert, Notice
from driftd.core.alerts.terms import Terms
from driftd.core.drift import Drift, DriftKind, Severity
from tests.core.alerts.drifts import DAY, HOUR, MINUTE, NOW, drift, mute

TERMS = Terms(hold=1800.0)
HOLD = 30 * MINUTE
drifts = st.builds(
    lambda kind, resource, severity, certain: drift(kind, "x", resource=resource, severity=severity, certain=certain),
    st.sampled_from([DriftKind.SCHEMA, DriftKind.VOLUME, DriftKind.CREDENTIAL]),
    st.sampled_from(["SORDER", "BPCUSTOMER", None]),
    st.sampled_from(Severity),
    st.booleans(),
)
some = st.lists(drifts, max_size=4)
gaps = st.sampled_from([MINUTE, 5 * MINUTE, 5 * MINUTE, HOUR, 9 * HOUR, DAY + MINUTE])


class Lives(RuleBasedStateMachine):
    """The alerts of a connection, once uninterrupted and once read back from what is stored before each step."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.kept: dict[str, Alert] = {}
        self.restarted: dict[str, Alert] = {}
        self.notices: list[Notice] = []
        self.found: list[Drift] = []

    @initialize()
    def begin(self) -> None:
        self.then([], MINUTE, "")

    def take(self, evaluation: Evaluation, again: Evaluation) -> None:
        assert evaluation == again
        for each in evaluation.alerts:
            self.kept[each.id] = each
            self.restarted[each.id] = each
        self.notices += evaluation.notices

    def stored(self) -> dict[str, Alert]:
        return json.decode(json.encode(self.restarted), type=dict[str, Alert])

    @rule(found=some, gap=gaps, uncovered=st.sampled_from(["", "", "SORDER"]))
    def then(self, found: list[Drift], gap: int, uncovered: str) -> None:
        self.now += gap
        self.found = found
        before = dict(self.kept)
        look = Look(self.now, 300.0, covers=lambda alert: alert.drift.resource != uncovered, terms=TERMS)
        shuffled = random.Random(len(found)).sample(found, len(found))
        self.take(evaluate(self.kept, found, look), evaluate(self.stored(), shuffled, look))
        for id_, alert in self.kept.items():
            if id_ in before and alert.drift.resource == uncovered and not any(_same(each, alert) for each in found):
                assert alert == before[id_]
        self.severities()
        self.holds(before)

    @rule(gap=gaps)
    def time_passes(self, gap: int) -> None:
        self.now += gap
        look = Look(self.now, terms=TERMS)
        self.take(settle(self.kept.values(), look), settle(self.stored().values(), look))

    @rule(back=st.sampled_from([MINUTE, HOUR, 40 * DAY]))
    def clock_is_set_back(self, back: int) -> None:
        self.now -= back

    @rule(until=gaps, choice=st.integers(0, 9))
    def is_muted(self, until: int, choice: int) -> None:
        if self.kept:
            id_ = sorted(self.kept)[choice % len(self.kept)]
            alert = replace(self.kept[id_], mute=mute(self.now + until, self.now))
            self.take(Evaluation((alert,)), Evaluation((alert,)))

    def severities(self) -> None:
        """The severity in force is the gravest of those that were found."""
        rank = list(Severity)
        for each in self.found:
            alike = [other for other in self.found if _identity(other) == _identity(each)]
            (alert,) = (alert for alert in self.kept.values() if _same(each, alert))
            assert rank.index(alert.drift.severity) == min(rank.index(other.severity) for other in alike)

    def holds(self, before: dict[str, Alert]) -> None:
        """No alert that fires ends before it has been good for its hold; a refused secret alone has none."""
        for id_, alert in self.kept.items():
            was = before.get(id_)
            if was is not None and was.firing and not alert.open and alert.drift.kind is not DriftKind.CREDENTIAL:
                assert was.good_since is not None
                assert was.good_since > self.now or self.now - was.good_since >= HOLD

    @invariant()
    def one_alert_has_one_identity(self) -> None:
        """Whatever happened."""
        identities = [_identity(each.drift) for each in self.kept.values()]
        assert len(set(identities)) == len(identities)

    @invariant()
    def beginning_and_end_are_told_in_turn(self) -> None:
        """Of each alert."""
        said: dict[str, str] = {}
        for each in self.notices:
            begins = each.telling in {"firing", "flapping"}
            last = said.get(each.alert.id, "resolved")
            if each.telling == "severity":
                assert last == "begun"
                continue
            assert last == ("resolved" if begins else "begun")
            said[each.alert.id] = "begun" if begins else "resolved"

    @invariant()
    def no_notice_is_told_twice(self) -> None:
        ids = [each.id for each in self.notices]
        assert len(set(ids)) == len(ids)

    @invariant()
    def nothing_muted_or_pending_is_told_to_fire(self) -> None:
        for each in self.notices:
            if each.telling != "resolved":
                assert each.alert.firing
                assert not each.alert.muted(each.at)


def _identity(drift: Drift) -> tuple[object, ...]:
    return drift.connection, drift.resource, drift.kind, drift.finding, drift.field


def _same(drift: Drift, alert: Alert) -> bool:
    return _identity(drift) == _identity(alert.drift)


class LongLives(Lives):
    """The same: each machine has one set of settings."""


TestLives = Lives.TestCase
TestLives.settings = settings(deadline=None, max_examples=30, stateful_step_count=25)
TestLongLives = pytest.mark.heavy(LongLives.TestCase)
TestLongLives.settings = settings(deadline=None, max_examples=300, stateful_step_count=60)
