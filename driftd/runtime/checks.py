"""Exact checks beside a cycle: what its changes break, mend, refer to and add up to.

    rows, changes ─▶ judge each record ──────────▶ breaches: new, found again, mended ┐
                  ─▶ sums, references ─▶ look at the other classes ─▶ breaches        ├─▶ facts, drifts
                  ─▶ ratios of values, rhythm, volume ────────────────────────────────┘

It costs with what changed: a cycle without changes and without open breaches asks the store one question. A breach is
told once it was found at two evaluations; what compares classes waits until both were read again.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from driftd.core import scale, volume
from driftd.core.drift import Check, Drift
from driftd.core.invariants.crossing import KNOWN, set_changes
from driftd.core.invariants.gathering import Gathering, Looked
from driftd.core.invariants.model import Breach, SumKey, Sums
from driftd.core.invariants.sums import covered, moved, of_set
from driftd.core.invariants.told import OF_RECORDS, sets_changed, told
from driftd.core.memory import Memory
from driftd.core.model import Absence, Change, KeyBytes, Kind, Op, Resource, Row, Standing
from driftd.core.rhythm import due, late, noted
from driftd.core.scale import Ratios
from driftd.core.volume import OF_SWEEPS, Swept
from driftd.ports import Casebook, Facts, Store
from driftd.runtime.agreements import Disagreement, disagreements
from driftd.runtime.breaches import Breaches, Cycled
from driftd.runtime.counterparts import Counterparts, Erased, Others, nobody
from driftd.runtime.prices import Priced, priced

ALWAYS: Final = OF_RECORDS | {Check.SCALE_SHIFT, Check.SET_CHANGES, Check.STOPPED_CHANGING}
"""Checks that every cycle evaluates."""
REVIEWED: Final = 200
"""Records that one cycle judges once more, since another class was not known before."""


class Start(Struct, frozen=True):
    """What one cycle's checks start from."""

    resource: Resource
    kind: Kind
    began: int
    """When the cycle began, epoch ms."""
    standing: Standing = Standing()
    memory: Memory = Memory()
    erased: Erased = nobody
    """Tells who was erased."""
    erasing: bool = False
    """Whether what is gone is erased, and no delete: nobody is an orphan for that."""


class Checked(Struct, frozen=True):
    """What the exact checks of one cycle found."""

    facts: Facts
    drifts: tuple[Drift, ...]
    covered: frozenset[Check]
    """The checks that this cycle evaluated: one of them without a drift is a good evaluation."""
    memory: Memory
    """The one that it started from, with what these checks remember."""
    unknown: Mapping[Check, int] = MappingProxyType({})
    """Records looked at that a check could not judge, since their lines are not known or too old."""
    clear: bool = False
    """Whether nothing is left to be judged again."""
    due: int | None = None
    """When the resource is late unless something changes before, epoch ms: from then on a cycle that saw nothing new
    has something to judge all the same; None: never."""


