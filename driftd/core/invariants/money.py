"""How finely a currency is divided."""

import re
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from driftd.core.invariants.reading import EXACT

_CODE: Final = re.compile(r"[A-Z]{3}")
_NONE, _THREE, _FOUR = (
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    "BHD IQD JOD KWD LYD OMR TND",
    "CLF UYW",
)
_SCALES: Final[Mapping[str, int]] = MappingProxyType(
    {code: scale for scale, codes in ((0, _NONE), (3, _THREE), (4, _FOUR)) for code in codes.split()}
)
"""ISO 4217 minor units where they are not 2."""


def scale(currency: object) -> int | None:
    """Return the digits that amounts of a currency have behind the point; None for what is no currency code.

    X3 states it as ``$scale`` beside the code, which is no part of a record: the standard's figure stands for it.
    """
    if not isinstance(currency, str) or not _CODE.fullmatch(currency):
        return None
    return _SCALES.get(currency, 2)


def half_unit(currency: object) -> Decimal | None:
    """Return half of the smallest amount of a currency."""
    digits = scale(currency)
    return None if digits is None else Decimal(5).scaleb(-digits - 1)


def digits(amount: Decimal) -> int:
    """Return how many digits behind the point an amount needs."""
    exponent = amount.normalize(EXACT).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
