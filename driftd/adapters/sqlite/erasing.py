"""One record taken out of everything that is stored of it. Each function is work within short transactions.

First the record goes, and that it is gone is written down, with its key; then, in slices, what else bears that. While
an erasure has not come to its end its row keeps cycles from seeing the record, also where it is to be forgotten:
segments list it meanwhile, and a cycle between must neither miss it nor take it for new. The row says how far it came,
and by the key in it whoever comes next goes on, whatever was erased between.
"""

import sqlite3
from collections.abc import Sequence
from functools import partial
from typing import Any, Final, NamedTuple

import msgspec
import zstandard
from msgspec import json
from msgspec.structs import replace

from driftd.adapters.sqlite import filing, reading, tables
from driftd.adapters.sqlite.encoding import decoded_contents
from driftd.adapters.sqlite.retelling import Names, retell, retell_alerts
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
_REWRITTEN: Final = 2
"""The step from which on a key is no longer known."""


class Begun(NamedTuple):
    """An erasure that has not come to its end."""

    record: bytes
    key: KeyBytes | None
    """None once nothing bears it."""
    step: int

    @property
    def named(self) -> KeyBytes:
        """The key, which all have but those whose bodies are rewritten; raises `StoreError` where it is not there."""
        if self.key is None:
            raise StoreError("an erasure that was interrupted does not know its record: erase it again")
        return self.key


async def erase(writer: Writer, resource: Resource, number: int, what: Erasure) -> Erased:
    """Erase a record of the resource with this id; raises `StoreError` if the resource is gone."""
    done = await writer.transact(partial(_record, resource=resource, number=number, what=what), durable=True)
    begun = Begun(what.record, what.key, 0)
    events = await _take_out(writer, (resource.connection, resource.name), number, begun)
    return replace(done, events=events)


async def resume(writer: Writer, names: Names, number: int) -> Sequence[KeyBytes]:
    """Go on with the erasures of the resource with this id that were interrupted while its records were taken out.

    Returns the keys of all whose bodies are not written anew.
    """
    waiting = await going_on(writer, names)
    for begun in waiting:
        if not begun.step:
            await _take_out(writer, names, number, begun)
    return [begun.named for begun in waiting if begun.step < _REWRITTEN]


async def going_on(writer: Writer, names: Names) -> Sequence[Begun]:
    """Return the erasures of a resource that have not come to their end."""
    return await writer.transact(partial(_going_on, names=names), durable=False)


async def rewritten(writer: Writer, names: Names) -> None:
    """Forget the keys of erased records, now that no body holds a piece of them."""
    for begun in await going_on(writer, names):
        if begun.step < _REWRITTEN:
            await retell_alerts(writer, names, begun.named)  # what was in memory may have been told once more
    await writer.transact(partial(_run, query="erasures_rewritten", names=names), durable=True)


async def finish(writer: Writer, names: Names, number: int) -> None:
    """Note that nothing is left of what was erased of a resource, and let what is to be forgotten be seen again.

    The caller holds off cycles of it: one between would read the segments that are to be read anew for the last time.
    """
    if await writer.transact(partial(_forgets, names=names), durable=False):
        after: int | None = -1
        while after is not None:
            after = await writer.transact(partial(_disturb, number=number, after=after), durable=False)
    await writer.transact(partial(_finished, names=names, number=number), durable=True)


async def _take_out(writer: Writer, names: Names, number: int, begun: Begun) -> int:
    """Take out what bears the key of a record that is gone; return how many events went."""
    key = begun.named
    events, generation = 0, await writer.transact(partial(_next, number=number, after=-1), durable=False)
    while generation is not None:
        events += await writer.transact(partial(_events, generation=generation, key=key), durable=False)
        generation = await writer.transact(partial(_next, number=number, after=generation), durable=False)
    after: int | None = -1
    while after is not None:
        after = await writer.transact(partial(_segments, number=number, key=key, after=after), durable=False)
    await retell(writer, names, key)
    await writer.transact(partial(_taken_out, names=names, record=begun.record), durable=True)
    return events


