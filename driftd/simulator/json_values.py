"""JSON values: their type, their spelling on the wire, and the record *as shown* to a reader."""

import json
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import TypeAlias

import orjson

Json: TypeAlias = "bool | int | float | str | Decimal | list[Json] | dict[str, Json] | None"
Record: TypeAlias = dict[str, Json]
_AS_IT_IS = frozenset({str, int, float, bool, type(None)})
"""Types of most members, none of which a reader holds otherwise than as they are."""


@dataclass(frozen=True, slots=True)
class Spelling:
    """How JSON is written: separators, and the chance (if any) by which members are shuffled and numbers respelled."""

    comma: str = ","
    colon: str = ":"
    order: Random | None = None
    numbers: Random | None = None

    @property
    def plain(self) -> bool:
        """True where the quick encoder writes the same."""
        return self == PLAIN


PLAIN = Spelling()


def encode(value: Json, spelling: Spelling = PLAIN) -> bytes:
    """Write `value`; integers of any size and decimals of any length keep all their digits."""
    if spelling.plain:
        try:
            return orjson.dumps(value, default=_digits)
        except TypeError:  # an integer beyond 64 bits, a lone surrogate
            pass
    return _text(value, spelling).encode("utf-8", "surrogatepass")


def _digits(value: object) -> orjson.Fragment:
    if isinstance(value, Decimal):
        return orjson.Fragment(str(value).encode())
    raise TypeError


def _text(value: Json, spelling: Spelling) -> str:
    if isinstance(value, dict):
        members = list(value.items())
        if spelling.order is not None:
            spelling.order.shuffle(members)
        inner = spelling.comma.join(f"{_text(k, spelling)}{spelling.colon}{_text(v, spelling)}" for k, v in members)
        return f"{{{inner}}}"
    if isinstance(value, list):
        return f"[{spelling.comma.join(_text(element, spelling) for element in value)}]"
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return _number(value, spelling.numbers)


def _number(value: float | Decimal, chance: Random | None) -> str:
    usual = plain(value)
    if chance is None:
        return usual
    number = Decimal(usual)
    with_zeros = f"{number:f}" + ("00" if "." in f"{number:f}" else ".00")
    return chance.choice((usual, f"{number:E}", with_zeros))


def plain(value: float | Decimal) -> str:
    """Return a number as JSON usually spells it."""
    return str(value) if isinstance(value, int | Decimal) else json.dumps(value)


def shown(record: Record) -> Record:
    """Return the record as a reader holds it: without `$…` members at any depth.

    An object left empty by this disappears with its name (`CUR_REF`); in an array it stays as `{}`.
    Numbers are `int`, `float`, or `Decimal` where a float would lose digits.
    """
    found: Record = {}
    for name, value in record.items():
        if name.startswith("$"):
            continue
        if isinstance(value, dict):
            inner = shown(value)
            if inner or not value:
                found[name] = inner
        else:
            found[name] = value if type(value) in _AS_IT_IS else _shown(value)
    return found


def _shown(value: Json) -> Json:
    if isinstance(value, dict):
        return shown(value)
    if isinstance(value, list):
        return [_shown(element) for element in value]
    return exact(value) if isinstance(value, Decimal) else value


def exact(value: Decimal) -> Json:
    """Return a number as `int`, as `float`, or as it is where a float would lose digits."""
    if value == value.to_integral_value():
        return int(value)
    nearest = float(value)
    return nearest if Decimal(repr(nearest)) == value else value
