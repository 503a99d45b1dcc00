"""Records out of the bytes of a ``$resources`` array: cut, and decoded exactly."""

import json
import re
from collections.abc import Iterable, Sequence
from typing import Final, NoReturn

import msgspec
import orjson

from driftd.adapters.x3.numbers import exact_float, exact_integer
from driftd.adapters.x3.payload import invalid
from driftd.core.model import JsonObject
from driftd.core.numbers import risky
from driftd.core.oversize import bounded
from driftd.errors import Reason, SourceError

DEPTH: Final = 64
"""Levels of nesting beyond which a record is refused; the deepest documented X3 record has five."""
OBJECTS: Final = 4_000_000
"""Objects of one page, those within records included: as many as there may be records while it is cut."""
_LARGE: Final = 8 << 20
"""Bytes of a page whose objects are counted before it is cut."""

_slices = msgspec.json.Decoder(list[msgspec.Raw]).decode
_OBJECT: Final = frozenset({ord("{")})
_TEXTS: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_NOT_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))


def split(records: bytes) -> list[bytes]:
    """Cut the bytes of a ``$resources`` array into one slice a record, each exactly as sent.

    Raises `SourceError` with ``invalid_payload`` for what is not an array of objects.
    """
    try:
        return objects(_slices(records))
    except msgspec.MsgspecError as error:
        raise invalid(f"$resources is not a JSON array: {error}") from None


def objects(elements: Iterable[msgspec.Raw]) -> list[bytes]:
    """Return the bytes of an array's elements.

    Raises `SourceError` with ``invalid_payload`` where one is no object.
    """
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
    """Refuse a page that would become many times its size when it is cut; raises ``payload_too_large``."""
    if len(body) > _LARGE and body.count(b"{") > OBJECTS:
        hint = "lower page_size; if that does not help, report it to the tenant"
        raise SourceError(Reason.PAYLOAD_TOO_LARGE, f"the page has more than {OBJECTS:,} objects", hint=hint)


def _check_depth(record: bytes) -> None:
    """Collapse innermost brackets, one level at a time, without recursion."""
    brackets = _TEXTS.sub(b"", record).translate(None, _NOT_BRACKETS)
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