class Checks:
    """The exact checks of one resource over one pass of a cycle."""

    def __init__(self, casebook: Casebook, store: Store, start: Start, others: Others) -> None:
        resource = self._resource = start.resource
        self._casebook = casebook
        self._store = store
        self._start = start
        self._baseline = not start.standing.baselined
        self._gathering = Gathering(resource, start.began, baseline=self._baseline)
        self._counterparts = Counterparts(casebook, store, resource.connection, others, start.erased)
        cycled = Cycled(resource, start.kind, start.began)
        self._breaches = Breaches(casebook, store, self._counterparts, cycled)
        self._ratios = Ratios()
        self._gone: list[KeyBytes] = []
        self._held: list[KeyBytes] = []

    async def observe(self, rows: Sequence[Row], changes: Sequence[Change]) -> None:
        """Take in one batch of what a cycle stages."""
        by_key = {change.key: change for change in changes}
        looked = []
        for row in rows:
            change = by_key.get(row.key)
            if row.absent is Absence.HELD:
                self._held.append(row.key)
            found = self._gathering.look(row, change)
            if change is not None and change.op is Op.DELETE and not self._start.erasing:
                self._gone.append(row.key)
            if found is not None:
                looked.append(found)
                self._measure(found, change)
        if looked:
            await self._breaches.judge(looked)

    async def doubtful(self) -> Sequence[KeyBytes]:
        """Return documents whose details are to be read again in this cycle, before it concludes: half-written ones."""
        return await self._breaches.doubtful()

    async def conclude(self, swept: Swept, now: int) -> Checked:
        """Return what the cycle comes to; `swept` tells of it as a whole."""
        resource, memory, gathering = self._resource, self._start.memory, self._gathering
        held, sums = await self._sums()
        prices = self._priced(held, now)
        await self._breaches.disagree(await self._disagreements(held, sums), now)
        await self._breaches.again()
        await self._breaches.deleted(self._gone, now)
        review = await self._reviewed()
        found = [*self._ratios.found(now), *([prices.shift] if prices.shift else [])]
        changed = bool(gathering.changed or (gathering.created and not self._baseline) or gathering.deleted)
        swept = await self._completed(swept)
        churn = memory.churn
        memory = replace(
            memory,
            shifts=scale.opened(memory.shifts, found),
            quotes=prices.quotes,
            rhythm=noted(memory.rhythm, now, changed=changed),
            churn=volume.churned(churn, swept),
            review=review,
        )
        drifts = [
            *told(resource, self._breaches.counted(), self._records()),
            *(volume.shifted(resource, each) for each in memory.shifts),
            *volume.doubted(resource, swept),
            *volume.mass_update(resource, swept, churn, [*found, *memory.shifts]),
            *sets_changed(
                resource, {name: set_changes(held, sums, of_set(name)) for name in self._known_sets(held, sums)}
            ),
        ]
        stopped = late(memory.rhythm, now)
        drifts += [volume.stopped_changing(resource, stopped)] if stopped else []
        sweeps = OF_SWEEPS if swept.kind is Kind.SWEEP else frozenset()
        facts = self._facts(sums | prices.sums)
        covered_ = ALWAYS | sweeps
        clear = self._breaches.clear and not memory.shifts and review is None
        unknown = dict(gathering.unknown)
        return Checked(facts, tuple(drifts), covered_, memory, unknown, clear=clear, due=due(memory.rhythm))

    def _measure(self, looked: Looked, change: Change | None) -> None:
        if change is not None and change.op is Op.UPDATE and looked.before and looked.after:
            self._ratios.take(looked.key, scale.pairs(looked.before, looked.after, change.changed))

    async def _sums(self) -> tuple[Sums, dict[SumKey, tuple[str, ...]]]:
        """Return the sums that changed as they were, and as they are."""
        gathering = self._gathering
        wanted = [key for key, row in gathering.sums.items() if any(row)]
        counts = [covered(rule.parts) for rule in self._resource.rules.agreements] if wanted else []
        counts += [covered(of_set(name)) for name in self._resource.rules.sets] if wanted else []
        held = await self._counterparts.sums(self._resource.name, {*wanted, *counts, *gathering.prices})
        return held, moved(held, gathering.sums)

    def _priced(self, held: Sums, now: int) -> Priced:
        rule = self._resource.rules.price
        path = f"{rule.collection}[].{rule.amount}" if rule else ""
        return priced(self._gathering, held, self._start.memory.quotes, path, now)

    async def _disagreements(self, held: Sums, sums: Sums) -> Sequence[Disagreement]:
        names = {rule.parts for rule in self._resource.rules.agreements}
        complete = {}
        for name in names:
            counted = sums.get(covered(name)) or held.get(covered(name)) or ("0",)
            complete[name] = int(counted[0]) >= self._records()
        return await disagreements(self._resource, sums, self._counterparts, complete=complete)

    def _records(self) -> int:
        """Return how many records the resource has after this cycle."""
        before = self._gathering.records if self._baseline else self._start.standing.records
        return before + self._gathering.created - self._gathering.deleted

    def _known_sets(self, held: Sums, sums: Mapping[SumKey, tuple[str, ...]]) -> list[str]:
        """Return the sets that enough records show, before and after: where a member is no more, none of it is lost."""
        counts = {name: covered(of_set(name)) for name in self._resource.rules.sets}
        before = {name: held.get(key) for name, key in counts.items()}
        after = {name: sums.get(key, before[name]) for name, key in counts.items()}
        return [name for name in counts if min(_first(before[name]), _first(after[name])) >= KNOWN]

    async def _reviewed(self) -> KeyBytes | None:
        """Judge some records more against classes that were not known at their baseline; return how far that came.

        It begins once all of these classes are known.
        """
        at = b"" if self._baseline else self._start.memory.review
        if at is None or await self._counterparts.unknown(self._resource):
            return at
        if self._baseline:
            return None
        names = self._resource.connection, self._resource.name
        page = await self._store.read_records(*names, after=at or None, limit=REVIEWED)
        await self._breaches.review(page.records)
        return page.next

    async def _completed(self, swept: Swept) -> Swept:
        """Return what a cycle was with what was counted here."""
        samples = self._held
        if not samples and swept.held and swept.doubts:
            absent = await self._store.absent(self._resource)
            samples = [each.key for each in absent if each.absent is Absence.HELD]
        return replace(
            swept,
            sweeps=self._start.standing.sweeps,
            changed=self._gathering.changed,
            held=swept.held + len(self._held),
            samples=tuple(samples[: volume.SAMPLES]),
        )

    def _facts(self, sums: Sums) -> Facts:
        found: dict[str, Sequence[Breach]] = {}
        breaches = self._breaches
        if breaches.written:
            found[self._resource.name] = tuple(breaches.written.values())
        return Facts(
            dropped=tuple(sorted(self._gathering.dropped)),
            links=tuple(sorted(self._gathering.links)),
            sums=sums,
            mended=tuple(breaches.mended),
            breaches={**breaches.elsewhere, **found},
        )


def _first(row: Sequence[str] | None) -> int:
    return int(row[0]) if row else 0
