"""From counted breaches to drifts: one for each check and field, with keys and never a value."""

from collections.abc import Mapping
from inspect import cleandoc
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from driftd.core.drift import Check, Drift, DriftKind, Severity
from driftd.core.invariants.crossing import CROSSING
from driftd.core.invariants.records import JUDGES
from driftd.core.model import KeyBytes, Resource
from driftd.core.reasons import Actor

SAMPLES: Final = 20


class Counted(Struct):
    """The breaches of one check and field that count."""

    count: int = 0
    keys: list[KeyBytes] = []
    since: int | None = None


class _Words(Struct, frozen=True):
    expected: str
    rule: str
    severity: Severity = Severity.WARNING


_WORDS: Final[Mapping[Check, _Words]] = MappingProxyType(
    {
        Check.JOURNAL_BALANCE: _Words("debits and credits are equal in each ledger", "Σ sign × amount = 0 per ledger"),
        Check.BALANCES: _Words("a balance is the sum of its entries", "balance of a period = Σ entries of the period"),
        Check.HEADER_TOTALS: _Words("a total is the sum of its lines", "|total − Σ lines| ≤ half a unit × lines"),
        Check.DELIVERED_OVER_ORDERED: _Words(
            "no more is delivered than was ordered", "Σ delivered ≤ ordered × (1 + over-delivery) per order line"
        ),
        Check.ORPHANS: _Words("what is referred to is there", "the key is in the snapshot of the class it names"),
        Check.MENU_VALUES: _Words("a menu has the values that X3 gives it", "value within the menu"),
        Check.STOCK_SIGNS: _Words("stock is not negative, nor over-allocated", "quantity ≥ 0; allocated ≤ physical"),
        Check.SCALE_ERRORS: _Words("amounts are as fine as their currency", "digits ≤ the currency's scale"),
        Check.DATE_RANGE: _Words("dates are of these years", "1900 ≤ year ≤ this year + 10"),
    }
)
OF_RECORDS: Final = frozenset(_WORDS)
"""Checks whose breaches are kept record by record."""


def told(resource: Resource, counted: Mapping[tuple[Check, str], Counted], records: int) -> list[Drift]:
    """Return a drift for each check and field with breaches that count; `records` is how many the resource has."""
    return [
        _told(resource, check, field, each, records)
        for (check, field), each in sorted(counted.items())
        if each.count > 0 and check in _WORDS
    ]


def explained(check: Check) -> str:
    """Return what on-call reads of a check that looks at records; empty for any other."""
    judge = JUDGES.get(check) or CROSSING.get(check)
    return cleandoc(judge.__doc__ or "") if judge else ""


def _told(resource: Resource, check: Check, field: str, counted: Counted, records: int) -> Drift:
    words, share = _WORDS[check], counted.count / max(records, counted.count)
    return Drift(
        resource.connection,
        DriftKind.INVARIANT,
        check,
        words.severity,
        Actor.X3_ADMIN,
        resource.name,
        field,
        expected=words.expected,
        seen=f"not so in {counted.count} of {max(records, counted.count)} records ({share:.2%})",
        rule=f"{words.rule}; found at two evaluations",
        n=records,
        m=records,
        affected=counted.count,
        samples=tuple(key.decode() for key in counted.keys[:SAMPLES]),
        certain=True,
        since=counted.since,
    )


def sets_changed(resource: Resource, changes: Mapping[str, tuple[int, int]]) -> list[Drift]:
    """Return a drift for each set of the folder of which values came or went: `changes` is how many, by member."""
    return [
        Drift(
            resource.connection,
            DriftKind.DATA,
            Check.SET_CHANGES,
            Severity.INFO,
            Actor.X3_ADMIN,
            resource.name,
            member,
            expected="the values that records had before",
            seen=f"{came} more, {gone} fewer",
            rule="a value that no record had, in 300 records or more; or none has that 20 had",
            affected=came + gone,
            certain=True,
        )
        for member, (came, gone) in changes.items()
        if came or gone
    ]
