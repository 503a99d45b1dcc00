"""A source that waits for a moment where its tenant asks for one in the middle of a cycle, and asks again.

A sweep of a thousand pages that began anew with each 429 would never end.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

from msgspec.structs import replace

from driftd.core.model import Details, JsonObject, KeyBytes, Page, Prototypes, Query, Resource
from driftd.errors import SourceError
from driftd.ports import Source
from driftd.runtime.quota import WORTH

WAITS: Final = 5
"""How often one request is put off."""
T = TypeVar("T", Page, Details, Prototypes)


class Patient:
    """The `Source` of one cycle. Its first request is never put off: a tenant that refuses from the start is told."""

    def __init__(self, source: Source, sleep: Callable[[float], Awaitable[None]]) -> None:
        self._source = source
        self._sleep = sleep
        self._answered = False

    async def page(self, resource: Resource, query: Query) -> Page:
        """Read one page of the query facet."""
        page, requests, size = await self._asked(lambda: self._source.page(resource, query))
        return replace(page, requests=page.requests + requests, wire_bytes=page.wire_bytes + size) if requests else page

    async def details(self, resource: Resource, key: KeyBytes) -> Details:
        """Read one record of the details facet."""
        found, requests, size = await self._asked(lambda: self._source.details(resource, key))
        return found._replace(requests=found.requests + requests, wire_bytes=found.wire_bytes + size)

    async def prototypes(self, resource: Resource) -> Prototypes:
        """Read what the tenant declares of a resource."""
        found, requests, size = await self._asked(lambda: self._source.prototypes(resource))
        return found._replace(requests=found.requests + requests, wire_bytes=found.wire_bytes + size)

    def split(self, page: Page) -> Sequence[bytes]:
        """Cut a page into records."""
        return self._source.split(page)

    def keys(self, resource: Resource, slices: Sequence[bytes]) -> Sequence[KeyBytes]:
        """Read the keys of records."""
        return self._source.keys(resource, slices)

    def decode(self, record: bytes) -> JsonObject:
        """Decode one record."""
        return self._source.decode(record)

    async def _asked(self, ask: Callable[[], Awaitable[T]]) -> tuple[T, int, int]:
        """Return an answer, and the requests and bytes that were spent on refusals before it."""
        requests = size = waits = 0
        while True:
            try:
                answer = await ask()
            except SourceError as error:
                error.requests += requests
                error.wire_bytes += size
                if not self._answered or error.retry_after is None or error.retry_after > WORTH or waits == WAITS:
                    raise
                requests, size, waits = error.requests, error.wire_bytes, waits + 1
                await self._sleep(error.retry_after)
            else:
                self._answered = True
                return answer, requests, size
