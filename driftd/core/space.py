"""How much room the database has: when nothing more may be captured, and when it may go on."""

from typing import Final

from msgspec import Struct

_BALLAST: Final = 128 * 2**20
"""Bytes: twice what the write-ahead log is limited to."""
_LOW: Final = 64 * 2**20


class Limits(Struct, frozen=True):
    """Bytes."""

    ballast: int
    """Kept for when the disk is full, so that bookkeeping, alerts and retention can be written then."""
    low: int
    """Free on the volume: below it nothing is captured."""


class Room(Struct, frozen=True):
    """The volume as it is."""

    size: int
    free: int
    ballast: int
    """Bytes that the ballast holds; none while it is released."""
    refused: bool = False
    """Whether a transaction found no room since the last look."""


def limits(size: int, ballast: int | None = None, low: int | None = None) -> Limits:
    """Return the limits on a volume of `size` bytes, where none are configured."""
    return Limits(
        min(_BALLAST, size // 10) if ballast is None else ballast,
        min(_LOW, size // 20) if low is None else low,
    )


def short(room: Room, limits: Limits, *, before: bool) -> bool:
    """Tell whether room is short, given whether it was `before`.

    It is until a ballast can be made anew and a quarter more than the low-water mark is free beside it, so that what
    releases the ballast does not end the shortage by itself.
    """
    if room.refused or room.free < limits.low:
        return True
    return before and not ample(room, limits)


def ample(room: Room, limits: Limits) -> bool:
    """Tell whether there is room for the whole ballast and what is to stay free beside it."""
    return spare(room, limits) >= 0


def spare(room: Room, limits: Limits) -> int:
    """Return the bytes that may be written before room could be short; below zero where it is not ample."""
    return room.free - wanted(room, limits)


def wanted(room: Room, limits: Limits) -> int:
    """Return the bytes that must be free for capture to go on after a shortage."""
    return max(0, limits.ballast - room.ballast) + limits.low + limits.low // 4
