"""How one resource's shape moves by what one cycle shows of it.

    rows, changes ─▶ counts of all that is stored ─▶ judged
                 └─▶ evidence: what was written ───▶ signs ─▶ new? ─▶ current form ─▶ baseline × current ─▶ changes
                                                           └ rare ─▶ both forms, in silence

The cost follows what changed. Nothing is known of a row that was not handed over but that it looks as it is stored.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from driftd.core.canonical import overlay
from driftd.core.drift import SchemaKind
from driftd.core.model import Change, ChangeReason, JsonObject, KeyBytes, Kind, Op, Resource, Row
from driftd.core.schema import record
from driftd.core.schema.counts import MOST, WIDEST, Counts, decoded, readable
from driftd.core.schema.differing import differences
from driftd.core.schema.fingerprint import fingerprint
from driftd.core.schema.judge import field
from driftd.core.schema.model import Baseline, FieldForm, Form, Learnt, Presence, SchemaChange, SchemaVersion, Source
from driftd.core.schema.moving import Moved, Shown, first, moved
from driftd.core.schema.parting import Twins
from driftd.core.schema.paths import LONGEST
from driftd.core.schema.rarity import improbable
from driftd.core.schema.record import Remembered
from driftd.core.schema.seen import Seen
from driftd.core.schema.structure import How, Shift, shift
from driftd.core.schema.unseen import Strip, Unseen

COUNTED = 0.5
"""Share of a sweep's rows that must have been counted before they say what is normal: the others have no key."""
SHIFTS = 5_000
"""Paths of which is counted how many records came by them, lost them or changed their type."""


class Conclusion(NamedTuple):
    """What a cycle showed of its resource's shape."""

    learnt: Learnt
    baseline: Baseline | None
    """The new baseline; None where it is as before."""
    versions: tuple[SchemaVersion, ...]
    changes: tuple[SchemaChange, ...]
    """The open differences between the baseline and the current forms."""
    key_lost: bool
    cursor_lost: bool
    current: Baseline = Baseline()
    """The forms of now."""
    among: tuple[SchemaChange, ...] = ()
    """The same differences as each schema shows them: what is accepted is accepted in both."""


