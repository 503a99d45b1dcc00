"""The snapshot as readers see it: each function reads one state, on the thread of a reading connection."""

import sqlite3
import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from msgspec import json
from msgspec.structs import replace

from driftd.adapters.sqlite.codec import Codec, Codecs
from driftd.adapters.sqlite.encoding import decoded_contents, stored
from driftd.adapters.sqlite.intact import intact
from driftd.adapters.sqlite.sql import QUERIES
from driftd.core.canonical import overlay
from driftd.core.model import Absence, Contents, KeyBytes, Segment, Standing, Stored
from driftd.errors import StoreError
from driftd.ports import Seen, Snapshot

_STANDING: Final = json.Decoder(Standing)


class Known(NamedTuple):
    """The row of ``resources`` that everything else of a resource hangs on."""

    id: int
    visible: int
    live: int
    untidy: int
    details: int
    cycles: int
    withholds: int


def find(db: sqlite3.Connection, connection: str, name: str) -> Known | None:
    """Return what is known of a resource, or None before its first cycle."""
    rows = db.execute(QUERIES["find_resource"], {"connection": connection, "name": name}).fetchall()
    return Known(*rows[0]) if rows else None


def polled(db: sqlite3.Connection, connection: str, name: str) -> Known:
    """Return what is known of a resource; raises `StoreError` if no cycle of it was ever committed."""
    known = find(db, connection, name)
    if known is None or not known.cycles:
        raise StoreError(f'resource "{name}" of connection "{connection}" was never read: run `driftd poll` first')
    return known


def codec(db: sqlite3.Connection, codecs: Codecs, resource: int) -> Codec:
    """Return the codec of a resource, loaded if it is not at hand."""
    found = codecs.get(resource)
    if found is not None:
        names = db.execute(QUERIES["dictionary_name"], {"resource": resource}).fetchall()
        if not names or names[0][0] != found.name:
            codecs.forget(resource)
            found = None
    if found is None:
        learnt = dictionary(db, resource)
        found = Codec(learnt)
        if learnt is not None:  # without one it may be learnt at any time
            codecs.keep(resource, found)
    return found


def dictionary(db: sqlite3.Connection, resource: int) -> bytes | None:
    """Return what a resource's bodies are compressed with, if it has learnt that."""
    rows = db.execute(QUERIES["dictionary"], {"resource": resource}).fetchall()
    return bytes(rows[0][0]) if rows else None


def emptied(db: sqlite3.Connection, resource: int) -> bytes | None:
    """Return the beginning of the dictionary that a resource has, or had."""
    rows = db.execute(QUERIES["emptied_dictionary"], {"resource": resource}).fetchall()
    return bytes(rows[0][0]) if rows else None


@intact
def standing(db: sqlite3.Connection, connection: str, name: str) -> Standing:
    """Return the checkpoint of a resource, or the empty one."""
    rows = db.execute(QUERIES["standing"], {"connection": connection, "name": name}).fetchall()
    return placed(*rows[0]) if rows else Standing()


@intact
def standings(db: sqlite3.Connection) -> dict[tuple[str, str], Standing]:
    """Return the checkpoints of all resources, by connection and name."""
    return {(connection, name): placed(*rest) for connection, name, *rest in db.execute(QUERIES["standings"])}


def placed(text: str, forgotten: int) -> Standing:
    """Return a checkpoint from the columns ``standing`` and ``forgotten``."""
    found = _STANDING.decode(text)
    return replace(found, forgotten=forgotten) if forgotten != found.forgotten else found


def packed(layout: Sequence[int]) -> bytes:
    """Pack the ids of segments as ``resources.layout`` holds them."""
    return struct.pack(f">{len(layout)}q", *layout)


@intact
def layout(db: sqlite3.Connection, resource: int) -> tuple[int, ...]:
    """Return the ids of a resource's segments in server order."""
    ((blob,),) = db.execute(QUERIES["layout"], {"resource": resource}).fetchall()
    return struct.unpack(f">{len(blob) // 8}q", blob)


@intact
def segments(db: sqlite3.Connection, resource: int) -> Sequence[Segment]:
    """Return a resource's segments in server order."""
    rows = db.execute(QUERIES["segments"], {"resource": resource}).fetchall()
    by_id = {row[-1]: Segment(_sound(row[0]), *row[1:]) for row in rows}
    return [by_id[id_] for id_ in layout(db, resource)]


