"""Finding alerts: one by the beginning of its id, and all of them the gravest first."""

from collections.abc import Iterable
from typing import Final

from driftd.core.alerts.model import Alert, AlertState
from driftd.core.drift import Check, SchemaKind, Severity
from driftd.core.words.filling import one_line
from driftd.errors import DecisionError

SHORTEST: Final = 4
"""Digits of an id that name an alert, at least."""
_NAMED: Final = 5
"""Ids that are named where one is not enough."""
_STATES: Final = (AlertState.FIRING, AlertState.PENDING, AlertState.RESOLVED)
_WEIGHT: Final = tuple(Severity)
_OF_DRIFT: Final = frozenset((*map(str, SchemaKind), *map(str, Check)))


def find(id_: str, alerts: Iterable[Alert]) -> Alert:
    """Return the alert of an id, or of the only one that begins so; raises `DecisionError`."""
    wanted, shown = id_.strip().lower(), one_line(id_)
    if len(wanted) < SHORTEST:
        hint = f"give at least {SHORTEST} digits of the id; `driftd alerts list` shows it"
        raise DecisionError(f'"{shown}" is too short to name an alert', hint=hint, invalid=True)
    found = sorted((each for each in alerts if each.id.startswith(wanted)), key=lambda each: each.id)
    if not found:
        hint = "`driftd alerts list --all` shows the ids"
        raise DecisionError(f'there is no alert "{shown}"', hint=hint, unknown=True)
    if len(found) > 1:
        named = ", ".join(each.id for each in found[:_NAMED])
        hint = f"give more digits: {named}{'…' if len(found) > _NAMED else ''}"
        raise DecisionError(f'"{shown}" begins the ids of {len(found)} alerts', hint=hint, invalid=True)
    return found[0]


def gravest_first(alerts: Iterable[Alert]) -> list[Alert]:
    """Return alerts as they are listed: firing ones first, then by severity, then the oldest."""

    def weight(alert: Alert) -> tuple[int, int, int, str]:
        return _STATES.index(alert.state), _WEIGHT.index(alert.drift.severity), alert.first_incident, alert.id

    return sorted(alerts, key=weight)


def is_drift(alert: Alert) -> bool:
    """Tell whether an alert is of something that departs, rather than of data that do not come."""
    return alert.drift.finding in _OF_DRIFT
