"""What is judged: something that polls one class of one tenant and tells what it found."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, Self

from driftd.core.model import Kind
from driftd.runtime.cycle import cycle
from driftd.runtime.tally import CycleReport
from driftd.runtime.tenant import Tenant
from tests.drift.ground import Ground
from tests.fakes.memory_store import MemoryStore

PACE = {Kind.PROBE: 300_000, Kind.DELTA: 900_000, Kind.SWEEP: 86_400_000}
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

    async def poll(self, kind: Kind) -> None:
        """Run one cycle."""
        self.ground.clock.ms += PACE[kind]
        tenant = Tenant(
            self.ground.source, self.store, self.ground.clock, "x3.example", self.ground.tenant.folder, lambda: 42
        )
        self.reports.append(await cycle(tenant, self.ground.resource, kind))

    async def findings(self) -> Sequence[Found]:
        """Return the alerts that fire."""
        casebook: Any = self.store
        return [
            told(alert) for alert in await casebook.alerts(connection=self.ground.resource.connection) if alert.firing
        ]

    def copied(self) -> "Daemon":
        """Return one with a store of its own."""
        return Daemon(self.ground, deepcopy(self.store))


def detects() -> bool:
    """Tell whether detection is part of the cycle yet: whether a store remembers alerts, and the cycle commits any."""
    import driftd.runtime

    return hasattr(MemoryStore, "alerts") and any(
        (path / "detect.py").exists() for path in map(_path, driftd.runtime.__path__)
    )


def _path(name: str) -> Any:
    from pathlib import Path

    return Path(name)


def told(alert: Any) -> Found:
    """Return an alert's drift as a finding."""
    drift = alert.drift
    return Found(
        drift.connection, drift.resource, str(drift.kind), drift.finding, drift.field, str(drift.read_impact),
        str(drift.write_impact), str(drift.severity),
    )  # fmt: skip
