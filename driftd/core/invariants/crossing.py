"""Exact checks that look from one record to others. Each function's docstring is what on-call reads of it.

What they compare was never read at one moment, so none of them counts before both sides were read again and are as they
were: see `settled`.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from hashlib import blake2b
from types import MappingProxyType
from typing import Any, Final

from msgspec import json

from driftd.core.drift import Check
from driftd.core.invariants.model import Breach, Link, SumKey, Sums
from driftd.core.invariants.sums import broken
from driftd.core.model import KeyBytes, Kind
from driftd.core.rules import Agreement

MARGIN: Final = 3_600_000
"""Milliseconds that a sweep is thought to take at most: one that ended so long after a moment began after it."""
KNOWN: Final = 300
"""Records that must be counted before a further value of a set is news."""
USED: Final = 20
"""Records that must have had a value before its end is news."""


def orphans(links: Iterable[Link], present: Mapping[str, Collection[KeyBytes]]) -> dict[str, bool]:
    """An open document refers to a record that is not there: a customer, a product, an order.

    `present` holds for each class that can be judged the keys that are there. X3 itself refuses to delete what is in
    use, so it was deleted past the application, or renamed, or the web-service user no longer sees it. Whoever maps
    these keys fails on them. Documents that are closed are not looked at.
    """
    verdicts: dict[str, bool] = {}
    for link in links:
        if link.target in present:
            missing = link.value not in present[link.target]
            verdicts[link.field] = verdicts.get(link.field, False) or missing
    return verdicts


def delivered_over_ordered(agreement: Agreement, own: Sums, other: Sums) -> bool:
    """More was delivered of an order line than was ordered, over-delivery that is allowed taken into account.

    Quantities are added up over all deliveries that name the line, in the order's unit. A delivery was booked twice, or
    the order was cut after it was delivered. `own` are the order's sums, `other` those of deliveries.
    """
    return any(broken(agreement, row, other.get(_counterpart(agreement, key))) for key, row in own.items())


def balances(agreement: Agreement, own: Sums, other: Sums) -> bool:
    """An account's balance of a period is not the sum of the journal entries of that period.

    Compared are debits and credits, in the entries' currency and in the ledger's, per ledger, company, site, account,
    partner and currency, once all entries are known with their lines. A balance was not rebuilt, or an entry is hidden
    from the web-service user. X3 rebuilds balances from its entries on request. `own` are the sums of the balance,
    `other` those of entries.
    """
    return any(broken(agreement, row, other.get(_counterpart(agreement, key))) for key, row in own.items())


def set_changes(held: Sums, new: Sums, name: str) -> tuple[int, int]:
    """The folder has a company, site or currency more, or one less, than before.

    Returns how many values came and went. It is told where at least 300 records are counted, and of a value that is
    gone where at least 20 records had it. Whoever maps companies, sites or currencies has one to add, or one too many.
    """
    came = gone = 0
    for key, row in new.items():
        if key.name == name and key.value != b"[]":
            before = int((held.get(key) or ("0",))[0])
            came += not before and bool(row)
            gone += before >= USED and not row
    return came, gone


CROSSING: Final[Mapping[Check, Callable[..., Any]]] = MappingProxyType(
    {
        Check.ORPHANS: orphans,
        Check.DELIVERED_OVER_ORDERED: delivered_over_ordered,
        Check.BALANCES: balances,
        Check.SET_CHANGES: set_changes,
    }
)


def compared(agreement: Agreement, own: Sums, other: Sums) -> bool:
    """Tell whether one record's sums do not agree with those of the other class."""
    judge = CROSSING[Check(agreement.check)]
    return bool(judge(agreement, own, other))


def state_of(own: Sums, other: Sums) -> bytes:
    """Return a fingerprint of both sides: the same only while neither moved."""
    both = [sorted((*key, *row) for key, row in side.items()) for side in (own, other)]
    return blake2b(json.encode(both), digest_size=16).digest()


def settled(breach: Breach, kind: Kind, began: int, other_swept: int | None) -> bool:
    """Tell whether both classes were read completely since a breach was first seen.

    `began` is when this cycle of the breaking record's class began, `other_swept` when the other class's last sweep
    ended. A reference that a confirmed delete left behind (its fingerprint is empty) needs neither.
    """
    if breach.check is Check.ORPHANS:
        return not breach.fingerprint or swept_since(breach.since, other_swept)
    return kind is Kind.SWEEP and breach.since < began and swept_since(breach.since, other_swept)


def swept_since(moment: int, swept: int | None) -> bool:
    """Tell whether a sweep that ended at `swept` had begun after `moment`, for certain."""
    return swept is not None and swept >= moment + MARGIN


def _counterpart(agreement: Agreement, key: SumKey) -> SumKey:
    return SumKey(agreement.parts, key.value)
