"""The pages of a probe and of a delta, a look that proves nothing of other records; and how the watermark is found."""

from collections.abc import AsyncIterator
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from driftd.core.cadence import PROBED, finds_new
from driftd.core.lines import Lines
from driftd.core.model import Page, Query, Resource, Standing
from driftd.core.watermark import behind, newest
from driftd.errors import Reason, SourceError
from driftd.ports import Source
from driftd.runtime.reader import Reader


class Opening(NamedTuple):
    """How a delta begins, and the watermark that it reaches if it comes to its end."""

    query: Query
    watermark: str | None


class Shown(NamedTuple):
    """The newest stamp that a tenant shows; None where no record has one that can be believed."""

    stamp: str | None


def probed(resource: Resource) -> Query:
    """Return what a probe asks for: one page, decoded throughout."""
    return Query(min(PROBED, resource.page_size), split=True)


async def opening(reader: Reader, source: Source, resource: Resource, standing: Standing, now: int) -> Opening:
    """Return what a delta asks for: what is stamped since the watermark, less the overlap.

    Where there is no watermark, or the tenant refuses to filter by it, the newest documents by descending key.
    """
    since = behind(standing.watermark, resource.watermark_overlap) if resource.watermark else None
    shown = None if since is None else await newest_shown(reader, source, resource, now, since)
    if shown is None:
        return Opening(Query(resource.page_size, descending=True, split=True), standing.watermark)
    return Opening(Query(resource.page_size, since=since, split=True), shown.stamp or standing.watermark)


async def pages(reader: Reader, resource: Resource, query: Query) -> AsyncIterator[Lines]:
    """Yield the rows of each page, for as long as the caller asks on.

    A probe is one page. By descending key a delta is one page as well, unless new keys are at the end.
    """
    alone = not (query.by_stamp or (query.descending and finds_new(replace(resource, watermark=None))))
    while True:
        read = await reader.read(query, chained=not alone)
        lines = reader.lines(read.page, {})
        reader.advance(len(lines))
        yield lines
        if alone or read.page.next is None:
            return
        query = replace(query, next=read.page.next)


def wanted(resource: Resource, standing: Standing) -> bool:
    """Tell whether a sweep looks for the watermark: not where one page holds all, for then there are no deltas."""
    if resource.watermark is None or standing.cursor_lost:
        return False
    return not standing.baselined or standing.records > resource.page_size


async def newest_shown(
    reader: Reader, source: Source, resource: Resource, now: int, since: str | None = None
) -> Shown | None:
    """Ask for the newest stamp, before anything else is read; None where the tenant refuses to select by it.

    Where the newest record is stamped far ahead of `now`, a few more are looked at.
    """
    stamp: str | None = None
    for count in (1, min(PROBED, resource.page_size)):
        page = await _asked(reader, resource, Query(count, since=since, stamped=True, descending=True, split=True))
        if page is None:
            return None
        stamps = _stamps(source, resource, page)
        stamp = newest(stamps, now)
        if stamp is not None or page.next is None:
            break
    return Shown(stamp)


async def _asked(reader: Reader, resource: Resource, query: Query) -> Page | None:
    """Ask by the watermark: X3 answers 500 to a member that its query facet does not show.

    Where its words say so, that is ``resource_not_found``; a class that is not there fails the next read as well.
    """
    try:
        return await reader.again(query)
    except SourceError as error:
        if error.reason not in (Reason.SERVER_ERROR, Reason.RESOURCE_NOT_FOUND):
            raise
        reader.forgive(error)
        reader.note(f"the tenant refuses to select by {resource.watermark}: deltas read the newest keys instead")
        return None


def _stamps(source: Source, resource: Resource, page: Page) -> list[str]:
    """Return the stamps of a page's records, read as keys are: nothing else of them is decoded."""
    named = source.keys(replace(resource, key=(resource.watermark or "",)), source.split(page))
    values = (msgspec.json.decode(each)[0] for each in named if each)
    return [value for value in values if isinstance(value, str)]
