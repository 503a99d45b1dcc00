"""The pages of a probe and of a delta: a look at a few records, which proves nothing of the others."""

from collections.abc import AsyncIterator
from typing import NamedTuple

from msgspec.structs import replace

from driftd.core.cadence import PROBED, behind
from driftd.core.lines import Lines
from driftd.core.model import Kind, Query, Resource, Standing
from driftd.errors import Reason, SourceError
from driftd.ports import Source
from driftd.runtime.reader import Reader


class Glance(NamedTuple):
    """One page. Where the newest keys come first, a page of nothing but known keys is the last that matters."""

    lines: Lines
    newest_first: bool


async def glances(
    reader: Reader, source: Source, resource: Resource, standing: Standing, kind: Kind
) -> AsyncIterator[Glance]:
    """Yield the rows of each page.

    A probe is one page, decoded throughout. A delta follows the watermark with its overlap; where there is none, or the
    tenant refuses to filter by it, the newest documents by descending key, for as long as the caller asks on.
    """
    if kind is Kind.PROBE:
        read = await reader.read(Query(min(PROBED, resource.page_size), split=True))
        lines = reader.lines(read.page, {})
        for record in lines.records:
            source.decode(record)
        reader.advance(len(lines))
        yield Glance(lines, newest_first=False)
        return
    since = behind(standing.watermark, resource.watermark_overlap) if resource.watermark else None
    query = Query(resource.page_size, descending=True, split=True)
    if since is not None and await _filters(reader, resource, since):
        query = Query(resource.page_size, since=since, split=True)
    while True:
        read = await reader.read(query, chained=True)
        lines = reader.lines(read.page, {})
        reader.advance(len(lines))
        yield Glance(lines, newest_first=query.descending)
        if read.page.next is None or not lines.last_key():
            return
        query = replace(query, next=read.page.next)


async def _filters(reader: Reader, resource: Resource, since: str) -> bool:
    """Ask for one record by the watermark: X3 answers 500 to a member that its query facet does not show.

    Where its words say so, that is ``resource_not_found``; a class that is not there fails the next read as well.
    """
    try:
        await reader.again(Query(1, since=since))
    except SourceError as error:
        if error.reason not in (Reason.SERVER_ERROR, Reason.RESOURCE_NOT_FOUND):
            raise
        reader.forgive(error)
        reader.note(f"the tenant refuses to filter by {resource.watermark}: the newest keys are read instead")
        return False
    return True
