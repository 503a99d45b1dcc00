"""What was to last when the power went, and what is there of it."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from driftd.adapters.sqlite import SqliteStore
from driftd.core.model import Recorded
from tests.crash.differing import Difference, events, lacking


class Promised(NamedTuple):
    """A transaction that was to last has ended: this must survive."""

    seq: int = 0
    """Events up to this place in the log."""
    notices: int = 0
    deeds: int = 0


class Kept(NamedTuple):
    """What is there."""

    counts: Promised
    log: Sequence[Recorded]


def promise(db: sqlite3.Connection) -> Promised:
    """Return what the transaction that ended last has promised."""
    ((seq, *rest),) = db.execute(
        "SELECT last_seq, (SELECT count(*) FROM notices), (SELECT count(*) FROM deeds) FROM meta"
    ).fetchall()
    return Promised(seq, *rest)


async def kept(data_dir: Path) -> Kept:
    """Read what is there, opened as its writer does."""
    async with SqliteStore.open(data_dir, clock_now=lambda: 1) as store:
        log = await store.read_changes(0, 10_000)
    with closing(sqlite3.connect(data_dir / "driftd.db")) as db:
        return Kept(promise(db), log)


def broken(promised: Promised, log: Sequence[Recorded], found: Kept | str) -> Difference:
    """Tell what is lost that was promised, and which events are there that never were; a text is why it cannot be read.

    An event that has another id or place than in `log`, the whole of it, and bookkeeping that is lost differ otherwise.
    """
    if isinstance(found, str):
        return Difference(otherwise=found)
    lasting = [each for each in log if each.seq <= promised.seq]
    counts = found.counts
    enough = counts.notices >= promised.notices and counts.deeds >= promised.deeds
    same = set(lasting) <= set(found.log) <= set(log)
    return Difference(
        lacking(events(lasting), events(found.log)),
        lacking(events(found.log), events(log)),
        "" if enough and same else f"promised {promised}, kept {counts}, ids and places as they were told: {same}",
    )
