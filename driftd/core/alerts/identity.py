"""Which alert is which, and which are alike."""

import hashlib
from collections.abc import Iterable
from typing import Final, NamedTuple

from driftd.core.alerts.model import Alert, Notice, Telling
from driftd.core.drift import Drift, DriftKind, Scope
from driftd.core.reasons import MEANINGS, Reach, State
from driftd.errors import Reason

GROUP: Final = "*"
"""Stands for the resource in the identity of an alert that speaks for others."""
_REASONS: Final = frozenset(str(each) for each in Reason)
_OF_OUTAGES: Final = frozenset({DriftKind.FRESHNESS, DriftKind.CREDENTIAL})


class Place(NamedTuple):
    """What an alert is about: a connection (`Scope.TENANT`), a host, a folder, a resource, or all."""

    scope: Scope
    name: str


class Likeness(NamedTuple):
    """What drifts have in common that may have one cause."""

    kind: DriftKind
    family: str
    field: str | None


def identity(place: Place, drift: Drift, *, group: bool = False) -> str:
    """Return the id of the alert of a drift: 16 hex digits."""
    resource = GROUP if group else drift.resource or ""
    return _hash((place.scope, place.name, resource, drift.kind, drift.finding, drift.field or ""), 8)


def notice(alert: Alert, telling: Telling, now: int) -> Notice:
    """Return the notice of an alert as it is at `now` (epoch ms), which a clock that was set back may bring twice."""
    return Notice(_hash((alert.id, telling, str(now), str(alert.count)), 16), now, telling, alert)


def likeness(drift: Drift) -> Likeness:
    """Return what makes a drift like others: the field counts for drift of shape, and of outages the kind of reason.

    A host that is going down answers with timeouts, with errors and not at all: that is one trouble.
    """
    field = drift.field if drift.kind is DriftKind.SCHEMA else None
    return Likeness(drift.kind, family(drift.kind, drift.finding), field)


def family(kind: DriftKind, finding: str) -> str:
    """Return what stands for all reasons why a connection is not reached, for all of a refused secret; or `finding`."""
    if kind not in _OF_OUTAGES or finding not in _REASONS:
        return finding
    meaning = MEANINGS[Reason(finding)]
    whole = meaning.state is State.AUTH_FAILED and meaning.reach is Reach.CONNECTION
    return str(meaning.state) if whole or meaning.state is State.UNREACHABLE else finding


def of_a_way(finding: str) -> bool:
    """Tell whether a finding is a reason that reaches every connection of a host."""
    return finding in _REASONS and MEANINGS[Reason(finding)].reach is Reach.HOST


def _hash(parts: Iterable[str], size: int) -> str:
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=size).hexdigest()
