"""All alerts that are open, or ended within a day, in memory: what cycles and the watch judge them by."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from driftd.core.alerts.identity import Likeness, likeness
from driftd.core.alerts.lifecycle import Evaluation, Look, evaluate, over
from driftd.core.alerts.model import Alert, Mute, Notice, Telling
from driftd.core.alerts.terms import TERMS, Terms
from driftd.core.drift import Drift, Severity
from driftd.core.model import KeyBytes
from driftd.core.outage import watched
from driftd.core.retold import Words, retold
from driftd.ports import Casebook, Log

_DAY: Final = 86_400_000
LOADED: Final = 7 * _DAY
"""How long ago an alert may have ended that is looked at when the daemon starts, ms: it may be muted, or flap still."""
_SAID: Final[Mapping[Telling, str]] = {
    Telling.FIRING: "alert fires",
    Telling.SEVERITY: "alert changed severity",
    Telling.FLAPPING: "alert flaps",
    Telling.RESOLVED: "alert ended",
}


class Checked(Struct, frozen=True):
    """What the checks of one cycle found."""

    connection: str
    resource: str
    covered: Collection[str]
    """Kinds (`DriftKind`) and single findings that were checked to their end: what is not among the drifts is well."""
    interval: float
    """Seconds between such cycles."""
    drifts: Collection[Drift] = ()
    mended: frozenset[str] = frozenset()
    """Ids of alerts that end at once: another drift of this cycle says more of the same cause."""


class Judged(Struct, frozen=True):
    """What is to be written: with the cycle's own commit, or filed; `Alarms.took` follows once it is."""

    alerts: tuple[Alert, ...] = ()
    notices: tuple[Notice, ...] = ()
    before: Mapping[str, Alert | None] = {}
    """The alerts as they were when they were judged, by id."""
    dropped: int = 0


