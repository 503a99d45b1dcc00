"""What a patch makes of a value: the same fact in another type, length, scale, unit or spelling."""

import re
from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Decimal
from hashlib import blake2b

import orjson

from driftd.simulator.json_values import Json, exact, plain

TYPES = ("text", "integer", "number", "boolean", "object", "array")
DATE_FORMS = ("DD/MM/YYYY", "YYYYMMDD", "datetime", "local")
Conversion = Callable[[Json, Json], Json]
"""What the patch says it turns to, and a value → the new value."""

_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:T(\d\d:\d\d:\d\d))?(Z|[+-]\d\d:\d\d)?")
_BLANK = (None, "", "0000-00-00")


def chance(*parts: object) -> int:
    """Return 64 bits that are always the same for the same parts."""
    digest = blake2b(repr(parts).encode("utf-8", "surrogatepass"), digest_size=8)
    return int.from_bytes(digest.digest(), "big")


def _each(convert: Conversion) -> Conversion:
    """Convert the elements of an array one by one; rows stay as they are."""

    def conversion(to: Json, value: Json) -> Json:
        if isinstance(value, list):
            return [conversion(to, element) for element in value]
        return value if isinstance(value, dict) else convert(to, value)

    return conversion


def _of_numbers(convert: Callable[[Json, Decimal], Decimal]) -> Conversion:
    """Convert numbers; anything else stays as it is."""

    def conversion(to: Json, value: Json) -> Json:
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            return value
        return exact(convert(to, Decimal(str(value))))

    return _each(conversion)


def retyped(to: Json, value: Json) -> Json:
    """Return the value in another type.

    A yes/no is 2/1 as a number, as in X3's menus. Text that is no number becomes one of nine digits, always the same
    for the same text; a date becomes its digits. An object or array holds the value.
    """
    if to == "array":
        return value if isinstance(value, list) else [value]
    if to == "object":
        return value if isinstance(value, dict) else {"code": value}
    if isinstance(value, list):
        return [retyped(to, element) for element in value]
    return _text(value) if to == "text" else _retyped_number(to, value)


def _retyped_number(to: Json, value: Json) -> Json:
    number = _number(value)
    if to == "boolean":
        return value if isinstance(value, bool) else number not in {0, 1}
    if to == "integer":
        return int(number)
    return exact(number)


def _text(value: Json) -> str:
    if isinstance(value, dict | list):
        return orjson.dumps(value, default=str).decode()
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else value if isinstance(value, str) else plain(value)


def _number(value: Json) -> Decimal:
    if isinstance(value, bool):
        return Decimal(2 if value else 1)
    if isinstance(value, int | float | Decimal):
        return Decimal(str(value))
    if value in _BLANK:
        return Decimal(0)
    text = _text(value)
    if re.fullmatch(r"-?\d+(\.\d+)?", text):
        return Decimal(text)
    if found := _DATE.fullmatch(text):
        return Decimal("".join(re.findall(r"\d", "".join(found.groups("")))))
    return Decimal(chance(text) % 10**9)


def _emptied(to: Json, value: Json) -> Json:
    if to is not None or value is None:
        return to
    if isinstance(value, str):
        return "0000-00-00" if _DATE.match(value) or value == "0000-00-00" else ""
    return None


def emptied(to: Json, value: Json) -> Json:
    """Return the empty of the value's kind, or the one stated; rows become none, arrays keep their length."""
    if isinstance(value, list):
        return [emptied(to, element) for element in value if not isinstance(element, dict)]
    return to if isinstance(value, dict) else _emptied(to, value)


def _lengthened(to: Json, value: Json) -> Json:
    """Pad text to a length, or cut it; what is empty stays so."""
    assert isinstance(to, int)
    return value[:to].ljust(to, "x") if isinstance(value, str) and value else value


def _scaled(to: Json, value: Decimal) -> Decimal:
    """Round to fewer digits; more digits are made up, the last of them never 0. Zero stays zero."""
    assert isinstance(to, int)
    if not value:
        return value
    held = max(-int(value.as_tuple().exponent), 0)
    if to <= held:
        return value.quantize(Decimal(1).scaleb(-to), ROUND_HALF_EVEN)
    width = to - held
    more = chance(str(value)) % (10**width)
    more += 1 if more % 10 == 0 else 0
    return value + (Decimal(more) if value > 0 else Decimal(-more)).scaleb(-to)


def dated(to: Json, value: Json) -> Json:
    """Return a date, or a date with its time, in another form; the empty date too."""
    found = _DATE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return value
    year, month, day, time, zone = found.groups()
    if to in {"datetime", "local"}:
        return f"{year}-{month}-{day}T{time or '00:00:00'}" + ((zone or "Z") if to == "datetime" else "")
    if to == "YYYYMMDD":
        return f"{year}{month}{day}" + (time.replace(":", "") if time else "")
    return f"{day}/{month}/{year}" + (f" {time}" if time else "")


def _shifted(to: Json, value: Json) -> Json:
    """Return the new value of a menu's old one; values that have none stay."""
    assert isinstance(to, dict)
    return to.get(_text(value), value)


CONVERSIONS: dict[str, Conversion] = {
    "retype": retyped,
    "empty": emptied,
    "lengthen": _each(_lengthened),
    "scale": _of_numbers(_scaled),
    "multiply": _of_numbers(lambda to, value: value * Decimal(str(to))),
    "date_form": _each(dated),
    "menu": _each(lambda to, _value: to),
    "shift_menu": _each(_shifted),
}
"""By change, what it makes of the values of the field."""
