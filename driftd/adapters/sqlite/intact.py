"""Reading functions whose rows may be damaged: what they cannot make sense of is the file's fault, and said as that."""

import struct
from collections.abc import Callable
from functools import wraps
from typing import Final, ParamSpec, TypeVar

from msgspec import DecodeError, MsgspecError
from orjson import JSONDecodeError

P = ParamSpec("P")
T = TypeVar("T")
UNREADABLE: Final = (MsgspecError, ValueError, TypeError, LookupError, RecursionError, MemoryError, struct.error)
"""What decoders raise for bytes that were never written so; `MemoryError` where a length is."""


class DamagedError(Exception):
    """A row holds what driftd never wrote."""


def intact(read: Callable[P, T]) -> Callable[P, T]:
    """Have a function that only reads and decodes raise `DamagedError`, which becomes `StoreError`, for such rows."""

    @wraps(read)
    def reading(*arguments: P.args, **named: P.kwargs) -> T:
        try:
            return read(*arguments, **named)
        except (DecodeError, JSONDecodeError, UnicodeDecodeError, struct.error):
            raise  # certainly no bug: `faults` says what comes of it
        except UNREADABLE as error:
            raise DamagedError(f"{read.__name__}: {type(error).__name__}") from error

    return reading