class Study:
    """Takes the rows and changes of one cycle, and concludes."""

    def __init__(
        self,
        resource: Resource,
        learnt: Learnt,
        baseline: Baseline,
        *,
        volatile: Collection[str] = (),
        unseen: Unseen | None = None,
    ) -> None:
        """`volatile` are members that were learnt to say nothing, beside those of the resource."""
        self._resource = resource
        self._learnt = learnt
        self._old = baseline
        self._remembered = record.unpacked(learnt.counts)
        self._counts = Counts.unpack(self._remembered.counts)
        self._unseen = unseen
        self._volatile = _Uncounted(frozenset(volatile) | frozenset(resource.volatile))
        self._uncounted = self._volatile if unseen is None else replace(self._volatile, unseen=unseen)
        self._counts.drop(list(filter(self._uncounted, self._counts.paths)))
        if unseen is not None:
            self._remembered = _without(self._remembered, self._uncounted)
        self._anew = Counts()
        self._form = self._uncounted.form(learnt.form or Form())
        self._seen = Seen(self._form.fields, self._counts)
        self._structural: Counter[tuple[str, How]] = Counter()
        self._updates = 0
        self._baselined = 0
        self._keyless: list[JsonObject] = []
        self._twins: list[Twins] = []
        self._declared: Form | None = None

    @property
    def unlearnt(self) -> bool:
        """Whether nothing is known: where there is a snapshot, all of it is to be handed to `baseline` first."""
        return not readable(self._remembered.counts)

    def told(self) -> Iterator[str]:
        """Yield, for a cycle's report, what of the records is not learnt because it goes beyond a bound."""
        for path in sorted(self._counts.closed):
            where = f'"{path}" has' if path else "records have"
            yield f"{where} more than {WIDEST} names: only those that most records have are watched"
        if len(self._counts.paths) >= MOST:
            yield f"records have {MOST:,} paths: further ones are captured, but not watched for drift"
        if self._counts.refused:
            yield f"a path has more than {LONGEST} characters: what lies there is captured, but not watched for drift"

    @property
    def _lost(self) -> bool:
        """Whether there is a form, and no counts that it rests on: until these are there again, nothing moves."""
        return self.unlearnt and self._learnt.form is not None and not self._baselined

    def baseline(self, rows: Iterable[Row]) -> None:
        """Count rows of a first sweep, or of the snapshot where nothing was learnt yet."""
        self._baselined += self._observe(self._counts, rows, self._unseen.strip if self._unseen else None)

    def _observe(self, counts: Counts, rows: Iterable[Row], strip: Strip | None) -> int:
        bare: list[bytes] = []
        complete: list[bytes] = []
        for row in rows:
            if self._resource.details and row.details is None:
                bare.append(row.body if strip is None else strip(row.body))
            else:
                body = overlay(row.body, row.details)
                complete.append(body if strip is None else strip(body))
        for bodies, whole in ((bare, False), (complete, True)):
            if bodies:
                counts.observe(decoded(bodies), complete=whole)
        return len(bare) + len(complete)

    def changed(self, rows: Sequence[Row], changes: Sequence[Change]) -> list[Change]:
        """Count changes with the rows that they leave; return them, those of structure alone marked as such."""
        if self._unseen is not None:
            return self._partly_changed(self._unseen, rows, changes)
        return self._changed(rows, changes)

    def _partly_changed(self, unseen: Unseen, rows: Sequence[Row], changes: Sequence[Change]) -> list[Change]:
        """Count changes by what is seen of them."""
        if unseen.anew is not None:
            self._observe(self._anew, (row for row in rows if row.deleted_at is None), unseen.anew)
        seen = [unseen.change(each) for each in changes]
        return [
            each if told.reason is each.reason else replace(each, reason=told.reason)
            for each, told in zip(changes, self._changed(rows, seen), strict=True)
        ]

    def _changed(self, rows: Iterable[Row], changes: Sequence[Change]) -> list[Change]:
        complete: Mapping[KeyBytes, bool] = {}
        if self._resource.details:
            complete = {row.key: row.details is not None for row in rows}
        fresh, updates, gone = self._sorted(changes)
        self._created(fresh, complete)
        self._deleted(gone, complete)
        return self._updated(updates, changes, complete)

    def keyless(self, records: Iterable[JsonObject]) -> None:
        """Note decoded records without a usable key; a sample will do."""
        self._keyless.extend(records)

    def repeated(self, twins: Iterable[Twins]) -> None:
        """Note decoded records that came beside another one of the same key; a sample will do."""
        self._twins.extend(twins)

    def declare(self, form: Form) -> None:
        """Note what the tenant's prototype declares."""
        self._declared = self._volatile.form(form)

    def rebase(self, baseline: Baseline) -> None:
        """Take what a person accepted meanwhile."""
        self._old = baseline

    @property
    def suspects(self) -> bool:
        """Whether records changed their structure, or lost their key: what the tenant declares may say why."""
        return bool(self._structural or self._keyless or self._twins)

    def loses_key(self, rows: int) -> bool:
        """Tell whether a sweep of so many rows shows that the key went or changed its form."""
        return self.conclude(kind=Kind.SWEEP, rows=rows, whole=True, now=0).key_lost

    def conclude(self, *, kind: Kind, rows: int, whole: bool, now: int) -> Conclusion:
        """Return what is to be remembered, and what differs from what was accepted.

        `rows` is how many rows the cycle read, unchanged ones included; `whole` says that they are all there are.
        """
        whole = whole and kind is Kind.SWEEP
        fresh = self._adopted()
        remembered = replace(self._remembered, counts=self._counts.pack())
        moved = self._moved(remembered, rows, whole=whole)
        if moved is not None and fresh:
            form, held = moved.form, moved.baseline
            form, held = (replace(each, fields={**each.fields, **fresh}) for each in (form, held))
            moved = moved._replace(form=form, baseline=held)
        stated = self._declared or self._learnt.stated
        versions = self._versions(moved, stated, now)
        remembered = moved.remembered if moved is not None else remembered
        for version in versions:
            source = {"fingerprint" if version.source is Source.LEARNT else "stated": version.fingerprint}
            remembered = replace(remembered, **source)
        baseline = self._baseline(moved, stated, now)
        learnt = Learnt(
            counts=self._learnt.counts if self._lost else record.packed(remembered),
            form=self._learnt.form if moved is None else moved.form,
            stated=stated,
            version=_number(versions, Source.LEARNT, self._learnt.version),
            declared=_number(versions, Source.DECLARED, self._learnt.declared),
        )
        found = differences(learnt, baseline or self._old, remembered, self._resource)
        changes = found.told(learnt, baseline or self._old)
        return Conclusion(
            learnt,
            baseline,
            versions,
            changes,
            any(each.kind is SchemaKind.KEY_CHANGED for each in changes if each.source is Source.LEARNT),
            any(each.kind is SchemaKind.CURSOR_LOST for each in changes if each.source is Source.LEARNT),
            Baseline(learnt.form, learnt.stated),
            found.all,
        )

    def _moved(self, remembered: Remembered, rows: int, *, whole: bool) -> Moved | None:
        """Return where the forms are now; None where nothing was read that could make or move them."""
        shown = Shown(self._seen, self._counts, self._keyless, rows, whole, self._twins)
        form, held = self._learnt.form, self._old.learnt
        if form is None or held is None:
            known = whole and self._counts.records >= rows * COUNTED
            return first(shown, self._resource, held, remembered) if known else None
        if self._lost:
            return None
        still = form == held and form == self._form
        if still and not (self._seen.records or self._keyless or self._baselined or self._anew.records):
            return None
        return moved(
            shown, self._resource, (self._form, self._uncounted.form(held)), self._remembered, remembered.counts
        )

    def _versions(self, moved: Moved | None, stated: Form | None, now: int) -> tuple[SchemaVersion, ...]:
        """Return the versions that begin here."""
        told, found = self._remembered, []
        if moved is not None and moved.news and (print_ := fingerprint(moved.form)) != told.fingerprint:
            number, n = self._learnt.version + 1, self._counts.records
            found.append(SchemaVersion(number, Source.LEARNT, print_, told.fingerprint or None, now, moved.form, n))
        if stated is not None and (print_ := fingerprint(stated)) != told.stated:
            number = self._learnt.declared + 1
            found.append(SchemaVersion(number, Source.DECLARED, print_, told.stated or None, now, stated))
        return tuple(found)

    def _baseline(self, moved: Moved | None, stated: Form | None, now: int) -> Baseline | None:
        """Return the new baseline; None where it is as before."""
        old = self._old
        learnt = old.learnt if moved is None else moved.baseline
        declared = old.declared or stated
        same = learnt == old.learnt and declared == old.declared
        return None if same else Baseline(learnt, declared, now)

    def _adopted(self) -> Mapping[str, FieldForm]:
        """Take over the counts of what is shown in another way than before, and return its form."""
        found = {}
        for path, marks in self._anew.paths.items():
            if self._uncounted(path):
                self._counts.drop([path])
                self._counts.add(path, marks, 1)
                found[path] = field(self._anew, path)
        return found

    def _sorted(self, changes: Sequence[Change]) -> tuple[list[Change], list[Change], list[Change]]:
        fresh, updates, gone = [], [], []
        for change in changes:
            if change.op is Op.DELETE:
                gone.append(change)
            elif change.op is Op.UPDATE and change.before is not None and not change.completed:
                updates.append(change)
            else:
                fresh.append(change)
        return fresh, updates, gone

    def _is_complete(self, change: Change, complete: Mapping[KeyBytes, bool]) -> bool:
        return not self._resource.details or complete.get(change.key, False)

    def _created(self, changes: Sequence[Change], complete: Mapping[KeyBytes, bool]) -> None:
        """Count new records, and such as are complete for the first time: these are no change of shape."""
        for whole in (False, True):
            some = [change for change in changes if self._is_complete(change, complete) is whole]
            records = decoded(change.after for change in some if change.after is not None)
            self._seen.created(records, complete=whole)
        before = [change.before for change in changes if change.before is not None]
        self._counts.retract(decoded(before), complete=not self._resource.details)

    def _deleted(self, changes: Sequence[Change], complete: Mapping[KeyBytes, bool]) -> None:
        for whole in (False, True):
            some = [change for change in changes if self._is_complete(change, complete) is whole]
            records = decoded(change.before for change in some if change.before is not None)
            self._counts.retract(records, complete=whole)

    def _updated(
        self, updates: Sequence[Change], changes: Sequence[Change], complete: Mapping[KeyBytes, bool]
    ) -> list[Change]:
        before = decoded(change.before for change in updates if change.before is not None)
        after = decoded(change.after for change in updates if change.after is not None)
        shifts: dict[str, Shift] = {}
        for change, old, new in zip(updates, before, after, strict=True):
            names = _names(change.changed) or (old.keys() | new.keys())
            shifts[change.id] = self._one(
                (old.keys() & self._form.fields.keys()) - names,
                {name: old[name] for name in names if name in old},
                {name: new[name] for name in names if name in new},
                complete=self._is_complete(change, complete),
            )
        shaped = {change: self._shaped(change) for each in shifts.values() for change in each.structural}
        told = {
            id_
            for id_, each in shifts.items()
            if each.structural and not each.data and all(shaped[change] for change in each.structural)
        }
        return [
            replace(change, reason=ChangeReason.SCHEMA_CHANGE)
            if change.id in told and change.reason is None
            else change
            for change in changes
        ]

    def _one(self, same: Iterable[str], old: dict[str, Any], new: dict[str, Any], *, complete: bool) -> Shift:
        before, after = self._counts.shown(old), self._counts.shown(new)
        for path, marks in before.items():
            self._counts.one(path, marks, -1)
        for path, marks in after.items():
            self._counts.one(path, marks, 1)
        if self._resource.details and not complete:
            for name in old.keys() - new.keys():
                self._counts.bare(name, -1)
            for name in new.keys() - old.keys():
                self._counts.bare(name, 1)
        self._seen.updated(same, before, after, complete=complete, resized=_resized(old, new))
        found = shift(old, new)
        self._updates += 1
        if found.structural and len(self._structural) < SHIFTS:
            self._structural.update(found.structural)
            self._seen.samples.take(found.structural, old, new)
        return found

    def _shaped(self, change: tuple[str, How]) -> bool:
        """Tell whether a member that came, went or changed its type did so by a change of shape."""
        path, how = change
        if self._counts.dynamic(path):
            return False
        field = self._form.fields.get(path)
        presence = None if field is None else field.presence
        if presence is Presence.SOMETIMES and how is not How.RETYPED:
            return False
        if presence is Presence.GONE:
            return True
        return improbable(self._structural[change], self._updates, self._counts.n(path))


