"""What one cycle's records add to sums, refer to, and how their values changed: gathered as they come, one by one."""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Final, NamedTuple

from msgspec import json

from driftd.core.canonical import overlay
from driftd.core.drift import Check
from driftd.core.invariants.links import links
from driftd.core.invariants.model import Link, SumKey
from driftd.core.invariants.reading import Record, decoded, member, number, part, rows
from driftd.core.invariants.records import judged
from driftd.core.invariants.sums import Amounts, add, contribution
from driftd.core.model import Change, ChangeReason, KeyBytes, Op, Resource, Row
from driftd.core.rules import Rules

_ENCODE: Final = json.Encoder().encode
_AGAIN: Final = 20_000
"""Changes of which is remembered what they left, in case a key comes twice in a cycle."""
PRICE: Final = "price"


class Looked(NamedTuple):
    """One record as it was looked at."""

    key: KeyBytes
    before: Record | None
    after: Record | None
    verdicts: dict[tuple[Check, str], bool]
    """Of the checks of one record; empty for one that is gone."""
    links: frozenset[Link]
    """What it refers to now."""
    fingerprint: bytes


def watched(resource: Resource) -> frozenset[str]:
    """Return the members of a record that its sums and references are made of."""
    rules = resource.rules
    names = {*resource.lines, *resource.references, *rules.closed, *rules.sets}
    for each in rules.sums:
        names.update((each.collection, *each.group, *each.amounts, *each.skip))
    return frozenset(names)


class Gathering:
    """Follows the records of one cycle of one resource."""

    def __init__(self, resource: Resource, began: int, *, baseline: bool) -> None:
        self._resource = resource
        self._rules: Rules = resource.rules
        self._began = began
        self._baseline = baseline
        self._idle = resource.rules == Rules() and not resource.references
        self._watched = watched(resource)
        self._left: dict[KeyBytes, bytes | None] = {}
        self.records = 0
        """Of a baseline."""
        self.sums: Amounts = {}
        self.dropped: set[Link] = set()
        self.links: set[Link] = set()
        self.prices: dict[SumKey, Decimal] = {}
        """The latest price of each product, unit and currency."""
        self.offered: dict[SumKey, tuple[Decimal, KeyBytes]] = {}
        """The same of new documents, with the document."""
        self.unknown: Counter[Check] = Counter()
        """Records that a check could not judge, since their lines are not known or too old."""
        self.created = 0
        self.deleted = 0
        self.changed = 0

    def look(self, row: Row, change: Change | None) -> Looked | None:
        """Take in one row with the change that it comes with; None where there is nothing to look at.

        Without a change it is a row of a baseline, or one whose details were read again and are as they were. Of a key
        that comes twice the later change counts; in a baseline the first row.
        """
        self._count(change)
        repeated = row.key in self._left
        if change is None and (repeated or not (self._baseline or self._read(row))):
            return None
        if self._idle and (change is None or change.op is not Op.UPDATE):
            return None
        before = self._left[row.key] if repeated else change.before if change else None
        after = None if row.deleted_at is not None else change.after if change else overlay(row.body, row.details)
        old, new = decoded(before) if before else None, decoded(after) if after else None
        if change is not None or self._baseline:
            self._remember(row.key, after)
            if not self._idle and (repeated or old is None or new is None or self._concerns(change)):
                self._follow(row.key, old, new)
            self._price(row.key, new, created=change is not None and change.op is Op.CREATE)
        return self._judged(row, old, new)

    def _concerns(self, change: Change | None) -> bool:
        """Tell whether a change touched what sums and references are made of."""
        return change is None or any(pointer.split("/", 2)[1] in self._watched for pointer in change.changed)

    def _read(self, row: Row) -> bool:
        """Tell whether a record's details were read in this very cycle."""
        return self._resource.details and (row.details_at or 0) >= self._began

    def _remember(self, key: KeyBytes, after: bytes | None) -> None:
        if self._baseline:
            self.records += 1
            self._left[key] = None
        elif len(self._left) < _AGAIN:
            self._left[key] = after

    def _count(self, change: Change | None) -> None:
        if change is not None:
            self.created += change.op is Op.CREATE
            self.deleted += change.op is Op.DELETE
            self.changed += change.op is Op.UPDATE and change.reason is not ChangeReason.SCHEMA_CHANGE

    def _follow(self, key: KeyBytes, old: Record | None, new: Record | None) -> None:
        """Subtract what the record added before, add what it adds now; the same for its references."""
        for record, sign in ((old, -1), (new, 1)):
            if record is not None:
                add(self.sums, contribution(record, self._rules), sign)
        was = links(old, key, self._resource) if old is not None else frozenset()
        now = links(new, key, self._resource) if new is not None else frozenset()
        gone, come = was - now, now - was
        self.dropped, self.links = (
            (self.dropped | (gone - self.links)) - come,
            (self.links - gone) | (come - self.dropped),
        )

    def _judged(self, row: Row, old: Record | None, new: Record | None) -> Looked:
        if new is None or self._idle:
            return Looked(row.key, old, new, {}, frozenset(), row.fingerprint)
        fresh = not self._resource.details or self._read(row)
        shown = new if fresh else {name: value for name, value in new.items() if name not in self._resource.lines}
        verdicts = judged(shown, self._rules, self._began)
        self.unknown.update(self._unjudged(verdicts))
        return Looked(row.key, old, new, verdicts, links(new, row.key, self._resource), row.fingerprint)

    def _unjudged(self, verdicts: dict[tuple[Check, str], bool]) -> Iterator[Check]:
        told = {check for check, _ in verdicts}
        if self._rules.journal and Check.JOURNAL_BALANCE not in told:
            yield Check.JOURNAL_BALANCE
        if self._rules.totals and Check.HEADER_TOTALS not in told:
            yield Check.HEADER_TOTALS

    def _price(self, key: KeyBytes, new: Record | None, *, created: bool) -> None:
        rule = self._rules.price
        if rule is None or new is None:
            return
        for line in rows(new, rule.collection) or ():
            amount = number(line.get(rule.amount))
            group = [part(member(line, new, name)) for name in rule.group]
            if amount and None not in group:
                sum_key = SumKey(PRICE, _ENCODE(group))
                self.prices[sum_key] = amount
                if created:
                    self.offered[sum_key] = amount, key
