"""Detection beside a cycle: its rows and changes ─▶ what departs ─▶ alerts ─▶ what is committed with it.

    rows, changes ─▶ study (schema) ┐
                  ─▶ checks (data)  ┼─▶ drifts × open alerts × now ─▶ alerts, notices ─▶ `Detected`
    $prototypes   ─▶ declared form  ┘

A cycle that saw nothing new, of a resource without open alerts, costs nothing: nothing is even read.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any, Final

import anyio
from msgspec import Struct, field
from msgspec.structs import replace

from driftd.core import diff
from driftd.core.alerts.identity import Place, identity
from driftd.core.alerts.model import Alert, AlertState
from driftd.core.drift import Drift, DriftKind, SchemaKind, Scope, Severity, worst
from driftd.core.model import Change, JsonObject, KeyBytes, Kind, Policy, Row, Standing
from driftd.core.rules import used
from driftd.core.scale import Shift
from driftd.core.schema import acceptance
from driftd.core.schema.declared import declared
from driftd.core.schema.drifts import drifts as schema_drifts
from driftd.core.schema.drifts import foremost
from driftd.core.schema.grade import Rating, uses
from driftd.core.schema.model import Baseline, Form
from driftd.core.schema.parting import Twins
from driftd.core.schema.study import Conclusion, Study
from driftd.core.schema.unseen import unseen
from driftd.core.veil import of_before
from driftd.core.volume import Doubt, Swept
from driftd.errors import Reason, SourceError
from driftd.ports import Casebook, Detected, Facts, Source, Store
from driftd.runtime.alarms import Alarms, Checked, Judged
from driftd.runtime.checks import Checked as CheckedData
from driftd.runtime.checks import Checks, Start
from driftd.runtime.clearness import NEVER, Clearness
from driftd.runtime.counterparts import Others
from driftd.runtime.locks import Locks
from driftd.runtime.tally import Tally
from driftd.runtime.veiling import Secret, among, no_secret

PROTOTYPES: Final = 3600.0
"""Seconds between two readings of what a tenant declares of a resource."""
KEYLESS: Final = 50
"""Records without a usable key that are looked into in one cycle."""
SNAPSHOT: Final = 1_000
"""Records of the snapshot that are counted at once."""
_STOPS: Final = frozenset({Severity.CRITICAL, Severity.WARNING})
"""What the policies ``hold`` and ``freeze`` act on."""


class Detector(Struct):
    """What the detection of all cycles shares."""

    casebook: Casebook
    store: Store
    alarms: Alarms
    secret: Secret = no_secret
    """Gives the key of a connection's private members."""
    decided: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often a person decided something of a resource: what a cycle has read of it before is then read again."""
    asked: dict[tuple[str, str], float] = field(default_factory=dict)
    """When the prototypes of a resource were last asked for, monotonic seconds."""
    locks: Locks = field(default_factory=Locks)
    """Hold off decisions while the verdict of a cycle is reached and committed."""
    busy: Locks = field(default_factory=Locks)
    """Held for the whole of a cycle; so is what a person's decision writes in the manner of one."""
    clear: Clearness = field(default_factory=Clearness)

    def begin(self, start: Start, others: Others, decode: Callable[[bytes], JsonObject]) -> "Detection":
        """Return the detection of a cycle."""
        start = replace(start, erased=partial(among, self.secret, self.store))
        return Detection(self, start, others, decode)

    def found(self, names: tuple[str, str], facts: Facts) -> None:
        """Take note that what a cycle found of other classes' records can be read there."""
        for name in facts.breaches:
            if name != names[1]:
                self.clear.stir((names[0], name))

    def forget(self, connection: str) -> None:
        """Keep nothing in memory of a connection that is gone."""
        self.alarms.drop(connection)
        self.clear.drop(connection)
        known: tuple[dict[tuple[str, str], Any], ...] = (self.decided, self.asked)
        for each in known:
            for names in [names for names in each if names[0] == connection]:
                del each[names]


class Verdict(Struct, frozen=True):
    """What one cycle's detection came to."""

    detected: Detected | None = None
    """None: nothing is to be written."""
    judged: Judged = Judged()
    cursor_lost: bool = False
    frozen: bool = False
    open: tuple[Drift, ...] = ()
    confirmed: Mapping[str, int] = {}
    """Changes of shape whose alerts begin to fire, as ``kind/impact``."""


