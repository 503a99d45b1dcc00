"""What is judged: something that polls one class of one tenant and tells what it found."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol, Self

from driftd.core.alerts.model import Alert
from driftd.core.model import Kind
from driftd.runtime.alarms import Alarms
from driftd.runtime.cycle import cycle
from driftd.runtime.detect import Detector
from driftd.runtime.quiet import Quiet
from driftd.runtime.tally import CycleReport
from driftd.runtime.tenant import Tenant
from tests.drift.ground import Ground
from tests.fakes.memory_store import MemoryStore

HOST: Final = "x3.example"
PACE: Final = {Kind.PROBE: 300_000, Kind.DELTA: 900_000, Kind.SWEEP: 86_400_000}
"""Milliseconds between cycles of a kind: the defaults."""


class Found(NamedTuple):
    """One finding that fires."""

    connection: str
    resource: str | None
    kind: str
    finding: str
    field: str | None
    read_impact: str
    write_impact: str
    severity: str


class Subject(Protocol):
    """Polls the class of a ground."""

    async def poll(self, kind: Kind) -> None:
        """Run one cycle of a kind, as long after the last as that kind asks for."""
        ...

    async def findings(self) -> Sequence[Found]:
        """Return what fires now."""
        ...

    def copied(self) -> Self:
        """Return one that remembers the same."""
        ...


@dataclass
class Daemon:
    """The daemon's own cycle, detection in it, over a store in memory."""

    ground: Ground
    store: MemoryStore = field(default_factory=MemoryStore)
    reports: list[CycleReport] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._detector = Detector(self.store.casebook, self.store, Alarms(Quiet()))

    async def poll(self, kind: Kind) -> None:
        """Run one cycle."""
        ground = self.ground
        ground.clock.ms += PACE[kind]
        others = {ground.resource.name: ground.resource}
        folder = ground.tenant.folder
        tenant = Tenant(ground.source, self.store, ground.clock, HOST, folder, lambda: 42, self._detector, others)
        self.reports.append(await cycle(tenant, ground.resource, kind))

    async def findings(self) -> Sequence[Found]:
        """Return the alerts that fire."""
        alerts = await self.store.casebook.alerts(connection=self.ground.resource.connection)
        return [told(alert) for alert in alerts if alert.firing]

    def copied(self) -> Self:
        """Return one with a store of its own, as after a restart."""
        return type(self)(self.ground, deepcopy(self.store))


def told(alert: Alert) -> Found:
    """Return an alert's drift as a finding."""
    drift = alert.drift
    return Found(
        drift.connection, drift.resource, str(drift.kind), drift.finding, drift.field, str(drift.read_impact),
        str(drift.write_impact), str(drift.severity),
    )  # fmt: skip
