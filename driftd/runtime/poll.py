"""A one-shot poll: one cycle of each resource, as many at once as tenants, hosts and this machine bear."""

from collections.abc import Sequence

import anyio
from msgspec import Struct

from driftd.core.cadence import due, next_due
from driftd.core.model import Kind, Resource
from driftd.errors import SourceError
from driftd.runtime.cycle import cycle
from driftd.runtime.tally import CycleReport, Progress, Tally, Watch
from driftd.runtime.tenant import Tenant


class Round(Struct, frozen=True):
    """One connection's part in a poll."""

    tenant: Tenant
    resources: Sequence[Resource]
    max_concurrency: int
    """Cycles at once on the connection; each has one request under way at a time."""
    max_per_host: int


class Polled(Struct, frozen=True):
    """What a poll did; ``next_due`` is the earliest time at which something is due again, epoch ms."""

    cycles: tuple[CycleReport, ...]
    next_due: int | None


async def poll(
    rounds: Sequence[Round], kind: Kind | None, *, max_concurrency: int = 64, watch: Watch | None = None
) -> Polled:
    """Run one cycle of each resource: of `kind`, or where that is None of the kind that is due now, if any.

    One failing resource or connection keeps none of the others from its cycle.
    """
    everywhere = anyio.CapacityLimiter(max_concurrency)
    hosts = _hosts(rounds)
    reports: dict[tuple[int, int], CycleReport] = {}
    upcoming: list[int] = []

    async def run(at: tuple[int, int], here: Round, resource: Resource, own: anyio.CapacityLimiter) -> None:
        tenant = here.tenant
        standing = await tenant.store.standing(resource)
        chosen = kind or due(resource, standing, tenant.clock.now())
        if chosen is not None:
            async with own, hosts[tenant.host], everywhere:
                reports[at] = report = await cycle(tenant, resource, chosen, watch)
            if watch:
                watch(_done(report))
        upcoming.append(min(next_due(resource, await tenant.store.standing(resource), tenant.clock.now()).values()))

    async with anyio.create_task_group() as group:
        for number, here in enumerate(rounds):
            own = anyio.CapacityLimiter(here.max_concurrency)
            for index, resource in enumerate(here.resources):
                group.start_soon(run, (number, index), here, resource, own)
    return Polled(tuple(reports[at] for at in sorted(reports)), min(upcoming, default=None))


def unusable(resources: Sequence[Resource], kind: Kind | None, error: SourceError) -> list[CycleReport]:
    """Report each resource of a connection that cannot even be tried, such as one whose secret is not to be had."""
    failure = (error.reason, str(error), error.hint)
    return [Tally(resource, kind or Kind.SWEEP).report(0.0, failure) for resource in resources]


def _hosts(rounds: Sequence[Round]) -> dict[str, anyio.CapacityLimiter]:
    most: dict[str, int] = {}
    for here in rounds:
        host = here.tenant.host
        most[host] = min(most.get(host, here.max_per_host), here.max_per_host)
    return {host: anyio.CapacityLimiter(limit) for host, limit in most.items()}


def _done(report: CycleReport) -> Progress:
    return Progress(report.connection, report.resource, report.pages, report.records, None, done=True)
