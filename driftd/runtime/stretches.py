"""The way through a resource: stretch after stretch, in the server's own order, until its proven end.

Stored segments are read by their boundaries and skipped where their bytes did not change; a disturbed one is read on
until the next boundary; what lies behind the last boundary is read along ``$next``. Memory holds one stretch.
"""

from collections.abc import AsyncIterator, Mapping, Sequence

from msgspec import Struct, field

from driftd.core.lines import Lines, usable
from driftd.core.model import Contents, KeyBytes, Query, Resource, Segment
from driftd.core.segment import Plan, known, plan
from driftd.ports import Store
from driftd.runtime.reader import Read, Reader

SLACK = 16
"""Records asked for beyond those that are known to be missing from a disturbed stretch."""
EAGER = 16
"""Segments whose rows are loaded at once at most, where one after the other turns out to be disturbed."""
LONGEST = 2
"""A stretch of so many pages is handed over in parts."""


class Stretch(Struct, frozen=True):
    """A contiguous part of the resource as it is now."""

    position: int
    """Number of the stretch in the pass, from 0."""
    query: Query
    """What was asked for, so that it can be asked again."""
    kept: Segment | None = None
    """The stored segment whose bytes are unchanged; then there are no lines."""
    lines: Lines = field(default_factory=Lines)
    digest: bytes | None = None
    """Hash of the bytes, where one page holds exactly the lines."""
    before: KeyBytes | None = None
    """The known key in front of `order`."""
    order: tuple[KeyBytes, ...] = ()
    """Keys that stored segments list here, in their order."""
    missing: frozenset[KeyBytes] = frozenset()
    """Those of `order` that are not here any more."""
    goes_on: bool = False
    """Whether this is a part only: the last part has the `order` of all."""


class _Run(Struct):
    """A disturbed stretch while it is read."""

    start: int
    before: KeyBytes | None
    loaded: list[tuple[Segment, Contents]] = field(default_factory=list)
    known: dict[bytes, KeyBytes] = field(default_factory=dict)
    seen: set[KeyBytes] = field(default_factory=set)
    lines: Lines = field(default_factory=Lines)
    read: int = 0

    def take(self, lines: Lines) -> None:
        self.read += len(lines)
        self.seen.update(lines.keys)
        if self.lines:
            self.lines.extend(lines)
        else:
            self.lines = lines

    def order(self, stop: int) -> tuple[KeyBytes, ...]:
        return tuple(key for _, contents in self.loaded[: stop - self.start] for key in contents.keys if usable(key))

    def unseen(self) -> int:
        return sum(1 for _, contents in self.loaded for key in contents.keys if usable(key) and key not in self.seen)


