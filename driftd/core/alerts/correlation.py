"""Many alerts of one cause are one alert, at the smallest scope that covers them: its members are silent.

A scope is struck where three of its members, and half of them, fail alike within two intervals. Its alert goes on until
fewer than two, or a quarter, are left, so that members may come and go; then it has its own hold like any other. A
member that still fails after an interval of that speaks for itself again.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from driftd.core.alerts.census import Census
from driftd.core.alerts.identity import Likeness, Place, identity, likeness, of_a_way
from driftd.core.alerts.lifecycle import Evaluation, Look, evaluate, none
from driftd.core.alerts.model import Alert, AlertState, Notice
from driftd.core.alerts.reach import Reach, Struck
from driftd.core.alerts.terms import TERMS, Terms
from driftd.core.drift import Drift, Scope, Severity
from driftd.core.reasons import Actor

NAMED: Final = 100
"""Members that an alert names."""
_SHOWN: Final = 20


class Correlated(Struct, frozen=True):
    """What correlation changed."""

    alerts: tuple[Alert, ...] = ()
    """Alerts of scopes, and members that were attached or let go."""
    notices: tuple[Notice, ...] = ()
    waiting: frozenset[str] = frozenset()
    """Ids of alerts of which nobody is told yet: they may become members."""


def correlate(alerts: Iterable[Alert], census: Census, now: int, terms: Terms = TERMS) -> Correlated:
    """Return what the open alerts have in common, and which scope's alert speaks for which."""
    alike: defaultdict[Likeness, list[Alert]] = defaultdict(list)
    for alert in alerts:
        if alert.failing_now or alert.group or alert.attached_to is not None:
            alike[likeness(alert.drift)].append(alert)
    changed: dict[str, Alert] = {}
    notices: list[Notice] = []
    waiting: set[str] = set()
    for group in alike.values():
        first = group[0]
        if len(group) > 1 or first.group or first.attached_to is not None or of_a_way(first.drift.finding):
            kin = _Kin(group, census, now, terms)
            found = kin.correlated()
            changed |= {each.id: each for each in found.alerts}
            notices += found.notices
            waiting |= found.waiting
    ordered = tuple(changed[id_] for id_ in sorted(changed))
    return Correlated(ordered, tuple(notices), frozenset(waiting))


