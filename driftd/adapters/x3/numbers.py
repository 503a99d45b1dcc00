"""JSON numbers without loss: which spellings a float would change, and what they become instead."""

import re
from decimal import Decimal
from typing import Final

DIGITS: Final = 16
"""A number of fewer significant digits survives a binary float and back (IEEE 754: 15 do)."""
INTEGER: Final = 40
"""Characters of an integer that is read as one."""
_EXPONENT: Final = 6144
"""Decimal exponents beyond it (that of IEEE 754 decimal128) are refused: an attack or an error, never an amount."""
_SHAPES: Final = bytes.maketrans(b"0123456789.-,[ \t\r\n", b"0" * 12 + b":" * 6)
_LONG: Final = b":" + b"0" * DIGITS
_BEFORE: Final = b":,[ \t\r\n"
"""What may stand before a number."""


def risky(text: bytes) -> bool:
    """Tell whether a JSON object may hold a number that a float changes: a long one, or one near nothing.

    A number of up to 15 significant digits is its float's shortest spelling, whatever its exponent (IEEE 754), down to
    where floats lose digits; one too great for a float is refused by the decoder. Errs only on the careful side (a text
    may look like such a number), and costs a fraction of a decode.
    """
    return _LONG in text.translate(_SHAPES) or _tiny(text, b"e-") or _tiny(text, b"E-")


def _tiny(text: bytes, mark: bytes) -> bool:
    """Tell whether a number has an exponent of three digits or more after `mark`; those of a UUID are in a text."""
    at = text.find(mark)
    while at >= 0:
        if text[at - 1 : at].isdigit() and text[at + 2 : at + 5].isdigit():
            before = text[max(0, at - DIGITS) : at].rstrip(b"0123456789.").removesuffix(b"-")[-1:]
            if before in _BEFORE:
                return True
        at = text.find(mark, at + 2)
    return False


def exact_integer(spelling: str) -> int | Decimal:
    """Read an integer: an `int` of up to 40 digits, beyond that a `Decimal`."""
    return int(spelling) if len(spelling) <= INTEGER else bounded_decimal(spelling)


def exact_float(spelling: str) -> float | Decimal:
    """Read a number with point or exponent: a float where that is the same number, else a `Decimal`.

    Raises `ValueError` for an exponent beyond ±6,144.
    """
    if len(spelling) <= DIGITS and "e" not in spelling and "E" not in spelling:
        return float(spelling)
    return bounded_decimal(spelling)


def bounded_decimal(spelling: str) -> Decimal:
    """Read any JSON number as `Decimal`; raises `ValueError` for an exponent beyond ±6,144."""
    exponent = re.split("[eE]", spelling)[1:]
    if exponent and len(exponent[0].lstrip("+-0")) > 4:
        raise ValueError("a number's exponent is out of bounds")
    number = Decimal(spelling)
    if number and abs(number.adjusted()) > _EXPONENT:
        raise ValueError("a number's exponent is out of bounds")
    return number
