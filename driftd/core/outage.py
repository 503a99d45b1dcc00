"""The status of a connection → the drifts that no detector finds, as no data come, or its checks do not run.

What a status calls lasting has had its grace, so such a drift is certain; a trouble within its grace pends. An outage
keeps the reason that it was first known by: a host that goes down has several in turn.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from driftd.core.alerts.identity import family
from driftd.core.alerts.model import Alert
from driftd.core.drift import Check, Drift, DriftKind, Impact, SchemaKind, Severity
from driftd.core.health import Trouble
from driftd.core.reasons import MEANINGS, Actor, Cause, State
from driftd.core.status import ConnectionStatus, Rebased, ResourceStatus
from driftd.errors import Reason

STALLED: Final = str(State.STALLED)
_TOLD: Final = 86_400_000
"""Milliseconds for which it is told that the log began anew."""
_ASIDE: Final = frozenset({State.PAUSED, State.MAINTENANCE, State.UNVALIDATED, State.UNKNOWN})
"""States in which nothing is known of what a connection is like."""
_CHECKED: Final = frozenset({Reason.EMPTY_ANSWER, Reason.SUSPECT_MASS_DELETE, Reason.KEY_NOT_UNIQUE, Reason.FROZEN})
"""Reasons that follow from a drift which the checks of the cycle itself have found and tell."""
_PARTLY: Final = frozenset({State.OK, State.DEGRADED, State.RETRYING})
"""States in which, where nothing keeps all resources from being read, each speaks for itself."""
_RUNS: Final = 2
"""Full runs that a check must have missed to be certain."""


class Outlook(Struct, frozen=True):
    """What a status says of a connection."""

    drifts: tuple[Drift, ...] = ()
    whole: bool = False
    """Whether it tells that the connection itself is well where no drift says otherwise."""
    resources: frozenset[str] = frozenset()
    """The resources of which it tells as much."""

    def covers(self, alert: Alert) -> bool:
        """Tell whether an alert's drift would be among these, did it still exist."""
        if alert.group or not watched(alert.drift):
            return False
        return self.whole if alert.drift.resource is None else alert.drift.resource in self.resources


def outlook(status: ConnectionStatus, known: Collection[Alert], since: int, now: int) -> Outlook:
    """Return what the status of a connection says at `now` (epoch ms).

    `known` are its alerts; what runs is late from `since` (epoch ms), when it first could run, at the earliest.
    """
    if status.state in _ASIDE:
        return Outlook()
    keyless = {
        each.drift.resource for each in known if each.open and each.drift.finding == SchemaKind.KEY_CHANGED
    }  # cannot be listed by a key that is no more: that is told already
    named = {
        (each.drift.resource, family(each.drift.kind, each.drift.finding)): each.drift.finding
        for each in known
        if each.open and not each.group and watched(each.drift)
    }
    whole = _whole(status)
    if whole is not None:
        return Outlook((_renamed(whole, named),))
    found: list[Drift] = []
    well: set[str] = set()
    for each in status.resources:
        trouble = each.health.trouble
        if trouble is not None and trouble.reason is Reason.RESOURCE_NOT_FOUND and each.name in keyless:
            continue
        if trouble is not None and trouble.reason not in _CHECKED:
            found.append(_renamed(_of_resource(status.name, each.name, trouble), named))
        elif each.health.polls:
            well.add(each.name)
            found += missed(status.name, each, since, now) if trouble is None else ()
    return Outlook(tuple(found), whole=True, resources=frozenset(well))


def watched(drift: Drift) -> bool:
    """Tell whether a drift is one of those that are found here; all others are a cycle's, or of credentials."""
    return (drift.kind, drift.finding) in _WATCHED


def hindered(status: ConnectionStatus) -> bool:
    """Tell whether nothing of a connection can be polled, or is to be: what is due then is not late.

    An outage of a moment leaves time enough, and many of them are told as such.
    """
    outage = status.health.outage
    return status.state in _ASIDE or (outage is not None and outage.lasting)


def missed(connection: str, resource: ResourceStatus, since: int, now: int) -> Iterator[Drift]:
    """Give the drift of a resource whose checks or sweeps have missed a full run; two make it certain.

    Polls that succeed without their checks count, so that a sweep which takes hours, or a tenant that is slow, is not
    late.
    """
    runs, sweeps = late(resource, since, now)
    if max(runs, sweeps) < 1:
        return
    what, times = ("checks", int(runs)) if runs >= sweeps else ("sweep", int(sweeps))
    yield Drift(
        connection=connection,
        kind=DriftKind.FRESHNESS,
        finding=Check.CHECK_DID_NOT_RUN,
        severity=Severity.WARNING,
        actor=Actor.SRE,
        resource=resource.name,
        expected=f"{what} run when they are due",
        seen=f"{what} missed {times} full runs",
        rule=f"missed runs >= {_RUNS}",
        evidence={"missed": times},
        certain=times >= _RUNS,
        own_grace=True,
    )