class Detection:
    """The detection of one cycle of one resource."""

    def __init__(self, detector: Detector, start: Start, others: Others, decode: Callable[[bytes], JsonObject]) -> None:
        self._detector = detector
        self._decode = decode
        self._start = start
        self._others = others
        self._resource = start.resource
        self._names = (start.resource.connection, start.resource.name)
        self._decided = detector.decided[self._names]
        self._baseline = Baseline()
        self._begun: tuple[Study, Checks] | None = None
        self._clear = 0
        """How clear the resource was known to be before what is left of it was read."""

    async def baseline(self, rows: Sequence[Row]) -> None:
        """Take in rows of a first sweep."""
        if rows:
            study, checks = await self._ready()
            study.baseline(rows)
            await checks.observe(rows, ())

    async def changed(self, rows: Sequence[Row], changes: Sequence[Change]) -> Sequence[Change]:
        """Take in what a page gave; updates that differ only by structure come back with that as their reason."""
        if not changes and not rows:
            return changes
        study, checks = await self._ready()
        told = study.changed(rows, changes)
        await checks.observe(rows, told)
        return told

    async def keyless(self, records: Iterable[bytes]) -> None:
        """Take in some of the records without a usable key."""
        some = list(islice(records, KEYLESS))
        if some:
            study, _ = await self._ready()
            study.keyless([self._decode(record) for record in some])

    async def repeated(self, twins: Iterable[Twins]) -> None:
        """Take in records that came beside another one of the same key."""
        study, _ = await self._ready()
        study.repeated(twins)

    def loses_key(self, rows: int) -> bool:
        """Tell whether a sweep of so many rows shows that the key went: then nothing missing may be believed."""
        return self._begun is not None and self._begun[0].loses_key(rows)

    @property
    def lock(self) -> anyio.Lock:
        """Held from before `conclude` until the commit is over."""
        return self._detector.locks[self._names]

    async def doubtful(self, tally: Tally, now: int) -> Sequence[KeyBytes]:
        """Return documents whose details are to be read again before the verdict: they may have been half-written."""
        if not self._resource.details or (self._begun is None and self._is_quiet(tally, now)):
            return ()
        _, checks = await self._ready()
        return await checks.doubtful()

    async def conclude(self, prototypes: Form | None, tally: Tally, now: int) -> Verdict:
        """Return the verdict at `now` (epoch ms) with what `prototypes` declare; raises `StoreError`."""
        resource, alarms = self._resource, self._detector.alarms
        if prototypes is None and self._begun is None and self._is_quiet(tally, now):
            return Verdict()
        study, checks = await self._ready()
        accepted = await self._catch_up(study)
        if prototypes is not None:
            study.declare(prototypes)
        whole = tally.kind is Kind.SWEEP and not any(each.reason is Reason.EMPTY_ANSWER for each in tally.doubts)
        conclusion = study.conclude(kind=tally.kind, rows=tally.records, whole=whole, now=now)
        rating = self._rating(conclusion)
        checked = await checks.conclude(_swept(tally, self._start.standing), now)
        shapes = self._foremost(schema_drifts(conclusion.changes, resource, rating), tally)
        tally.notes.extend(study.told())
        found = (*shapes, *checked.drifts)
        covered = {*checked.covered, *({DriftKind.SCHEMA} if tally.records else ())}
        interval, outdone = min(resource.probe, resource.delta), self._outdone(found)
        judged = alarms.evaluate(Checked(*self._names, covered, interval, found, outdone), now)
        open_ = _open_after(alarms.of(resource.connection), judged.alerts, resource.name)
        self._remember(checked)
        shifts = tuple(each for each in checked.memory.shifts if each not in accepted)
        memory = replace(checked.memory, learnt=conclusion.learnt, shifts=shifts)
        detected = Detected(
            memory=memory if memory != self._start.memory else None,
            baseline=self._settled(conclusion, rating, judged, now),
            versions=conclusion.versions,
            facts=checked.facts,
            alerts=judged.alerts,
            notices=judged.notices,
            withhold=self._withholds(open_),
        )
        return Verdict(
            detected,
            judged,
            cursor_lost=conclusion.cursor_lost,
            frozen=resource.policy is Policy.FREEZE and any(each.firing and stops(each) for each in open_),
            open=found,
            confirmed=_confirmed(judged),
        )

    async def unlisted(self, prototypes: Form, now: int) -> Verdict:
        """Return the verdict on a class that cannot be listed by its key: what it declares, asked then, may say why.

        Empty where it says nothing of the key. Nothing is learnt; the first poll that succeeds does that.
        """
        study, _ = await self._ready()
        study.declare(prototypes)
        conclusion = study.conclude(kind=Kind.PROBE, rows=0, whole=False, now=now)
        if all(each.kind is not SchemaKind.KEY_CHANGED for each in conclusion.changes):
            return Verdict()
        found = schema_drifts(conclusion.changes, self._resource, self._rating(conclusion))
        interval = min(self._resource.probe, self._resource.delta)
        checked = Checked(*self._names, {DriftKind.SCHEMA}, interval, found, self._outdone(found))
        judged = self._detector.alarms.evaluate(checked, now)
        return Verdict(Detected(alerts=judged.alerts, notices=judged.notices), judged, open=found)

    def took(self, verdict: Verdict) -> None:
        """Take note that the commit has succeeded: what was found of other classes' records can be read there."""
        self._detector.alarms.took(verdict.judged)
        if verdict.detected is not None:
            self._detector.found(self._names, verdict.detected.facts)

    async def _ready(self) -> tuple[Study, Checks]:
        if self._begun is None:
            casebook = self._detector.casebook
            self._clear = self._detector.clear.known(self._names)
            self._start = replace(self._start, memory=await casebook.memory(*self._names))
            self._baseline = await casebook.baseline(*self._names)
            standing, resource = self._start.standing, self._resource
            hidden = unseen(of_before(standing, resource.private), resource.private)
            learnt = self._start.memory.learnt
            study = Study(resource, learnt, self._baseline, volatile=standing.volatile, unseen=hidden)
            if study.unlearnt and self._start.standing.baselined:
                await self._relearn(study)
            self._begun = study, Checks(casebook, self._detector.store, self._start, self._others)
        return self._begun

    async def _relearn(self, study: Study) -> None:
        """Count the whole snapshot: a release without detection has read it, or what was learnt cannot be read."""
        after: KeyBytes | None = None
        while True:
            page = await self._detector.store.read_records(*self._names, after=after, limit=SNAPSHOT)
            stored = await self._detector.store.known(self._resource, [each.key for each in page.records])
            study.baseline([diff.row_of(each) for each in stored.values()])
            after = page.next
            if after is None:
                return

    async def _catch_up(self, study: Study) -> frozenset[Shift]:
        """Take over what a person decided while the cycle ran; return the shifts of scale that were accepted."""
        if self._decided == self._detector.decided[self._names]:
            return frozenset()
        self._decided = self._detector.decided[self._names]
        self._baseline = await self._detector.casebook.baseline(*self._names)
        study.rebase(self._baseline)
        now = await self._detector.casebook.memory(*self._names)
        return frozenset(self._start.memory.shifts) - frozenset(now.shifts)

    def _is_quiet(self, tally: Tally, now: int) -> bool:
        """Tell whether a cycle that saw nothing new has nothing of before to judge either."""
        if tally.doubts or self._start.standing.cursor_lost or not self._detector.clear.holds(self._names, now):
            return False
        known = self._detector.alarms.known(self._resource.connection)
        return not any(each.open and each.drift.resource == self._resource.name for each in known)

    def _remember(self, checked: CheckedData) -> None:
        """Note whether the resource has something left to be judged again."""
        until = (NEVER if checked.due is None else checked.due) if checked.clear else 0
        self._detector.clear.rest(self._names, until, self._clear)

    async def prototypes(self, source: Source, tally: Tally, monotonic: float) -> Form | None:
        """Ask what the tenant declares, once an hour and where records changed their shape; None: nothing new."""
        asked = self._detector.asked.get(self._names)
        due = asked is None or monotonic - asked >= PROTOTYPES
        if not due and not (self._begun is not None and self._begun[0].suspects):
            return None
        self._detector.asked[self._names] = monotonic
        return await self.declared(source, tally)

    async def declared(self, source: Source, tally: Tally) -> Form | None:
        """Ask what the tenant declares; None where it says nothing."""
        try:
            answer = await source.prototypes(self._resource)
            tally.asked(answer)
            return None if answer.declared is None else declared(answer.declared)
        except SourceError as error:
            tally.failed(error)
            return None

    def _rating(self, conclusion: Conclusion) -> Rating:
        forms = [form for form in (self._baseline.learnt, conclusion.current.learnt) if form is not None]
        paths = {path for form in forms for path in form.fields}
        return Rating(uses(self._resource, paths, used(self._resource.rules)), self._resource.policy)

    def _settled(self, conclusion: Conclusion, rating: Rating, judged: Judged, now: int) -> Baseline | None:
        """Take over what needs no person's word, once it has been told; return the baseline where it changed."""
        baseline = conclusion.baseline
        for change in acceptance.by_themselves(conclusion.changes, self._resource.name, rating):
            drift = next(iter(schema_drifts([change], self._resource, rating)), None)
            if drift is None or self._fires(drift, judged):
                before = baseline or self._baseline
                baseline = acceptance.accept(before, conclusion.current, change, conclusion.among, now) or baseline
        return baseline

    def _foremost(self, shapes: Sequence[Drift], tally: Tally) -> Sequence[Drift]:
        """Return the drifts of shape that are told one by one, and note that there are more."""
        known = self._detector.alarms.known(self._resource.connection)
        open_ = {(each.drift.finding, each.drift.field) for each in known if each.open}
        kept = foremost(shapes, open_)
        if len(kept) < len(shapes):
            tally.notes.append(
                f"{len(shapes)} changes of shape: {len(kept)} are told one by one, the others once these are settled"
            )
        return kept

    def _outdone(self, found: Iterable[Drift]) -> frozenset[str]:
        """Return the open alerts of shape of which another drift of the same field says more by now."""
        shapes = [each for each in found if each.kind is DriftKind.SCHEMA]
        ids = {identity(Place(Scope.TENANT, each.connection), each) for each in shapes}
        fields = {each.field for each in shapes} | {each.evidence.get("to") for each in shapes}
        known = self._detector.alarms.known(self._resource.connection)
        return frozenset(
            each.id
            for each in known
            if each.open
            and each.drift.kind is DriftKind.SCHEMA
            and each.drift.resource == self._resource.name
            and each.drift.field in fields
            and each.id not in ids
        )

    def _fires(self, drift: Drift, judged: Judged) -> bool:
        id_ = identity(Place(Scope.TENANT, drift.connection), drift)
        after = {each.id: each for each in judged.alerts}.get(id_) or self._detector.alarms.get(id_)
        return after is not None and after.firing

    def _withholds(self, open_: Iterable[Alert]) -> bool | None:
        if self._resource.policy is not Policy.HOLD:
            return None
        return any(map(stops, open_))


