"""One record taken out of everything that is stored of it. Each function is work within one transaction.

First the record goes, and that it is gone is written down; then, in slices, what else bears its key. Whatever is left
after a crash is harmless, and goes with the next try.
"""

import sqlite3
from collections.abc import Sequence
from functools import partial
from typing import Final

import msgspec
import zstandard
from msgspec import json
from msgspec.structs import replace

from driftd.adapters.sqlite import filing, reading, tables
from driftd.adapters.sqlite.encoding import decoded_contents
from driftd.adapters.sqlite.retelling import retell
from driftd.adapters.sqlite.series import series
from driftd.adapters.sqlite.sql import QUERIES
from driftd.adapters.sqlite.transaction import Writer
from driftd.core.lines import ERASED, usable
from driftd.core.model import Contents, KeyBytes, Resource
from driftd.core.segment import NOTHING
from driftd.errors import StoreError
from driftd.ports import Erased, Erasure

_SEGMENTS: Final = 50
"""Segments looked into in one transaction, about 20 ms."""


async def erase(writer: Writer, resource: Resource, number: int, what: Erasure) -> Erased:
    """Erase a record of the resource with this id; raises `StoreError` if the resource is gone."""
    done = await writer.transact(partial(_record, resource=resource, number=number, what=what), durable=True)
    events, generation = 0, await writer.transact(partial(_next, number=number, after=-1), durable=False)
    while generation is not None:
        step = partial(_events, generation=generation, key=what.key)
        events += await writer.transact(step, durable=False)
        generation = await writer.transact(partial(_next, number=number, after=generation), durable=False)
    after: int | None = -1
    while after is not None:
        after = await writer.transact(partial(_segments, number=number, what=what, after=after), durable=False)
    return replace(done, events=events)


def finished(db: sqlite3.Connection, *, resource: Resource) -> None:
    """Note that nothing is left of what was erased of a resource."""
    db.execute(QUERIES["finish_erased"], {"connection": resource.connection, "resource": resource.name})


def _record(db: sqlite3.Connection, *, resource: Resource, number: int, what: Erasure) -> Erased:
    names = {"connection": resource.connection, "resource": resource.name}
    known = reading.find(db, *names.values())
    if known is None:
        raise StoreError(f'resource "{resource.name}" of connection "{resource.connection}" is no longer stored')
    of = {"resource": number, "key": what.key}
    rows = db.execute(QUERIES["live_version"], of).fetchall()
    gone = sum(live for (live,) in rows)
    before = len(_erased(db, names))
    db.execute(QUERIES["erase_records"], of)
    db.execute(QUERIES["erase_links"], {**names, "key": what.key})
    filing.detect(db, resource, what.detected)
    db.execute(QUERIES["erase_breaches"], {"series": series(db, *names.values()), "key": what.key})
    how = "delete_erased" if what.forget else "insert_erased"
    db.execute(QUERIES[how], names | {"record": what.record} | ({} if what.forget else {"now": what.now}))
    standing = reading.standing(db, *names.values())
    erased = standing.erased + len(_erased(db, names)) - before
    standing = replace(standing, records=standing.records - gone, erased=erased)
    told = {"resource": number, "gone": gone, "standing": json.encode(standing).decode()}
    db.execute(QUERIES["reduce_resource"], told)
    retell(db, resource.connection, what.key)
    ((naming,),) = db.execute(QUERIES["count_naming"], {**names, "key": what.key}).fetchall()
    return Erased(live=gone, naming=naming)


def _erased(db: sqlite3.Connection, names: dict[str, str]) -> Sequence[tuple[bytes]]:
    return db.execute(QUERIES["erased"], names).fetchall()


def _next(db: sqlite3.Connection, *, number: int, after: int) -> int | None:
    found = db.execute(QUERIES["generation_after"], {"resource": number, "generation": after}).fetchall()
    return int(found[0][0]) if found else None


def _events(db: sqlite3.Connection, *, generation: int, key: KeyBytes) -> int:
    of = {"generation": generation, "key": key}
    ((weight,),) = db.execute(QUERIES["weight_of_key"], of).fetchall()
    if weight:
        db.execute(QUERIES["lighten_log"], {"bytes": weight})
    return db.execute(QUERIES["erase_events"], of).rowcount


def _segments(db: sqlite3.Connection, *, number: int, what: Erasure, after: int) -> int | None:
    """Take a key out of some segments; return the last of them, None at the end.

    Where it may be seen again, segments that hold an erased record are to be read anew.
    """
    key = what.key
    rows = db.execute(QUERIES["segments_after"], {"resource": number, "id": after, "limit": _SEGMENTS}).fetchall()
    contents = decoded_contents((raw, keys) for _, _, raw, keys in rows)
    for (id_, boundary, _, _), held in zip(rows, contents, strict=True):
        if key in held.keys:
            _blank(db, number, id_, _without(held, key), cut=boundary == key)
        if what.forget and (key in held.keys or ERASED in held.keys):
            db.execute(QUERIES["disturb_segment"], {"id": id_})
    return int(rows[-1][0]) if len(rows) == _SEGMENTS else None


def _without(held: Contents, key: KeyBytes) -> Contents:
    size = len(NOTHING)
    raws = (held.raw[at * size : (at + 1) * size] for at in range(len(held.keys)))
    kept = [NOTHING if each == key else raw for each, raw in zip(held.keys, raws, strict=True)]
    return Contents(b"".join(kept), tuple(ERASED if each == key else each for each in held.keys))


def _blank(db: sqlite3.Connection, number: int, id_: int, held: Contents, *, cut: bool) -> None:
    """Write the rows of a segment; one that ended with the key ends before it, and is read anew."""
    if cut:
        end = next((at for at in range(len(held.keys), 0, -1) if usable(held.keys[at - 1])), 0)
        held = Contents(held.raw[: end * len(NOTHING)], held.keys[:end])
        if not end:
            left = [each for each in reading.layout(db, number) if each != id_]
            db.execute(QUERIES["write_layout"], {"resource": number, "layout": reading.packed(left)})
            tables.delete_segments(db, [id_])
            return
        ends = {"id": id_, "boundary": held.keys[-1], "n": end, "keyless": held.keys.count(b"")}
        db.execute(QUERIES["cut_segment"], ends)
    keys = zstandard.ZstdCompressor(level=1).compress(msgspec.msgpack.encode(held.keys))
    db.execute(QUERIES["blank_contents"], {"id": id_, "raw": held.raw, "keys": keys})
