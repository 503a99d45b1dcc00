"""What the type of a field asks of its value: the reader of it, and of its elements where it has some.

A type that names its reader is `Annotated` with it; of the plain ones the reader is known here.
"""

from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

from msgspec import Struct
from msgspec.structs import fields

from driftd.config import plain

_PLAIN: Mapping[object, Callable[[object], object]] = {
    bool: plain.switch,
    date: plain.day,
    list: plain.listed,
    dict: plain.entries,
    Any: plain.anything,
}


class Kind(Struct, frozen=True):
    """How a value is read."""

    read: Callable[[object], object]
    """Return the value, or raise `ValueError` with what would be right."""
    each: "Kind | None" = None
    """How each element of a list or value of a table is read."""
    required: bool = False


@cache
def kinds(shape: type[Struct]) -> Mapping[str, Kind]:
    """Return how each key of a table is read."""
    return {each.name: _kind(each.type, required=each.required) for each in fields(shape)}


def _kind(type_: object, *, required: bool = False) -> Kind:
    origin, args = get_origin(type_), get_args(type_)
    if NoneType in args:  # None is what the file leaves out: it cannot write it
        return _kind(args[0], required=required)
    if origin is Literal:
        return Kind(plain.one_of(*args), None, required)
    base, read = args if origin is Annotated else (type_, _PLAIN[origin or type_])
    each = _kind(get_args(base)[-1]) if get_origin(base) in {list, dict} else None
    return Kind(read, each, required)
