"""Where a resource's dictionary comes from: learnt once from its first records, then read from the store."""

import sqlite3
from collections.abc import Sequence
from functools import partial
from typing import Final

from anyio import CapacityLimiter, to_thread

from driftd.adapters.sqlite import reading
from driftd.adapters.sqlite.codec import LEARNS_FROM, Codec, Codecs, learn, named
from driftd.adapters.sqlite.encoding import Batch, Staged, encode
from driftd.adapters.sqlite.sql import QUERIES
from driftd.adapters.sqlite.transaction import Writer
from driftd.core.model import Row

_THREADS: Final = 2
"""Threads that encode: more are no quicker on few cores, and each keeps memory of its own from then on, an arena of
malloc's: with forty of them 1.5 MB for each tenant (measured)."""


class Compression:
    """Encodes what cycles stage, away from the event loop and from the thread that writes."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._codecs = Codecs()
        self._threads = CapacityLimiter(_THREADS)

    async def encode(self, staged: Staged, resource: int, *, details: bool, bare: bool) -> Batch:
        """Encode a batch of the resource with this id; one of `LEARNS_FROM` rows teaches it a dictionary if none has.

        Raises `FencedError` and `StoreError` as a transaction does.
        """
        if not (staged.rows or staged.changes or staged.segments):
            return Batch((), (), ())
        codec = self._codecs.get(resource) or await self._load(resource)
        if not codec.learnt and len(staged.rows) >= LEARNS_FROM:
            codec = await self._learn(staged.rows, resource)
        work = partial(encode, staged, codec, details=details, bare=bare)
        return await to_thread.run_sync(work, limiter=self._threads)

    def forget(self, resource: int) -> None:
        """Have the dictionary of a resource loaded again, since it is another one."""
        self._codecs.forget(resource)

    async def _load(self, resource: int) -> Codec:
        dictionary = await self._writer.transact(partial(reading.dictionary, resource=resource), durable=False)
        return self._codecs.keep(resource, Codec(dictionary))

    async def _learn(self, rows: Sequence[Row], resource: int) -> Codec:
        before = await self._writer.transact(partial(reading.emptied, resource=resource), durable=False)
        dictionary = await to_thread.run_sync(learn, rows, named(resource, before), limiter=self._threads)
        if dictionary is not None:
            # Committed before any row that needs it.
            await self._writer.transact(partial(_insert, resource=resource, dictionary=dictionary), durable=False)
        return self._codecs.keep(resource, Codec(dictionary))


def _insert(db: sqlite3.Connection, *, resource: int, dictionary: bytes) -> None:
    db.execute(QUERIES["insert_dictionary"], {"resource": resource, "dictionary": dictionary})
