"""Many records of one shape → how often each column shows each mark: counted in C, not value by value.

Law: what `column` counts is the sum of what `sketch` shows of each value.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from msgspec import json

from driftd.core.schema.marks import (
    BOOLEAN,
    CODE,
    DATED,
    EMPTY,
    INTEGER,
    NIL_DATE,
    NO_DATE,
    NULL,
    NUMBER,
    PRESENT,
    TEXT,
    WORDS,
    Mark,
    dated,
    integer,
    is_code,
    length,
    scale,
    scale_mark,
)

LEAST: Final = 4
"""Fewer records of a shape are not worth columns."""
_ENCODE: Final = json.Encoder(decimal_format="number").encode
_FRACTION: Final = re.compile(rb"\.(\d+)")
_UNUSUAL: Final = (b".0,", b".0]", b"e", b"E", b"n")
"""A number without a fraction, with an exponent, or none at all."""
_NESTED: Final = frozenset({dict, list})


def shapes(records: Sequence[Mapping[str, object]]) -> Iterator[tuple[tuple[str, ...], list[Mapping[str, object]]]]:
    """Yield records by the tuple of their members' names."""
    found: dict[tuple[str, ...], list[Mapping[str, object]]] = {}
    for record in records:
        found.setdefault(tuple(record), []).append(record)
    yield from found.items()


def column(values: Sequence[Any]) -> Counter[Mark] | None:
    """Count the marks of one member over records that all have it; None where some value is no scalar."""
    types = set(map(type, values))
    if not _NESTED.isdisjoint(types):
        return None
    found: Counter[Mark] = Counter({PRESENT: len(values)})
    for kind in types:
        held: Sequence[Any] = values if len(types) == 1 else [value for value in values if type(value) is kind]
        if kind is str:
            _texts(held, found)
        elif kind is int:
            found[INTEGER] += len(held)
            for value, count in Counter(held).items():
                found[integer(value)] += count
        elif kind is bool:
            found[BOOLEAN] += len(held)
        elif kind is type(None):
            found[NULL] += len(held)
        else:
            _numbers(held, found)
    return found


def _numbers(values: Sequence[Any], found: Counter[Mark]) -> None:
    spelt = _ENCODE(values)
    if set(map(type, values)) == {float} and not any(map(spelt.__contains__, _UNUSUAL)):
        found[NUMBER] += len(values)
        for digits, count in Counter(map(len, _FRACTION.findall(spelt))).items():
            found[scale_mark(digits)] += count
        return
    for mark, count in Counter(map(scale, values)).items():
        found[mark] += count
        if mark == INTEGER:
            found[integer(-1)] += count
        else:
            found[NUMBER] += count


def _texts(values: Sequence[str], found: Counter[Mark]) -> None:
    lengths = Counter(map(len, values))
    found[EMPTY] += lengths.pop(0, 0)
    shorts: Counter[str] = Counter()
    if any(size <= CODE for size in lengths):
        shorts = (
            Counter(value for value in values if 0 < len(value) <= CODE) if max(lengths) > CODE else Counter(values)
        )
        shorts.pop("", None)
    for text, count in shorts.items():
        found[text if is_code(text) else WORDS] += count
    found[WORDS] += sum(count for size, count in lengths.items() if size > CODE)
    found[TEXT] += sum(lengths.values())
    for size, count in lengths.items():
        found[length(size)] += count
    if not DATED.isdisjoint(lengths):
        _dates(values, found)


def _dates(values: Sequence[str], found: Counter[Mark]) -> None:
    """Take the texts that are dates out of what was counted as text."""
    kinds = Counter(map(dated, values))
    if len(kinds) == 1 and TEXT in kinds:
        return
    found[NO_DATE] += values.count(NIL_DATE)
    for kind, count in kinds.items():
        if kind != TEXT:
            found[kind] += count
            found[TEXT] -= count
            found[WORDS] -= count
    if TEXT in kinds:
        for size, count in Counter(len(value) for value in values if dated(value) != TEXT).items():
            found[length(size)] -= count
    else:
        for size in DATED.intersection(map(len, values)):
            del found[length(size)]
