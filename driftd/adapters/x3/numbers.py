"""JSON numbers without loss: what a spelling becomes that a float would change."""

import re
from decimal import Decimal
from typing import Final

from driftd.core.numbers import DIGITS

INTEGER: Final = 40
"""Characters of an integer that is read as one."""
EXPONENT: Final = 6144
"""Decimal exponents beyond it (that of IEEE 754 decimal128) are refused: an attack or an error, never an amount."""


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
    if number and abs(number.adjusted()) > EXPONENT:
        raise ValueError("a number's exponent is out of bounds")
    return number
