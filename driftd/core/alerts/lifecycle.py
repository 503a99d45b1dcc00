"""Alerts × drifts × now → alerts and notices: pending, firing, resolved, dropped, reopened, flapping.

An evaluation that did not cover an alert says nothing of it. All that counts is stored in the alert, so that one who
begins with the stored alerts goes on as if never interrupted.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from msgspec import Struct, json
from msgspec.structs import replace

from driftd.core.alerts.identity import Place, identity
from driftd.core.alerts.model import Alert, AlertState, Notice
from driftd.core.alerts.telling import tell
from driftd.core.alerts.terms import TERMS, Terms
from driftd.core.drift import Drift, DriftKind, Scope, Severity

_EXACT: Final = frozenset({DriftKind.SCHEMA, DriftKind.INVARIANT})
_RANK: Final = (Severity.INFO, Severity.WARNING, Severity.CRITICAL)
_REOPENINGS: Final = 20
"""Reopenings that are remembered at most."""


def every(_: Alert) -> bool:
    """Take in each alert."""
    return True


def none(_: Alert) -> bool:
    """Take in no alert."""
    return False


class Look(Struct, frozen=True):
    """The circumstances of one evaluation."""

    now: int
    """Epoch ms."""
    interval: float = 0.0
    """Seconds between evaluations of this kind."""
    covers: Callable[[Alert], bool] = every
    """Whether the evaluation would have found the drift of an alert, did it still exist."""
    waits: Callable[[Alert], bool] = none
    """Whether nobody is told yet that an alert fires: it may turn out to be a wider one's."""
    quiet: Callable[[Alert], bool] = none
    """Whether the connection of an alert is put aside: it does not begin to fire, and no more is told than its end."""
    mended: frozenset[str] = frozenset()
    """Ids of alerts that end at once, without a hold: their drift was accepted, or what they watch is gone."""
    place: Place | None = None
    """Of all its drifts, where an alert is to speak for others; None: each drift's connection."""
    glance: bool = False
    """Whether the same is looked at so often that a firing alert whose drift did not change is left as it is."""
    terms: Terms = TERMS


class Evaluation(Struct, frozen=True):
    """What an evaluation changed."""

    alerts: tuple[Alert, ...] = ()
    """Those that changed, whole, in the order of their ids."""
    notices: tuple[Notice, ...] = ()
    dropped: int = 0
    """Pending alerts that a success ended before they fired."""


def evaluate(known: Mapping[str, Alert], drifts: Iterable[Drift], look: Look) -> Evaluation:
    """Return what `drifts` make of the `known` alerts: open ones, and those that ended in the last 24 h.

    Drifts of one identity count once, as the gravest of them. A drift fails its alert whether or not it is covered.
    """
    found = _found(drifts, look.place)
    ids = found.keys() | {id_ for id_, alert in known.items() if id_ in look.mended or look.covers(alert)}
    changed: list[Alert] = []
    notices: list[Notice] = []
    dropped = 0
    for id_ in sorted(ids):
        before = known.get(id_)
        alert, told = (before, ()) if before is None else passing(before, look)
        notices += told
        drift = found.get(id_)
        if drift is not None and look.glance and _is_known(before, drift):
            continue
        after = _failed(alert, drift, look) if drift else _passed(alert, look) if alert else None
        if after is None:
            continue
        after, told = tell(alert, after, look.now, waits=look.waits(after), quiet=look.quiet(after))
        notices += told
        if after != before:
            changed.append(after)
            dropped += after.dropped and not (before and before.dropped)
    return Evaluation(tuple(changed), tuple(notices), dropped)


def settle(alerts: Iterable[Alert], look: Look) -> Evaluation:
    """Return what time alone changed: a mute that ended, an alert that flaps no more, what was not told yet.

    What came to be certain while its connection was put aside, and pends since, fires once it no longer is.
    """
    changed: list[Alert] = []
    notices: list[Notice] = []
    for before in alerts:
        alert, told = passing(before, look)
        alert = _fired(alert, look) if alert.drift.certain and not alert.good else alert
        alert, more = tell(alert, alert, look.now, waits=look.waits(alert), quiet=look.quiet(alert))
        notices += (*told, *more)
        if alert != before:
            changed.append(alert)
    return Evaluation(tuple(changed), tuple(notices))


def restless(alert: Alert) -> bool:
    """Tell whether time alone may change an alert, or something of it is still to be told."""
    if alert.flapping or alert.mute is not None or (alert.state is AlertState.PENDING and alert.drift.certain):
        return True
    return alert.firing and alert.told is not alert.drift.severity


def passing(alert: Alert, look: Look) -> tuple[Alert, tuple[Notice, ...]]:
    """Return an alert as time alone has made it, and what is told of that."""
    now = look.now
    aged = _set_back(alert, now)
    if aged.mute is not None and not aged.muted(now):
        aged = replace(aged, mute=None)
    if not aged.flapping or now - aged.since < look.terms.stable * 1000:
        return aged, ()
    aged = replace(aged, flapping=False)
    return tell(aged, aged, now, waits=False, quiet=look.quiet(aged))


def over(alert: Alert, now: int, terms: Terms = TERMS) -> bool:
    """Tell whether an alert ended so long ago that a return is another alert, and nothing is left to say of it."""
    if alert.open or alert.told is not None or alert.muted(now):
        return False
    return now - alert.since > terms.reopen * 1000


