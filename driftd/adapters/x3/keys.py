"""A record's key: read from its bytes without decoding the record, and written into addresses and cursors.

Key bytes are the compact JSON array of the parts, equal for equal values however they were spelt: ``b'["C001"]'``.
"""

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, TypeAlias
from urllib.parse import quote

import msgspec
import orjson

from driftd.adapters.x3.numbers import bounded_decimal
from driftd.adapters.x3.payload import invalid
from driftd.adapters.x3.records import concatenated
from driftd.core.model import KeyBytes

KEYLESS: Final[KeyBytes] = b""
"""Stands for a key that is missing, null, nested, empty in every part, or too long: such a record is quarantined."""
LONGEST_KEY: Final = 1_000
"""Bytes of a key. X3's are a few short codes; one of many thousand would go into addresses, indexes and alerts."""

_Fast: TypeAlias = Callable[[bytes], list[KeyBytes]]
_SPELT_OUT: Final = 40
_ABSENT: Final = msgspec.Raw(b"n")
_encode: Final = msgspec.json.Encoder().encode
"""Not `orjson.dumps`: kept short results of that cost ten times as much (measured: 1.9 against 0.07 µs)."""


def keys(names: tuple[str, ...], slices: Sequence[bytes], records: bytes | None = None) -> list[KeyBytes]:
    """Read the key of each record in one pass; `KEYLESS` where it is unusable. `records`: the slices, concatenated.

    Raises `SourceError` with ``invalid_payload`` where a slice is not a JSON object.
    """
    if not slices:
        return []
    with suppress(msgspec.MsgspecError, OverflowError, UnicodeDecodeError, RecursionError):
        return _short(_fast(names)(concatenated(slices) if records is None else records))
    return _short([_slowly(names, each) for each in slices])


def _short(found: list[KeyBytes]) -> list[KeyBytes]:
    if max(map(len, found)) <= LONGEST_KEY:
        return found
    return [KEYLESS if len(key) > LONGEST_KEY else key for key in found]


@lru_cache(maxsize=256)
def _fast(names: tuple[str, ...]) -> _Fast:
    """Return the reader for keys whose parts are all text or whole numbers; it raises for any other."""
    parts = [f"part{number}" for number in range(len(names))]
    struct = msgspec.defstruct(
        "Key", [(part, str | int, msgspec.field(name=name)) for part, name in zip(parts, names, strict=True)], gc=False
    )
    decode: Callable[[bytes], list[Any]] = msgspec.json.Decoder(list[struct]).decode  # type: ignore[valid-type]
    empty = _encode([""] * len(names))
    encode, astuple = _encode, msgspec.structs.astuple

    def one(records: bytes) -> list[KeyBytes]:
        return [encode((record.part0,)) for record in decode(records)]

    def several(records: bytes) -> list[KeyBytes]:
        return [encode(astuple(record)) for record in decode(records)]

    def read(records: bytes) -> list[KeyBytes]:
        found = one(records) if len(names) == 1 else several(records)
        return found if empty not in found else [KEYLESS if key == empty else key for key in found]

    return read


def _slowly(names: tuple[str, ...], record: bytes) -> KeyBytes:
    with suppress(msgspec.MsgspecError, ValueError, RecursionError):
        members = _raw(names)(record)
        try:
            parts = [_part(bytes(member)) for member in members]
        except _UnusableError:
            return KEYLESS
        return KEYLESS if all(part == b'""' for part in parts) else b"[" + b",".join(parts) + b"]"
    raise invalid("a record is not a JSON object in UTF-8")


@lru_cache(maxsize=256)
def _raw(names: tuple[str, ...]) -> Callable[[bytes], tuple[msgspec.Raw, ...]]:
    """Return the reader of these members' bytes, one after the other; the others of a record are passed over."""
    fields = [
        (f"part{number}", msgspec.Raw, msgspec.field(name=name, default=_ABSENT)) for number, name in enumerate(names)
    ]
    decode = msgspec.json.Decoder(msgspec.defstruct("Members", fields)).decode
    return lambda record: msgspec.structs.astuple(decode(record))


class _UnusableError(Exception):
    """A key part that identifies nothing."""


def _part(raw: bytes) -> bytes:
    """Return one part in its one spelling."""
    if raw in (b"true", b"false"):
        return raw
    if raw[:1] == b'"':
        return _encode(orjson.loads(raw))
    if raw[:1] in (b"{", b"[", b"n"):
        raise _UnusableError
    try:
        return _number(bounded_decimal(raw.decode()))
    except ValueError:
        raise _UnusableError from None


def _number(value: Decimal) -> bytes:
    sign, digits, exponent = value.as_tuple()
    text = "".join(map(str, digits)).lstrip("0")
    stripped = text.rstrip("0")
    if not stripped:
        return b"0"
    power = int(exponent) + len(text) - len(stripped)
    minus = "-" if sign else ""
    if power >= 0:
        return f"{minus}{stripped}{'0' * power}".encode()
    if -power < _SPELT_OUT:
        padded = stripped.rjust(1 - power, "0")
        return f"{minus}{padded[:power]}.{padded[power:]}".encode()
    return f"{minus}{stripped}e{power}".encode()


def parts(key: KeyBytes) -> list[str]:
    """Return the parts of key bytes as the tenant's addresses write them; numbers keep every digit."""
    found = json.loads(key, parse_int=str, parse_float=str)
    return [part if isinstance(part, str) else str(part).lower() for part in found]


def cursor(key: KeyBytes) -> str:
    """Return a key for ``key=gt.…``: percent-encoded parts joined by ``~`` (Sage, MENU).

    A ``~`` inside a part goes as ``%7E``; how X3 tells the two apart is unknown.
    """
    return "~".join(_encoded(part) for part in parts(key))


def segment(key: KeyBytes) -> str:
    """Return a key for ``CLASS('…')``: quotes doubled, percent-encoded, parts joined by ``~`` (Sage, WSR)."""
    return "~".join(_encoded(part.replace("'", "''")) for part in parts(key))


def _encoded(text: str) -> str:
    return quote(text, safe="").replace("~", "%7E")
