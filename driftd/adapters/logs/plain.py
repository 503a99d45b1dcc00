"""What a fact's value becomes before it is written: only None, booleans, numbers, texts, lists and tables."""

import traceback
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import timedelta
from enum import Enum
from itertools import islice
from math import isfinite
from typing import Final, TypeAlias

from driftd.core.secret import Secret
from driftd.errors import DriftdError

Plain: TypeAlias = "bool | int | float | str | list[Plain] | dict[str, Plain] | None"
SECRET: Final = "<secret>"  # noqa: S105 - what stands in a secret's place
_DEEPEST: Final = 4
_MOST: Final = 64
"""Members of a list or table that are shown; as many again would not help a reader."""
_FRAMES: Final = -20
"""The last frames of a traceback, where the fault is."""


def plain(value: object, depth: int = _DEEPEST) -> Plain:
    """Render a value; one whose own rendering fails is shown as its type."""
    if value is None or isinstance(value, bool) or type(value) is str:
        return value
    if isinstance(value, Enum):
        return plain(value.value, depth)
    if isinstance(value, int):
        return int(value) if value.bit_length() < 64 else _text(value)
    if isinstance(value, float | timedelta):
        return _short(value.total_seconds() if isinstance(value, timedelta) else float(value))
    if isinstance(value, Mapping | list | tuple | AbstractSet):
        return _nested(value, depth) if depth else "…"
    return _text(value)


def bug(error: object) -> str | None:
    """Return the traceback of an exception that nobody foresaw, else None."""
    if not isinstance(error, BaseException) or _foreseen(error):
        return None
    return "".join(traceback.format_exception(error, limit=_FRAMES)).rstrip()


def _foreseen(error: BaseException) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return all(_foreseen(each) for each in error.exceptions)
    return isinstance(error, DriftdError)


def _text(value: object) -> str:
    try:
        if isinstance(value, str):
            return str(value)
        if isinstance(value, Secret):
            return SECRET
        if isinstance(value, BaseException):
            return f"{type(value).__qualname__}: {value}".removesuffix(": ")
        if isinstance(value, bytes | bytearray):
            return value.decode("utf-8", "backslashreplace")
        return str(value)
    except Exception:  # whatever a stranger's __str__ raises must not end what is being logged
        return f"<{type(value).__qualname__}>"


def _short(value: float) -> float | str:
    """Keep milliseconds of what is greater than one, three digits of what is less; JSON knows no infinity."""
    if not isfinite(value):
        return str(value)
    return round(value, 3) if abs(value) >= 1 else float(f"{value:.3g}")


def _nested(value: Mapping[object, object] | Iterable[object], depth: int) -> Plain:
    try:
        if isinstance(value, Mapping):
            return {_text(key): plain(each, depth - 1) for key, each in islice(value.items(), _MOST)}
        shown = [plain(each, depth - 1) for each in islice(value, _MOST)]
    except Exception:  # a table may change, or fail, while it is read
        return f"<{type(value).__qualname__}>"
    return sorted(shown, key=str) if isinstance(value, AbstractSet) else shown