def _swept(tally: Tally, standing: Standing) -> Swept:
    return Swept(
        kind=tally.kind,
        doubts=tuple(Doubt(each.reason, each.message) for each in tally.doubts),
        trusted=standing.records,
        sweeps=standing.sweeps,
        seen=tally.records,
        held=tally.held,
    )


def _open_after(before: Iterable[Alert], changed: Iterable[Alert], resource: str) -> list[Alert]:
    """Return the resource's open alerts as they are after an evaluation."""
    after = {each.id: each for each in before} | {each.id: each for each in changed}
    return [each for each in after.values() if each.open and each.drift.resource == resource]


def stops(alert: Alert) -> bool:
    """Tell whether an open alert is one that the policies ``hold`` and ``freeze`` act on."""
    return alert.drift.kind is DriftKind.SCHEMA and alert.drift.severity in _STOPS


def _confirmed(judged: Judged) -> Mapping[str, int]:
    found: Counter[str] = Counter()
    for alert in judged.alerts:
        before = judged.before.get(alert.id)
        begins = alert.firing and not (before and before.state is AlertState.FIRING)
        if begins and alert.drift.kind is DriftKind.SCHEMA:
            drift = alert.drift
            found[f"{drift.finding}/{worst(drift.read_impact, drift.write_impact)}"] += 1
    return found
