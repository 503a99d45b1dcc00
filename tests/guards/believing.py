"""Guards of what is believed: deletes, and who may write that."""

import fcntl
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from types import SimpleNamespace
from typing import Any

from driftd.adapters.sqlite import lock, reading, transaction, writing
from driftd.adapters.sqlite.encoding import Batch
from driftd.adapters.sqlite.tables import Header
from driftd.core import gate
from driftd.core.gate import Range, Verdict
from driftd.core.model import Change, Guards, KeyBytes, Row, Stored
from driftd.errors import Reason
from driftd.ports import Outcome
from driftd.runtime import deletes
from driftd.runtime.deletes import Deletes
from tests.fakes.patching import patched

Taken = AbstractContextManager[object]
_judge = gate.judge


def second_look() -> Taken:
    """What a sweep did not show is gone, without a second look."""

    async def gone(*given: Any) -> dict[KeyBytes, Verdict]:
        ranges: Sequence[Range] = given[-1]
        return {key: Verdict.ABSENT for each in ranges for key in each.missing}

    return patched(deletes, "look_again", gone)


def patience() -> Taken:
    """What a second look could not tell is gone, without a second sweep."""
    settled = Deletes._settled

    def at_once(self: Deletes, stored: Stored, verdict: Verdict, *, held: bool) -> tuple[Row, Change | None]:
        return settled(self, stored, Verdict.ABSENT if verdict is Verdict.UNKNOWN else verdict, held=held)

    return patched(Deletes, "_settled", at_once)


def mass() -> Taken:
    """However many records are missing, they are believed to be gone."""

    def judge(candidates: int, trusted: int, guards: Guards, *, key_unique: bool) -> Reason | None:
        return _judge(min(candidates, 1), max(trusted, 4), guards, key_unique=key_unique)

    return patched(gate, "judge", judge)


def uniqueness() -> Taken:
    """Deletes are believed of a class whose keys are not unique."""

    def judge(candidates: int, trusted: int, guards: Guards, *, key_unique: bool) -> Reason | None:
        del key_unique
        return _judge(candidates, trusted, guards, key_unique=True)

    return patched(gate, "judge", judge)


def silence() -> Taken:
    """A class that shows no record at all counts as emptied."""
    return patched(gate, "silent", lambda records, trusted: False)


def fence() -> Taken:
    """A process writes although a later one owns the store."""
    return patched(transaction, "_check_epoch", lambda db, ours: None)


def instance() -> Taken:
    """A store is opened although another process has it."""
    names = {**vars(fcntl), "flock": lambda descriptor, how: None}
    return patched(lock, "fcntl", SimpleNamespace(**names))


def numbering() -> Taken:
    """A commit numbers its events by what the process remembers of the class, not by what the store says."""
    commit, kept = writing.commit, dict[tuple[int, int], int]()

    def remembered(db: sqlite3.Connection, header: Header, batch: Batch, *given: Any, **named: Any) -> Outcome:
        whose = (id(db), header.resource_id)
        last = kept.get(whose, reading.last_seq(db))
        kept[whose] = last + len(batch.changes)
        with patched(reading, "last_seq", lambda _: last):
            return commit(db, header, batch, *given, **named)

    return patched(writing, "commit", remembered)


@contextmanager
def pointer() -> Iterator[None]:
    """What is written ahead is visible at once."""
    write = writing.write_ahead

    def seen(db: sqlite3.Connection, header: Header, *given: Any, **named: Any) -> writing.Ahead:
        ahead = write(db, header, *given, **named)
        db.execute("UPDATE resources SET visible = ? WHERE id = ?", (ahead.generation, header.resource_id))
        return ahead

    with patched(writing, "write_ahead", seen):
        yield