class Alarms:
    """The alerts of all connections."""

    def __init__(self, log: Log, terms: Terms = TERMS) -> None:
        self.terms = terms
        self.dropped = 0
        """Pending alerts that ended before they fired, since the start."""
        self.version = 0
        """Goes up with each change of an alert."""
        self._log = log
        self._all: dict[str, Alert] = {}
        self._of: defaultdict[str, set[str]] = defaultdict(set)
        self._alike: defaultdict[Likeness, set[str]] = defaultdict(set)
        """Ids of open alerts, those of wider scopes among them."""
        self._shown: dict[str, tuple[Alert, ...]] = {}
        self._unwritten: set[str] = set()
        self._untold: list[tuple[str, Words]] = []
        """Keys of records that are being erased, each with its connection."""

    async def load(self, casebook: Casebook, now: int) -> None:
        """Take over what is remembered at `now` (epoch ms), before anything is judged; raises `StoreError`."""
        for alert in await casebook.alerts(resolved_since=now - LOADED):
            if not over(alert, now, self.terms):
                self._set(alert)

    @property
    def all(self) -> Mapping[str, Alert]:
        """Every alert in memory, by id."""
        return self._all

    @property
    def groups(self) -> tuple[Alert, ...]:
        """The alerts of scopes wider than one connection, by id."""
        return self._listed("")

    def of(self, connection: str) -> tuple[Alert, ...]:
        """Return a connection's alerts by id: pending, firing, and those resolved within a day that had fired."""
        return self._listed(connection)

    def known(self, connection: str) -> list[Alert]:
        """Return all that is remembered of a connection, what was dropped among it."""
        return [self._all[id_] for id_ in self._of.get(connection, ())]

    def get(self, id_: str) -> Alert | None:
        """Return an alert by its id."""
        return self._all.get(id_)

    def alarmed(self, connection: str) -> bool:
        """Tell whether a critical alert of drift fires: an outage is not one, the state has its own word for it."""
        return any(
            each.firing and each.drift.severity is Severity.CRITICAL and not watched(each.drift)
            for each in self._listed(connection)
        )

    def evaluate(self, checked: Checked, now: int) -> Judged:
        """Return what the checks of a cycle make of its alerts at `now` (epoch ms); changes nothing yet."""

        def covers(alert: Alert) -> bool:
            drift = alert.drift
            ours = drift.resource == checked.resource and not alert.group and not watched(drift)
            return ours and (drift.kind in checked.covered or drift.finding in checked.covered)

        look = Look(
            now,
            checked.interval,
            covers=covers,
            waits=self._has_kin,
            mended=checked.mended,
            terms=self.terms,
        )
        known = {each.id: each for each in self.known(checked.connection)}
        return self.judged(evaluate(known, checked.drifts, look))

    def mute(self, id_: str, mute: Mute | None) -> Judged:
        """Return an alert as muted, or, with None, as no longer muted; raises `KeyError` where there is none."""
        before = self._all[id_]
        return self.judged(Evaluation((replace(before, mute=mute),)))

    def mended(self, ids: Collection[str], now: int) -> Judged:
        """Return alerts as ended at once, at `now` (epoch ms): their drift was accepted, or what it is of is gone."""
        known = {id_: self._all[id_] for id_ in ids if id_ in self._all}
        look = Look(now, covers=lambda _: False, mended=frozenset(known), terms=self.terms)
        return self.judged(evaluate(known, (), look))

    def judged(self, evaluation: Evaluation) -> Judged:
        """Return an evaluation with what it was made from."""
        before = {each.id: self._all.get(each.id) for each in evaluation.alerts}
        return Judged(evaluation.alerts, evaluation.notices, before, evaluation.dropped)

    def took(self, judged: Judged) -> None:
        """Take over what was written, and say each notice in the log.

        Where something else was written of an alert meanwhile, each keeps what it changed, and the whole is written
        again: see `unwritten`.
        """
        for alert in judged.alerts:
            before, present = judged.before.get(alert.id), self._all.get(alert.id)
            joined = self._said(alert if present is before or present is None else joint(before, alert, present))
            self._set(joined)
            self._unwritten.discard(alert.id)
            if joined != alert:
                self._unwritten.add(alert.id)
        self.dropped += judged.dropped
        for notice in judged.notices:
            self._say(notice)

    @contextmanager
    def untold(self, connection: str, resource: str, keys: Iterable[KeyBytes]) -> Iterator[None]:
        """Have no alert of a connection name the records of these keys: from now on, and whatever is taken within.

        What is written of alerts is told without them elsewhere, once before this ends.
        """
        erased = [(connection, Words(resource, key)) for key in keys]
        self._untold += erased
        try:
            for before in self.known(connection):
                after = self._said(before)
                if after is not before:
                    self._set(after)
            yield
        finally:
            for each in erased:
                self._untold.remove(each)

    @property
    def unwritten(self) -> tuple[Alert, ...]:
        """Alerts that differ from what is written of them."""
        return tuple(self._all[id_] for id_ in sorted(self._unwritten) if id_ in self._all)

    def forget(self, now: int) -> None:
        """Forget what ended more than a day ago and is neither muted nor owed a notice."""
        for alert in [each for each in self._all.values() if not each.open and over(each, now, self.terms)]:
            self._remove(alert)
            del self._all[alert.id]

    def drop(self, connection: str) -> None:
        """Forget all alerts of a connection that is gone, told or not."""
        for alert in self.known(connection):
            self._remove(alert)
            self._unwritten.discard(alert.id)
            del self._all[alert.id]
            self.version += 1

    def _said(self, alert: Alert) -> Alert:
        """Return an alert as it may be told: the same one where it names nobody that is being erased."""
        for connection, words in self._untold:
            if connection == _owner(alert):
                alert = retold(alert, words)
        return alert

    def _has_kin(self, alert: Alert) -> bool:
        """Tell whether others are alike: then the watch says whether one speaks for all."""
        return bool(self._alike.get(likeness(alert.drift), frozenset()) - {alert.id})

    def _set(self, alert: Alert) -> None:
        self.version += 1
        before = self._all.get(alert.id)
        if before is not None:
            self._remove(before)
        self._all[alert.id] = alert
        self._of[_owner(alert)].add(alert.id)
        self._shown.pop(_owner(alert), None)
        if alert.open:
            self._alike[likeness(alert.drift)].add(alert.id)

    def _remove(self, alert: Alert) -> None:
        _discard(self._of, _owner(alert), alert.id)
        _discard(self._alike, likeness(alert.drift), alert.id)
        self._shown.pop(_owner(alert), None)

    def _listed(self, owner: str) -> tuple[Alert, ...]:
        if owner not in self._of:
            return ()
        if owner not in self._shown:
            own = (self._all[id_] for id_ in sorted(self._of[owner]))
            self._shown[owner] = tuple(each for each in own if not each.dropped)
        return self._shown[owner]

    def _say(self, notice: Notice) -> None:
        alert, drift = notice.alert, notice.alert.drift
        say = self._log.info if notice.telling is Telling.RESOLVED else self._log.warning
        say(
            _SAID[notice.telling],
            alert=alert.id,
            connection=drift.connection or None,
            resource=drift.resource,
            scope=f"{alert.scope} {alert.scope_id}" if alert.group else None,
            kind=drift.kind,
            finding=drift.finding,
            field=drift.field,
            severity=drift.severity,
            actor=drift.actor,
        )


def joint(before: Alert | None, mine: Alert, theirs: Alert) -> Alert:
    """Return an alert that was changed twice from the same state: `mine`, with what `theirs` alone changed."""
    if before is None:
        return mine
    kept = {
        name: getattr(theirs, name)
        for name in Alert.__struct_fields__
        if getattr(mine, name) == getattr(before, name) != getattr(theirs, name)
    }
    return replace(mine, **kept)


def _owner(alert: Alert) -> str:
    """Return whose an alert is: a connection's, or nobody's, where its scope is wider."""
    return alert.drift.connection


def _discard(index: dict[Any, set[str]], key: object, id_: str) -> None:
    ids = index.get(key)
    if ids is not None:
        ids.discard(id_)
        if not ids:
            del index[key]