def _is_known(alert: Alert | None, drift: Drift) -> bool:
    return alert is not None and alert.firing and alert.failing_now and alert.drift == drift


def _found(drifts: Iterable[Drift], place: Place | None) -> dict[str, Drift]:
    found: dict[str, Drift] = {}
    for drift in drifts:
        id_ = identity(place or Place(Scope.TENANT, drift.connection), drift, group=place is not None)
        rival = found.get(id_)
        found[id_] = drift if rival is None else max(drift, rival, key=_gravity)
    return found


def _gravity(drift: Drift) -> tuple[int, bool, bytes]:
    """Order drifts of one identity, whichever comes first."""
    return _RANK.index(drift.severity), drift.certain, json.encode(drift, order="sorted")


def _failed(alert: Alert | None, drift: Drift, look: Look) -> Alert:
    if alert is None or alert.dropped or _ended_long_ago(alert, look):
        return _fired(_begun(alert, drift, look), look)
    again = replace(
        alert,
        drift=drift,
        last_incident=look.now,
        count=alert.count + 1,
        failing=(*alert.failing, look.now)[-look.terms.fails :],
        row=alert.row + 1,
        good=0,
        good_since=None,
    )
    return _reopened(again, look) if again.state is AlertState.RESOLVED else _fired(again, look)


def _ended_long_ago(alert: Alert, look: Look) -> bool:
    ended = alert.state is AlertState.RESOLVED and not alert.flapping
    return ended and look.now - alert.since > look.terms.reopen * 1000


def _begun(before: Alert | None, drift: Drift, look: Look) -> Alert:
    """Return a new alert; of one that was dropped it remembers when it failed, and of any a mute that goes on."""
    now = look.now
    place = look.place or Place(Scope.TENANT, drift.connection)
    failed = before.failing if before and before.dropped else ()
    return Alert(
        id=identity(place, drift, group=look.place is not None),
        scope=place.scope,
        scope_id=place.name,
        drift=drift,
        state=AlertState.PENDING,
        since=now,
        first_incident=now if drift.since is None else min(drift.since, now),
        last_incident=now,
        failing=(*failed, now)[-look.terms.fails :],
        mute=before.mute if before else None,
        group=look.place is not None,
    )


def _fired(alert: Alert, look: Look) -> Alert:
    """Return a pending alert as firing, where its drift has lasted."""
    if alert.state is not AlertState.PENDING or look.quiet(alert) or not _lasts(alert, look):
        return alert
    return replace(alert, state=AlertState.FIRING, since=look.now)


def _lasts(alert: Alert, look: Look) -> bool:
    terms, drift = look.terms, alert.drift
    if drift.certain or drift.own_grace:
        return drift.certain
    if alert.row >= (terms.exact_fails if drift.kind in _EXACT else terms.fails):
        return True
    near = [at for at in alert.failing if look.now - at <= terms.span * 1000]
    return len(near) >= terms.fails


def _reopened(alert: Alert, look: Look) -> Alert:
    now, terms = look.now, look.terms
    if look.quiet(alert):
        return replace(alert, state=AlertState.PENDING, since=now, row=1)
    recent = [at for at in alert.reopened if now - at <= terms.reopen * 1000]
    reopened = (*recent, now)[-_REOPENINGS:]
    flapping = alert.flapping or len(reopened) >= terms.flaps
    return replace(alert, state=AlertState.FIRING, since=now, row=1, reopened=reopened, flapping=flapping)


def _passed(alert: Alert, look: Look) -> Alert:
    if alert.state is AlertState.RESOLVED:
        return alert
    if alert.state is AlertState.PENDING:
        return _resolved(alert, look.now, dropped=True)
    since = look.now if alert.good_since is None else alert.good_since
    good = min(alert.good + 1, max(1, look.terms.hold_cycles))
    better = replace(alert, row=0, good=good, good_since=since)
    if alert.id in look.mended:
        return _resolved(replace(better, flapping=False), look.now)
    at_once = alert.drift.kind is DriftKind.CREDENTIAL
    return _resolved(better, look.now) if at_once or _is_held(better, look) else better


def _is_held(alert: Alert, look: Look) -> bool:
    """Tell whether an alert has been good for as long as it takes."""
    terms = look.terms
    hold = max(terms.hold, terms.hold_cycles * look.interval) * 1000
    return alert.good >= terms.hold_cycles and look.now - (alert.good_since or look.now) >= hold


def _resolved(alert: Alert, now: int, *, dropped: bool = False) -> Alert:
    return replace(
        alert,
        state=AlertState.RESOLVED,
        since=now,
        row=0,
        good=0,
        good_since=None,
        attached_to=None,
        members=(),
        dropped=dropped,
    )


def _set_back(alert: Alert, now: int) -> Alert:
    """Return an alert no stamp of which is ahead of a clock that was set back: nothing waits longer than its term."""
    stamps = (alert.since, alert.first_incident, alert.last_incident, alert.good_since or 0)
    if max(*stamps, *alert.failing[-1:], *alert.reopened[-1:]) <= now:
        return alert
    return replace(
        alert,
        since=min(alert.since, now),
        first_incident=min(alert.first_incident, now),
        last_incident=min(alert.last_incident, now),
        good_since=None if alert.good_since is None else min(alert.good_since, now),
        failing=tuple(min(at, now) for at in alert.failing),
        reopened=tuple(min(at, now) for at in alert.reopened),
    )
