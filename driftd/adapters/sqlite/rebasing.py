"""A log that is behind what was told of it: a backup took its place, or a new file did.

No number that was ever told is used again, and each resource gets one marker, after which consumers read its snapshot
anew: see docs/decisions/0031-a-restored-log-jumps-and-says-so.md.
"""

import sqlite3
from hashlib import sha256
from typing import Final

from driftd import __version__
from driftd.adapters.sqlite import reading
from driftd.adapters.sqlite.sql import QUERIES
from driftd.core.model import ChangeReason, Confidence, Kind, Op
from driftd.core.status import Rebased

JUMP: Final = 2**32
"""Numbers passed over at least: more than two days of events at the greatest rate that was ever measured."""
_GREATEST: Final = 2**52
"""What a damaged file says beyond it is not believed, and readers of JSON keep whole numbers up to twice as many."""
_BY: Final = "driftd"
_ACTION: Final = "rebaseline"


def rebase(db: sqlite3.Connection, *, now: int, reason: str, aside: str = "", told: int = 0) -> int:
    """Have the log go on behind every number that may have been told, with a marker for each resource.

    `told` is the greatest number known from elsewhere, `aside` where the files were put whose place this one takes.
    Returns the number behind which it goes on.

    Milliseconds since 1970 are more than events were ever told, but where a clock is wrong.
    """
    db.execute(QUERIES["begin"])
    before = reading.last_seq(db)
    floor = max(max(before, told if told <= _GREATEST else 0) + JUMP, now)
    db.execute(QUERIES["set_last_seq"], {"seq": floor})
    db.execute(QUERIES["insert_deed"], (now, _BY, _ACTION, "", None, aside, reason, str(before), str(floor), None))
    for (resource,) in db.execute(QUERIES["read_resources"]).fetchall():
        mark(db, resource, now)
    db.execute(QUERIES["commit"])
    return floor


def mark(db: sqlite3.Connection, resource: int, now: int) -> None:
    """Put a marker for a resource at the end of the log: what was read of it before is no longer what counts."""
    seq = reading.last_seq(db) + 1
    id_ = sha256(b"rebaseline %d %d" % (resource, seq)).hexdigest()
    parameters = {"resource": resource, "seq": seq, "id": id_, "kind": Kind.SWEEP, "version": __version__, "now": now}
    generation = db.execute(QUERIES["insert_marker_generation"], parameters).lastrowid
    empty = (None, None, "[]", None, None, 0, 0, None)
    how = (Confidence.OBSERVED, ChangeReason.REBASELINE, "[]")
    db.execute(QUERIES["insert_change"], (generation, 0, id_, Op.MARKER, b"[]", *empty, now, now, *how))
    db.execute(QUERIES["set_last_seq"], {"seq": seq})


def rebased(db: sqlite3.Connection) -> Rebased | None:
    """Return when and why the log last had to begin anew; None: it never had to."""
    rows = db.execute(QUERIES["last_rebaseline"]).fetchall()
    return Rebased(*rows[0]) if rows else None
