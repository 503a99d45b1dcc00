"""Records out of the bytes of a ``$resources`` array: cut, and decoded exactly."""

import json
from collections.abc import Sequence
from typing import Final, NoReturn

import msgspec
import orjson

from driftd.adapters.x3.numbers import exact_float, exact_integer
from driftd.adapters.x3.payload import invalid
from driftd.core.model import JsonObject
from driftd.core.numbers import risky
from driftd.core.oversize import RECORDS, bounded, pieces
from driftd.errors import Reason, SourceError

DEPTH: Final = 64
"""Levels of nesting beyond which a record is refused; the deepest documented X3 record has five."""
OBJECTS: Final = 4_000_000
"""Objects of one page, those within records included."""
VALUES: Final = 16_000_000
"""Values of one page, objects aside: its commas and opening brackets, those in texts as well."""
_LARGE: Final = 1 << 20
"""Bytes of a page whose elements are judged before it is cut: each becomes some 120 bytes."""
_SPARSE: Final = 8
"""Bytes that a comma has for itself in an array that may be cut at once. Those of X3 have 10 to 20."""


class _Object(msgspec.Struct, gc=False):
    """An object, of which nothing is read."""


_objects = msgspec.json.Decoder(list[_Object]).decode
_slices = msgspec.json.Decoder(list[msgspec.Raw]).decode
_OBJECT: Final = frozenset({ord("{")})
_NOT_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))


def split(records: bytes) -> list[bytes]:
    """Cut the bytes of a ``$resources`` array into one slice a record, each exactly as sent.

    Raises `SourceError` with ``invalid_payload`` for what is not an array of objects, ``payload_too_large`` for one of
    more than `oversize.RECORDS`.
    """
    if dense(records):
        _judge(records)
    try:
        return objects(_slices(records))
    except msgspec.MsgspecError as error:
        raise invalid(f"$resources is not a JSON array: {error}") from None


def dense(array: bytes) -> bool:
    """Tell whether what is cut out of JSON may become many times its size: its elements may be of few bytes."""
    return len(array) > _LARGE and array.count(b",") * _SPARSE > len(array)


def _judge(records: bytes) -> None:
    """Refuse an array of other things than objects at the first of them, and one of too many, before it is cut."""
    try:
        _check_count(len(_objects(records)))
    except msgspec.ValidationError:
        raise invalid("$resources holds something else than objects") from None
    except msgspec.MsgspecError as error:
        raise invalid(f"$resources is not a JSON array: {error}") from None


def _check_count(count: int) -> None:
    if count > RECORDS:
        raise _too_large(f"the page has {count:,} records")


def objects(elements: Sequence[msgspec.Raw]) -> list[bytes]:
    """Return the bytes of an array's elements.

    Raises `SourceError` with ``invalid_payload`` where one is no object, ``payload_too_large`` for too many.
    """
    _check_count(len(elements))
    slices = list(map(bytes, elements))
    if not {each[0] for each in slices} <= _OBJECT:
        raise invalid("$resources holds something else than objects")
    return slices


def decode(record: bytes) -> JsonObject:
    """Decode one record exactly.

    A number that a float would change comes as `int` or, from 41 characters on or with a point or exponent, as
    `decimal.Decimal`. Raises `SourceError` with ``invalid_payload`` for what is not one JSON object in UTF-8, for NaN
    and infinities, lone surrogates, numbers beyond 10^±6,144, and nesting deeper than 64. A record over the limits of
    `oversize` comes as what stands for it.
    """
    record = bounded(record)
    if record.count(b"[") + record.count(b"{") > DEPTH:
        _check_depth(record)
    value: object = None
    fault = ""
    try:
        value = _exactly(record) if risky(record) else _quickly(record)
    except (ValueError, RecursionError) as error:
        fault = _place(error)  # raised outside: a decode error keeps the whole text, and would stay in the chain
    if fault:
        raise invalid(f"a record is not JSON: {fault}")
    if not isinstance(value, dict):
        raise invalid("a record is not an object")
    return value


def _quickly(record: bytes) -> object:
    try:
        return orjson.loads(record)
    except orjson.JSONDecodeError:
        return _exactly(record)  # a number too great for a float, or no JSON


def _exactly(record: bytes) -> object:
    value: object = json.loads(
        record.decode("utf-8"), parse_float=exact_float, parse_int=exact_integer, parse_constant=_no_constant
    )
    if b"\\ud" in record or b"\\uD" in record:
        json.dumps(value, ensure_ascii=False, default=str).encode("utf-8")  # refuses lone surrogates, as orjson does
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")


def check_page(body: bytes) -> None:
    """Refuse a page that would become many times its size when it is taken apart; raises ``payload_too_large``."""
    if len(body) // 2 > OBJECTS and body.count(b"{") > OBJECTS:
        raise _too_large(f"the page has more than {OBJECTS:,} objects")
    if len(body) > VALUES and body.count(b",") + body.count(b"[") > VALUES:
        raise _too_large(f"the page has more than {VALUES:,} values")


def _too_large(what: str) -> SourceError:
    hint = "lower page_size; if that does not help, report it to the tenant"
    return SourceError(Reason.PAYLOAD_TOO_LARGE, what, hint=hint)


def _check_depth(record: bytes) -> None:
    """Collapse innermost brackets, one level at a time, without recursion."""
    brackets = b"".join(plain.translate(None, _NOT_BRACKETS) for plain, _ in pieces(record))
    for _ in range(DEPTH):
        if not brackets:
            return
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
    if brackets:
        raise invalid(f"a record is nested deeper than {DEPTH} levels, or not JSON")


def _place(error: Exception) -> str:
    """Say what is wrong without the text around it: a decode error's own repr holds the record."""
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start} is not UTF-8"
    if isinstance(error, UnicodeEncodeError):
        return "half of a surrogate pair"
    return str(error)


def concatenated(slices: Sequence[bytes]) -> bytes:
    """Return slices as one JSON array again, to be decoded in one pass."""
    return b"[" + b",".join(slices) + b"]"
