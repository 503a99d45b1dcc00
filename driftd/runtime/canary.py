"""The guard before anything of a cycle is told: the records must be those of the tenant that is known."""

from driftd.core.kinship import Met, few_left, other_keys, other_things
from driftd.core.model import Op, Query, Resource, Standing
from driftd.errors import Reason, SourceError
from driftd.ports import Store
from driftd.runtime.compare import Comparison
from driftd.runtime.reader import Reader
from driftd.runtime.tally import Tally
from driftd.runtime.tenant import Tenant


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
        self._judge(met, other_keys(met) and few_left(met))

    async def glanced(self, store: Store, reader: Reader, known: int) -> None:
        """Judge a reading of a few pages, `known` of whose records were known.

        Where all of many are new, a known record is asked for: it is there still, or it is not the same tenant.
        """
        met = self._met(known)
        self._judge(met, other_keys(met) and not await self._there(store, reader))

    async def _there(self, store: Store, reader: Reader) -> bool:
        """Ask for one record that is stored."""
        source = self._tenant.source
        for segment in (await store.segments(self._resource))[:1]:
            slices = source.split(await reader.again(Query(1, start=segment.boundary, split=True)))
            return segment.boundary in source.keys(self._resource, slices)
        return True

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
        if self._resource.guards.ratio >= 1.0 or not (other or other_things(met)):
            return
        raise SourceError(
            Reason.WRONG_FOLDER,
            f'"{self._resource.connection}" {self._resource.name}: another tenant answers: nearly all of'
            f" {met.trusted} known records were replaced by others",
            hint="compare base_url, folder and endpoint with the customer; where all data were replaced on purpose,"
            " set mass_delete_ratio = 1.0 until it was swept",
        )
