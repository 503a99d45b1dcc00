"""A record's canonical form: one byte string whatever the order of members and the spelling of numbers.

- members whose name starts with ``$`` (``$uuid``, ``$etag``, ``$title``, ``$actxFolder`` …) and volatile members are
  left out at every depth; a member whose object held nothing else (``CUR_REF``) goes with them
- members are sorted; no white space; UTF-8
- 1, 1.0 and 1E0 are the same number; a number that a float would change keeps every digit
- everything else stays as the tenant shows it: ``""``, null, ``"0000-00-00"`` and an absent member are different
- a collection with a line key is ordered by that key

`canonical` of a decoded canonical form is that form again.
"""

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Final

from msgspec import Raw, json

from driftd.core.model import Json, JsonObject

_ENCODE: Final = json.Encoder(order="sorted").encode
_MEMBERS: Final = json.Decoder(dict[str, Raw]).decode
_PLAIN: Final = frozenset({str, int, bool, type(None)})
_SPELT_OUT: Final = 40
"""Numbers of up to so many digits before the point are written without exponent; a longer integer must come as
`Decimal`."""
_LEADING_ZEROS: Final = 7
"""Fractions of up to so many leading zeros are written without exponent."""


def canonical(
    record: JsonObject, volatile: frozenset[str] = frozenset(), lines: Mapping[str, tuple[str, ...]] | None = None
) -> bytes:
    """Return the canonical form of a decoded record, without members named in `volatile`.

    `lines` names collections that have a line key: ``{"GACCENTRYD": ("LIN", "LEDTYP")}``.
    """
    kept = _members(record, volatile)
    for name, line_key in (lines or {}).items():
        if name in kept:
            kept[name] = _in_line_order(kept[name], line_key)
    return _ENCODE(kept)


def scalar(value: Json) -> bytes:
    """Return the canonical form of a text, number, boolean or null."""
    return _ENCODE(_value(value, frozenset()))


def overlay(body: bytes, details: bytes | None) -> bytes:
    """Lay a canonical query body over canonical details: members of both are the body's."""
    return body if details is None else _ENCODE(_MEMBERS(details) | _MEMBERS(body))


def refreshed(body: bytes, details: bytes) -> bytes:
    """Return `body` with the values that later read `details` give for its members."""
    newer = _MEMBERS(details)
    return _ENCODE({name: newer.get(name, value) for name, value in _MEMBERS(body).items()})


def without(body: bytes, volatile: Collection[str]) -> bytes:
    """Return a canonical body as it would be with `volatile` members left out."""
    return _ENCODE(_dropped(json.decode(body, type=dict[str, Raw]), volatile)) if volatile else body


def _members(record: JsonObject, volatile: frozenset[str]) -> dict[str, object]:
    """Return the members that count, with their values in canonical form."""
    kept: dict[str, object] = {}
    for name, value in record.items():
        if name[:1] == "$" or name in volatile:
            continue
        if value.__class__ in _PLAIN:
            kept[name] = value
        elif isinstance(value, dict):
            inner = _members(value, volatile)
            if inner or not value:
                kept[name] = inner
        else:
            kept[name] = _value(value, volatile)
    return kept


def _value(value: object, volatile: frozenset[str]) -> object:
    if value.__class__ in _PLAIN:
        return value
    if isinstance(value, float):
        return value if value % 1 else whole(value)
    if isinstance(value, dict):
        return _members(value, volatile)
    if isinstance(value, list):
        return [_value(element, volatile) for element in value]
    if isinstance(value, Decimal):
        return _decimal(value)
    msg = f"a {type(value).__name__} is not JSON"
    raise TypeError(msg)


def whole(value: float) -> int | float | Raw:
    """Return the canonical form of a float without a fraction."""
    return int(value) if abs(value) < 2**53 else _decimal(Decimal(repr(value)))


def _decimal(number: Decimal) -> int | float | Raw:
    if not number:
        return 0
    exponent = number.as_tuple().exponent
    integral = isinstance(exponent, int) and (exponent >= 0 or number == number.to_integral_value())
    if integral and number.adjusted() < _SPELT_OUT:
        return int(number)
    if not integral:
        nearest = float(number)
        if Decimal(repr(nearest)) == number:
            return nearest
    return Raw(_spelt(number))


def _spelt(number: Decimal) -> bytes:
    """Spell a number that JSON's usual types would change: digits without trailing zeros, one form for one value."""
    sign, digits, exponent = number.as_tuple()
    text = "".join(map(str, digits)).lstrip("0")
    stripped = text.rstrip("0")
    power = int(exponent) + len(text) - len(stripped)
    minus = "-" if sign else ""
    point = len(stripped) + power  # digits in front of the decimal point
    if power >= 0 and point <= _SPELT_OUT:
        return f"{minus}{stripped}{'0' * power}".encode()
    if 0 < point <= _SPELT_OUT:
        return f"{minus}{stripped[:point]}.{stripped[point:]}".encode()
    if -_LEADING_ZEROS < point <= 0:
        return f"{minus}0.{'0' * -point}{stripped}".encode()
    fraction = f".{stripped[1:]}" if stripped[1:] else ""
    return f"{minus}{stripped[0]}{fraction}e{point - 1}".encode()


def _in_line_order(value: object, line_key: tuple[str, ...]) -> object:
    """Order rows by their key, provided that each of its members is text in all rows, or a whole number in all."""
    if isinstance(value, list) and all(isinstance(row, dict) for row in value):
        for name in line_key:
            if not any(all(isinstance(row.get(name), kind) for row in value) for kind in (int, str)):
                return value
        return sorted(value, key=lambda row: [row[name] for name in line_key])
    return value


def _dropped(members: dict[str, Raw], volatile: Collection[str]) -> dict[str, Raw]:
    kept = {}
    for name, raw in members.items():
        if name not in volatile:
            pruned = _pruned(raw, volatile)
            if pruned is not None:
                kept[name] = pruned
    return kept


def _pruned(raw: Raw, volatile: Collection[str]) -> Raw | None:
    """Return a member's bytes without volatile members; None where nothing else was in it."""
    first = bytes(raw)[:1]
    if first == b"{":
        inner = _MEMBERS(raw)
        kept = _dropped(inner, volatile)
        return Raw(_ENCODE(kept)) if kept or not inner else None
    if first == b"[":
        elements = json.decode(raw, type=list[Raw])
        return Raw(_ENCODE([_pruned(element, volatile) or Raw(b"{}") for element in elements]))
    return raw
