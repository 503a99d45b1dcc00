"""Records read for exact checks: numbers as decimals, rows of collections, members by path.

Whatever is missing or of another type than the rules expect reads as None: unknown, never wrong.
"""

from collections.abc import Iterator, Mapping
from decimal import Context, Decimal
from typing import Any, Final, TypeAlias

from msgspec import json

from driftd.core.model import KeyPart
from driftd.core.rules import Codes

Record: TypeAlias = dict[str, Any]
"""A decoded canonical record; its numbers are `int` or `Decimal`."""

EXACT: Final = Context(prec=200)
"""Precise enough for any sum and product of amounts that `number` reads."""
_DIGITS: Final = 40
"""Numbers of more digits before or behind the point are no amounts."""
_DECODE: Final = json.Decoder(dict[str, Any], float_hook=Decimal).decode


def decoded(body: bytes) -> Record:
    """Decode a canonical record exactly."""
    return _DECODE(body)


def number(value: object) -> Decimal | None:
    """Return an amount; None for what is none."""
    if value.__class__ is int:
        return Decimal(value) if abs(value) < 10**_DIGITS else None
    if isinstance(value, Decimal):
        exponent = value.as_tuple().exponent
        near = isinstance(exponent, int) and exponent >= -_DIGITS and value.adjusted() < _DIGITS
        return value if near else None
    return None


def part(value: object) -> KeyPart | None:
    """Return a value that may identify something; None for null, fractions, objects and arrays."""
    return value if isinstance(value, str | int) else None


def rows(record: Record, collection: str) -> list[Record] | None:
    """Return the rows of a collection; None where there is no such array of objects."""
    found = record.get(collection)
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        return None
    return found


def member(row: Record, record: Record, name: str) -> object:
    """Return a member of a row, or of its record where the row has none."""
    return row[name] if name in row else record.get(name)


def split(path: str) -> tuple[str, str]:
    """Return the collection of a path, or empty, and the member."""
    collection, inside, name = path.rpartition("[].")
    return (collection, name) if inside else ("", path)


def column(record: Record, path: str) -> Iterator[tuple[Record, object]]:
    """Yield each row that has the member at `path`, with its value; the record itself where it is the record's."""
    collection, name = split(path)
    for row in (rows(record, collection) or ()) if collection else (record,):
        if name in row:
            yield row, row[name]


def matches(record: Record, values: Mapping[str, Codes]) -> bool:
    """Tell whether a record has one of the `values` by member. True and 1 are different."""
    return any(
        (value := record.get(name)) == each and value.__class__ is each.__class__
        for name, codes in values.items()
        for each in codes
    )