@intact
def contents(db: sqlite3.Connection, wanted: Sequence[Segment]) -> Sequence[Contents]:
    """Return the rows of segments in their order. Raises `StoreError` for one that is no longer stored."""
    found = []
    for segment in wanted:
        rows = db.execute(QUERIES["contents"], (segment.id,)).fetchall()
        if not rows:
            raise StoreError(f"segment {segment.id} is no longer stored: read the resource's segments again")
        found.append(rows[0])
    return decoded_contents(found)


@intact
def known(db: sqlite3.Connection, codecs: Codecs, resource: int, keys: Iterable[KeyBytes]) -> dict[KeyBytes, Stored]:
    """Return what is stored of `keys`, tombstones included. About 9 µs a key."""
    decompress = codec(db, codecs, resource).decompress
    found = {}
    for key in keys:
        for columns in db.execute(QUERIES["known"], (resource, key)).fetchall():
            found[key] = stored(columns, decompress)
    return found


@intact
def absent(db: sqlite3.Connection, codecs: Codecs, resource: int) -> Sequence[Stored]:
    """Return the records whose delete is pending or held."""
    return _listed(db, codecs, resource, db.execute(QUERIES["absent"], {"resource": resource}))


def unplaced(db: sqlite3.Connection, resource: int) -> Sequence[KeyBytes]:
    """Return the keys of live records that no segment lists."""
    return [_sound(key) for (key,) in db.execute(QUERIES["unplaced"], {"resource": resource})]


@intact
def stalest(db: sqlite3.Connection, codecs: Codecs, resource: Known, limit: int) -> Sequence[Stored]:
    """Return live records with the oldest details first."""
    query = QUERIES["stalest" if resource.details else "stalest_without_facet"]
    return _listed(db, codecs, resource.id, db.execute(query, {"resource": resource.id, "limit": limit}))


def coverage(db: sqlite3.Connection, resource: Known, since: int) -> tuple[int, int]:
    """Return how many live records have details read at or after `since`, and how many there are."""
    parameters = {"resource": resource.id, "since": max(since, 0)}
    ((covered,),) = db.execute(QUERIES["coverage"], parameters).fetchall()
    return covered, resource.live


@intact
def absences(db: sqlite3.Connection, resource: int) -> Mapping[Absence, int]:
    """Count the records whose delete is pending or held."""
    return {Absence(absence): n for absence, n in db.execute(QUERIES["absences"], {"resource": resource})}


@intact
def page(db: sqlite3.Connection, codecs: Codecs, resource: int, after: KeyBytes | None, limit: int) -> Snapshot:
    """Return at most `limit` records behind the key `after`, in the order of key bytes."""
    parameters = {"resource": resource, "after": after or b"", "limit": limit + 1}
    rows = db.execute(QUERIES["read_records"], parameters).fetchall()
    whole = codec(db, codecs, resource)
    records = [_seen(columns, whole) for columns in rows[:limit]]
    return Snapshot(records, last_seq(db), records[-1].key if len(rows) > limit else None)


@intact
def one(db: sqlite3.Connection, codecs: Codecs, resource: int, key: KeyBytes) -> Seen | None:
    """Return one live record."""
    rows = db.execute(QUERIES["read_record"], {"resource": resource, "key": key}).fetchall()
    return _seen(rows[0], codec(db, codecs, resource)) if rows else None


def last_seq(db: sqlite3.Connection) -> int:
    """Return the greatest ``seq`` given so far."""
    ((seq,),) = db.execute(QUERIES["last_seq"]).fetchall()
    return int(seq)


def _sound(key: KeyBytes) -> KeyBytes:
    """Return a key that is to be asked for; raises `ValueError` for one that no record ever had."""
    if not isinstance(json.decode(key), list):
        raise ValueError("a key is no array")  # noqa: TRY004 - a finding
    return key


def _listed(db: sqlite3.Connection, codecs: Codecs, resource: int, rows: sqlite3.Cursor) -> Sequence[Stored]:
    decompress = codec(db, codecs, resource).decompress
    return [stored((_sound(columns[0]), *columns[1:]), decompress) for columns in rows.fetchall()]


def _seen(columns: tuple[Any, ...], whole: Codec) -> Seen:
    key, body, details, since = columns
    return Seen(
        _sound(key), overlay(whole.decompress(body), None if details is None else whole.decompress(details)), since
    )
