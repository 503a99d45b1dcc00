"""How a database orders text: what decides the order of pages and the meaning of a `key=gt.…` cursor."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from driftd.simulator.json_values import Json

SortPart = Any
"""One comparable component of a sort key; parts of one property compare with each other only."""

_RUNS = re.compile(r"[0-9]+|[^0-9]+")


def _numeric(text: str) -> SortPart:
    runs = tuple((0, int(run), "") if run[0] in "0123456789" else (1, 0, run) for run in _RUNS.findall(text))
    return runs, text


_ORDERS: dict[str, Callable[[str], SortPart]] = {
    "binary": str,
    "case_insensitive": lambda text: (text.casefold(), text),
    "numeric": _numeric,
    "trailing_blanks": lambda text: (text.rstrip(" "), text),
}
_LIKENESS: dict[str, Callable[[str], SortPart]] = {
    "binary": str,
    "case_insensitive": str.casefold,
    "numeric": lambda text: _numeric(text)[0],
    "trailing_blanks": lambda text: text.rstrip(" "),
}


def order_of(collation: str) -> Callable[[str], SortPart]:
    """Return the function that maps text to what sorts it: total, since ties fall back to code points."""
    return _ORDERS[collation]


def likeness_of(collation: str) -> Callable[[str], SortPart]:
    """Return the function that maps text to what `where` compares: no tie-break, as in a database of that collation."""
    return _LIKENESS[collation]


def text_of(value: Json) -> str:
    """Return what a key member sorts by: X3 knows no null, so it sorts as empty text."""
    return value if isinstance(value, str) else "" if value is None else str(value)


def number_of(value: Json) -> int | Decimal:
    """Return a number for comparing, exactly; null, text and the rest count as 0."""
    if isinstance(value, int):
        return int(value)
    return Decimal(str(value)) if isinstance(value, float | Decimal) else 0
