"""What a cycle's transactions write: all at once, or ahead under a generation that nobody sees yet."""

import sqlite3
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Final, NamedTuple

from msgspec import json

from driftd.adapters.sqlite import filing, reading, rebasing, tables, withholding
from driftd.adapters.sqlite.encoding import Batch, Columns
from driftd.adapters.sqlite.sql import AT_ONCE, QUERIES
from driftd.adapters.sqlite.tables import Header
from driftd.core.model import Absence, KeyBytes, Op, Segment, Standing
from driftd.core.retention import DAY
from driftd.ports import Detected, Outcome

_COUNTED: Final = {"created": Op.CREATE, "updated": Op.UPDATE, "deleted": Op.DELETE}


class Closing(NamedTuple):
    """What a commit is given."""

    standing: Standing
    layout: Sequence[int | Segment] | None
    changes: Mapping[Op, int]
    now: int
    detected: Detected | None

    @property
    def withhold(self) -> bool | None:
        """Whether events are withheld from now on; None: as before."""
        return None if self.detected is None else self.detected.withhold


class Ahead(NamedTuple):
    """How far a cycle has been written ahead."""

    generation: int
    size: int = 0
    """Change events."""
    bytes: int = 0
    """Of these."""
    gained: int = 0
    """Live records that readers will see more."""
    replaces: bool = False
    """Whether it brings a second version of some key."""
    repeated: tuple[KeyBytes, ...] = ()
    """Keys of the latest batch that an earlier one of the cycle had."""
    segments: tuple[tuple[Segment, int], ...] = ()
    """Segments of the latest batch with their new ids."""


class KeyRepeatedError(Exception):
    """A batch holds a key that the cycle has written ahead already: write it again with `careful`."""


def commit(
    db: sqlite3.Connection, header: Header, batch: Batch, ordinals: Mapping[KeyBytes, int], closing: Closing
) -> Outcome:
    """Write a small cycle whole and make it visible. Returns its outcome."""
    resource = tables.resource(db, header, None)
    _release(db, resource, closing)
    base = reading.last_seq(db) + 1
    size = len(batch.changes)
    generation = tables.insert_generation(db, header, ahead=False) if size else resource.visible
    priors = tables.seen(db, header.resource_id, batch.rows, resource.visible)
    kept = {} if header.baseline else priors
    rows = []
    for columns in batch.rows:
        key, ordinal = columns[0], ordinals.get(columns[0])
        seq = base + ordinal if ordinal is not None else kept[key].seq if key in kept else base + size - 1
        version = priors[key].generation if key in priors else generation
        rows.append((header.resource_id, version, seq, None, *columns))
    db.executemany(QUERIES["write_record"], rows)
    bytes_ = tables.insert_changes(db, generation, 0, batch.changes)
    layout = None
    if closing.layout is not None:
        staged = tables.insert_segments(db, header.resource_id, batch)
        layout = tables.layout(db, header.resource_id, closing.layout, staged)
        tables.delete_segments(db, set(reading.layout(db, header.resource_id)) - set(layout))
    gained = batch.live - sum(prior.live for prior in priors.values())
    ahead = Ahead(generation, size, bytes_, gained)
    return _make_visible(db, header, ahead, closing, layout, resource.untidy)


def write_ahead(
    db: sqlite3.Connection,
    header: Header,
    batch: Batch,
    ordinals: Mapping[KeyBytes, int],
    ahead: Ahead | None,
    *,
    careful: bool,
) -> Ahead:
    """Write a batch under the cycle's generation, which is made with the first.

    Raises `KeyRepeatedError` for a key that the generation has already, unless told to be `careful`, which is slow;
    and `StoreError` if another cycle of the resource has dropped the generation.
    """
    resource = tables.resource(db, header, ahead.generation if ahead else None)
    grown = _grown(db, header, ahead, len(batch.changes))
    priors = {} if header.fresh else tables.seen(db, header.resource_id, batch.rows, resource.visible)
    own = tables.own(db, header.resource_id, batch.rows, grown.generation) if careful else {}
    if batch.bare and not careful and not ordinals:
        written = _insert_bare(db, header.resource_id, grown.generation, batch.rows)
    else:
        rows = _versions(header, batch, ordinals, grown.generation, {} if header.baseline else priors)
        written = db.executemany(QUERIES["replace_record_ahead" if careful else "insert_record_ahead"], rows).rowcount
    if batch.rows and written < len(batch.rows):
        raise KeyRepeatedError
    bytes_ = tables.insert_changes(db, grown.generation, grown.size - len(batch.changes), batch.changes)
    before = {key: prior.live for key, prior in priors.items()} | own
    return grown._replace(
        bytes=grown.bytes + bytes_,
        gained=grown.gained + batch.live - sum(before.values()),
        replaces=grown.replaces or bool(priors),
        repeated=tuple(own),
        segments=tuple(tables.insert_segments(db, header.resource_id, batch)),
    )


