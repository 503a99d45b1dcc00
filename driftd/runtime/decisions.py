"""What a person decides is carried out: at once, with a row in the audit log, in one transaction.

Where a cycle runs meanwhile, the decision waits for its commit only, and the cycle takes over what was decided.
"""

import hashlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

import anyio
from msgspec import Struct
from msgspec.structs import replace

from driftd.core import diff
from driftd.core.alerts.model import Alert, Deed, Mute
from driftd.core.alerts.search import find
from driftd.core.decision import Action, Decided, Decision
from driftd.core.drift import Check, DriftKind, SchemaKind
from driftd.core.model import Absence, Confidence, Kind, Resource, Standing, Stored
from driftd.core.schema import acceptance
from driftd.core.schema.differing import opened
from driftd.core.schema.fingerprint import fingerprint
from driftd.core.schema.model import Baseline, Form
from driftd.errors import DecisionError
from driftd.ports import Clock, Detected, Filing, Store
from driftd.runtime.alarms import Judged
from driftd.runtime.detect import Detector, stops

BATCH: Final = 500
"""Records that are settled at once."""
PATIENCE: Final = 20.0
"""Seconds that a decision waits for the end of a cycle."""
_ITSELF: Final = "it ends by itself when that is over"


class Site(Struct, frozen=True):
    """Where a resource is polled."""

    resource: Resource
    host: str
    folder: str


