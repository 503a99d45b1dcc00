"""Alerts, for tests of what is shown of them: one of every finding there is."""

from typing import Any

from driftd.core.alerts.model import Alert, AlertState
from driftd.core.drift import Check, Drift, DriftKind, Impact, SchemaKind, Scope, Severity
from driftd.core.reasons import MEANINGS, Actor
from driftd.errors import Reason
from tests.core.statuses import HOUR, NOW

FINDINGS = (*SchemaKind, *Check, *(each for each in Reason if str(each) not in set(map(str, Check))), "stalled")
ID = "0123456789abcdef"
_EVIDENCE = {
    "to": "BPCNAM1",
    "factor": "100",
    "ends_at": NOW + 9 * 24 * HOUR,
    "host": "login.aldgate.example",
    "source": "learnt",
}


def drift(finding: str = SchemaKind.FIELD_RENAMED, **more: Any) -> Drift:
    """Return a drift of a finding, with all that a drift may have."""
    actor = MEANINGS[Reason(finding)].actor if finding in set(Reason) else Actor.X3_ADMIN
    filled: dict[str, Any] = {
        "connection": "aldgate",
        "kind": DriftKind.SCHEMA,
        "finding": finding,
        "severity": Severity.CRITICAL,
        "actor": actor,
        "resource": "BPCUSTOMER",
        "field": "BPCNAM",
        "expected": "text ≤ 35, always",
        "seen": "BPCNAM1: text ≤ 35, always",
        "rule": "absent in the last 400 records",
        "n": 1200,
        "m": 400,
        "affected": 399,
        "samples": tuple(f'["C{n:03}"]' for n in range(9)),
        "read_impact": Impact.BREAKING,
        "write_impact": Impact.WARNING,
        "hint": "BPCNAM → BPCNAM1? 50 of 50 values are equal",
        "evidence": _EVIDENCE,
    }
    return Drift(**{**filled, **more})


def alert(finding: str = SchemaKind.FIELD_RENAMED, state: AlertState = AlertState.FIRING, **more: Any) -> Alert:
    """Return an alert of a finding that fires."""
    own: dict[str, Any] = {name: more.pop(name) for name in tuple(more) if name in Drift.__struct_fields__}
    filled: dict[str, Any] = {
        "id": ID,
        "scope": Scope.TENANT,
        "scope_id": "aldgate",
        "drift": drift(finding, **own),
        "state": state,
        "since": NOW - HOUR,
        "first_incident": NOW - 2 * HOUR,
        "last_incident": NOW,
    }
    return Alert(**{**filled, **more})
