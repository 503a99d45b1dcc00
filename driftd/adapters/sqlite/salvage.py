"""Nouns in MessagePack, read whatever release packed them."""

from contextlib import suppress
from functools import cache
from typing import Any, Final, TypeVar, cast

from msgspec import Struct, ValidationError, convert, msgpack, structs

from driftd.adapters.sqlite.intact import UNREADABLE

T = TypeVar("T", bound=Struct)
pack: Final = msgpack.encode


def unpack(packed: bytes, noun: type[T]) -> T | None:
    """Return what was packed, without the members of which this release does not know what they mean.

    Such a member has its default; None where one that has no default is not understood, or nothing at all.
    """
    try:
        return cast("T", _decoder(noun).decode(packed))
    except ValidationError:
        pass  # of another release, or damaged
    except UNREADABLE:
        return None
    with suppress(*UNREADABLE):
        return _salvaged(msgpack.decode(packed), noun)
    return None


@cache
def _decoder(noun: type[Struct]) -> msgpack.Decoder[Any]:
    return msgpack.Decoder(noun)


def _salvaged(members: object, noun: type[T]) -> T | None:
    if not isinstance(members, dict):
        return None
    understood = {}
    for field in structs.fields(noun):
        with suppress(KeyError, ValidationError):
            understood[field.name] = convert(members[field.encode_name], field.type)
    try:
        return noun(**understood)
    except TypeError:  # a member is missing
        return None
