"""The families of alerts."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from driftd.core.alerts.model import Alert
from driftd.core.drift import Severity
from driftd.core.reasons import State
from driftd.core.status import ConnectionStatus
from driftd.faces.metrics import catalogue as metric
from driftd.faces.metrics.family import Family, labelled, plain

INFOS: Final = 500
"""Series of ``driftd_alert_info`` at most; the heaviest and oldest alerts are kept."""
FIELD: Final = 64
"""Characters of the label ``field``, the one that a tenant's words come into."""
_FIELD: Final = re.compile(rf"[A-Z][A-Z0-9_.\[\]]{{0,{FIELD - 1}}}")
_WEIGHT: Final = tuple(Severity)


def alert_families(
    connections: Sequence[ConnectionStatus], groups: Sequence[Alert], now: int, *, full: bool
) -> Iterator[Family]:
    """Yield the alerts that fire; with `full` also, at 0, the label sets of those that fired within a day.

    Paused connections have none.

    `groups` are the alerts of a wider scope than one connection: they show in ``driftd_alert_info`` alone.
    """
    active = [each for each in connections if each.state is not State.PAUSED]
    counts: Counter[str] = Counter()
    for each in active:
        for alert in each.alerts:
            if alert.firing and not alert.muted(now):
                counts[_labels(alert)] += 1
            elif full:
                counts[_labels(alert)] += 0
    yield plain(metric.ALERTS_FIRING, list(counts), list(counts.values()))
    yield plain(
        metric.ALERTS_MUTED,
        [labelled(connection=each.name) for each in active],
        [sum(alert.firing and alert.muted(now) for alert in each.alerts) for each in active],
    )
    yield _infos([alert for each in active for alert in each.alerts], groups, now)


def _infos(own: Iterable[Alert], groups: Iterable[Alert], now: int) -> Family:
    firing = [each for each in (*groups, *own) if each.firing and not each.muted(now)]
    firing.sort(key=lambda each: (_WEIGHT.index(each.drift.severity), each.since, each.id))
    labels = [_info(each) for each in firing[:INFOS]]
    return plain(metric.ALERT_INFO, labels, [1] * len(labels))


def _info(alert: Alert) -> str:
    drift = alert.drift
    field = drift.field if drift.field and _FIELD.fullmatch(drift.field) else ""
    return labelled(
        alert=alert.id,
        connection=drift.connection,
        resource=drift.resource or "",
        kind=drift.kind,
        severity=drift.severity,
        field=field,
    )


def _labels(alert: Alert) -> str:
    drift = alert.drift
    return labelled(
        connection=drift.connection, resource=drift.resource or "", kind=drift.kind, severity=drift.severity
    )
