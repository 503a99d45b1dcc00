"""detect ─▶ alert ─▶ commit: the end of a cycle, with what detection makes of it."""

import anyio
from msgspec.structs import replace

from driftd.core.drift import Drift
from driftd.core.model import Resource, Segment, Standing
from driftd.errors import Reason, SourceError
from driftd.ports import Cycle, Filing, Outcome
from driftd.runtime.detect import Detection, Verdict
from driftd.runtime.tally import Tally
from driftd.runtime.tenant import Tenant


class Ending:
    """Has a cycle judged, and writes it with the verdict."""

    def __init__(self, tenant: Tenant, resource: Resource, detection: Detection, tally: Tally) -> None:
        self._tenant = tenant
        self._resource = resource
        self._detection = detection
        self._tally = tally

    async def commit(self, writing: Cycle, standing: Standing, layout: list[int | Segment] | None) -> Outcome:
        """Commit a cycle; what a person decided before the commit is taken over."""
        clock = self._tenant.clock
        form = await self._detection.prototypes(self._tenant.source, self._tally, clock.monotonic())
        async with self._detection.lock:
            verdict = self._noted(await self._detection.conclude(form, self._tally, clock.now()))
            standing = replace(standing, cursor_lost=verdict.cursor_lost, frozen=verdict.frozen)
            with anyio.CancelScope(shield=True):  # what is written of alerts is known of them at once
                outcome = await writing.commit(standing, layout, verdict.detected)
                self._detection.took(verdict)
        return outcome

    async def file(self) -> None:
        """Have a cycle judged that commits nothing, and write what came of that."""
        async with self._detection.lock:
            await self._file(self._noted(await self._detection.conclude(None, self._tally, self._tenant.clock.now())))

    async def unlisted(self) -> None:
        """Look why a class is not listed any more: where its key is gone, that is told and not that the class is."""
        form = await self._detection.declared(self._tenant.source, self._tally)
        if form is not None:
            async with self._detection.lock:
                verdict = await self._detection.unlisted(form, self._tenant.clock.now())
                await self._file(verdict)

    async def _file(self, verdict: Verdict) -> None:
        if verdict.detected is None:
            return
        found, memory = verdict.detected, verdict.detected.memory
        names = (self._resource.connection, self._resource.name)
        filing = Filing(found.alerts, found.notices, memories={names: memory} if memory else {})
        with anyio.CancelScope(shield=True):
            await self._tenant.detector.casebook.file(filing)
            self._detection.took(verdict)

    def _noted(self, verdict: Verdict) -> Verdict:
        """Note in the tally what was judged."""
        tally = self._tally
        tally.evaluated = True
        tally.schema_changes = verdict.confirmed
        tally.drifts = tuple(map(_shown, verdict.open))
        if verdict.frozen:
            tally.doubt(Reason.FROZEN, *_why_frozen(self._resource))
        return verdict


def _shown(drift: Drift) -> str:
    field = f" {drift.field}" if drift.field else ""
    return f"{drift.finding}{field} ({drift.severity})"


def frozen(resource: Resource) -> SourceError:
    """Return the failure of a cycle that does not run, since a drift waits to be accepted."""
    message, hint = _why_frozen(resource)
    return SourceError(Reason.FROZEN, message, hint=hint)


def _why_frozen(resource: Resource) -> tuple[str, str]:
    return (
        f'"{resource.connection}" {resource.name}: its shape changed, and its policy is to stop',
        f"see `driftd drift list --connection {resource.connection}`; `driftd drift accept` lets it go on",
    )