def _versions(
    header: Header,
    batch: Batch,
    ordinals: Mapping[KeyBytes, int],
    generation: int,
    kept: Mapping[KeyBytes, tables.Prior],
) -> list[Columns]:
    rows = []
    for columns in batch.whole():
        key, ordinal = columns[0], ordinals.get(columns[0])
        seq = kept[key].seq if ordinal is None and key in kept else None
        rows.append((header.resource_id, generation, seq, ordinal, *columns))
    return rows


def _insert_bare(db: sqlite3.Connection, resource_id: int, generation: int, rows: Sequence[Columns]) -> int:
    """Insert rows with nothing but a body; return how many were new.

    Many in one statement: two thirds of the time, and the lock of the interpreter passes from thread to thread once for
    all of them.
    """
    written = 0
    for first in range(0, len(rows), AT_ONCE):
        part = rows[first : first + AT_ONCE]
        bare = [(resource_id, generation, *columns) for columns in part]
        if len(part) == AT_ONCE:
            written += db.execute(QUERIES["insert_baseline_records_ahead"], [*chain.from_iterable(bare)]).rowcount
        else:
            written += db.executemany(QUERIES["insert_baseline_record_ahead"], bare).rowcount
    return written


def publish(
    db: sqlite3.Connection, header: Header, ahead: Ahead, segments: Sequence[tuple[Segment, int]], closing: Closing
) -> Outcome:
    """Make what was written ahead visible by one update of the resource's pointer.

    Raises `StoreError` if another cycle of the resource has dropped the generation.
    """
    _release(db, tables.resource(db, header, ahead.generation), closing)
    ahead = _grown(db, header, ahead, 0)
    layout = None
    kept = set(reading.layout(db, header.resource_id))
    given = {id_ for _, id_ in segments}
    if closing.layout is not None:
        layout = tables.layout(db, header.resource_id, closing.layout, segments)
    leftover = (kept | given) - set(kept if layout is None else layout)
    untidy = ahead.generation if ahead.replaces or leftover else 0
    return _make_visible(db, header, ahead, closing, layout, untidy)


def _grown(db: sqlite3.Connection, header: Header, ahead: Ahead | None, changes: int) -> Ahead:
    if ahead is None:
        ahead = Ahead(tables.insert_generation(db, header, ahead=True))
        db.execute(QUERIES["mark_untidy"], {"resource": header.resource_id, "generation": ahead.generation})
    size = ahead.size + changes
    parameters = {"generation": ahead.generation, "size": size}
    if db.execute(QUERIES["grow_generation"], parameters).rowcount != 1:
        raise tables.dropped(header)
    return ahead._replace(size=size)


def _release(db: sqlite3.Connection, resource: reading.Known, closing: Closing) -> None:
    """Give what was withheld its place in front of the cycle's own events, if nothing is to be withheld any more."""
    if resource.withholds and closing.withhold is False:
        withholding.release(db, resource.id, closing.now)


def _make_visible(
    db: sqlite3.Connection, header: Header, ahead: Ahead, closing: Closing, layout: Sequence[int] | None, untidy: int
) -> Outcome:
    resource = header.resource
    base = reading.last_seq(db) + 1
    parameters = {
        "resource": header.resource_id,
        "host": header.host,
        "folder": header.folder,
        "standing": json.encode(closing.standing).decode(),
        "visible": ahead.generation,
        "layout": None if layout is None else reading.packed(layout),
        "gained": ahead.gained,
        "untidy": untidy,
        "details": resource.details,
        "withhold": closing.withhold,
    }
    ((live, cycles, withholds),) = db.execute(QUERIES["commit_resource"], parameters).fetchall()
    place, committed = withholding.place(base, ahead.size, withheld=bool(withholds))
    published = {"generation": ahead.generation, "base": place, "committed": committed, "size": ahead.size}
    published |= {"bytes": ahead.bytes, "sweep": cycles, "now": closing.now}
    db.execute(QUERIES["publish_generation"], published)
    if ahead.size:
        db.execute(QUERIES["grow_log"], {"seq": base + ahead.size - 1, "bytes": ahead.bytes if place else 0})
        _count(db, header.resource_id, closing)
    if cycles == 1 and rebasing.rebased(db) is not None:
        rebasing.mark(db, header.resource_id, closing.now)
    if closing.detected is not None:
        filing.detect(db, resource, closing.detected)
    absences = reading.absences(db, header.resource_id)
    pending, held = absences.get(Absence.PENDING, 0), absences.get(Absence.HELD, 0)
    return Outcome(first_seq=base, changes=closing.changes, records=live, pending=pending, held=held)


def _count(db: sqlite3.Connection, resource_id: int, closing: Closing) -> None:
    """Count the events of a commit by its day."""
    counts = {name: closing.changes.get(op, 0) for name, op in _COUNTED.items()}
    db.execute(QUERIES["add_to_day"], {"day": closing.now // DAY, "resource": resource_id, **counts})