def began_anew(connections: Iterable[str], rebased: Rebased | None, now: int) -> Iterator[Drift]:
    """Give the drift of each connection whose log of changes began anew within a day of `now` (epoch ms)."""
    if rebased is None or not rebased.at <= now < rebased.at + _TOLD:
        return
    for each in connections:
        yield Drift(
            connection=each,
            kind=DriftKind.FRESHNESS,
            finding=Check.LOG_BEGAN_ANEW,
            severity=Severity.WARNING,
            actor=Actor.SRE,
            expected="the log of changes goes on where it was",
            seen=f"it began anew: {rebased.reason}",
            rule="the database was replaced within 24 h",
            hint="have everyone who follows `driftd changes` read the records again",
            certain=True,
            since=rebased.at,
        )


def late(resource: ResourceStatus, since: int, now: int) -> tuple[float, float]:
    """Return how many full runs of its checks, and of its sweep, a resource has missed at `now` (epoch ms).

    Both are reckoned up to its latest success: what it missed in an outage has its turn first once that has ended.
    """
    health = resource.health
    if health.last_success is None:
        return 0.0, 0.0
    latest, sweeps = min(health.last_success, now), 0.0
    runs = (latest - max(health.last_evaluation or since, since)) / (max(resource.interval, 1.0) * 1000)
    if resource.next_sweep is not None and health.last_sweep is not None:
        sweeps = (latest - max(resource.next_sweep, since)) / (max(resource.sweep_interval, 1.0) * 1000)
    return runs, sweeps


def _whole(status: ConnectionStatus) -> Drift | None:
    """Return the drift of a connection that gives nothing at all, or that is being tried again as a whole."""
    outage, trouble, state = status.health.outage, status.trouble, status.state
    if outage is not None:
        drift = _drift(status.name, None, outage, certain=outage.lasting)
    elif state is State.STALLED or (state is State.RETRYING and trouble is None):
        return _stalled(status)
    elif trouble is None or state in _PARTLY:
        return None
    else:
        drift = _drift(status.name, None, trouble, certain=True)
    return replace(drift, severity=Severity.CRITICAL) if state.down and drift.certain else drift


def _stalled(status: ConnectionStatus) -> Drift:
    at = f' of "{status.trouble_at}"' if status.trouble_at else ""
    return Drift(
        connection=status.name,
        kind=DriftKind.FRESHNESS,
        finding=STALLED,
        severity=Severity.CRITICAL,
        actor=Actor.SRE,
        expected="polls that are due end within an interval",
        seen=f"polls{at} do not end",
        rule="late by 1 interval; by 2: certain",
        certain=status.state is State.STALLED,
        own_grace=True,
    )


def _of_resource(connection: str, resource: str, trouble: Trouble) -> Drift:
    drift = _drift(connection, resource, trouble, certain=trouble.lasting)
    if trouble.reason is not Reason.RESOURCE_NOT_FOUND:
        return drift
    return replace(
        drift, severity=Severity.CRITICAL, read_impact=Impact.BREAKING, write_impact=Impact.BREAKING, hint=trouble.hint
    )


def _drift(connection: str, resource: str | None, trouble: Trouble, *, certain: bool) -> Drift:
    meaning = MEANINGS[trouble.reason]
    kind, finding = _found(trouble.reason)
    return Drift(
        connection=connection,
        kind=kind,
        finding=finding,
        severity=Severity.WARNING,
        actor=meaning.actor,
        resource=resource,
        expected="polls succeed",
        seen=trouble.message,
        rule=f"{meaning.grace} failures in a row by one reason, or 3 by any in a row or in 8 h",
        hint=trouble.hint,
        evidence={"reason": str(trouble.reason), "status": trouble.status, "failures": trouble.times},
        certain=certain,
        own_grace=True,
        since=trouble.since,
    )


def _renamed(drift: Drift, named: Mapping[tuple[str | None, str], str]) -> Drift:
    finding = named.get((drift.resource, family(drift.kind, drift.finding)), drift.finding)
    return drift if finding == drift.finding else replace(drift, finding=finding)


def _found(reason: Reason) -> tuple[DriftKind, str]:
    """Return the kind and the finding of a reason."""
    if reason is Reason.RESOURCE_NOT_FOUND:
        return DriftKind.SCHEMA, SchemaKind.RESOURCE_REMOVED
    refused = MEANINGS[reason].cause is Cause.CREDENTIAL
    return (DriftKind.CREDENTIAL if refused else DriftKind.FRESHNESS), str(reason)


_WATCHED: Final = frozenset(
    {_found(reason) for reason in MEANINGS if reason not in _CHECKED}
    | {(DriftKind.FRESHNESS, STALLED), (DriftKind.FRESHNESS, str(Check.CHECK_DID_NOT_RUN))}
)
