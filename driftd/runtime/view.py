"""Puts the status of one connection together from what is configured, what is remembered, and what goes on."""

from collections.abc import Mapping
from functools import lru_cache

from msgspec import Struct, field

from driftd.config import ConnectionConfig, ResourceConfig
from driftd.core.alerts.model import Alert
from driftd.core.budget import Budget, Usage
from driftd.core.calendar import next_fire
from driftd.core.expiry import ahead, states
from driftd.core.health import ConnectionHealth, ResourceHealth
from driftd.core.state import Scene, Verdict, judge
from driftd.core.status import ConnectionStatus, ResourceStatus
from driftd.runtime.credentials import evidence_of

_HOUR = 3_600_000


class Present(Struct, frozen=True):
    """What only a running daemon knows of a connection; times in epoch ms."""

    started: int | None = None
    due: Mapping[str, int] = field(default_factory=dict)
    sweeps: Mapping[str, int] = field(default_factory=dict)
    """When each resource is swept next."""
    progress: Mapping[str, int] = field(default_factory=dict)
    held_until: int | None = None
    breaker_open_until: int | None = None


class Known(Struct, frozen=True):
    """What is remembered of a connection."""

    health: ConnectionHealth
    usage: Usage
    resources: Mapping[str, ResourceHealth]
    """By name; those that are no longer enabled do not count."""
    alerts: tuple[Alert, ...] = ()
    """Its alerts by id, those that ended within a day among them."""
    alarmed: bool = False
    """Whether an alert of drift fires that is critical."""


def budget_of(connection: ConnectionConfig) -> Budget:
    """Return the hard limits of a connection."""
    settings = connection.settings
    return Budget(settings.requests_per_day, settings.bytes_per_day, settings.timezone)


def verdict(connection: ConnectionConfig, known: Known, present: Present, now: int) -> Verdict:
    """Judge a connection at `now` (epoch ms)."""
    scene = Scene(
        health=known.health,
        resources={each.name: known.resources.get(each.name, ResourceHealth()) for each in connection.resources},
        intervals={each.resource.name: interval(each) for each in connection.classes},
        started=present.started,
        due=present.due,
        progress=present.progress,
        alarmed=known.alarmed,
    )
    return judge(scene, now)


def connection_status(
    connection: ConnectionConfig, host: str, known: Known, present: Present, now: int
) -> ConnectionStatus:
    """Return the status of a connection at `now` (epoch ms); where its state changes, it began now."""
    found = verdict(connection, known, present, now)
    health, budget = known.health, budget_of(connection)
    evidence = evidence_of(connection, health, known.resources)
    return ConnectionStatus(
        name=connection.name,
        host=host,
        folder=connection.folder,
        state=found.state,
        since=health.since if found.state is health.state and health.since else now,
        health=health,
        resources=tuple(_resource(each, known, present, now) for each in connection.classes),
        budget=budget,
        usage=budget.today(known.usage, now),
        resumes=budget.next_day(now),
        trouble=found.trouble,
        trouble_at=found.resource,
        customer=connection.customer,
        environment=connection.environment,
        held_until=present.held_until or _coming(health.held_until, now),
        breaker_open_until=present.breaker_open_until or _coming(health.breaker_open_until, now),
        expiry=ahead(evidence, now),
        credentials=states(evidence, now),
        port=connection.port,
        kept=bool(connection.secrets[0].field),
        stored=connection.stored,
        alerts=known.alerts,
    )


def interval(resource: ResourceConfig) -> float:
    """Return the seconds between due times of a resource's most frequent cycle."""
    settings = resource.settings
    return min(settings.probe, settings.delta)


def _resource(resource: ResourceConfig, known: Known, present: Present, now: int) -> ResourceStatus:
    name = resource.resource.name
    return ResourceStatus(
        name=name,
        health=known.resources.get(name, ResourceHealth()),
        interval=interval(resource),
        sweep_interval=_sweep_interval(resource, now),
        next_poll=present.due.get(name),
        next_sweep=present.sweeps.get(name),
    )


def _sweep_interval(resource: ResourceConfig, now: int) -> float:
    """Return the seconds between due sweeps; by a calendar, those between the next two."""
    settings = resource.settings
    if settings.sweep_cron is None:
        return settings.sweep
    return _gap(settings.sweep_cron, settings.timezone, now // _HOUR * _HOUR)


@lru_cache(512)
def _gap(cron: str, timezone: str, after: int) -> float:
    first = next_fire(cron, timezone, after)
    return (next_fire(cron, timezone, first) - first) / 1000


def _coming(at: int | None, now: int) -> int | None:
    return at if at is not None and at > now else None
