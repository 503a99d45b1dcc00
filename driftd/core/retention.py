"""How long what happened is kept: judged of one commit's events after the other, in the order of the log.

Ages are reckoned from the commit, or from the release of events that were withheld.
"""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from msgspec import Struct

DAY: Final = 86_400_000
LIVES: Final = 30 * DAY
"""Ms after its last use during which a cursor holds back what it has not read."""
CURSORS: Final = 1_000
"""Cursors that there may be."""
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Retention(Struct, frozen=True):
    """How long each part of the log is kept, ms, and how many bytes of it."""

    bodies: int = 30 * DAY
    """Events with both bodies; afterwards with what changed, and the hashes of both sides."""
    changes: int = 90 * DAY
    """Events at all, but for those that a live cursor has not read."""
    counters: int = 400 * DAY
    """Counts a day; no event outlives them, whoever has not read it."""
    log_bytes: int = 10_000_000_000
    """Beyond, the oldest events go, whoever has not read them."""


class Cursor(Struct, frozen=True):
    """A reader's place in the log."""

    name: str
    seq: int
    """Of the last event that was read."""
    used_at: int
    """Epoch ms."""
    connection: str | None = None
    """None: it reads those of all."""
    resource: str | None = None


class Extent(Struct, frozen=True):
    """What the log holds."""

    first: int = 1
    """Every event from this seq on, but for those that are withheld."""
    whole: int = 1
    """From this seq on with their bodies."""
    last: int = 0
    """The greatest seq given so far."""
    bytes: int = 0


class Commit(NamedTuple):
    """The events of one commit as they stand in the log."""

    first: int
    """The seq of its first event."""
    size: int
    at: int
    """When it was made, or released; epoch ms."""


class Pruned(Struct, frozen=True):
    """What a prune did, or would do."""

    removed: int = 0
    """Events that went."""
    stripped: int = 0
    """Events whose bodies went."""
    counters: int = 0
    """Counts of a resource's day."""
    tombstones: int = 0
    cursors: int = 0
    log_bytes: int = 0
    """By which the log is smaller."""
    file_bytes: int = 0
    """Given back to the file system."""
    more: bool = False
    """Whether there is more to do."""

    def __add__(self, other: "Pruned") -> "Pruned":
        return Pruned(
            self.removed + other.removed,
            self.stripped + other.stripped,
            self.counters + other.counters,
            self.tombstones + other.tombstones,
            self.cursors + other.cursors,
            self.log_bytes + other.log_bytes,
            self.file_bytes + other.file_bytes,
            other.more,
        )

    @property
    def rows(self) -> int:
        """How much went."""
        return self.removed + self.stripped + self.counters + self.tombstones + self.cursors


class Day(Struct, frozen=True):
    """The events of a resource that were committed on one day (UTC)."""

    day: int
    """Days since the epoch."""
    connection: str
    resource: str
    created: int = 0
    updated: int = 0
    deleted: int = 0


def nameable(name: str) -> bool:
    """Tell whether a cursor may be called so: up to 64 letters, digits and ``. _ -``."""
    return _NAME.fullmatch(name) is not None


def lives(cursor: Cursor, now: int) -> bool:
    """Tell whether a cursor was used lately; a clock that was set back makes none older."""
    return now - cursor.used_at <= LIVES


def read_by_all(cursors: Iterable[Cursor], now: int) -> int | None:
    """Return the seq up to which every live cursor has read; None where there is none."""
    return min((each.seq for each in cursors if lives(each, now)), default=None)


def removable(commit: Commit, retention: Retention, now: int, read: int | None, excess: int) -> int:
    """Return how many events of a commit, from its first, may go.

    `read` is up to where all live cursors have read, `excess` the bytes of the log above what it may have.
    """
    if excess > 0 or now - commit.at > retention.counters:
        return commit.size
    return _read(commit, read) if now - commit.at > retention.changes else 0


def strippable(commit: Commit, retention: Retention, now: int, read: int | None) -> int:
    """Return how many events of a commit, from its first, need their bodies no more."""
    return _read(commit, read) if now - commit.at > retention.bodies else 0


def _read(commit: Commit, read: int | None) -> int:
    return commit.size if read is None else max(0, min(commit.size, read - commit.first + 1))
