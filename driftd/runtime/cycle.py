"""THE STRAIGHT WAY: one cycle polls one resource of one connection once.

    read ─▶ segment ─▶ same? ─▶ split ─▶ fingerprint ─▶ known? ─▶ decode ─▶ details ─▶ diff ─▶ study
                         └ nothing to do                  └ nothing to do                        └─▶ look again ─▶ gate
                                                                                expose ◀─ commit ◀─ alert ◀─ detect ◀┘

A *sweep* reads everything and alone can prove a delete. A *probe* reads one small page, a *delta* what is new; absence
in either is evidence of nothing. A segment whose bytes did not change is never parsed, a record whose bytes did not
change never decoded: the cost of a cycle follows what changed, not what exists.

Nothing of a cycle is visible before its commit; a cycle that fails or is cancelled never began.
"""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from driftd.core import fingerprint, gate
from driftd.core.diff import row_of
from driftd.core.lines import Line
from driftd.core.model import Contents, JsonObject, KeyBytes, Kind, Op, Resource, Segment, Standing, Stored
from driftd.core.segment import pieces, segment
from driftd.core.volatile import nearly_all, proposed
from driftd.errors import DamagedStoreError, FencedError, Reason, SourceError, StoreError
from driftd.ports import Cycle
from driftd.runtime.ahead import read_ahead
from driftd.runtime.canary import Canary
from driftd.runtime.checks import Start
from driftd.runtime.compare import Comparison, Found
from driftd.runtime.deletes import Deletes, Missing, SilentOnceError, unplace
from driftd.runtime.glance import newest_shown, opening, pages, probed, wanted
from driftd.runtime.keys import Keys
from driftd.runtime.lesson import LearntError, lesson
from driftd.runtime.patient import Patient
from driftd.runtime.reader import Reader
from driftd.runtime.stretches import Stretch, Stretches
from driftd.runtime.tally import CycleReport, Failure, Tally, Watch
from driftd.runtime.tenant import Tenant
from driftd.runtime.veiling import Veiling
from driftd.runtime.verdict import Ending, frozen

ATTEMPTS = 3
"""How often a cycle may begin: anew where it learnt which members are volatile, or found nothing by accident."""
REFRESHED = 5_000
"""Details that one cycle renews at most, whatever the budget."""
DAY = 86_400_000
"""Milliseconds: details older than this no longer count as covered."""


async def cycle(tenant: Tenant, resource: Resource, kind: Kind, watch: Watch | None = None) -> CycleReport:
    """Run one cycle and report it; failures of the tenant or the store are reported, not raised.

    Raises `FencedError`, where another process owns the store, and `DamagedStoreError`, where what is stored cannot be
    believed: in both cases this process must end what it does.

    A resource that was never read completely is swept whatever `kind` asks for.
    """
    async with tenant.detector.busy[resource.connection, resource.name]:
        return await _cycle(tenant, resource, kind, watch)


async def _cycle(tenant: Tenant, resource: Resource, kind: Kind, watch: Watch | None) -> CycleReport:
    begun = tenant.clock.monotonic()
    tenant = replace(tenant, source=Patient(tenant.source, tenant.clock.sleep))
    tally = Tally(resource, kind)
    failure: Failure | None = None
    try:
        standing, veiling = await _prepared(tenant, resource)
        absences = await tenant.store.absences(resource)
        if veiling.changed or not standing.baselined:
            kind = Kind.SWEEP
        for attempt in range(1, ATTEMPTS + 1):
            tally = tally.anew(kind, standing, absences)
            way = Way(tenant, resource, standing, tally, veiling, last=attempt == ATTEMPTS)
            way.reader.watch = watch
            try:
                await way.go(kind)
                break
            except LearntError as learnt:
                standing = replace(standing, volatile=tuple(sorted({*standing.volatile, *learnt.names})))
            except SilentOnceError:
                continue
    except SourceError as error:
        tally.failed(error)
        failure = Failure.of(error)
    except (FencedError, DamagedStoreError):
        raise
    except StoreError as error:
        hint = "look at the disk and at the permissions of the data directory"
        failure = Failure(Reason.STORE_ERROR, str(error), hint)
    return tally.report(tenant.clock.monotonic() - begun, failure)


