"""Drifts, and lives of alerts, for tests of what becomes of them."""

from collections.abc import Iterable, Mapping
from typing import Any

from driftd.core.alerts.lifecycle import Evaluation, Look, evaluate
from driftd.core.alerts.model import Alert, Mute, Notice
from driftd.core.alerts.terms import TERMS
from driftd.core.drift import Drift, DriftKind, Severity
from driftd.core.reasons import Actor

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
NOW = 1_790_000_000_000
INTERVAL = 300.0
CYCLE = round(INTERVAL * 1000)


def drift(kind: DriftKind = DriftKind.VOLUME, finding: str = "mass_update", **more: Any) -> Drift:
    """Return a drift of a resource that needs three evaluations."""
    filled: dict[str, Any] = {"severity": Severity.WARNING, "actor": Actor.OPERATOR, "resource": "SORDER"}
    return Drift(**{"connection": "aldgate", "kind": kind, "finding": finding, **filled, **more})


def certain(**more: Any) -> Drift:
    """Return a drift that fires at once."""
    return drift(certain=True, **more)


def mute(until: int, at: int = NOW) -> Mute:
    return Mute(until, "stocktaking", "ann", at)


class Life:
    """Alerts over many evaluations; `now` goes on by a cycle with each."""

    def __init__(self, **look: Any) -> None:
        self.now = NOW
        self.known: dict[str, Alert] = {}
        self.notices: list[Notice] = []
        self.dropped = 0
        self._look = {"interval": INTERVAL, "terms": TERMS} | look

    def then(self, *drifts: Drift, after: int = CYCLE, **look: Any) -> "Life":
        """Evaluate `after` ms."""
        self.now += after
        self.take(evaluate(self.known, drifts, Look(self.now, **{**self._look, **look})))
        return self

    def take(self, evaluation: Evaluation) -> None:
        """Take over what an evaluation changed."""
        self.known |= {each.id: each for each in evaluation.alerts}
        self.notices += evaluation.notices
        self.dropped += evaluation.dropped

    def good_for(self, ms: int, **look: Any) -> "Life":
        """Evaluate every cycle for so long without a drift."""
        for _ in range(ms // CYCLE):
            self.then(**look)
        return self

    @property
    def one(self) -> Alert:
        """The only alert."""
        (alert,) = self.known.values()
        return alert

    @property
    def told(self) -> list[str]:
        """What was told, in order."""
        return [str(each.telling) for each in self.notices]


def by_id(alerts: Iterable[Alert]) -> Mapping[str, Alert]:
    return {each.id: each for each in alerts}