class _Uncounted(Struct, frozen=True):
    """Tells of a path whether it is, or lies in, a member that says nothing."""

    names: frozenset[str]
    unseen: Unseen | None = None

    def __call__(self, path: str) -> bool:
        if self.unseen is not None and self.unseen.hides(path):
            return True
        return bool(self.names) and not self.names.isdisjoint(path.replace("[]", "").split("."))

    def form(self, form: Form) -> Form:
        """Return a form without them."""
        if not any(map(self, form.fields)):
            return form
        return replace(form, fields={path: field for path, field in form.fields.items() if not self(path)})


def _resized(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Tell whether some collection has more lines now, or fewer."""
    before = {name: len(value) for name, value in old.items() if isinstance(value, list)}
    after = {name: len(value) for name, value in new.items() if isinstance(value, list)}
    return any(lines != after.get(name, lines) for name, lines in before.items())


def _names(pointers: Iterable[str]) -> set[str]:
    """Return the members of the record itself that JSON pointers lead into (RFC 6901); of the whole record, none."""
    names = {pointer.split("/", 2)[1] for pointer in pointers if pointer}
    return {name.replace("~1", "/").replace("~0", "~") for name in names}


def _number(versions: Iterable[SchemaVersion], source: Source, before: int) -> int:
    return max((each.number for each in versions if each.source is source), default=before)


def _without(remembered: Remembered, hidden: Callable[[str], bool]) -> Remembered:
    """Forget what was suspected of members that are not seen."""
    return replace(
        remembered,
        trails={sign: each for sign, each in remembered.trails.items() if not any(map(hidden, sign.split()))},
        renamed={path: each for path, each in remembered.renamed.items() if not (hidden(path) or hidden(each[0]))},
        evidence={path: each for path, each in remembered.evidence.items() if not hidden(path)},
        swaps={path: each for path, each in remembered.swaps.items() if not hidden(path)},
    )
