"""A log that is behind what was told of it: a backup took its place, or a new file did.

No number that was ever told is used again, and each resource gets one marker, after which consumers read its snapshot
anew: see docs/decisions/0031-a-restored-log-jumps-and-says-so.md
and 0042-how-far-the-log-was-told-is-noted-beside-it.md.
"""

import sqlite3
from hashlib import sha256
from typing import Final

from msgspec import Struct

from driftd import __version__
from driftd.adapters.sqlite import reading
from driftd.adapters.sqlite.sql import QUERIES
from driftd.adapters.sqlite.told import JUMP
from driftd.core.model import ChangeReason, Confidence, Kind, Op
from driftd.core.status import Rebased

_GREATEST: Final = 2**52
"""What a damaged file says beyond it is not believed, and readers of JSON keep whole numbers up to twice as many."""
_BY: Final = "driftd"
_ACTION: Final = "rebaseline"


class Rebase(Struct, frozen=True):
    """Why a log begins anew, and what is known of it from elsewhere."""

    now: int
    reason: str
    noted: int
    """The number that was noted beside the database: see `told`."""
    told: int = 0
    """The greatest number that a damaged file knows of, as far as it could be asked."""
    aside: str = ""
    """Where the files were put whose place this one takes."""


def rebase(db: sqlite3.Connection, why: Rebase) -> int:
    """Have the log go on behind every number that may have been told, with a marker for each resource.

    Returns the number behind which it goes on; whoever calls has `told` keep that before any number is told.
    Milliseconds since 1970 are more than events were ever told, but where a clock is wrong.
    """
    db.execute(QUERIES["begin"])
    before = reading.last_seq(db)
    told = why.told if why.told <= _GREATEST else 0
    floor = max(max(before, told, why.noted) + JUMP, why.now)
    db.execute(QUERIES["set_last_seq"], {"seq": floor})
    how = (why.aside, why.reason, str(before), str(floor), None)
    db.execute(QUERIES["insert_deed"], (why.now, _BY, _ACTION, "", None, *how))
    for (resource,) in db.execute(QUERIES["read_resources"]).fetchall():
        mark(db, resource, why.now)
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
