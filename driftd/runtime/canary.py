"""The guard before anything of a cycle is told: the records must be those of the tenant that is known."""

from collections.abc import AsyncIterator, Collection, Sequence
from typing import Final

from driftd.core.kinship import Met, few_left, other_keys, other_things, strangers
from driftd.core.lines import Line, usable
from driftd.core.model import KeyBytes, Op, Query, Resource, Segment, Standing
from driftd.errors import Reason, SourceError
from driftd.ports import Store
from driftd.runtime.compare import Comparison
from driftd.runtime.reader import Reader
from driftd.runtime.tally import Tally
from driftd.runtime.tenant import Tenant

ASKED: Final = 3
"""Segments of which records are asked for on a suspicion."""
_AT_ONCE: Final = 100
"""Segments whose contents are held at once."""


class Canary:
    """Raises `SourceError`, ``wrong_folder``, where another tenant answers: then nothing of the cycle counts.

    Who lifts the mass-delete guard (``mass_delete_ratio = 1.0``) lifts this one too: then it is meant.
    """

    def __init__(
        self, tenant: Tenant, resource: Resource, standing: Standing, tally: Tally, comparison: Comparison
    ) -> None:
        self._tenant = tenant
        self._resource = resource
        self._standing = standing
        self._tally = tally
        self._comparison = comparison

    def swept(self, missing: int) -> None:
        """Judge a whole reading of which so many known records were missing."""
        met = self._met(max(0, self._standing.records - missing))
        self._judge(met, (other_keys(met) and few_left(met)) or other_things(met))

    async def glanced(self, store: Store, reader: Reader, known: int, told: Collection[KeyBytes]) -> None:
        """Judge a reading of a few pages, `known` of whose records were known, and which `told` of these keys.

        Where all of many are new, a known record is asked for: it is there still, or it is not the same tenant. Where
        all of many became other things, records that it did not show are: it may be what somebody changed at once.
        """
        met = self._met(known)
        other = other_keys(met) and not await self._there(store, reader)
        self._judge(met, other or (other_things(met) and await self._strange(store, reader, told)))

    async def _there(self, store: Store, reader: Reader) -> bool:
        """Ask for one record that is stored."""
        source = self._tenant.source
        for segment in (await store.segments(self._resource))[:1]:
            slices = source.split(await reader.again(Query(1, start=segment.boundary, split=True)))
            return segment.boundary in source.keys(self._resource, slices)
        return True

    async def _strange(self, store: Store, reader: Reader, told: Collection[KeyBytes]) -> bool:
        """Ask for stored records beside those that were told, and tell whether these are other things, too, or gone.

        Where there are none, what was told is all there is.
        """
        asked = 0
        async for segment, beside in self._beside(store, told):
            page = await reader.again(Query(segment.n, start=beside[0], split=True))
            lines = [line for line in reader.lines(page, {}).unknown() if line.key in beside]
            if not strangers(*await self._compared(store, lines)):
                return False
            asked += 1
            if asked == ASKED:
                break
        return True

    async def _compared(self, store: Store, lines: Sequence[Line]) -> tuple[int, int]:
        """Return how many of some rows are stored, and how many of these are other things by now."""
        stored = await store.known(self._resource, [line.key for line in lines])
        live = [line for line in lines if line.key in stored and stored[line.key].deleted_at is None]
        unlike = [line for line in live if line.raw != stored[line.key].raw]
        return len(live), self._comparison.strangers(unlike, stored)

    async def _beside(
        self, store: Store, told: Collection[KeyBytes]
    ) -> AsyncIterator[tuple[Segment, Sequence[KeyBytes]]]:
        """Yield the segments that list other keys than those that were told, with these keys."""
        segments = await store.segments(self._resource)
        for at in range(0, len(segments), _AT_ONCE):
            some = segments[at : at + _AT_ONCE]
            for segment, contents in zip(some, await store.contents(some), strict=True):
                beside = [key for key in contents.keys if usable(key) and key not in told]
                if beside:
                    yield segment, beside

    def _met(self, known: int) -> Met:
        changes, compared = self._tally.changes, self._comparison
        return Met(
            self._standing.records if self._standing.baselined else 0,
            self._tally.records,
            known,
            changes[Op.CREATE],
            changes[Op.UPDATE],
            compared.looked,
            compared.others,
        )

    def _judge(self, met: Met, other: bool) -> None:  # noqa: FBT001 - a finding
        if self._resource.guards.ratio >= 1.0 or not other:
            return
        raise SourceError(
            Reason.WRONG_FOLDER,
            f'"{self._resource.connection}" {self._resource.name}: another tenant answers: nearly all of'
            f" {met.trusted} known records were replaced by others",
            hint="compare base_url, folder and endpoint with the customer; where all data were replaced on purpose,"
            " set mass_delete_ratio = 1.0 until it was swept",
        )
