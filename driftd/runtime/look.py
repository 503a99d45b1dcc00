"""The second look: what seems deleted is read again, with its known neighbours, before it is believed."""

from collections.abc import Sequence

from driftd.core.gate import Range, Verdict
from driftd.core.model import KeyBytes, Page, Query, Resource
from driftd.ports import Source
from driftd.runtime.reader import Reader

SLACK = 8
"""Records asked for beyond those that stood in the range, for what may have come meanwhile."""
PATIENCE = 3
"""A range that does not come to its end within so many times its length, and as many pages, proves nothing."""


async def look_again(
    reader: Reader, source: Source, resource: Resource, ranges: Sequence[Range]
) -> dict[KeyBytes, Verdict]:
    """Read each range anew and say of each missing key whether it is there.

    An answer counts only if both known neighbours come back (or the resource starts or ends there).
    """
    verdicts: dict[KeyBytes, Verdict] = {}
    for stretch in ranges:
        keys, whole = await _between(reader, source, resource, stretch)
        for key in stretch.missing:
            if key in keys:
                verdicts[key] = Verdict.RETURNED
            else:
                verdicts[key] = Verdict.ABSENT if whole else Verdict.UNKNOWN
    return verdicts


async def locate(reader: Reader, source: Source, resource: Resource, key: KeyBytes) -> Range | None:
    """Ask the server where a key would stand: the range between its neighbours; None if it is there.

    The neighbours are the record at or behind the key, and the one in front of that.
    """
    behind = await reader.again(Query(1, start=key, split=True))
    following = _named(source, resource, behind)
    if following and following[0] == key:
        return None
    after = following[0] if following else None
    ahead = await reader.again(Query(1, after=after or key, descending=True, split=True))
    leading = _named(source, resource, ahead)
    if leading and leading[0] == key:
        return None
    return Range(leading[0] if leading else None, (key,), after, 1)


async def _between(reader: Reader, source: Source, resource: Resource, stretch: Range) -> tuple[set[KeyBytes], bool]:
    """Return the keys read from one neighbour on, and whether the range was read whole, both neighbours included."""
    found: set[KeyBytes] = set()
    query = Query(stretch.span + 2 + SLACK, start=stretch.before, split=True)
    pages = 0
    while pages < PATIENCE or len(found) < PATIENCE * query.count:
        pages += 1
        page = await reader.again(query)
        keys = _named(source, resource, page)
        if not found and stretch.before is not None and (not keys or keys[0] != stretch.before):
            return found, False
        known = len(found)
        found.update(keys)
        if stretch.after in found or (stretch.after is None and page.next is None):
            return found, True
        if page.next is None or len(found) == known:
            return found, False
        query = Query(query.count, after=keys[-1], split=True)
    return found, False


def _named(source: Source, resource: Resource, page: Page) -> list[KeyBytes]:
    return [key for key in source.keys(resource, source.split(page)) if key]
