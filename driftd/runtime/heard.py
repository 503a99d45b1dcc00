"""A source that asks whether the tenant may still be asked, and lets it be known whenever it has answered."""

from collections.abc import Awaitable, Callable, Sequence

from driftd.core.model import Details, JsonObject, KeyBytes, Page, Prototypes, Query, Resource
from driftd.ports import Source


class Heard:
    """The `Source` of one cycle; `heard` is called after each answer and must return at once.

    `may_ask` is awaited before each request: where there may be none any more, it does not return but is cancelled.
    """

    def __init__(self, source: Source, may_ask: Callable[[], Awaitable[None]], heard: Callable[[], None]) -> None:
        self._source = source
        self._may_ask = may_ask
        self._heard = heard

    async def page(self, resource: Resource, query: Query) -> Page:
        """Read one page of the query facet."""
        await self._may_ask()
        page = await self._source.page(resource, query)
        self._heard()
        return page

    async def details(self, resource: Resource, key: KeyBytes) -> Details:
        """Read one record of the details facet."""
        await self._may_ask()
        details = await self._source.details(resource, key)
        self._heard()
        return details

    async def prototypes(self, resource: Resource) -> Prototypes:
        """Read what the tenant declares of a resource."""
        await self._may_ask()
        prototypes = await self._source.prototypes(resource)
        self._heard()
        return prototypes

    def split(self, page: Page) -> Sequence[bytes]:
        """Cut a page into records."""
        return self._source.split(page)

    def keys(self, resource: Resource, slices: Sequence[bytes]) -> Sequence[KeyBytes]:
        """Read the keys of records."""
        return self._source.keys(resource, slices)

    def decode(self, record: bytes) -> JsonObject:
        """Decode one record."""
        return self._source.decode(record)
