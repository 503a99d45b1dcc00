"""Finding alerts: one by the beginning of its id, and all of them the gravest first."""

from collections.abc import Iterable
from typing import Final

from driftd.core.alerts.model import Alert, AlertState
from driftd.core.drift import Severity
from driftd.errors import DecisionError

SHORTEST: Final = 4
"""Digits of an id that name an alert, at least."""
_STATES: Final = (AlertState.FIRING, AlertState.PENDING, AlertState.RESOLVED)
_WEIGHT: Final = tuple(Severity)


def find(id_: str, alerts: Iterable[Alert]) -> Alert:
    """Return the alert of an id, or of the only one that begins so; raises `DecisionError`."""
    found = [each for each in alerts if len(id_) >= SHORTEST and each.id.startswith(id_)]
    if not found:
        hint = f"`driftd alerts list --all` shows the ids; the first {SHORTEST} digits are enough"
        raise DecisionError(f'there is no alert "{id_}"', hint=hint, unknown=True)
    if len(found) > 1:
        raise DecisionError(f'"{id_}" begins the ids of {len(found)} alerts', hint="give more of its digits")
    return found[0]


def gravest_first(alerts: Iterable[Alert]) -> list[Alert]:
    """Return alerts as they are listed: firing ones first, then by severity, then the oldest."""

    def weight(alert: Alert) -> tuple[int, int, int, str]:
        return _STATES.index(alert.state), _WEIGHT.index(alert.drift.severity), alert.first_incident, alert.id

    return sorted(alerts, key=weight)