class Decisions:
    """Carries decisions out."""

    def __init__(
        self, detector: Detector, store: Store, clock: Clock, sites: Callable[[], Mapping[tuple[str, str], Site]]
    ) -> None:
        self._detector = detector
        self._store = store
        self._clock = clock
        self._sites = sites

    def alert(self, id_: str) -> Alert:
        """Return the alert of an id, or of the beginning of one; raises `DecisionError` where there is none."""
        return find(id_, self._detector.alarms.all.values())

    async def decide(self, decision: Decision) -> Decided:
        """Carry a decision out. Raises `DecisionError` where it does not fit, `StoreError` where it is not written."""
        alert = self.alert(decision.alert)
        if not decision.reason.strip():
            raise DecisionError("a decision needs a reason", hint="say why: it stands in the audit log")
        says = await self._carried_out(decision, alert)
        return Decided(alert.id, says)

    async def _carried_out(self, decision: Decision, alert: Alert) -> str:
        match decision.action:
            case Action.MUTE:
                return await self._mute(decision, alert)
            case Action.ACCEPT:
                return await self._accept(decision, alert)
            case Action.RELEASE | Action.KEEP:
                return await self._settle_deletes(decision, alert)

    async def _mute(self, decision: Decision, alert: Alert) -> str:
        now = self._clock.now()
        if not alert.open:
            raise _over(alert)
        if decision.until is None or decision.until <= now:
            raise DecisionError("a mute needs an end", hint="say how long: --for 4h")
        judged = self._detector.alarms.mute(alert.id, Mute(decision.until, decision.reason, decision.by, now))
        await self._file(judged, Filing(deeds=[self._deed(decision, alert)]))
        return f"{alert.id} is muted; it still shows, and notices come again by themselves"

    async def _accept(self, decision: Decision, alert: Alert) -> str:
        drift = alert.drift
        if not alert.open:
            raise _over(alert)
        if drift.resource is None or alert.group:
            raise DecisionError(
                f"{alert.id} ({drift.finding}) is no departure from a baseline", hint=f"mute it, or mend it: {_ITSELF}"
            )
        names = (drift.connection, drift.resource)
        async with self._detector.locks[names]:
            filing = await self._acceptance(alert, names)
            judged = self._detector.alarms.mended([alert.id], self._clock.now())
            deed = self._deed(decision, alert, filing.baselines.get(names))
            released = self._stops_no_more(names, alert)
            filing = replace(filing, deeds=[deed], release=[names] if released else [])
            await self._file(judged, filing)
            self._detector.decided[names] += 1
            if released:
                await self._thaw(names)
        return f"{alert.id} is accepted: {drift.finding} of {drift.resource} is the baseline now"

    async def _acceptance(self, alert: Alert, names: tuple[str, str]) -> Filing:
        """Return what accepting comes to; raises `DecisionError` where there is nothing left to accept."""
        drift, casebook = alert.drift, self._detector.casebook
        if drift.kind is DriftKind.SCHEMA and drift.finding in set(SchemaKind):
            memory, baseline = await casebook.memory(*names), await casebook.baseline(*names)
            site = self._sites().get(names)
            if site is None:
                raise _not_polled(names)
            found = opened(memory.learnt, baseline, site.resource)
            wanted = (drift.finding, drift.field)
            change = next((each for each in found.changes if (each.kind, each.field) == wanted), None)
            if change is None:
                raise _over(alert)
            after = acceptance.accept(baseline, found.current, change, found.among, self._clock.now())
            if after is None:
                raise _over(alert)
            return Filing(baselines={names: after})
        if drift.finding == Check.SCALE_SHIFT:
            memory = await casebook.memory(*names)
            left = tuple(each for each in memory.shifts if each.fields[:1] != (drift.field,))
            return Filing(memories={names: replace(memory, shifts=left)})
        if drift.kind is DriftKind.INVARIANT:
            return Filing(accepted={names: [(Check(drift.finding), drift.field or "")]})
        if drift.finding in {Check.MASS_DELETE, Check.EMPTY_ANSWER}:
            raise DecisionError(
                f"{alert.id} holds deletes", hint=f"`driftd drift release {alert.id}` or `driftd drift keep {alert.id}`"
            )
        raise DecisionError(f"{alert.id} ({drift.finding}) cannot be accepted", hint=f"mute it: {_ITSELF}")

    def _stops_no_more(self, names: tuple[str, str], accepted: Alert) -> bool:
        """Tell whether nothing else holds back what the accepted alert's policy held."""
        others = self._detector.alarms.known(names[0])
        return accepted.drift.kind is DriftKind.SCHEMA and not any(
            each.open and each.id != accepted.id and each.drift.resource == names[1] and stops(each) for each in others
        )

    async def _thaw(self, names: tuple[str, str]) -> None:
        site = self._sites().get(names)
        if site is None:
            return
        async with _idle(self._detector.busy[names], names):
            standing = await self._store.standing(site.resource)
            if standing.frozen:
                await self._commit(site, replace(standing, frozen=False), [])

    async def _settle_deletes(self, decision: Decision, alert: Alert) -> str:
        names = (alert.drift.connection, alert.drift.resource or "")
        site = self._sites().get(names)
        if site is None:
            raise _not_polled(names)
        async with _idle(self._detector.busy[names], names):
            held = [each for each in await self._store.absent(site.resource) if each.absent is Absence.HELD]
            if not held:
                raise DecisionError(
                    f"{alert.id} holds no deletes (any more)", hint="`driftd drift list` shows what does"
                )
            standing = await self._store.standing(site.resource)
            emit = decision.action is Action.RELEASE
            judged = self._detector.alarms.mended([alert.id], self._clock.now())
            await self._commit(site, standing, held, emit=emit, judged=judged)
            self._detector.alarms.took(judged)
            deed = replace(
                self._deed(decision, alert),
                subject=candidates(held),
                before=str(standing.records),
                after=str(standing.records - len(held) if emit else standing.records),
            )
            await self._detector.casebook.file(Filing(deeds=[deed]))
        what = "deletes are released as change events" if emit else "records are kept; the next sweep judges afresh"
        return f"{len(held)} {what}"

    async def _commit(
        self,
        site: Site,
        standing: Standing,
        held: Sequence[Stored],
        *,
        emit: bool = False,
        judged: Judged = Judged(),  # noqa: B008 - frozen
    ) -> None:
        """Write a cycle that read nothing: what a person decided of records."""
        now = self._clock.now()
        opened_ = await self._store.begin(site.resource, Kind.SWEEP, host=site.host, folder=site.folder, now=now)
        async with opened_ as writing:
            for position in range(0, len(held), BATCH):
                batch = held[position : position + BATCH]
                pairs = [
                    diff.deleted(each, site.resource, Confidence.INFERRED_ABSENT, page=0, row=0, now=now)
                    for each in batch
                ]
                rows = [row for row, _ in pairs] if emit else [diff.row_of(each) for each in batch]
                await writing.stage(position, rows=rows, changes=[change for _, change in pairs] if emit else [])
            left = replace(standing, records=standing.records - len(held) if emit else standing.records)
            detected = Detected(alerts=judged.alerts, notices=judged.notices)
            await writing.commit(left, None, detected)

    async def _file(self, judged: Judged, filing: Filing) -> None:
        await self._detector.casebook.file(replace(filing, alerts=judged.alerts, notices=judged.notices))
        self._detector.alarms.took(judged)

    def _deed(self, decision: Decision, alert: Alert, after: Baseline | None = None) -> Deed:
        return Deed(
            self._clock.now(),
            decision.by,
            decision.action,
            alert.drift.connection,
            alert.drift.resource,
            alert.id,
            decision.reason,
            after="" if after is None else fingerprint(after.learnt or Form()),
        )


def candidates(held: Sequence[Stored]) -> str:
    """Return the hash of the set of records whose deletes are held: 16 hex digits."""
    digest = hashlib.blake2b(digest_size=8)
    for each in held:
        digest.update(len(each.key).to_bytes(4, "big") + each.key)
    return digest.hexdigest()


@asynccontextmanager
async def _idle(lock: anyio.Lock, names: tuple[str, str]) -> AsyncIterator[None]:
    """Wait until no cycle of a resource runs; raises `DecisionError` where one takes long."""
    with anyio.move_on_after(PATIENCE) as limit:
        await lock.acquire()
    if limit.cancelled_caught:
        raise DecisionError(f"a cycle of {names[0]} {names[1]} runs", hint="decide again when it is over")
    try:
        yield
    finally:
        lock.release()


def _over(alert: Alert) -> DecisionError:
    return DecisionError(
        f"{alert.id} ({alert.drift.finding}) is over: there is nothing left to decide", hint="see `driftd drift list`"
    )


def _not_polled(names: tuple[str, str]) -> DecisionError:
    return DecisionError(
        f"{names[0]} {names[1]} is not configured any more", hint="configure it again, or leave it: its alerts end"
    )
