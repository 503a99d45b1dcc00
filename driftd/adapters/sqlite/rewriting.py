"""What is stored of a resource's bodies, written anew in short transactions: nothing of what they were is left.

A dictionary that bodies were compressed with holds pieces of them, so it goes too: all frames are written without one
first, then the dictionary is dropped, and another one learnt from what is there now. Each step may be the last: every
frame can be read at any time, and the next rewriting does the rest.
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final, NamedTuple, TypeAlias

from anyio import to_thread
from msgspec import Struct, json
from msgspec.structs import replace

from driftd.adapters.sqlite import reading
from driftd.adapters.sqlite.codec import LEARNS_FROM, Codec, learned, named
from driftd.adapters.sqlite.pruning import give_back
from driftd.adapters.sqlite.sql import QUERIES
from driftd.adapters.sqlite.transaction import Writer
from driftd.core import fingerprint
from driftd.core.canonical import overlay
from driftd.core.model import KeyBytes, Resource, Standing
from driftd.core.veil import united

_SLICE: Final = 500
"""Rows or events rewritten in one transaction, about 30 ms."""
_SAMPLES: Final = 1_000
_PAGES: Final = 1_000
"""Pages cut off in one transaction."""
Stricter: TypeAlias = Callable[[bytes], bytes]


class _Recode(Struct, frozen=True):
    """How frames become others."""

    resource: int
    decompress: Callable[[bytes], bytes]
    compress: Callable[[bytes], bytes]
    stricter: Stricter | None

    def frame(self, frame: bytes | None) -> tuple[bytes | None, bytes | None]:
        """Return what a frame holds now, and the frame of it."""
        if frame is None:
            return None, None
        body = self.decompress(frame)
        body = body if self.stricter is None else self.stricter(body)
        return body, self.compress(body)


class _At(NamedTuple):
    """How far a walk has come."""

    key: KeyBytes = b""
    generation: int = -1


async def rewrite(writer: Writer, resource: int, stricter: Stricter | None = None) -> None:
    """Write all bodies of the resource with this id anew, as `stricter` has them, without a trace of the old ones."""
    learnt = await writer.transact(partial(reading.dictionary, resource=resource), durable=False)
    codec = Codec(learnt)
    await _recode(writer, _Recode(resource, codec.decompress, Codec(None).compressor(), stricter))
    await writer.transact(partial(_forget_dictionary, resource=resource), durable=False)
    again = await _learn(writer, resource)
    if again is not None:
        codec = Codec(again)
        await _recode(writer, _Recode(resource, codec.decompress, codec.compressor(), None))


async def wipe(writer: Writer) -> bool:
    """Leave nothing of what was deleted in the files: neither in free pages nor in the write-ahead log.

    Returns False where a reader holds on to the log.
    """
    while await writer.transact(_give_back, durable=False):
        pass
    return await writer.truncate()


async def carefully(writer: Writer, *, on: bool) -> None:
    """Have whole pages overwritten as they are freed, or only what is deleted within them."""
    await writer.outside("wipe_what_is_freed" if on else "wipe_within_pages")


def begun(db: sqlite3.Connection, *, resource: Resource, number: int) -> None:
    """Remember, before the first body is, that what is stored may be as the field rules of a resource have it."""
    standing = reading.standing(db, resource.connection, resource.name)
    if resource.private not in standing.halfway:
        _write(db, number, replace(standing, halfway=united((*standing.halfway, resource.private))))


def settled(db: sqlite3.Connection, *, resource: Resource, number: int) -> Standing:
    """Remember that all that is stored is as the field rules of a resource have it."""
    standing = reading.standing(db, resource.connection, resource.name)
    standing = replace(standing, scrubbed=resource.private)
    _write(db, number, standing)
    return standing


def _write(db: sqlite3.Connection, number: int, standing: Standing) -> None:
    db.execute(QUERIES["write_standing"], {"resource": number, "standing": json.encode(standing).decode()})


async def _recode(writer: Writer, recode: _Recode) -> None:
    at: _At | None = _At()
    while at is not None:
        at = await writer.transact(partial(_records, recode=recode, at=at), durable=False)
    generation: int | None = -1
    while generation is not None:
        generation = await writer.transact(
            partial(_next, resource=recode.resource, generation=generation), durable=False
        )
        ordinal: int | None = -1
        while generation is not None and ordinal is not None:
            step = partial(_events, recode=recode, generation=generation, ordinal=ordinal)
            ordinal = await writer.transact(step, durable=False)


def _records(db: sqlite3.Connection, *, recode: _Recode, at: _At) -> _At | None:
    parameters = {"resource": recode.resource, "key": at.key, "generation": at.generation, "limit": _SLICE}
    rows = db.execute(QUERIES["bodies_from"], parameters).fetchall()
    db.executemany(QUERIES["rewrite_record"], (_record(recode, *row) for row in rows))
    return _At(*rows[-1][:2]) if len(rows) == _SLICE else None


def _record(
    recode: _Recode, key: KeyBytes, generation: int, body: bytes, details: bytes | None
) -> tuple[bytes | int | None, ...]:
    shown, frame = recode.frame(body)
    complete, complete_frame = recode.frame(details)
    print_ = None
    if recode.stricter is not None and shown is not None:
        print_ = fingerprint.of(overlay(shown, complete))
    return print_, frame, complete_frame, recode.resource, key, generation


def _next(db: sqlite3.Connection, *, resource: int, generation: int) -> int | None:
    found = db.execute(QUERIES["generation_after"], {"resource": resource, "generation": generation}).fetchall()
    return int(found[0][0]) if found else None


def _events(db: sqlite3.Connection, *, recode: _Recode, generation: int, ordinal: int) -> int | None:
    parameters = {"generation": generation, "ordinal": ordinal, "limit": _SLICE}
    rows = db.execute(QUERIES["events_from"], parameters).fetchall()
    written = [_event(recode, generation, *row) for row in rows]
    db.executemany(QUERIES["rewrite_event"], written)
    lighter = sum(_weight(each[1:3]) for each in rows) - sum(_weight(each[:2]) for each in written)
    db.execute(QUERIES["lighten_log"], {"bytes": lighter})
    return int(rows[-1][0]) if len(rows) == _SLICE else None


def _event(
    recode: _Recode, generation: int, ordinal: int, *sides: bytes | str | None
) -> tuple[bytes | str | int | None, ...]:
    before, after, before_hash, after_hash = sides
    was, before_frame = recode.frame(_blob(before))
    is_, after_frame = recode.frame(_blob(after))
    if recode.stricter is not None:
        # of a compacted event nobody knows what its hashes would be now, and they are of what it was
        before_hash = None if was is None else fingerprint.of(was).hex()
        after_hash = None if is_ is None else fingerprint.of(is_).hex()
    return before_frame, after_frame, before_hash, after_hash, generation, ordinal


def _weight(frames: Iterable[object]) -> int:
    return sum(len(each) for each in frames if isinstance(each, bytes))


def _blob(value: bytes | str | None) -> bytes | None:
    return value if isinstance(value, bytes) else None


def _forget_dictionary(db: sqlite3.Connection, *, resource: int) -> None:
    db.execute(QUERIES["empty_dictionary"], {"resource": resource})


async def _learn(writer: Writer, resource: int) -> bytes | None:
    """Learn a dictionary from what is stored now, where that pays; away from the thread that writes."""
    frames, before = await writer.transact(partial(_sample, resource=resource), durable=False)
    if not frames:
        return None
    plain, name = Codec(None).decompress, named(resource, before)
    dictionary = await to_thread.run_sync(lambda: learned(map(plain, frames), name))
    if dictionary is not None:
        await writer.transact(partial(_insert, resource=resource, dictionary=dictionary), durable=False)
    return dictionary


def _sample(db: sqlite3.Connection, *, resource: int) -> tuple[Sequence[bytes], bytes | None]:
    """Return some of the bodies that are stored, none where they are too few, and what was dropped before."""
    rows = db.execute(QUERIES["sample_bodies"], {"resource": resource, "limit": _SAMPLES}).fetchall()
    return list(_frames(rows)) if len(rows) >= LEARNS_FROM else [], reading.emptied(db, resource)


def _insert(db: sqlite3.Connection, *, resource: int, dictionary: bytes) -> None:
    db.execute(QUERIES["insert_dictionary"], {"resource": resource, "dictionary": dictionary})


def _frames(rows: Iterable[tuple[bytes | None, ...]]) -> Iterable[bytes]:
    return (frame for row in rows for frame in row if frame is not None)


def _give_back(db: sqlite3.Connection) -> bool:
    return give_back(db, _PAGES, 0) > 0
