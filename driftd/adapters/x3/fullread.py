"""Each class read to its end, as a first sweep does: for the tape that hears it."""

from collections.abc import Sequence

from driftd.adapters.x3.client import X3Source
from driftd.adapters.x3.reach import Finding
from driftd.adapters.x3.steps import Steps
from driftd.adapters.x3.tape import Tape
from driftd.core.model import KeyBytes, Query, Resource
from driftd.core.trial import Check
from driftd.errors import Reason, SourceError


class FullRead:
    """The pages of every class, and the details of as many records as the tape wants."""

    def __init__(self, resources: Sequence[Resource], steps: Steps, source: X3Source, tape: Tape) -> None:
        self._resources = resources
        self._steps = steps
        self._source = source
        self._tape = tape

    async def run(self) -> None:
        """Read the classes that were found available."""
        self._steps.full = True
        for resource in self._resources:
            if self._steps.failed(Check.CLASS, resource.name):
                self._steps.skip(Check.RECORD, resource.name, "the class is not available")
            else:
                await self._steps.take(Check.RECORD, resource.name, lambda: self._whole(resource))  # noqa: B023 - at once
        self._steps.full = False

    async def _whole(self, resource: Resource) -> Finding:
        keys: list[KeyBytes] = []
        records, links = 0, set[str]()
        query = Query(resource.page_size)
        while True:
            page = await self._source.page(resource, query)
            slices = self._source.split(page)
            records += len(slices)
            if resource.details and len(keys) < self._tape.records:
                keys += filter(None, self._source.keys(resource, slices))
            if page.next is None:
                break
            if page.next in links:
                message = f'"{resource.name}": its next links go round in circles'
                raise SourceError(Reason.PAGING_INCOMPLETE, message, hint="report it to the tenant")
            links.add(page.next)
            query = Query(resource.page_size, next=page.next)
        wanted = list(dict.fromkeys(keys))[: self._tape.records]
        for key in wanted:
            await self._source.details(resource, key)
        return Finding(
            f"{records} records recorded{f', {len(wanted)} with details' if resource.details else ''}",
            {"records": records, "details": len(wanted)},
        )
