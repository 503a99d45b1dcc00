"""Prices of new documents against the last ones of the same product, unit and currency."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from driftd.core.invariants.gathering import Gathering
from driftd.core.invariants.model import SumKey, Sums
from driftd.core.invariants.sums import spelt
from driftd.core.scale import Quote, Shift, factor_of, quoted, remembered


class Priced(NamedTuple):
    """What new documents said of prices."""

    quotes: tuple[Quote, ...]
    shift: Shift | None
    sums: dict[SumKey, tuple[str, ...]]
    """The last prices that changed."""


def priced(gathering: Gathering, held: Sums, quotes: Sequence[Quote], path: str, now: int) -> Priced:
    """Compare the prices of a cycle with those `held` from before.

    A price that departs by a known factor is not taken over as the last one before the shift is found: so each further
    product can be compared with what it cost before.
    """
    later = [
        Quote(key.value, factor_of(Decimal(before[0]), price))
        for key, (price, _) in gathering.offered.items()
        if (before := held.get(key))
    ]
    odd = {each.of for each in later if each.factor}
    window = remembered(quotes, later)
    samples = [document for key, (_, document) in gathering.offered.items() if key.value in odd]
    shift = quoted(window, path, now, list(dict.fromkeys(samples))) if odd else None
    sums: dict[SumKey, tuple[str, ...]] = {
        key: last
        for key, price in gathering.prices.items()
        if (shift or key.value not in odd) and held.get(key) != (last := (spelt(price),))
    }
    return Priced(() if shift else window, shift, sums)
