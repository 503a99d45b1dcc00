"""Breaches over one cycle: found, found again, mended; and those of before that no record of this cycle touched."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from driftd.core import fingerprint
from driftd.core.canonical import overlay
from driftd.core.drift import Check
from driftd.core.invariants.crossing import CROSSING, orphans, settled
from driftd.core.invariants.gathering import Looked
from driftd.core.invariants.links import links
from driftd.core.invariants.model import Breach, Link
from driftd.core.invariants.reading import Record, decoded
from driftd.core.invariants.told import Counted
from driftd.core.model import KeyBytes, Kind, Resource, Stored
from driftd.ports import Casebook, Seen, Store
from driftd.runtime.agreements import Disagreement, disagrees, rule_of
from driftd.runtime.counterparts import Counterparts, batches

Place: TypeAlias = tuple[Check, str]
AGAIN: Final = 500
"""Breaches of before that one cycle judges again."""
MOST: Final = 10_000
"""Breaches of one check and field that one cycle finds at most."""
DAY: Final = 86_400_000
"""Milliseconds: a document whose lines were read longer ago is not judged by them."""
COUNTS: Final = 2
"""Evaluations from which on a breach counts."""
BY_LINES: Final = frozenset({Check.JOURNAL_BALANCE, Check.HEADER_TOTALS})
"""Checks that a document breaks while it is being written."""
DOUBTFUL: Final = 50
"""Documents that one cycle reads again for that."""


class Cycled(Struct, frozen=True):
    """The cycle that looks."""

    resource: Resource
    kind: Kind
    began: int
    """Epoch ms."""


class Breaches:
    """What one cycle finds and mends."""

    def __init__(self, casebook: Casebook, store: Store, counterparts: Counterparts, cycled: Cycled) -> None:
        self._casebook = casebook
        self._store = store
        self._counterparts = counterparts
        self._cycled = cycled
        self._resource = cycled.resource
        self._counts: Mapping[Place, tuple[int, int]] | None = None
        self._touched: set[KeyBytes] = set()
        self._new: Counter[Place] = Counter()
        self._delta: Counter[Place] = Counter()
        self._seen: list[Breach] = []
        self.written: dict[tuple[Check, str, KeyBytes], Breach] = {}
        """New or changed, of this resource's records."""
        self.mended: list[tuple[Check, str, KeyBytes]] = []
        self.elsewhere: dict[str, list[Breach]] = {}
        """New, of the records of other classes."""

    async def judge(self, looked: Sequence[Looked]) -> None:
        """Take in records that changed, or were read for the first time, or again."""
        held = await self._held(each.key for each in looked)
        present = await self._counterparts.present(link for each in looked for link in each.links)
        for each in looked:
            verdicts = dict(each.verdicts)
            verdicts |= {(Check.ORPHANS, field): wrong for field, wrong in orphans(each.links, present).items()}
            before = held.get(each.key, {})
            self._touched.add(each.key)
            for place, wrong in verdicts.items():
                if wrong:
                    await self._wrong(place, each, before.get(place))
            for place, breach in before.items():
                await self._of_before(place, breach, each, verdicts)

    async def doubtful(self) -> list[KeyBytes]:
        """Return documents that break a check by their lines and were found once: they may be half-written."""
        if not self._resource.details or not await self._any():
            return []
        held = await self._casebook.breaches(self._resource.connection, self._resource.name, limit=AGAIN)
        found = [each.key for each in held if each.check in BY_LINES and each.times < COUNTS]
        return list(dict.fromkeys(found))[:DOUBTFUL]

    async def review(self, records: Iterable[Seen]) -> None:
        """Judge records against other classes that were not known when these records were read first."""
        bodies = {each.key: each.body for each in records if each.key not in self._touched}
        named = {key: self._links(key, decoded(body)) for key, body in bodies.items()}
        present = await self._counterparts.present(link for some in named.values() for link in some)
        began = self._cycled.began
        found = [
            Breach(Check.ORPHANS, field, key, began, fingerprint.of(bodies[key]))
            for key, some in named.items()
            for field, wrong in orphans(some, present).items()
            if wrong
        ]
        for rule in self._resource.rules.agreements:
            for key, body in bodies.items() if rule.of == self._resource.name else ():
                judged = await disagrees(rule, self._resource, decoded(body), self._counterparts)
                if judged is not None and judged[0]:
                    found.append(Breach(Check(rule.check), rule.field, key, began, judged[1]))
        await self._note(self._resource.name, found)

    async def disagree(self, found: Iterable[Disagreement], now: int) -> None:
        """Take in records whose sums do not agree with those of another class."""
        by_class: dict[str, list[Disagreement]] = {}
        for each in found:
            by_class.setdefault(each.resource, []).append(each)
        for name, some in by_class.items():
            await self._note(name, [Breach(each.check, each.field, each.key, now) for each in some])

    async def deleted(self, keys: Sequence[KeyBytes], now: int) -> None:
        """Find what refers to records that are gone by now: their orphans are of other classes."""
        left = MOST
        for batch in batches(keys):
            found = await self._casebook.referring(self._resource.connection, self._resource.name, batch)
            for name, some in found.items():
                await self._note(
                    name, [Breach(Check.ORPHANS, link.field, link.key, now) for link in some[: max(0, left)]]
                )
                left -= len(some)
            if left <= 0:
                break

    async def again(self) -> None:
        """Judge the longest unjudged breaches of before once more, those of records that this cycle did not touch."""
        if not await self._any():
            return
        connection, name = self._resource.connection, self._resource.name
        held = await self._casebook.breaches(connection, name, limit=AGAIN)
        self._seen += held
        left = [each for each in held if each.key not in self._touched]
        crossing = [each for each in left if each.check in CROSSING]
        stored = await self._store.known(self._resource, {each.key for each in crossing}) if crossing else {}
        present = await self._counterparts.present(
            link for each in stored.values() for link in self._links(each.key, _record(each))
        )
        for breach in left:
            if breach.check not in CROSSING:
                self._write(breach, times=COUNTS)
            elif breach.key in stored:
                await self._cross(breach, stored[breach.key], present)
        if len(held) >= AGAIN:  # so that others come first the next time
            self.written |= {(each.check, each.field, each.key): each for each in held} | self.written

    @property
    def clear(self) -> bool:
        """Whether the resource has no breach, neither of before nor a new one; known after `again`."""
        return not self._counts and not self.written

    def counted(self) -> dict[Place, Counted]:
        """Return the breaches that count now, with some of their keys."""
        found = {place: Counted(counts[0]) for place, counts in (self._counts or {}).items()}
        for place, by in self._delta.items():
            found.setdefault(place, Counted()).count += by
        gone = set(self.mended)
        for each in (*self.written.values(), *self._seen):
            counted = found.get((each.check, each.field))
            if counted and _counts(each) and (each.check, each.field, each.key) not in gone:
                counted.since = min(each.since, counted.since or each.since)
                if each.key not in counted.keys:
                    counted.keys.append(each.key)
        return found

    async def _of_before(self, place: Place, breach: Breach, looked: Looked, verdicts: Mapping[Place, bool]) -> None:
        """Judge a breach that a record had before it changed."""
        check, field = place
        rule = rule_of(self._resource, check, field)
        if looked.after is None or verdicts.get(place) is False:
            self._mend(breach)
        elif rule is not None:
            found = await disagrees(rule, self._resource, looked.after, self._counterparts)
            if found is not None:
                await self._agreement(breach, found)
        elif check is Check.ORPHANS and all(link.field != field for link in looked.links):
            self._mend(breach)

    async def _wrong(self, place: Place, looked: Looked, breach: Breach | None) -> None:
        check, field = place
        if breach is None:
            self._new[place] += 1
            if self._new[place] <= MOST:
                new = Breach(check, field, looked.key, self._cycled.began, looked.fingerprint)
                self.written[check, field, looked.key] = new
        else:
            named = [link for link in looked.links if link.field == field] if check is Check.ORPHANS else []
            if not named or await self._settled(breach, named):
                self._write(breach, times=COUNTS)

    async def _cross(self, breach: Breach, stored: Stored, present: Mapping[str, frozenset[KeyBytes]]) -> None:
        rule, record = rule_of(self._resource, breach.check, breach.field), _record(stored)
        if stored.deleted_at is not None:
            self._mend(breach)
        elif breach.check is Check.ORPHANS:
            named = [link for link in self._links(breach.key, record) if link.field == breach.field]
            verdict = orphans(named, present).get(breach.field)
            if verdict is False or not named:
                self._mend(breach)
            elif verdict and await self._settled(breach, named):
                self._write(breach, times=COUNTS)
        elif rule is not None and self._young(stored):
            found = await disagrees(rule, self._resource, record, self._counterparts)
            if found is not None:
                await self._agreement(breach, found)

    async def _agreement(self, breach: Breach, found: tuple[bool, bytes]) -> None:
        """Count a breach of an agreement once both sides were read again and neither had moved."""
        wrong, state = found
        rule = rule_of(self._resource, breach.check, breach.field)
        swept = await self._counterparts.swept(rule.by) if rule else None
        if not wrong:
            self._mend(breach)
        elif breach.times < COUNTS and breach.fingerprint != state:
            self._write(replace(breach, fingerprint=state, since=self._cycled.began), times=1)
        elif settled(breach, self._cycled.kind, self._cycled.began, swept):
            self._write(breach, times=COUNTS)

    async def _note(self, name: str, found: Iterable[Breach]) -> None:
        """Write breaches that are not known yet, of this resource's records or of another's."""
        places = {(each.check, each.field, each.key): each for each in found}
        known = set(self.written) if name == self._resource.name else set()
        for batch in batches({key for _, _, key in places}):
            held = await self._casebook.breaches(self._resource.connection, name, keys=batch, limit=MOST)
            known |= {(each.check, each.field, each.key) for each in held}
        new = {place: each for place, each in places.items() if place not in known}
        if name == self._resource.name:
            self.written |= new
        elif new:
            self.elsewhere.setdefault(name, []).extend(new.values())

    async def _held(self, keys: Iterable[KeyBytes]) -> dict[KeyBytes, dict[Place, Breach]]:
        """Return the open breaches of records, where there are any at all."""
        found: dict[KeyBytes, dict[Place, Breach]] = {}
        for batch in batches(keys) if await self._any() else ():
            for each in await self._casebook.breaches(
                self._resource.connection, self._resource.name, keys=batch, limit=MOST
            ):
                current = self.written.get((each.check, each.field, each.key), each)
                found.setdefault(each.key, {})[each.check, each.field] = current
        return found

    async def _any(self) -> bool:
        if self._counts is None:
            self._counts = await self._casebook.breached(self._resource.connection, self._resource.name)
        return bool(self._counts)

    async def _settled(self, breach: Breach, named: Iterable[Link]) -> bool:
        swept = [await self._counterparts.swept(target) for target in {link.target for link in named}]
        return all(settled(breach, self._cycled.kind, self._cycled.began, each) for each in swept)

    def _young(self, stored: Stored) -> bool:
        return not self._resource.details or (stored.details_at or 0) >= self._cycled.began - DAY

    def _links(self, key: KeyBytes, record: Record) -> frozenset[Link]:
        return links(record, key, self._resource)

    def _write(self, breach: Breach, *, times: int) -> None:
        place = breach.check, breach.field
        found = replace(breach, times=max(times, breach.times))
        self._delta[place] += _counts(found) - _counts(breach)
        if found != breach or found.times < COUNTS:
            self.written[breach.check, breach.field, breach.key] = found

    def _mend(self, breach: Breach) -> None:
        self._delta[breach.check, breach.field] -= _counts(breach)
        self.written.pop((breach.check, breach.field, breach.key), None)
        self.mended.append((breach.check, breach.field, breach.key))


def _counts(breach: Breach) -> bool:
    return breach.times >= COUNTS and not breach.accepted


def _record(stored: Stored) -> Record:
    return decoded(overlay(stored.body, stored.details))