class _Kin:
    """The alerts of one likeness."""

    def __init__(self, alerts: list[Alert], census: Census, now: int, terms: Terms) -> None:
        self._census = census
        self._now = now
        self._terms = terms
        self._groups = {each.id: each for each in alerts if each.group}
        self._single = {each.id: each for each in alerts if not each.group}
        standing = {_place(each) for each in self._groups.values() if each.firing}
        self._reach = Reach(self._single.values(), standing, census, terms)

    def correlated(self) -> Correlated:
        struck = self._reach.struck()
        parents: dict[str, str] = {}
        evaluation = self._evaluated(struck, parents)
        groups = self._groups | {each.id: each for each in evaluation.alerts}
        parents = self._reach.under_their_connection() | parents
        members = [self._attached(each, groups, parents) for each in self._single.values()]
        named = _named(groups, members)
        changed = [each for each in members if each != self._single[each.id]]
        changed += [each for each in named.values() if each != self._groups.get(each.id)]
        waiting = {each.id for each in members if self._waits(each)}
        notices = tuple(replace(each, alert=named[each.alert.id]) for each in evaluation.notices)
        return Correlated(tuple(changed), notices, frozenset(waiting))

    def _evaluated(self, struck: Iterable[Struck], parents: dict[str, str]) -> Evaluation:
        """Evaluate the scopes' alerts; fills in which of them speaks for each member."""
        changed: list[Alert] = []
        notices: list[Notice] = []
        seen: set[str] = set()
        for each in struck:
            drift = self._drift(each)
            id_ = identity(each.place, drift, group=True)
            seen.add(id_)
            parents |= dict.fromkeys((member.id for member in each.members), id_)
            look = Look(self._now, self._reach.interval, covers=none, place=each.place, glance=True, terms=self._terms)
            done = evaluate(self._groups, [drift], look)
            changed += done.alerts
            notices += done.notices
        rest = Look(self._now, self._reach.interval, covers=lambda alert: alert.id not in seen, terms=self._terms)
        over = evaluate(self._groups, (), rest)
        return Evaluation((*changed, *over.alerts), (*notices, *over.notices))

    def _drift(self, struck: Struck) -> Drift:
        """Return the drift of a scope; it keeps the name that its alert has."""
        drifts = [each.drift for each in struck.members]
        known = [each for each in self._groups.values() if _place(each) == struck.place]
        open_first = sorted(known, key=lambda each: (not each.open, -each.since, each.id))
        finding = open_first[0].drift.finding if open_first else _most(each.finding for each in drifts)
        severity = next(level for level in Severity if any(each.severity is level for each in drifts))
        scope, name = struck.place
        actor = Actor.SRE if scope is Scope.ALL else Actor(_most(each.actor for each in drifts))
        names = sorted({each.resource or "" if scope is Scope.TENANT else each.connection for each in drifts})
        first = drifts[0]
        return Drift(
            connection=name if scope is Scope.TENANT else "",
            kind=first.kind,
            finding=finding,
            severity=severity,
            actor=actor,
            resource=name if scope is Scope.RESOURCE else None,
            field=first.field if all(each.field == first.field for each in drifts) else None,
            expected=f"members of one {scope} do not fail alike at once",
            seen=f"{struck.units} of {struck.of}: {', '.join(sorted({each.finding for each in drifts}))}",
            rule=self._rule(),
            n=struck.of,
            m=struck.of,
            affected=struck.units,
            evidence={"members": list(names[:_SHOWN])},
            certain=True,
            since=min((each.since for each in drifts if each.since is not None), default=None),
        )

    def _rule(self) -> str:
        terms = self._terms
        within = round(terms.cycles * self._reach.interval)
        return f"members >= {terms.members} and share >= {terms.share:g} within {within} s"

    def _attached(self, alert: Alert, groups: Mapping[str, Alert], parents: Mapping[str, str]) -> Alert:
        parent = parents.get(alert.id)
        if parent is None and alert.attached_to is not None and self._stays(alert, groups):
            parent = alert.attached_to
        return alert if parent == alert.attached_to else replace(alert, attached_to=parent)

    def _stays(self, alert: Alert, groups: Mapping[str, Alert]) -> bool:
        """Tell whether what speaks for an alert still does: it fires, and the alert does not outlast it."""
        parent = groups.get(alert.attached_to or "") or self._single.get(alert.attached_to or "")
        if parent is None or not parent.firing:
            return False
        good_for = self._now - (self._now if parent.good_since is None else parent.good_since)
        return not alert.failing_now or good_for < self._reach.interval * 1000

    def _waits(self, alert: Alert) -> bool:
        untold = alert.state is AlertState.FIRING and alert.told is None and alert.attached_to is None
        young = self._now - alert.since < self._terms.wait * self._reach.interval * 1000
        return untold and young and self._reach.may_spread(alert)


def _named(groups: Mapping[str, Alert], members: Iterable[Alert]) -> dict[str, Alert]:
    """Return the scopes' alerts with the names of their members."""
    ids: defaultdict[str, list[str]] = defaultdict(list)
    for each in members:
        if each.attached_to is not None and each.open:
            ids[each.attached_to].append(each.id)
    return {id_: replace(each, members=tuple(sorted(ids[id_])[:NAMED])) for id_, each in groups.items()}


def _place(alert: Alert) -> Place:
    return Place(alert.scope, alert.scope_id)


def _most(names: Iterable[str]) -> str:
    """Return the most frequent of names, the first by the alphabet of several."""
    return min(Counter(names).items(), key=lambda pair: (-pair[1], pair[0]))[0]