async def _prepared(tenant: Tenant, resource: Resource) -> tuple[Standing, Veiling]:
    """Return the checkpoint from which a cycle goes on, with the field rules; all that is stored is as these have it.

    Raises `SourceError` where the resource is frozen, or where the key of its hashes is missing.
    """
    standing = await tenant.store.standing(resource)
    if standing.frozen:
        raise frozen(resource)
    veiling = await Veiling.begin(resource, standing, tenant.detector.secret, tenant.store)
    if not standing.baselined:
        return replace(standing, seed=standing.seed or tenant.seed()), veiling
    if veiling.stricter:
        standing = await tenant.store.rewrite(resource, veiling.stricter.stored)
    return veiling.reseeded(standing), veiling


class Way:
    """One pass over the straight way."""

    def __init__(
        self,
        tenant: Tenant,
        resource: Resource,
        standing: Standing,
        tally: Tally,
        veiling: Veiling,
        *,
        last: bool = True,
    ) -> None:
        self.tenant = tenant
        self.veiling = veiling
        self.resource = resource
        self.standing = standing
        self.tally = tally
        self.volatile = frozenset(resource.volatile) | frozenset(standing.volatile)
        self.begun = tenant.clock.now()
        seed, key = standing.seed, veiling.raw_key(standing.seed)
        self.reader = Reader(tenant.source, resource, tally, volatile=self.volatile, seed=seed, key=key)
        self.reader.expected = standing.records if standing.baselined else None
        self.comparison = Comparison(tenant, resource, standing, tally, veiling)
        self.canary = Canary(tenant, resource, standing, tally, self.comparison)
        self.watermark = standing.watermark
        self.missing = Missing()
        self.layout: list[Segment] = []
        self.loose: frozenset[KeyBytes] = frozenset()
        """Keys that no segment shows as they are stored: a probe or a delta wrote them, or a sweep missed them."""
        self.changed: set[KeyBytes] = set()
        """Keys of which this cycle has told a change."""
        self.last = last
        """Whether no further attempt may begin anew."""
        self.taught = last
        self._position = 0

    async def go(self, kind: Kind) -> None:
        """Open a cycle in the store and walk."""
        start = Start(self.resource, kind, self.tenant.clock.now(), self.standing)
        self.detection = self.tenant.detector.begin(start, self.tenant.others.get, self._shown)
        self.ending = Ending(self.tenant, self.resource, self.detection, self.tally)
        self.keys = Keys(self.resource, self.detection, self.tally, self._shown)
        opened = await self.tenant.store.begin(
            self.resource,
            kind,
            host=self.tenant.host,
            folder=self.tenant.folder,
            now=self.tenant.clock.now(),
            baseline=not self.standing.baselined,
        )
        try:
            async with opened as writing:
                await (self._sweep(writing) if kind is Kind.SWEEP else self._glance(writing, kind))
        except SourceError as error:
            if error.reason is Reason.RESOURCE_NOT_FOUND and self.standing.baselined:
                await self.ending.unlisted()
            raise

    async def _sweep(self, writing: Cycle) -> None:
        store, resource = self.tenant.store, self.resource
        if wanted(resource, self.standing):
            shown = await newest_shown(self.reader, self.tenant.source, resource, self.tenant.clock.now())
            self.watermark = (shown and shown.stamp) or self.watermark
        segments = await store.segments(resource)
        self.loose = frozenset(await store.unplaced(resource))
        self.reader.expect(segments)
        stretches = Stretches(self.reader, store, resource, segments, self.loose)
        async with read_ahead(aiter(stretches)) as ahead:
            async for stretch in ahead:  # read ─▶ segment ─▶ same?
                if stretch.kept is not None:
                    self.missing.begin(stretch, resource.page_size)
                    self.layout.append(stretch.kept)
                    self.tally.pages_unchanged += 1
                    continue
                lines = await self._usable(stretch)  # split ─▶ fingerprint
                found = await self._found(lines, stretch)  # known? ─▶ decode ─▶ details ─▶ diff
                await self._stage(writing, stretch, found)
        deletes = Deletes(self.tenant, resource, self.reader, self.tally, self.veiling, self.standing.records)
        if gate.silent(self.tally.records, self.standing.records):
            await deletes.silent(last=self.last)
            await self.ending.file()
            return
        async for stretch in stretches.gone():
            self.missing.note(stretch, resource.page_size)
        self.missing.settle(self.loose - stretches.homes, self.changed)
        await unplace(self.missing, store, segments)
        await self._refresh(writing)
        await self._doubtful(writing)
        self.canary.swept(len(self.missing))
        unique = self.keys.unique(self.layout, segments, len(self.missing.repeated), len(self.missing))
        async for judged in deletes.judged(self.missing, key_unique=unique):  # look again ─▶ gate
            await self._write(writing, judged)
        await self._commit(writing, Kind.SWEEP)  # commit

    async def _glance(self, writing: Cycle, kind: Kind) -> None:
        """Walk the same way over a few pages, without segments and without a word about what is absent."""
        reader, source, resource = self.reader, self.tenant.source, self.resource
        query = probed(resource)
        if kind is Kind.DELTA:
            query, self.watermark = await opening(reader, source, resource, self.standing, self.tenant.clock.now())
        told: set[KeyBytes] = set()
        known = 0
        async for lines in pages(reader, resource, query):
            if kind is Kind.PROBE:
                for record in lines.records:
                    source.decode(record)
            # what comes again was changed while this delta reads, and stays for the next: it is within the overlap
            latest = {line.key: line for line in self._seen(lines.unknown()) if line.key and line.key not in told}
            stored = await self.tenant.store.known(resource, latest)
            known += len(stored)
            found = await self.comparison.found(list(latest.values()), stored, page=self._position, placed=False)
            await self._write(writing, found)
            told.update(row.key for row in found.rows)
            if query.descending and all(key in stored for key in latest):
                break
        await self.canary.glanced(self.tenant.store, reader, known, told)
        await self._doubtful(writing)
        await self._commit(writing, kind)

    async def _usable(self, stretch: Stretch) -> list[Line]:
        """Return the rows whose bytes are not known, the last of each key; raises `LearntError`.

        A key of which this sweep has told a change is left to the next one: a cycle tells one change of a record.
        """
        self.missing.note(stretch, self.resource.page_size)
        self.missing.repeated |= stretch.lines.put_off(self.changed)
        unknown = self._seen(stretch.lines.unknown())
        await self.detection.keyless(line.record for line in unknown if not line.key)
        latest = {line.key: line for line in unknown if line.key}
        await self.keys.show(unknown, latest)
        if not self.taught and nearly_all(len(latest), len(stretch.lines)):
            self.taught = True  # one lesson a pass
            await lesson(self.reader, self.tenant.source, stretch, self.volatile)
        return list(latest.values())

    async def _found(self, lines: Sequence[Line], stretch: Stretch) -> Found:
        if not lines:
            return Found([], [])
        if not self.standing.baselined:
            rows = await self.comparison.baseline(lines, page=stretch.position)
            await self.detection.baseline(rows)  # study
            self.tally.baseline += len(rows)
            return Found(rows, [])
        stored = await self.tenant.store.known(self.resource, [line.key for line in lines])
        self._believed(lines, stored, stretch)
        self.missing.sighted(stored.values(), stretch)
        found = await self.comparison.found(lines, stored, page=stretch.position)
        self.missing.alike.update(stored.keys() - {change.key for change in found.changes})
        return self._astray(found, stored)

    def _astray(self, found: Found, stored: Mapping[KeyBytes, Stored]) -> Found:
        """Give records that were seen where none lists them no known place: the next sweep looks wherever they may be.

        Else a page that shows a record once where it does not stand would have it missing there, and believed deleted.
        Of what had no known place and changed in this sweep a second sighting is put off, so it gets none yet.
        """
        astray = self.missing.moved & stored.keys() | self.loose.intersection(change.key for change in found.changes)
        if not astray:
            return found
        rows = [row._replace(placed=False) if row.key in astray else row for row in found.rows]
        unchanged = astray.difference(row.key for row in rows)
        return Found([*rows, *(row_of(stored[key], placed=False) for key in sorted(unchanged))], found.changes)

    def _believed(self, lines: Sequence[Line], stored: Mapping[KeyBytes, Stored], stretch: Stretch) -> None:
        """Raise `DamagedStoreError` for a key that a segment lists and no record has: it would be told as created."""
        listed = frozenset(stretch.order)
        if any(line.key in listed and line.key not in stored for line in lines):
            raise DamagedStoreError(
                f'"{self.resource.connection}" {self.resource.name}: its segments list a record that is not stored:'
                " the database is damaged; `driftd run` sets it aside and goes on from the newest backup, or anew"
            )

    async def _stage(self, writing: Cycle, stretch: Stretch, found: Found) -> None:
        lines = stretch.lines.without(self.veiling.left_out(stretch.lines.keys))
        parts = pieces(lines, self.resource.page_size)
        whole = stretch.digest if len(parts) == 1 and len(parts[0]) == len(lines) else None
        segments = [segment(part, whole or self.reader.digest(b"[" + b",".join(part.records) + b"]")) for part in parts]
        self.layout.extend(one for one, _ in segments)
        repeated = await self._write(writing, found, segments)
        self.missing.repeated.update(repeated)
        self.tally.baseline -= len(repeated) if not self.standing.baselined else 0

    async def _refresh(self, writing: Cycle) -> None:
        """Read in rolling turn the details that are oldest, as far as the budget goes: lines change under headers.

        What is missing is left out: a second look is to settle it, by what is stored of it.
        """
        budget = min(self.comparison.details_allowed, REFRESHED)
        if self.standing.baselined and budget:
            stale = await self.tenant.store.stalest(self.resource, budget + self.tally.details)
            there = [stored for stored in stale if stored.key not in self.missing]
            await self._write(writing, await self.comparison.refresh(there, page=self.tally.pages))

    async def _doubtful(self, writing: Cycle) -> None:
        """Read again what broke a check by its lines when it was read: it may have been half-written."""
        tenant, now = self.tenant, self.tenant.clock.now()
        keys = set(await self.detection.doubtful(self.tally, now)) - self.changed
        if keys:
            known = await tenant.store.known(self.resource, keys)
            there = [stored for stored in known.values() if stored.key not in self.missing]
            await self._write(writing, await self.comparison.refresh(there, page=self.tally.pages))

    async def _write(
        self, writing: Cycle, found: Found, segments: Sequence[tuple[Segment, Contents]] = ()
    ) -> Sequence[KeyBytes]:
        self.changed.update(change.key for change in found.changes)
        changes = await self.detection.changed(found.rows, found.changes) if self.standing.baselined else found.changes
        return await writing.stage(self._next(), rows=found.rows, changes=changes, segments=segments)  # study

    def _seen(self, lines: Sequence[Line]) -> Sequence[Line]:
        """Return rows without those of erased records."""
        left_out = self.veiling.left_out(line.key for line in lines)
        return [line for line in lines if line.key not in left_out] if left_out else lines

    def _shown(self, record: bytes) -> JsonObject:
        """Decode a record as far as detection may know of it."""
        return self.veiling.shown(self.tenant.source.decode(record))

    async def _commit(self, writing: Cycle, kind: Kind) -> None:
        tally, now = self.tally, self.tenant.clock.now()
        created, deleted = tally.changes[Op.CREATE], tally.changes[Op.DELETE]
        standing = replace(
            self.standing,
            records=self.standing.records + tally.baseline + created - deleted,
            watermark=self.watermark,
            details_budget=self.comparison.details_left,
            details_budget_at=now,
            last_probe=now if kind is Kind.PROBE else self.standing.last_probe,
            last_delta=now if kind is Kind.DELTA else self.standing.last_delta,
        )
        if kind is Kind.SWEEP:
            standing = replace(
                standing,
                baselined=True,
                sweeps=standing.sweeps + 1,
                last_sweep=now,
                recipe=fingerprint.recipe(self.volatile),
                proposed=self._proposed(),
            )
        standing = self.veiling.remembered(tally.remembered(standing), self.begun, whole=kind is Kind.SWEEP)
        layout = [one.id if one.id is not None else one for one in self.layout] if kind is Kind.SWEEP else None
        outcome = await self.ending.commit(writing, standing, layout)  # detect ─▶ alert ─▶ commit
        tally.snapshot, tally.pending, tally.held = outcome.records, outcome.pending, outcome.held
        if self.resource.details:
            tally.covered = await self.tenant.store.coverage(self.resource, now - DAY)

    def _proposed(self) -> tuple[str, ...]:
        """Name members that changed in nearly every record; a second sweep in a row makes it a proposal."""
        names = proposed(self.comparison.members, self.tally.records)
        for name in sorted({*names} & {*self.standing.proposed}):
            self.tally.notes.append(
                f"{name} changed in nearly every record in two sweeps: if it says nothing, "
                f'set volatile = ["{name}"] for {self.resource.name}'
            )
        return names

    def _next(self) -> int:
        self._position += 1
        return self._position - 1
