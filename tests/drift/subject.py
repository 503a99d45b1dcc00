"""What is judged: something that polls one class of one tenant and tells what it found."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol, Self

from driftd.config import Basic, ConnectionConfig, ResourceConfig, SecretRef, Settings
from driftd.core.alerts.model import Alert
from driftd.core.budget import Usage
from driftd.core.health import ConnectionHealth, ResourceHealth, connection_polled, resource_polled
from driftd.core.model import Kind
from driftd.core.status import ConnectionStatus
from driftd.runtime.alarms import Alarms
from driftd.runtime.chart import told as told_of
from driftd.runtime.cycle import cycle
from driftd.runtime.detect import Detector
from driftd.runtime.quiet import Quiet
from driftd.runtime.tally import CycleReport
from driftd.runtime.tenant import Tenant
from driftd.runtime.view import Known, Present, connection_status
from driftd.runtime.watch import Sight, Watch
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
        alarms, casebook = Alarms(Quiet()), self.store.casebook
        self._detector = Detector(casebook, self.store, alarms)
        self._health, self._own = ConnectionHealth(), ResourceHealth()
        self._watch = Watch(alarms, casebook, self.ground.clock, Quiet(), Sight(self._statuses))

    async def poll(self, kind: Kind) -> None:
        """Run one cycle; where one failed, the watch looks, as it does over the whole daemon."""
        ground = self.ground
        ground.clock.ms += PACE[kind]
        others = {ground.resource.name: ground.resource}
        folder = ground.tenant.folder
        tenant = Tenant(ground.source, self.store, ground.clock, HOST, folder, lambda: 42, self._detector, others)
        report, began = await cycle(tenant, ground.resource, kind), ground.clock.now()
        self.reports.append(report)
        poll = told_of(report, began, ground.clock.now())
        self._health, self._own = connection_polled(self._health, poll), resource_polled(self._own, poll)
        if self._own.trouble is not None:
            await self._watch.look()

    def _statuses(self) -> Sequence[ConnectionStatus]:
        resource, settings = self.ground.resource, Settings()
        account = Basic("user", SecretRef("x", env="X"))
        where, folder = f"https://{HOST}", self.ground.tenant.folder
        connection = ConnectionConfig(
            resource.connection, where, folder, folder, account, settings, (ResourceConfig(resource, settings),)
        )
        known = Known(self._health, Usage(), {resource.name: self._own})
        return [connection_status(connection, HOST, known, Present(), self.ground.clock.now())]

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
