"""What of the log goes, slice by slice. Each function is work within one transaction and touches at most `SLICE` rows.

Events go in the order of the log, so that it is always whole from some seq on, and their bodies likewise.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

from driftd.adapters.sqlite.sql import QUERIES
from driftd.core import retention as keeping
from driftd.core.retention import DAY, Commit, Cursor, Extent, Pruned, Retention

SLICE: Final = 1_000
LOOKED: Final = 10_000
"""Commits looked at in one go, about 15 ms: others read on the same thread."""
_SLACK: Final = 256
"""Free pages that stay for what is written next."""
_STEP: Final = 256
"""Pages given back in one transaction."""


class _Stretch(NamedTuple):
    """Consecutive events of one commit."""

    generation: int
    start: int
    stop: int
    end: int
    """The seq behind its last event."""
    last: bool
    """Whether the commit ends with it."""

    @property
    def place(self) -> dict[str, int]:
        return {"generation": self.generation, "start": self.start, "stop": self.stop}


def extent(db: sqlite3.Connection) -> Extent:
    """Return what the log holds."""
    ((first, whole, last, bytes_),) = db.execute(QUERIES["extent"]).fetchall()
    return Extent(first, whole, last, bytes_)


def cursors(db: sqlite3.Connection) -> list[Cursor]:
    """Return who reads the log, by name."""
    return [Cursor(*columns) for columns in db.execute(QUERIES["cursors"])]


def stamped(db: sqlite3.Connection) -> int | None:
    """Return when the newest commit of the log was made, epoch ms."""
    return next((at for (at,) in db.execute(QUERIES["newest_stamp"])), None)


class Look(NamedTuple):
    """Part of the log that is looked at in one go."""

    after: int
    """The seq behind which it begins."""
    last: int
    """The seq at which the log is to end."""
    limit: int
    """Commits at most."""


def astray(db: sqlite3.Connection, *, look: Look, since: int, until: int) -> tuple[list[int], int]:
    """Return the commits, by id, of a stretch that were not made between two times, epoch ms, and where to go on.

    That is the end of the log where nothing is left.
    """
    rows = db.execute(QUERIES["astray"], {**look._asdict(), "since": since, "until": until}).fetchall()
    return [id_ for id_, _, strays in rows if strays], rows[-1][1] if len(rows) == look.limit else look.last


def restamp(db: sqlite3.Connection, *, ids: Sequence[int], until: int) -> int:
    """Have some commits made at a time; return how many there are."""
    return db.executemany(QUERIES["restamp"], ((until, id_) for id_ in ids)).rowcount


def restamp_cursors(db: sqlite3.Connection, *, until: int) -> int:
    """Have cursors used no later than at a time; return how many were."""
    return db.execute(QUERIES["restamp_cursors"], {"until": until}).rowcount


def remove(db: sqlite3.Connection, *, retention: Retention, now: int) -> Pruned:
    """Remove the oldest events."""
    removed = freed = 0
    log = extent(db)
    first, read, excess = log.first, keeping.read_by_all(cursors(db), now), log.bytes - retention.log_bytes

    def judge(commit: Commit) -> int:
        return keeping.removable(commit, retention, now, read, excess - freed)

    for stretch in _stretches(_commits(db, first, SLICE + 1), first, judge, SLICE):
        events, bytes_, _ = _weighed(db, stretch)
        db.execute(QUERIES["remove_events"], stretch.place)
        if stretch.last:
            db.execute(QUERIES["remove_generation"], {"generation": stretch.generation})
        first, removed, freed = stretch.end, removed + events, freed + bytes_
    if first > log.first:
        db.execute(QUERIES["set_first_seq"], {"seq": first, "bytes": freed})
    return Pruned(removed=removed, log_bytes=freed)


def strip(db: sqlite3.Connection, *, retention: Retention, now: int) -> Pruned:
    """Remove the bodies of the oldest events that have some."""
    stripped = freed = 0
    log = extent(db)
    first, read = max(log.whole, log.first), keeping.read_by_all(cursors(db), now)

    def judge(commit: Commit) -> int:
        return keeping.strippable(commit, retention, now, read)

    for stretch in _stretches(_commits(db, first, SLICE + 1), first, judge, max(1, SLICE // 2)):
        events, _, bytes_ = _weighed(db, stretch)
        _write_bare(db, stretch)
        first, stripped, freed = stretch.end, stripped + events, freed + bytes_
    if first > log.whole:
        db.execute(QUERIES["set_first_whole"], {"seq": first, "bytes": freed})
    return Pruned(stripped=stripped, log_bytes=freed)


def drop_days(db: sqlite3.Connection, *, retention: Retention, now: int) -> Pruned:
    """Remove the counts of the oldest days."""
    parameters = {"before": (now - retention.counters) // DAY, "limit": SLICE}
    return Pruned(counters=db.execute(QUERIES["prune_days"], parameters).rowcount)


def drop_cursors(db: sqlite3.Connection, *, retention: Retention, now: int) -> Pruned:
    """Remove cursors that were not used for so long that what they have not read is gone."""
    parameters = {"before": _unused_before(retention, now), "limit": SLICE}
    return Pruned(cursors=db.execute(QUERIES["prune_cursors"], parameters).rowcount)


def ripe(db: sqlite3.Connection, *, retention: Retention, now: int) -> Pruned:
    """Return what the functions above would remove altogether."""
    log, readers = extent(db), cursors(db)
    read, removed, freed, first = keeping.read_by_all(readers, now), 0, 0, log.first

    def judge(commit: Commit) -> int:
        return keeping.removable(commit, retention, now, read, log.bytes - retention.log_bytes - freed)

    for stretch in _stretches(_commits(db, first), first, judge):
        events, bytes_, _ = _weighed(db, stretch)
        first, removed, freed = stretch.end, removed + events, freed + bytes_
    bare = _would_strip(db, max(log.whole, first), partial(keeping.strippable, retention=retention, now=now, read=read))
    ((days,),) = db.execute(QUERIES["ripe_days"], {"before": (now - retention.counters) // DAY}).fetchall()
    unused = sum(each.used_at < _unused_before(retention, now) for each in readers)
    return bare + Pruned(removed=removed, counters=days, cursors=unused, log_bytes=freed)


def _would_strip(db: sqlite3.Connection, first: int, judge: Callable[[Commit], int]) -> Pruned:
    done = Pruned()
    for stretch in _stretches(_commits(db, first), first, judge):
        events, _, bytes_ = _weighed(db, stretch)
        done += Pruned(stripped=events, log_bytes=bytes_)
    return done


def _unused_before(retention: Retention, now: int) -> int:
    """Return the time before whose last use a cursor goes."""
    return now - max(retention.counters, keeping.LIVES)


def shrink(db: sqlite3.Connection) -> int:
    """Give back a mebibyte at most of what is free, beyond some slack; return the bytes."""
    return give_back(db, _STEP, _SLACK)


def give_back(db: sqlite3.Connection, most: int, slack: int) -> int:
    """Cut so many free pages off the file at most, and leave it some; return the bytes. About 20 µs a page."""
    ((before, page),) = db.execute(QUERIES["free_pages"]).fetchall()
    for _ in range(min(most, before - slack)):
        db.execute(QUERIES["give_back"])
    ((after, _),) = db.execute(QUERIES["free_pages"]).fetchall()
    return int(before - after) * int(page)


def _write_bare(db: sqlite3.Connection, stretch: _Stretch) -> None:
    """Write events anew without their bodies: a row that shrinks where it is leaves its page as it was."""
    rows = db.execute(QUERIES["bare_events"], stretch.place).fetchall()
    db.execute(QUERIES["remove_events"], stretch.place)
    db.executemany(QUERIES["insert_change"], rows)


def _commits(db: sqlite3.Connection, first: int, most: int | None = None) -> Iterable[tuple[Any, ...]]:
    rows = db.execute(QUERIES["commits_from"], {"first": first})
    return rows if most is None else rows.fetchmany(most)


def _stretches(
    commits: Iterable[tuple[Any, ...]], first: int, judge: Callable[[Commit], int], left: int | None = None
) -> Iterator[_Stretch]:
    """Cut what `judge` lets go from the seq `first` on, `left` events at most: how many of each commit, from its first.

    What is not let go ends it.
    """
    for generation, *columns in commits:
        commit = Commit(*columns)
        start = max(0, first - commit.first)
        if start >= commit.size:
            continue
        stop = judge(commit)
        stop = stop if left is None else min(stop, start + left)
        if stop <= start:
            return
        yield _Stretch(generation, start, stop, commit.first + stop, last=stop == commit.size)
        if stop < commit.size:
            return
        left = None if left is None else left - (stop - start)


def _weighed(db: sqlite3.Connection, stretch: _Stretch) -> tuple[int, int, int]:
    ((events, bytes_, bodies),) = db.execute(QUERIES["weight"], stretch.place).fetchall()
    return events, bytes_, bodies
