"""Pages in the server's own order, each hashed once; a repeated page or link ends the reading."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from driftd.core import fingerprint, strict
from driftd.core.lines import Lines
from driftd.core.model import KeyBytes, Page, Query, Resource, Segment
from driftd.core.volatile import cutter
from driftd.errors import Reason, SourceError
from driftd.ports import Source
from driftd.runtime.tally import Progress, Tally, Watch

PAGES = 200_000
"""Pages of one reading of which nothing is known yet; of 500 records each, they hold a hundred million."""
EMPTY_PAGES = 3
"""Empty pages in a row that still promise a next one."""


class Read(NamedTuple):
    """One page and the hash of its bytes without volatile members."""

    page: Page
    digest: bytes


class Reader:
    """Reads pages of one resource for one cycle."""

    def __init__(
        self,
        source: Source,
        resource: Resource,
        tally: Tally,
        *,
        volatile: frozenset[str],
        seed: int,
        key: bytes | None = None,
    ) -> None:
        """`key` is that of the hashes of bytes that hold private members; without one they are made with the `seed`."""
        self._source = source
        self._resource = resource
        self._tally = tally
        self._seed = seed
        self._key = key
        self._volatile = volatile
        self._cut = cutter(volatile)
        self._digests: set[bytes] = set()
        self._links: set[bytes] = set()
        """Fingerprints of the links that were followed, which may be long."""
        self._empty = 0
        self.limit = PAGES
        """Greatest number of pages."""
        self.watch: Watch | None = None
        self.expected: int | None = None

    async def read(self, query: Query, *, chained: bool = False) -> Read:
        """Read one page of a pass over the resource; `chained` pages follow each other's ``$next``.

        Raises `SourceError` (``paging_incomplete``) if the paging goes round in circles.
        """
        page = await self._source.page(self._resource, query)
        self._tally.read(page)
        digest = self.digest(page.records)
        self._check(page, digest, chained=chained)
        if self._tally.pages == 1:
            self._tally.repeated(strict.twice(self._source.split(page)[: strict.SAMPLE]))
        return Read(page, digest)

    async def again(self, query: Query) -> Page:
        """Read a page that was read before, on purpose."""
        page = await self._source.page(self._resource, query)
        self._tally.requests += page.requests
        self._tally.bytes += page.wire_bytes
        return page

    def forgive(self, error: SourceError) -> None:
        """Count a failed call that the cycle goes on from."""
        self._tally.failed(error)

    def digest(self, records: bytes) -> bytes:
        """Hash the bytes of a ``$resources`` array."""
        cut = self._cut(records)
        return fingerprint.raw(cut, self._seed) if self._key is None else fingerprint.keyed(cut, self._key)

    def lines(self, page: Page, known: Mapping[bytes, KeyBytes]) -> Lines:
        """Split a page into rows with their raw fingerprints; a row whose bytes are `known` is not looked into."""
        slices = self._source.split(page)
        cut = map(self._cut, slices) if self._volatile else slices
        key = self._key
        raws = fingerprint.raws(cut, self._seed) if key is None else [fingerprint.keyed(each, key) for each in cut]
        lines = Lines(slices, raws, known)
        if lines.fresh:
            lines.name(self._source.keys(self._resource, lines.unnamed()))
        return lines

    def expect(self, segments: Sequence[Segment]) -> None:
        """Bound the number of pages by what is known of the resource: twice that, and a hundred."""
        if segments:
            pages = sum(segment.n for segment in segments) // self._resource.page_size + len(segments)
            self.limit = 2 * pages + 100

    def note(self, text: str) -> None:
        """Have something said in the cycle's report."""
        self._tally.notes.append(text)

    def advance(self, records: int) -> None:
        """Say that so many records more are behind us."""
        self._tally.records += records
        if self.watch:
            resource, tally = self._resource, self._tally
            self.watch(Progress(resource.connection, resource.name, tally.pages, tally.records, self.expected))

    def _check(self, page: Page, digest: bytes, *, chained: bool) -> None:
        empty = len(page.records) <= 2
        self._empty = self._empty + 1 if empty else 0
        link = fingerprint.raw(page.next.encode(), self._seed) if chained and page.next is not None else None
        repeated = (not empty and digest in self._digests) or link in self._links
        if repeated or self._empty > EMPTY_PAGES or self._tally.pages > self.limit:
            what = "the same page or link came twice" if repeated else f"{self._tally.pages} pages and no end"
            raise SourceError(
                Reason.PAGING_INCOMPLETE,
                f'"{self._resource.connection}" {self._resource.name}: paging does not come to its end: {what}',
                hint="nothing was taken from this pass; see whether the tenant's $next links are changed by a proxy",
            )
        self._digests.add(digest)
        if link is not None:
            self._links.add(link)
