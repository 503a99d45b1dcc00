"""The composition of a one-shot poll."""

import secrets
from contextlib import AsyncExitStack
from datetime import UTC, datetime

from msgspec import Struct
from msgspec.structs import asdict

from driftd.adapters.clock import SystemClock
from driftd.app.opening import connected, host_of, writing
from driftd.config import Config
from driftd.core.model import Kind
from driftd.errors import SourceError
from driftd.runtime import poll as polling
from driftd.runtime.tally import CycleReport, Watch
from driftd.runtime.tenant import Tenant


class Selection(Struct, frozen=True):
    """What to poll: None takes every connection, every resource, and what is due."""

    connection: str | None = None
    resource: str | None = None
    kind: Kind | None = None


class Report(Struct, frozen=True):
    """What a poll did."""

    cycles: tuple[CycleReport, ...]
    seconds: float
    next_due: int | None
    """The earliest time at which something is due again, epoch ms."""

    @property
    def ok(self) -> bool:
        """Whether every cycle was wholly fine."""
        return all(each.outcome == "ok" for each in self.cycles)

    def to_json(self) -> dict[str, object]:
        """Return the report as `driftd poll --format json` prints it."""
        due = None if self.next_due is None else datetime.fromtimestamp(self.next_due / 1000, UTC).isoformat()
        resources = [asdict(each) for each in self.cycles]
        return {"ok": self.ok, "resources": resources, "seconds": round(self.seconds, 6), "next_due": due}


async def poll(config: Config, selection: Selection, watch: Watch | None = None) -> Report:
    """Run one cycle of each selected resource.

    Raises `LockedError` where a daemon owns the data directory, `StoreError` where it cannot be used.
    """
    clock = SystemClock()
    begun = clock.monotonic()
    unusable: list[CycleReport] = []
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(writing(config))
        rounds = []
        for connection in config.connections:
            if selection.connection not in {None, connection.name}:
                continue
            resources = [each for each in connection.resources if selection.resource in {None, each.name}]
            try:
                source = await stack.enter_async_context(connected(connection))
            except SourceError as error:
                unusable += polling.unusable(resources, selection.kind, error)
                continue
            tenant = Tenant(source, store, clock, host_of(connection), connection.folder, lambda: secrets.randbits(64))
            settings = connection.settings
            rounds.append(polling.Round(tenant, resources, settings.max_concurrency, settings.max_per_host))
        polled = await polling.poll(rounds, selection.kind, max_concurrency=config.daemon.max_concurrency, watch=watch)
    return Report((*polled.cycles, *unusable), clock.monotonic() - begun, polled.next_due)
