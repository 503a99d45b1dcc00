"""What a person decides of a drift or an alert."""

from enum import StrEnum

from msgspec import Struct


class Action(StrEnum):
    """The decisions there are."""

    ACCEPT = "accept"
    """What departs is the new baseline."""
    MUTE = "mute"
    """No notices until some time."""
    RELEASE = "release"
    """The deletes that are held were meant: they become events."""
    KEEP = "keep"
    """They were not: the candidates are dropped, and the next sweep judges afresh."""


class Decision(Struct, frozen=True):
    """One decision."""

    action: Action
    alert: str
    """Its id, or so much of the beginning as is unique."""
    by: str
    reason: str
    until: int | None = None
    """When a mute ends, epoch ms."""


class Decided(Struct, frozen=True):
    """What came of it."""

    alert: str
    """The whole id."""
    says: str
    """In one line."""
