"""What was told of a record by its key, told without it: alerts, notices, what detection remembers, messages.

In short transactions; how it is said then: see `core.retold`.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, NamedTuple, TypeAlias

from msgspec import msgpack
from zstandard import ZstdCompressor, ZstdDecompressor

from driftd.adapters.sqlite import pauses
from driftd.adapters.sqlite.series import series
from driftd.adapters.sqlite.sql import QUERIES
from driftd.adapters.sqlite.transaction import Writer
from driftd.core.model import KeyBytes
from driftd.core.retold import Words, without

_SLICE: Final = 200
"""Texts looked into in one transaction, about 30 ms."""
_LEVEL: Final = 3
Names: TypeAlias = tuple[str, str]
"""Connection and resource."""


class _Place(NamedTuple):
    """Where something was told: how a stretch of it is read and written, and what it says without a key."""

    told: str
    retell: str
    retold: Callable[[Any, str, Words], Any]


class _At(NamedTuple):
    """How far a walk has come."""

    at: int = -1
    id: int = -1


async def retell(writer: Writer, names: Names, key: KeyBytes) -> None:
    """Have nothing that was told of a connection name the record of this key."""
    words = Words(names[1], key)
    await writer.transact(partial(_memory, names=names, words=words), durable=False)
    await writer.transact(partial(pauses.retell, connection=names[0], words=words), durable=False)
    await _walk(writer, names[0], words, _PLACES)
    await retell_alerts(writer, names, key)


async def retell_alerts(writer: Writer, names: Names, key: KeyBytes) -> None:
    """Have no alert and no notice of a connection name the record of this key."""
    await _walk(writer, names[0], Words(names[1], key), _ALERTS)


async def _walk(writer: Writer, connection: str, words: Words, places: Sequence[_Place]) -> None:
    for place in places:
        at: _At | None = _At()
        while at is not None:
            step = partial(_stretch, connection=connection, place=place, words=words, at=at)
            at = await writer.transact(step, durable=False)


def _stretch(db: sqlite3.Connection, *, connection: str, place: _Place, words: Words, at: _At) -> _At | None:
    parameters = {"connection": connection, "limit": _SLICE, **at._asdict()}
    rows = db.execute(QUERIES[place.told], parameters).fetchall()
    for _, id_, resource, stored in rows:
        retold = place.retold(stored, resource, words)
        if retold != stored:
            db.execute(QUERIES[place.retell], (retold, id_))
    return _At(*rows[-1][:2]) if len(rows) == _SLICE else None


def _memory(db: sqlite3.Connection, *, names: Names, words: Words) -> None:
    """Take the key out of what detection remembers of the resource: samples of shifts, how far a review has come."""
    number = series(db, *names)
    for (box,) in db.execute(QUERIES["told_memory"], {"series": number}).fetchall():
        memory = _opened(box)
        retold = dict(memory)
        if "shifts" in memory:
            retold["shifts"] = [_shift(each, words.key) for each in memory["shifts"]]
        if memory.get("review") == words.key:
            retold["review"] = b""  # it begins again
        if retold != memory:
            db.execute(QUERIES["retell_memory"], {"series": number, "memory": _closed(retold)})


def _shift(told: Mapping[str, Any], key: KeyBytes) -> Mapping[str, Any]:
    return {**told, "samples": [each for each in told.get("samples", ()) if each != key]}


def _alert(box: bytes, _resource: str, words: Words) -> bytes:
    told = _opened(box)
    retold = without(told, words)
    return box if retold == told else _closed(retold)


def _notice(box: bytes, _resource: str, words: Words) -> bytes:
    told = _opened(box)
    retold = {**told, "alert": without(told["alert"], words)}
    return box if retold == told else _closed(retold)


def _poll(stored: bytes, resource: str, words: Words) -> bytes:
    told = msgpack.decode(stored)
    retold = words.without(told, own=words.are_of(resource))
    return stored if retold == told else msgpack.encode(retold)


def _flip(text: str, resource: str, words: Words) -> object:
    return words.without(text, own=words.are_of(resource))


def _deed(text: str, resource: str, words: Words) -> object:
    return words.reason(text, own=words.are_of(resource))


def _opened(box: bytes) -> dict[str, Any]:
    return msgpack.decode(ZstdDecompressor().decompress(box), type=dict[str, Any])


def _closed(told: object) -> bytes:
    return ZstdCompressor(level=_LEVEL, write_checksum=True).compress(msgpack.encode(told))


_PLACES: Final = (
    _Place("told_polls", "retell_poll", _poll),
    _Place("told_flips", "retell_flip", _flip),
    _Place("told_deeds", "retell_deed", _deed),
)
_ALERTS: Final = (
    _Place("told_notices", "retell_notice", _notice),
    _Place("told_open_alerts", "retell_alert", _alert),
    _Place("told_resolved_alerts", "retell_alert", _alert),
)
