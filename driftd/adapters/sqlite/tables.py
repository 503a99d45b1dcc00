"""The steps of which a cycle's transactions are made, table by table."""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import orjson
from msgspec import Struct

from driftd import __version__
from driftd.adapters.sqlite import reading
from driftd.adapters.sqlite.encoding import Batch, Columns
from driftd.adapters.sqlite.sql import QUERIES
from driftd.core.model import KeyBytes, Kind, Resource, Segment
from driftd.errors import StoreError

WEIGHT: Final = 180
"""Bytes of an event without its key, bodies and pointers."""


class Header(Struct, frozen=True):
    """What is known of a cycle when it begins."""

    resource: Resource
    resource_id: int
    fresh: bool
    """Whether the resource has no stored record at all, so that nothing needs to be looked up."""
    id: str
    kind: Kind
    host: str
    folder: str
    now: int
    baseline: bool
    withholds: bool
    """Whether events of the resource are withheld as it begins."""


class Prior(NamedTuple):
    """What a key's stored row knows."""

    seq: int
    """``seq`` of its latest event."""
    live: bool
    """Whether it is no tombstone."""
    generation: int


def resource(db: sqlite3.Connection, header: Header, generation: int | None) -> reading.Known:
    """Return the row of the cycle's resource.

    Raises `StoreError` if there are rows written ahead of another cycle than the one with `generation`: they would
    come to light with ours.
    """
    parameters = {"resource": header.resource_id, "generation": generation}
    if db.execute(QUERIES["foreign_generations"], parameters).fetchall():
        raise dropped(header)
    known = reading.find(db, header.resource.connection, header.resource.name)
    if known is None:
        raise dropped(header)
    return known


def dropped(header: Header) -> StoreError:
    """Return the error of a cycle that another one of the same resource has pushed aside."""
    name = f'"{header.resource.connection}" "{header.resource.name}"'
    return StoreError(f'cycle "{header.id}" of {name} was dropped when another one began: poll again')


def insert_generation(db: sqlite3.Connection, header: Header, *, ahead: bool) -> int:
    """Make an unpublished generation and return its id; `ahead` if records may have their number from it."""
    parameters = {
        "resource": header.resource_id,
        "kind": header.kind,
        "sweep_id": header.id,
        "host": header.host,
        "folder": header.folder,
        "key_names": orjson.dumps(header.resource.key).decode(),
        "version": __version__,
        "now": header.now,
        "ahead": ahead,
    }
    generation = db.execute(QUERIES["insert_generation"], parameters).lastrowid
    assert generation is not None  # noqa: S101 - an insert that did not raise has an id
    return generation


def insert_changes(db: sqlite3.Connection, generation: int, first: int, changes: Sequence[Columns]) -> int:
    """Insert change events with consecutive ordinals from `first`; return their bytes."""
    rows = ((generation, ordinal, *columns) for ordinal, columns in enumerate(changes, first))
    db.executemany(QUERIES["insert_change"], rows)
    return sum(
        WEIGHT + len(key) + len(before or b"") + len(after or b"") + len(changed)
        for _, _, key, before, after, changed, *_ in changes
    )


def insert_segments(db: sqlite3.Connection, resource_id: int, batch: Batch) -> Sequence[tuple[Segment, int]]:
    """Insert the segments of `batch`; return each with its new id."""
    return [(segment, _insert_segment(db, resource_id, segment, columns)) for segment, columns in batch.segments]


def seen(db: sqlite3.Connection, resource_id: int, rows: Sequence[Columns], visible: int) -> dict[KeyBytes, Prior]:
    """Return what the rows know that readers see of the keys of `rows`."""
    spans = _Spans(db)
    return {
        columns[0]: spans.prior(*prior)
        for columns in rows
        for prior in db.execute(QUERIES["visible_version"], (resource_id, columns[0], visible)).fetchall()
    }


def own(db: sqlite3.Connection, resource_id: int, rows: Sequence[Columns], generation: int) -> dict[KeyBytes, bool]:
    """Return the keys of `rows` that `generation` has already, each with whether it is no tombstone there."""
    return {
        columns[0]: bool(live)
        for columns in rows
        for (live,) in db.execute(QUERIES["own_version"], (resource_id, columns[0], generation)).fetchall()
    }


def layout(
    db: sqlite3.Connection,
    resource_id: int,
    wanted: Sequence[int | Segment],
    staged: Sequence[tuple[Segment, int]],
) -> list[int]:
    """Return the ids of the `wanted` segments.

    Raises `ValueError` for one that was neither staged nor in the layout until now, or that is listed twice.
    """
    waiting: dict[Segment, list[int]] = {}
    for segment, id_ in staged:
        waiting.setdefault(segment, []).append(id_)
    ids = [_segment_id(segment, waiting) for segment in wanted]
    there = {*reading.layout(db, resource_id), *(id_ for _, id_ in staged)}
    if len(set(ids)) < len(ids) or not there.issuperset(ids):
        raise ValueError("the layout lists a segment twice, or one that was never staged")
    return ids


def delete_segments(db: sqlite3.Connection, ids: Iterable[int]) -> None:
    """Delete segments and their contents."""
    for id_ in ids:
        db.execute(QUERIES["delete_contents"], (id_,))
        db.execute(QUERIES["delete_segment"], (id_,))


class _Spans:
    """First ``seq`` and number of events of generations, each looked up once."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._spans: dict[int, tuple[int, int]] = {}

    def prior(self, seq: int | None, ordinal: int | None, generation: int, live: int) -> Prior:
        if seq is None:
            base, size = self._span(generation)
            seq = base + (size - 1 if ordinal is None else ordinal)
        return Prior(seq, bool(live), generation)

    def _span(self, generation: int) -> tuple[int, int]:
        if generation not in self._spans:
            parameters = {"generation": generation}
            (self._spans[generation],) = self._db.execute(QUERIES["published_span"], parameters).fetchall()
        return self._spans[generation]


def _insert_segment(db: sqlite3.Connection, resource_id: int, segment: Segment, columns: Columns) -> int:
    row = (resource_id, segment.boundary, segment.n, segment.digest, segment.duplicates, segment.keyless)
    id_ = db.execute(QUERIES["insert_segment"], row).lastrowid
    assert id_ is not None  # noqa: S101 - an insert that did not raise has an id
    db.execute(QUERIES["insert_contents"], (id_, *columns))
    return id_


def _segment_id(segment: int | Segment, waiting: dict[Segment, list[int]]) -> int:
    if isinstance(segment, int):
        return segment
    if segment.id is not None:
        return segment.id
    ids = waiting.get(segment)
    return ids.pop(0) if ids else -1
