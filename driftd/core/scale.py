"""Scale shift: values that were multiplied by one constant, without a word: cents for euros, grams for kilos.

It needs no history. What is compared are the values that changed in one cycle, before and after, and the prices of new
documents with the last price of the same product. A shift stays open until the inverse one, or until it is accepted.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from decimal import Context, Decimal
from typing import Any, Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from driftd.core.model import KeyBytes

LEAST: Final = 5
"""Fewer values by one factor are no shift."""
SHARE: Final = 0.9
"""Share of the changed values that have to go by the factor."""
DISTINCT: Final = 3
"""Values from which they have to start: a menu that goes from 1 to 10 is no shift."""
WINDOW: Final = 20
"""Prices of new documents that are looked at together."""
OPEN: Final = 20
"""Shifts kept open at most."""
SAMPLES: Final = 20
_PATHS: Final = 2_000
_NEAR: Final = 0.05
"""How far rounding may take a value from the factor."""
_EXACT: Final = Context(prec=60)
_BOUND: Final = 25
"""Amounts of more digits than this are not compared."""


def _factors() -> dict[str, tuple[Decimal, str]]:
    """Return factor and name of its inverse, by name: powers of ten, the sign, and what units are converted by.

    Kilogram and pound, gram and ounce, centimetre and inch, metre and foot, litre and US gallon: international yard and
    pound agreement of 1959; dozen, gross, and sixty.
    """
    units = ("12", "144", "60", "0.45359237", "28.349523125", "2.54", "25.4", "0.3048", "3.785411784")
    known = {"-1": (Decimal(-1), "-1")}
    for power in range(1, 7):
        many, few = Decimal(10) ** power, Decimal(1).scaleb(-power)
        known |= {f"{many:f}": (many, f"{few:f}"), f"{few:f}": (few, f"{many:f}")}
    for unit in units:
        inverse = f"1/{unit}"
        known |= {unit: (Decimal(unit), inverse), inverse: (_EXACT.divide(Decimal(1), Decimal(unit)), unit)}
    return known


_FACTORS: Final = _factors()
_ORDER: Final = sorted((float(value), name) for name, (value, _) in _FACTORS.items())


class Shift(Struct, frozen=True):
    """Fields that were multiplied by one factor."""

    fields: tuple[str, ...]
    """Paths; the first is the one told."""
    factor: str
    at: int
    """When it was found, epoch ms."""
    n: int
    """Values that changed in these fields."""
    m: int
    """Of these, values that went by the factor."""
    samples: tuple[KeyBytes, ...] = ()
    new: bool = False
    """Whether new documents show it, rather than old ones that changed."""


class Quote(Struct, frozen=True):
    """The last price of a product in a new document, against the one before."""

    of: bytes
    """Product, unit and currency, as compact JSON array."""
    factor: str
    """Name of the known factor between the two; empty where there is none."""


class Pair(NamedTuple):
    """One value before and after."""

    path: str
    before: Decimal
    after: Decimal


def factor_of(before: Decimal, after: Decimal) -> str:
    """Name the known factor by which a value was multiplied, rounding allowed for; empty where there is none."""
    if not before or not after or max(_size(before), _size(after)) > _BOUND:
        return ""
    ratio = float(after) / float(before)
    near = _ORDER[max(0, (at := bisect_left(_ORDER, (ratio, ""))) - 1) : at + 1]
    for value, name in near:
        if abs(ratio - value) <= _NEAR * abs(value):
            off = _EXACT.subtract(after, _EXACT.multiply(before, _FACTORS[name][0])).copy_abs()
            if off <= _half_unit(after):
                return name
    return ""


def pairs(before: dict[str, Any], after: dict[str, Any], pointers: Iterable[str]) -> Iterator[Pair]:
    """Yield the numbers among the values that `pointers` (RFC 6901) name in two decoded records."""
    for pointer in pointers:
        found = _pair(before, after, pointer)
        if found is not None:
            yield found


class Ratios:
    """Counts by which factors the values of each path changed in one cycle."""

    def __init__(self) -> None:
        self._n: Counter[str] = Counter()
        self._m: Counter[tuple[str, str]] = Counter()
        self._starts: dict[tuple[str, str], set[Decimal]] = {}
        self._keys: dict[tuple[str, str], list[KeyBytes]] = {}

    def take(self, key: KeyBytes, found: Iterable[Pair]) -> None:
        """Take in the changed numbers of one record."""
        for path, before, after in found:
            if path not in self._n and len(self._n) >= _PATHS:
                continue
            self._n[path] += 1
            factor = factor_of(before, after)
            if factor:
                self._note((path, factor), key, before)

    def _note(self, place: tuple[str, str], key: KeyBytes, before: Decimal) -> None:
        self._m[place] += 1
        starts, keys = self._starts.setdefault(place, set()), self._keys.setdefault(place, [])
        if len(starts) < DISTINCT:
            starts.add(before)
        if len(keys) < SAMPLES and key not in keys:
            keys.append(key)

    def found(self, now: int) -> list[Shift]:
        """Return the shifts of this cycle, one for each factor."""
        by_factor: dict[str, list[str]] = {}
        for (path, factor), count in self._m.most_common():
            if count >= max(LEAST, SHARE * self._n[path]) and len(self._starts[path, factor]) >= DISTINCT:
                by_factor.setdefault(factor, []).append(path)
        return [self._shift(factor, paths, now) for factor, paths in by_factor.items()]

    def _shift(self, factor: str, paths: Sequence[str], now: int) -> Shift:
        n, m = sum(self._n[path] for path in paths), sum(self._m[path, factor] for path in paths)
        return Shift(tuple(paths), factor, now, n, m, tuple(self._keys[paths[0], factor]))


def quoted(quotes: Sequence[Quote], path: str, now: int, samples: Sequence[KeyBytes]) -> Shift | None:
    """Return the shift that the latest prices of new documents show: the last five or more products, nine in ten.

    `quotes` are in order, one for each product.
    """
    for size in range(LEAST, len(quotes) + 1):
        factor, count = Counter(each.factor for each in quotes[-size:]).most_common(1)[0]
        if factor and count >= SHARE * size:
            return Shift((path,), factor, now, size, count, tuple(samples[:SAMPLES]), new=True)
    return None


def remembered(quotes: Iterable[Quote], later: Iterable[Quote]) -> tuple[Quote, ...]:
    """Return the latest quotes, one for each product, in order."""
    kept: dict[bytes, Quote] = {}
    for each in (*quotes, *later):
        kept.pop(each.of, None)
        kept[each.of] = each
    return tuple(kept.values())[-WINDOW:]


def opened(standing: Sequence[Shift], found: Iterable[Shift]) -> tuple[Shift, ...]:
    """Return the open shifts after those `found`: an inverse one closes, one of the same factor joins."""
    shifts = list(standing)
    for shift in found:
        inverse = _FACTORS[shift.factor][1]
        undone = {path for each in shifts if each.factor == inverse for path in each.fields} & set(shift.fields)
        shifts = [left for each in shifts if (left := _without(each, undone if each.factor == inverse else set()))]
        left = _without(shift, undone)
        if left is not None:
            shifts = _joined(shifts, left)
    return tuple(shifts[-OPEN:])


def accepted(standing: Iterable[Shift], path: str) -> tuple[Shift, ...]:
    """Return the open shifts without the one told under `path`."""
    return tuple(each for each in standing if each.fields[0] != path)


def _joined(shifts: Sequence[Shift], shift: Shift) -> list[Shift]:
    for place, each in enumerate(shifts):
        if each.factor == shift.factor and set(each.fields) & set(shift.fields):
            fields = tuple(dict.fromkeys((*each.fields, *shift.fields)))
            joined = replace(each, fields=fields, n=each.n + shift.n, m=each.m + shift.m)
            return [*shifts[:place], joined, *shifts[place + 1 :]]
    return [*shifts, shift]


def _without(shift: Shift, paths: set[str]) -> Shift | None:
    fields = tuple(each for each in shift.fields if each not in paths)
    return replace(shift, fields=fields) if fields else None


def _pair(old: dict[str, Any], new: dict[str, Any], pointer: str) -> Pair | None:
    before: Any = old
    after: Any = new
    path = ""
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(before, dict) and isinstance(after, dict):
            if name not in before or name not in after:
                return None
            before, after, path = before[name], after[name], f"{path}.{name}" if path else name
        elif isinstance(before, list) and isinstance(after, list):
            place = int(name)
            if place >= min(len(before), len(after)):
                return None
            before, after, path = before[place], after[place], f"{path}[]"
        else:
            return None
    was, now = _number(before), _number(after)
    return None if was is None or now is None else Pair(path, was, now)


def _number(value: object) -> Decimal | None:
    if value.__class__ is int:
        return Decimal(value)
    return value if isinstance(value, Decimal) else None


def _size(amount: Decimal) -> int:
    exponent = amount.as_tuple().exponent
    return max(abs(amount.adjusted()), abs(exponent) if isinstance(exponent, int) else _BOUND + 1)


def _half_unit(amount: Decimal) -> Decimal:
    """Return half of the last digit that an amount is written to."""
    exponent = amount.as_tuple().exponent
    return Decimal(5).scaleb(min(0, exponent) - 1) if isinstance(exponent, int) else Decimal()
