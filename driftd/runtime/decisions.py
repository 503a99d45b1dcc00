"""What a person decides is carried out: at once, with a row in the audit log, in one transaction.

Where a cycle runs meanwhile, a decision waits for its commit only, and the cycle takes over what was decided; what
writes records, or lets a frozen resource go on, waits for the end of the cycle.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final, TypeAlias

import anyio
from msgspec.structs import replace

from driftd.core.alerts.model import Alert, Deed, Mute
from driftd.core.alerts.search import find
from driftd.core.decision import (
    Action,
    Decided,
    Decision,
    check,
    check_acceptable,
    check_holds,
    check_open,
    over,
    shape,
)
from driftd.core.drift import Check
from driftd.core.model import Kind, Standing
from driftd.core.schema import acceptance
from driftd.core.schema.differing import opened
from driftd.core.schema.fingerprint import fingerprint
from driftd.core.schema.model import Baseline, Form
from driftd.errors import DecisionError
from driftd.ports import Casebook, Clock, Detected, Filing, Store
from driftd.runtime.alarms import Judged
from driftd.runtime.detect import Detector, stops
from driftd.runtime.settling import Settling, Site, settle

PATIENCE: Final = 20.0
"""Seconds that a decision waits for the end of a cycle."""
_LATEST: Final = 1_000
"""Deeds that are looked through for what can be undone."""
Names: TypeAlias = tuple[str, str]
"""Connection and resource."""


async def sought(casebook: Casebook, id_: str) -> Alert:
    """Return one alert, however old, by its id or the beginning of it; raises `DecisionError` where there is none."""
    return await casebook.alert(id_) or find(id_, await casebook.alerts(resolved_since=0))


class Decisions:
    """Carries decisions out."""

    def __init__(
        self, detector: Detector, store: Store, clock: Clock, sites: Callable[[], Mapping[Names, Site]]
    ) -> None:
        self._detector = detector
        self._store = store
        self._clock = clock
        self._sites = sites

    async def decide(self, decision: Decision) -> Decided:
        """Carry a decision out. Raises `DecisionError` where it does not fit, `StoreError` where it is not written."""
        check(decision, self._clock.now())
        alert = await self._alert(decision.alert)
        return Decided(alert.id, await self._carried_out(decision, alert))

    async def _carried_out(self, decision: Decision, alert: Alert) -> str:
        match decision.action:
            case Action.MUTE:
                return await self._mute(decision, alert)
            case Action.ACCEPT:
                return await self._accept(decision, alert)
            case Action.UNDO:
                return await self._undo(decision, alert)
            case Action.RELEASE | Action.KEEP:
                return await self._settle(decision, alert)

    async def _alert(self, id_: str) -> Alert:
        try:
            return find(id_, self._detector.alarms.all.values())
        except DecisionError as error:
            if not error.unknown:
                raise
            return await sought(self._detector.casebook, id_)

    def _present(self, alert: Alert) -> Alert:
        """Return an open alert as it is by now; raises `DecisionError` where it has ended."""
        present = self._detector.alarms.get(alert.id) or alert
        check_open(present)
        return present

    async def _mute(self, decision: Decision, alert: Alert) -> str:
        now = self._clock.now()
        self._present(alert)
        judged = self._detector.alarms.mute(alert.id, Mute(decision.until or now, decision.reason, decision.by, now))
        await self._file(judged, Filing(deeds=[self._deed(decision, alert)]))
        return f"{alert.id} is muted: no notices until then, and it does not count as firing; it still shows"

    async def _accept(self, decision: Decision, alert: Alert) -> str:
        check_open(alert)
        check_acceptable(alert)
        names = _names(alert)
        async with self._detector.locks[names]:
            if not await self._frozen(names):
                await self._accepted(decision, alert, names)
                return self._said_of_acceptance(alert)
        async with idle(self._detector.busy[names], names), self._detector.locks[names]:
            await self._accepted(decision, alert, names)
        return self._said_of_acceptance(alert)

    def _said_of_acceptance(self, alert: Alert) -> str:
        drift = alert.drift
        left = self._in_the_way(_names(alert), alert) if shape(alert) else []
        more = f"; {', '.join(each.id for each in left)} still to be decided" if left else ""
        return f"{alert.id} is accepted: {drift.finding} of {drift.resource} is the baseline now{more}"

    async def _accepted(self, decision: Decision, alert: Alert, names: Names) -> None:
        """Accept: all in one transaction; whoever calls holds the lock of the resource."""
        alert = self._present(alert)
        before = await self._detector.casebook.baseline(*names)
        filing = await self._acceptance(alert, names, before)
        after = filing.baselines.get(names)
        deed = self._deed(decision, alert)
        if after is not None:
            deed = replace(deed, before=_digits(before), after=_digits(after), replaced=before)
        judged = self._detector.alarms.mended([alert.id], self._clock.now())
        released = shape(alert) and not self._in_the_way(names, alert)
        if released and await self._frozen(names):
            await self._thaw(names, judged, Detected(baseline=after, deeds=[deed], withhold=False))
        else:
            await self._file(judged, replace(filing, deeds=[deed], release=[names] if released else []))
        self._detector.decided[names] += 1

    async def _acceptance(self, alert: Alert, names: Names, baseline: Baseline) -> Filing:
        """Return what accepting comes to; raises `DecisionError` where there is nothing left to accept."""
        drift, casebook = alert.drift, self._detector.casebook
        if shape(alert):
            memory, site = await casebook.memory(*names), self._site(names)
            found = opened(memory.learnt, baseline, site.resource)
            wanted = (drift.finding, drift.field)
            change = next((each for each in found.changes if (each.kind, each.field) == wanted), None)
            if change is None:
                raise over(alert)
            accepted = acceptance.accept(baseline, found.current, change, found.among, self._clock.now())
            if accepted is None:
                raise over(alert)
            return Filing(baselines={names: accepted})
        if drift.finding == Check.SCALE_SHIFT:
            memory = await casebook.memory(*names)
            left = tuple(each for each in memory.shifts if each.fields[:1] != (drift.field,))
            return Filing(memories={names: replace(memory, shifts=left)})
        return Filing(accepted={names: [(Check(drift.finding), drift.field or "")]})

    def _in_the_way(self, names: Names, accepted: Alert) -> Sequence[Alert]:
        """Return the other open alerts for which the policies ``hold`` and ``freeze`` hold the resource back."""
        others = self._detector.alarms.known(names[0])
        return [
            each for each in others if each.open and each.id != accepted.id and each.drift.resource == names[1]
            and stops(each)
        ]  # fmt: skip

    async def _frozen(self, names: Names) -> bool:
        site = self._sites().get(names)
        return site is not None and (await self._store.standing(site.resource)).frozen

    async def _thaw(self, names: Names, judged: Judged, detected: Detected) -> None:
        """Let a frozen resource go on, by a cycle that read nothing."""
        site = self._site(names)
        standing: Standing = await self._store.standing(site.resource)
        begun = await self._store.begin(
            site.resource, Kind.PROBE, host=site.host, folder=site.folder, now=self._clock.now()
        )
        async with begun as writing:
            detected = replace(detected, alerts=judged.alerts, notices=judged.notices)
            await writing.commit(replace(standing, frozen=False), None, detected)
        self._detector.alarms.took(judged)

    async def _undo(self, decision: Decision, alert: Alert) -> str:
        names = _names(alert)
        async with self._detector.locks[names]:
            deed = await self._undoable(alert)
            before = await self._detector.casebook.baseline(*names)
            after = deed.replaced or Baseline()
            filing = Filing(
                baselines={names: replace(after, at=self._clock.now())},
                deeds=[replace(self._deed(decision, alert), before=_digits(before), after=_digits(after))],
            )
            await self._detector.casebook.file(filing)
            self._detector.decided[names] += 1
            self._detector.clear.stir(names)
        return f"{alert.id} is accepted no more: the next evaluations judge by the baseline of before"

    async def _undoable(self, alert: Alert) -> Deed:
        """Return the acceptance of an alert, where it is the last of its resource that stands."""
        undone = 0
        for deed in await self._detector.casebook.deeds(alert.drift.connection, _LATEST):
            if deed.resource != alert.drift.resource or (deed.action == Action.ACCEPT and deed.replaced is None):
                continue
            if deed.action == Action.UNDO:
                undone += 1
            elif deed.action == Action.ACCEPT and undone:
                undone -= 1
            elif deed.action == Action.ACCEPT:
                if deed.subject == alert.id:
                    return deed
                hint = f"undo that first: `driftd drift undo {deed.subject} --reason …`"
                raise DecisionError(f"{alert.id} is not what was accepted last: {deed.subject} is", hint=hint)
        hint = "only an accepted change of shape can be undone, the last one first"
        raise DecisionError(f"{alert.id} ({alert.drift.finding}) has no acceptance that stands", hint=hint)

    async def _settle(self, decision: Decision, alert: Alert) -> str:
        check_holds(alert)
        check_open(alert)
        names, sites = _names(alert), self._sites()
        emit = decision.action is Action.RELEASE
        what = Settling(alert, self._site(names), emit, self._deed(decision, alert), decision.candidates)
        others = {name: site.resource for (connection, name), site in sites.items() if connection == names[0]}
        async with idle(self._detector.busy[names], names):
            self._present(alert)
            number = await settle(self._detector, self._store, self._clock, others.get, what)
        said = "deletes are released as change events" if emit else "records are kept; the next sweep judges afresh"
        return f"{number} {said}"

    async def _file(self, judged: Judged, filing: Filing) -> None:
        await self._detector.casebook.file(replace(filing, alerts=judged.alerts, notices=judged.notices))
        self._detector.alarms.took(judged)

    def _site(self, names: Names) -> Site:
        site = self._sites().get(names)
        if site is None:
            hint = "configure it again, or leave it: its alerts end by themselves"
            raise DecisionError(f"{names[0]} {names[1]} is not configured any more", hint=hint)
        return site

    def _deed(self, decision: Decision, alert: Alert) -> Deed:
        drift, reason = alert.drift, decision.reason.strip()
        return Deed(
            self._clock.now(), decision.by.strip(), decision.action, drift.connection, drift.resource, alert.id, reason
        )


def _names(alert: Alert) -> Names:
    return alert.drift.connection, alert.drift.resource or ""


def _digits(baseline: Baseline) -> str:
    return fingerprint(baseline.learnt or Form())


@asynccontextmanager
async def idle(lock: anyio.Lock, names: Names) -> AsyncIterator[None]:
    """Wait until no cycle of a resource runs; raises `DecisionError` where one takes long."""
    with anyio.move_on_after(PATIENCE) as limit:
        await lock.acquire()
    if limit.cancelled_caught:
        raise DecisionError(f"a cycle of {names[0]} {names[1]} runs", hint="decide again when it is over")
    try:
        yield
    finally:
        lock.release()
