"""Chance that can be asked again: every value of a record is a function of (seed, ordinal, position).

So a record need not be kept to be shown: its ordinal and what changed since are enough.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from hashlib import shake_128
from struct import Struct
from typing import Protocol, cast

from driftd.simulator.json_values import Json, Record

_SEED = Struct("<Qqq")
_FIRST_DAY = date(2024, 11, 1)


def numbers(seed: int, ordinal: int, count: int, place: int = 0) -> tuple[int, ...]:
    """Return `count` 32-bit numbers for one record, or for the line of it at `place`."""
    return _layout(count).unpack(shake_128(_SEED.pack(seed, ordinal, place)).digest(4 * count))


@cache
def _layout(count: int) -> Struct:
    return Struct(f"<{count}I")


class World(Protocol):
    """What a record may know of the rest of its tenant."""

    def code(self, resource: str, number: int) -> str:
        """Return the key of a record that may be referenced, chosen by `number`."""
        ...

    def entered(self, resource: str, number: int) -> str:
        """Return the title which the record chosen by `number` had when it was first entered."""
        ...

    def count(self, resource: str) -> int:
        """Return how many records of a class there were first: those numbered below it."""
        ...

    def first(self, resource: str, ordinal: int) -> Record:
        """Return a record with its lines as it was when it was first entered. Not to be changed."""
        ...

    def chance(self, resource: str, ordinal: int, count: int) -> tuple[int, ...]:
        """Return `count` 32-bit numbers of a record, apart from those of its properties."""
        ...


@dataclass(slots=True)
class Draft:
    """A record or line while it is drawn: what its makers may look at."""

    world: World
    ordinal: int
    line: int = 0
    values: Record = field(default_factory=dict)
    chosen: dict[str, int] = field(default_factory=dict)
    """By class, the number that chose the record referenced last."""


Maker = Callable[[int, Draft], Json]
"""A 32-bit number and the draft so far → the value of one property."""


def fixed(value: Json) -> Maker:
    """Always the same value."""
    return lambda _n, _draft: value


GIVEN: Maker = fixed("")
"""Stands for a property that the key or another record gives, which is not drawn."""


def pick(*values: Json) -> Maker:
    """One of the values, evenly; repeat a value to weigh it."""
    return lambda n, _draft: values[n % len(values)]


def yes(per_cent: int) -> Maker:
    """A yes/no menu, which REST shows as a boolean."""
    return lambda n, _draft: n % 100 < per_cent


def number(low: int, high: int) -> Maker:
    """A whole number: a local menu, a count, a delay in days."""
    return lambda n, _draft: low + n % (high - low + 1)


def amount(high: int, scale: int = 2, empty: int = 0) -> Maker:
    """A decimal below `high` with `scale` digits; 0 in `empty` per cent."""
    unit = 10**scale
    return lambda n, _draft: 0 if n % 100 < empty else decimal(n % (high * unit) + 1, unit)


def decimal(units: int, unit: int = 100) -> int | float:
    """Return `units / unit` as JSON spells it: without a fraction where there is none."""
    return units // unit if units % unit == 0 else units / unit


def code(pattern: str, high: int, empty: int = 0) -> Maker:
    """Text made of a number, such as `"{:05d}"`; leading zeros stay. `""` in `empty` per cent."""
    return lambda n, _draft: "" if n % 100 < empty else pattern.format(n // 100 % high)


def day(span: int = 365, empty: int = 0) -> Maker:
    """An ISO date; the empty date `"0000-00-00"` in `empty` per cent."""
    return lambda n, _draft: "0000-00-00" if n % 100 < empty else iso_day(n // 100 % span)


@cache
def iso_day(offset: int) -> str:
    """Return the day `offset` days after the simulated business began."""
    return (_FIRST_DAY + timedelta(days=offset)).isoformat()


def words(*choices: Sequence[str]) -> Maker:
    """Text of one word from each sequence."""

    def make(n: int, _draft: Draft) -> Json:
        chosen = []
        for sequence in choices:
            n, index = divmod(n, len(sequence))
            chosen.append(sequence[index])
        return " ".join(chosen)

    return make


def padded(maker: Maker, length: int, filled: int, empty: Json = "") -> Maker:
    """An array of fixed length whose last slots are empty (`TSCCOD` ×5)."""
    return lambda n, draft: [maker(n >> slot, draft) if slot < filled else empty for slot in range(length)]


def referenced(resource: str) -> Maker:
    """The key of an existing record of another class."""

    def make(n: int, draft: Draft) -> Json:
        draft.chosen[resource] = n
        return draft.world.code(resource, n)

    return make


def copied(resource: str) -> Maker:
    """The title of the record referenced last, as it was when first entered: documents keep their own copy."""
    return lambda _n, draft: draft.world.entered(resource, draft.chosen[resource])


def same_as(name: str) -> Maker:
    """The value of a property drawn before."""
    return lambda _n, draft: draft.values[name]


def product(left: str, right: str) -> Maker:
    """The product of two properties of the line, to the cent."""

    def make(_n: int, draft: Draft) -> Json:
        one, other = cast("float", draft.values[left]), cast("float", draft.values[right])
        return decimal(round(one * 100) * round(other))

    return make


def total(collection: str, name: str) -> Maker:
    """The sum of a property over the lines, to the cent."""

    def make(_n: int, draft: Draft) -> Json:
        lines = cast("list[dict[str, float]]", draft.values[collection])
        return decimal(sum([round(line[name] * 100) for line in lines]))

    return make


def with_tax(name: str, per_cent: int) -> Maker:
    """So much of a property drawn before, to the cent: an amount with tax."""
    return lambda _n, draft: decimal(round(cast("float", draft.values[name]) * per_cent))