class Stretches:
    """Yields the stretches of one pass; afterwards `ended` is true, or a `SourceError` was raised."""

    def __init__(
        self, reader: Reader, store: Store, resource: Resource, segments: Sequence[Segment], loose: frozenset[KeyBytes]
    ) -> None:
        self._reader = reader
        self._store = store
        self._resource = resource
        self._segments = segments
        self._boundaries: Mapping[KeyBytes, int] = {segment.boundary: i for i, segment in enumerate(segments)}
        self._loose = loose
        self._forced: frozenset[int] = frozenset()
        self._loaded: dict[int, Contents] = {}
        """Rows of the segments to come, loaded ahead."""
        self._eager = 1
        self._index = 0
        self._before: KeyBytes | None = None
        self._link: str | None = None
        self._position = 0
        self.homes: frozenset[KeyBytes] = frozenset()
        """Loose keys that a segment lists nevertheless."""
        self.ended = False

    async def __aiter__(self) -> AsyncIterator[Stretch]:
        await self._find_homes()
        while not self.ended:
            if self._index < len(self._segments):
                async for stretch in self._stored():
                    yield stretch
            else:
                yield await self._tail()

    async def gone(self) -> AsyncIterator[Stretch]:
        """Yield what stored segments list behind the end of the resource."""
        for index in range(self._index, len(self._segments)):
            (contents,) = await self._store.contents([self._segments[index]])
            order = tuple(key for key in contents.keys if usable(key))
            query = Query(1, after=self._before)
            yield Stretch(self._next(), query, before=self._before, order=order, missing=frozenset(order))

    async def _stored(self) -> AsyncIterator[Stretch]:
        here = plan(self._segments, self._index, self._resource.page_size)
        query = Query(here.count, after=self._before, split=self._eager > 1)
        read = await self._reader.read(query)
        segment = self._segments[self._index]
        if read.digest == segment.digest and here.covers == 1 and self._index not in self._forced:
            self._before = segment.boundary
            self._index += 1
            self._loaded, self._eager = {}, 1
            self._link = read.page.next
            self.ended = read.page.next is None
            self._reader.advance(segment.n)
            yield Stretch(self._next(), query, kept=segment)
            return
        async for stretch in self._disturbed(read, query, here):
            yield stretch

    async def _disturbed(self, read: Read, query: Query, here: Plan) -> AsyncIterator[Stretch]:
        run = _Run(self._index, self._before)
        first = True
        while True:
            await self._load(run, run.read + here.count)
            lines = self._reader.lines(read.page, run.known)
            keys = lines.keys
            stop = self._boundary_in(keys, run.start + here.covers - 1)
            taken = lines if stop is None else lines.part(0, stop + 1)
            run.take(taken)
            self._reader.advance(len(taken))
            if stop is not None:
                self._index = self._boundaries[keys[stop]] + 1
                self._before = keys[stop]
                self._link = read.page.next if stop == len(lines) - 1 else None
                self.ended = self._link is None and stop == len(lines) - 1
                await self._load_until(run, self._index)
                whole = first and stop == len(lines) - 1
                yield self._closed(run, query, self._index, read.digest if whole else None)
                return
            if read.page.next is None:
                self._before = run.lines.last_key() or self._before
                self.ended = True
                stop_at = run.start + len(run.loaded)
                self._index = stop_at
                yield self._closed(run, query, stop_at, read.digest if first else None)
                return
            if len(run.lines) > LONGEST * self._resource.page_size and run.lines.last_key():
                yield Stretch(self._next(), query, lines=run.lines, goes_on=True)
                self._before = run.lines.last_key()
                run.lines = Lines()
            first = False
            behind = run.lines.last_key() or self._before
            more = min(self._resource.page_size, run.unseen() + SLACK)
            read = await self._reader.read(Query(more, after=behind, split=True))

    async def _tail(self) -> Stretch:
        query = Query(self._resource.page_size, after=self._before, next=self._link, split=True)
        read = await self._reader.read(query, chained=True)
        lines = self._reader.lines(read.page, {})
        self._before = lines.last_key() or self._before
        self._link = read.page.next
        self.ended = self._link is None
        self._reader.advance(len(lines))
        return Stretch(self._next(), query, lines=lines, digest=read.digest)

    def _closed(self, run: _Run, query: Query, stop: int, digest: bytes | None) -> Stretch:
        order = run.order(stop)
        missing = frozenset(key for key in order if key not in run.seen)
        return Stretch(
            self._next(), query, lines=run.lines, digest=digest, before=run.before, order=order, missing=missing
        )

    def _boundary_in(self, keys: Sequence[KeyBytes], least: int) -> int | None:
        """Return the position of the first key that ends segment number `least` or a later one."""
        ends = [key for key in self._boundaries.keys() & keys if self._boundaries[key] >= least]
        return min(map(keys.index, ends), default=None)

    async def _load(self, run: _Run, records: int) -> None:
        """Have the contents at hand of as many segments as `records` could reach."""
        stop, reach = run.start + len(run.loaded), sum(segment.n for segment, _ in run.loaded)
        while stop < len(self._segments) and (reach < records or stop == run.start):
            reach += self._segments[stop].n
            stop += 1
        await self._load_until(run, stop)

    async def _load_until(self, run: _Run, stop: int) -> None:
        for index in range(run.start + len(run.loaded), stop):
            if index not in self._loaded:
                await self._load_ahead(index, stop)
            segment, contents = self._segments[index], self._loaded.pop(index)
            run.loaded.append((segment, contents))
            run.known.update(known(contents, self._loose))

    async def _load_ahead(self, first: int, stop: int) -> None:
        """Load the rows of segments up to `stop`, and the more behind it, the longer all have been disturbed."""
        wanted = self._segments[first : max(stop, first + self._eager)]
        self._eager = min(2 * self._eager, EAGER)
        self._loaded = dict(enumerate(await self._store.contents(wanted), first))

    async def _find_homes(self) -> None:
        """See which segments list a loose key: their bytes may look unchanged although the snapshot moved on."""
        if not self._loose:
            return
        forced: set[int] = set()
        homes: set[KeyBytes] = set()
        for index, segment in enumerate(self._segments):
            (contents,) = await self._store.contents([segment])
            listed = self._loose.intersection(contents.keys)
            if listed:
                forced.add(index)
                homes |= listed
        self._forced, self.homes = frozenset(forced), frozenset(homes)

    def _next(self) -> int:
        self._position += 1
        return self._position - 1
