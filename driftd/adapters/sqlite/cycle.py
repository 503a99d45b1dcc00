"""A cycle on SQLite: a small one is kept in memory and written by its commit, a large one is written ahead."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Final, Self

import anyio

from driftd.adapters.sqlite import filing, slices, writing
from driftd.adapters.sqlite.compression import Compression
from driftd.adapters.sqlite.encoding import Batch, Staged
from driftd.adapters.sqlite.tables import Header, dropped
from driftd.adapters.sqlite.tidying import tidy
from driftd.adapters.sqlite.transaction import Writer
from driftd.core.model import Change, Contents, KeyBytes, Op, Row, Segment, Standing
from driftd.errors import StoreError
from driftd.ports import Detected, Outcome

ONE_TRANSACTION: Final = 10_000
"""Rows and changes up to which a cycle is written by its commit alone.

Nobody may wait longer than 250 ms for the writer. Measured over 100,000 records of 620 bytes: 5,000 scattered updates,
a row and a change each, take 145 ms, and 25 ms more where the WAL is full by then.
"""
BASELINE: Final = 2_000
"""The same for a baseline."""
MEMORY: Final = 16_000_000
"""Bytes of bodies and contents that a cycle keeps in memory before it is written ahead."""


class SqliteCycle:
    """One cycle of one resource being written. A failed write ends it: leave it and begin another."""

    def __init__(self, writer: Writer, header: Header, compression: Compression, now: Callable[[], int]) -> None:
        self._writer = writer
        self._header = header
        self._compression = compression
        self._now = now
        self._lock = anyio.Lock(fast_acquire=True)
        self._over = False
        self._dropped = False
        self._positions: set[int] = set()
        self._counts: Counter[Op] = Counter()
        self._rows: dict[KeyBytes, Row] = {}
        self._changes: list[Change] = []
        self._segments: list[tuple[Segment, Contents]] = []
        self._bytes = 0
        self._ahead: writing.Ahead | None = None
        self._segments_ahead: list[tuple[Segment, int]] = []

    @property
    def id(self) -> str:
        """The cycle's id (``sweep_id`` of its events)."""
        return self._header.id

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._over = True
        if self._ahead is not None and not self._dropped:
            with suppress(StoreError):  # what cannot be removed now is removed when the next cycle begins
                await tidy(self._writer, self._header.resource_id)

    def drop(self) -> None:
        """End the cycle because another one of the resource begins: nothing of it will be written any more."""
        self._over = self._dropped = True

    async def stage(
        self,
        position: int,
        *,
        rows: Iterable[Row] = (),
        changes: Iterable[Change] = (),
        segments: Sequence[tuple[Segment, Contents]] = (),
    ) -> Sequence[KeyBytes]:
        """Hand over what one page or segment gave; a position staged before is ignored.

        Returns the keys of `rows` that were staged at another position already.
        """
        async with self._lock:
            self._go_on()
            if position in self._positions:
                return ()
            latest = {row.key: row for row in rows}
            staged = Staged(tuple(latest.values()), tuple(changes), segments)
            self._counts.update(change.op for change in staged.changes)
            repeated = self._keep(staged) if self._ahead is None else await self._write_ahead(staged)
            if self._ahead is None and self._is_large():
                await self._write_ahead(self._kept())
            self._positions.add(position)
            return repeated

    async def commit(
        self, standing: Standing, layout: Sequence[int | Segment] | None, detected: Detected | None = None
    ) -> Outcome:
        """Make everything visible at once; see the port."""
        async with self._lock:
            self._go_on()
            try:
                closing = writing.Closing(standing, layout, dict(self._counts), self._now(), detected)
                if self._ahead is None:
                    return await self._commit_small(closing)
                return await self._publish(self._ahead, closing)
            finally:
                self._over = True

    def _go_on(self) -> None:
        if self._over:
            raise dropped(self._header)

    def _keep(self, staged: Staged) -> Sequence[KeyBytes]:
        repeated = [row.key for row in staged.rows if row.key in self._rows]
        self._rows.update((row.key, row) for row in staged.rows)
        self._changes += staged.changes
        self._segments += staged.segments
        self._bytes += slices.weight(staged)
        return repeated

    def _kept(self) -> Staged:
        kept = Staged(tuple(self._rows.values()), tuple(self._changes), tuple(self._segments))
        self._rows, self._changes, self._segments = {}, [], []
        return kept

    def _is_large(self) -> bool:
        limit = BASELINE if self._header.baseline else ONE_TRANSACTION
        return len(self._rows) + len(self._changes) > limit or self._bytes > MEMORY

    async def _commit_small(self, closing: writing.Closing) -> Outcome:
        kept = self._kept()
        wanted = {one for one in closing.layout or () if isinstance(one, Segment)}
        staged = Staged(kept.rows, kept.changes, [pair for pair in kept.segments if pair[0] in wanted])
        batch = await self._encode(staged, bare=False)
        work = partial(writing.commit, header=self._header, batch=batch, ordinals=_ordinals(staged, 0), closing=closing)
        # A checkpoint alone may be lost with the power: the next cycle makes it again.
        releases = self._header.withholds and closing.withhold is False
        lasting = bool(staged.rows or staged.changes or releases) or filing.lasts(closing.detected)
        return await self._writer.transact(work, durable=lasting)

    async def _write_ahead(self, staged: Staged) -> list[KeyBytes]:
        ordinals = _ordinals(staged, self._ahead.size if self._ahead else 0)
        repeated: list[KeyBytes] = []
        try:
            for part in slices.cut(staged):
                self._ahead = await self._write_part(part, ordinals)
                self._segments_ahead += self._ahead.segments
                repeated += self._ahead.repeated
        except BaseException:
            self._over = True
            raise
        return repeated

    async def _write_part(self, part: Staged, ordinals: Mapping[KeyBytes, int]) -> writing.Ahead:
        batch = await self._encode(part, bare=self._header.baseline)
        self._go_on()
        work = partial(writing.write_ahead, header=self._header, batch=batch, ordinals=ordinals, ahead=self._ahead)
        try:
            return await self._writer.transact(partial(work, careful=False), durable=False)
        except writing.KeyRepeatedError:
            return await self._writer.transact(partial(work, careful=True), durable=False)

    async def _publish(self, ahead: writing.Ahead, closing: writing.Closing) -> Outcome:
        work = partial(
            writing.publish, header=self._header, ahead=ahead, segments=self._segments_ahead, closing=closing
        )
        return await self._writer.transact(work, durable=True)

    async def _encode(self, staged: Staged, *, bare: bool) -> Batch:
        header = self._header
        return await self._compression.encode(staged, header.resource_id, details=header.resource.details, bare=bare)


def _ordinals(staged: Staged, first: int) -> Mapping[KeyBytes, int]:
    return {change.key: ordinal for ordinal, change in enumerate(staged.changes, first)}