def _record(db: sqlite3.Connection, *, resource: Resource, number: int, what: Erasure) -> Erased:
    names = resource.connection, resource.name
    if reading.find(db, *names) is None:
        raise StoreError(f'resource "{names[1]}" of connection "{names[0]}" is no longer stored')
    of = {"resource": number, "key": what.key}
    gone = sum(live for (live,) in db.execute(QUERIES["live_version"], of).fetchall())
    db.execute(QUERIES["erase_records"], of)
    db.execute(QUERIES["erase_links"], {**_named(names), "key": what.key})
    filing.detect(db, resource, what.detected)
    db.execute(QUERIES["erase_breaches"], {"series": series(db, *names), "key": what.key})
    row = {"record": what.record, "key": what.key, "now": what.now, "forget": what.forget}
    before = _count(db, names)
    db.execute(QUERIES["insert_erased"], _named(names) | row)
    standing = reading.standing(db, *names)
    standing = replace(standing, records=standing.records - gone, erased=standing.erased + _count(db, names) - before)
    told = {"resource": number, "gone": gone, "standing": json.encode(standing).decode()}
    db.execute(QUERIES["reduce_resource"], told)
    return Erased(live=gone)


def _finished(db: sqlite3.Connection, *, names: Names, number: int) -> None:
    forgotten = db.execute(QUERIES["forget_erasures"], _named(names)).rowcount
    if forgotten:
        standing = reading.standing(db, *names)
        standing = replace(standing, erased=standing.erased - forgotten)
        db.execute(QUERIES["write_standing"], {"resource": number, "standing": json.encode(standing).decode()})
    db.execute(QUERIES["finish_erasures"], _named(names))


def _taken_out(db: sqlite3.Connection, *, names: Names, record: bytes) -> None:
    db.execute(QUERIES["erasure_taken_out"], _named(names) | {"record": record})


def _run(db: sqlite3.Connection, *, query: str, names: Names) -> None:
    db.execute(QUERIES[query], _named(names))


def _going_on(db: sqlite3.Connection, *, names: Names) -> Sequence[Begun]:
    return [Begun(*row) for row in db.execute(QUERIES["going_on"], _named(names))]


def _forgets(db: sqlite3.Connection, *, names: Names) -> bool:
    ((forgets,),) = db.execute(QUERIES["forgetting_erasures"], _named(names)).fetchall()
    return bool(forgets)


def _count(db: sqlite3.Connection, names: Names) -> int:
    return len(db.execute(QUERIES["erased"], _named(names)).fetchall())


def _named(names: Names) -> dict[str, object]:
    return {"connection": names[0], "resource": names[1]}


def _next(db: sqlite3.Connection, *, number: int, after: int) -> int | None:
    found = db.execute(QUERIES["generation_after"], {"resource": number, "generation": after}).fetchall()
    return int(found[0][0]) if found else None


def _events(db: sqlite3.Connection, *, generation: int, key: KeyBytes) -> int:
    of = {"generation": generation, "key": key}
    ((weight,),) = db.execute(QUERIES["weight_of_key"], of).fetchall()
    if weight:
        db.execute(QUERIES["lighten_log"], {"bytes": weight})
    return db.execute(QUERIES["erase_events"], of).rowcount


def _segments(db: sqlite3.Connection, *, number: int, key: KeyBytes, after: int) -> int | None:
    """Take a key out of some segments; return the last of them, None at the end."""
    rows, contents = _some(db, number, after)
    for (id_, boundary, _, _), held in zip(rows, contents, strict=True):
        if key in held.keys:
            _blank(db, number, id_, _without(held, key), cut=boundary == key)
    return int(rows[-1][0]) if len(rows) == _SEGMENTS else None


def _disturb(db: sqlite3.Connection, *, number: int, after: int) -> int | None:
    """Have some segments that hold an erased record be read anew; return the last of them, None at the end."""
    rows, contents = _some(db, number, after)
    for (id_, *_), held in zip(rows, contents, strict=True):
        if ERASED in held.keys:
            db.execute(QUERIES["disturb_segment"], {"id": id_})
    return int(rows[-1][0]) if len(rows) == _SEGMENTS else None


def _some(db: sqlite3.Connection, number: int, after: int) -> tuple[Sequence[tuple[Any, ...]], Sequence[Contents]]:
    rows = db.execute(QUERIES["segments_after"], {"resource": number, "id": after, "limit": _SEGMENTS}).fetchall()
    return rows, decoded_contents((raw, keys) for _, _, raw, keys in rows)


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
