"""What was told of a record by its key, told without it: alerts, notices, what detection remembers, messages.

Work within one transaction. Texts that are the key alone, or hold it as JSON or as it stands in an address, have
`GONE` in its place.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import orjson
from msgspec import msgpack
from zstandard import ZstdCompressor, ZstdDecompressor

from driftd.adapters.sqlite.sql import QUERIES
from driftd.core.model import KeyBytes

GONE: Final = "(erased)"
_LEVEL: Final = 3


class _Place(NamedTuple):
    told: str
    retell: str
    opened: Callable[[Any], object]
    closed: Callable[[object], object]


def _open_box(box: bytes) -> object:
    return msgpack.decode(ZstdDecompressor().decompress(box))


def _close_box(told: object) -> bytes:
    return ZstdCompressor(level=_LEVEL).compress(msgpack.encode(told))


def _text(told: object) -> object:
    return told


_PLACES: Final = (
    _Place("told_alerts", "retell_alert", _open_box, _close_box),
    _Place("told_notices", "retell_notice", _open_box, _close_box),
    _Place("told_memories", "retell_memory", _open_box, _close_box),
    _Place("told_polls", "retell_poll", msgpack.decode, msgpack.encode),
    _Place("told_flips", "retell_flip", _text, _text),
    _Place("told_deeds", "retell_deed", _text, _text),
)


def retell(db: sqlite3.Connection, connection: str, key: KeyBytes) -> int:
    """Have nothing that was told of a connection name the record of this key; return how many were changed."""
    words, changed = _Words(key), 0
    for place in _PLACES:
        rows = db.execute(QUERIES[place.told], {"connection": connection}).fetchall()
        for id_, stored in rows:
            told = place.opened(stored)
            retold = words.without(told)
            if retold != told:
                db.execute(QUERIES[place.retell], (place.closed(retold), id_))
                changed += 1
    return changed


class _Words:
    """How a key is written."""

    def __init__(self, key: KeyBytes) -> None:
        parts = [str(part) for part in orjson.loads(key)]
        json = key.decode()
        self._alone = {json, *parts[: len(parts) == 1], "~".join(parts), " ".join(parts), ", ".join(parts)}
        self._within = [json, *(f"('{joined}')" for joined in {"~".join(parts), "%7E".join(parts)})]
        self._bytes = key

    def without(self, told: object) -> object:
        """Return what was told, without the key."""
        if isinstance(told, Mapping):
            return {self.without(name): self.without(each) for name, each in told.items()}
        if isinstance(told, Sequence) and not isinstance(told, str | bytes):
            return [self.without(each) for each in told if each != self._bytes]
        return self._said(told) if isinstance(told, str) else told

    def _said(self, text: str) -> str:
        if text in self._alone:
            return GONE
        for word in self._within:
            text = text.replace(word, GONE)
        return text
