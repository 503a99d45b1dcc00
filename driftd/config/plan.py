"""What a configuration costs a tenant a day, as far as it can be told before the first reading."""

from collections.abc import Iterable

from msgspec import Struct

from driftd.config.model import ResourceConfig, Settings
from driftd.core.calendar import open_minutes

_DAY = 86_400.0


class Plan(Struct, frozen=True):
    """Requests a day. What the size of a resource decides (sweeps, details) is known after the first sweep."""

    probes: int
    deltas: int
    sweeps: float
    """Sweeps a day, each of a number of requests that is not known yet."""
    details: int
    """At most so many details reads a day."""

    @property
    def requests(self) -> int:
        """Requests a day that are certain: one a probe, one a delta."""
        return self.probes + self.deltas


def plan(resource: ResourceConfig) -> Plan:
    """Reckon one resource."""
    settings = resource.settings
    share = open_minutes(settings.blackout) / 1440
    sweeps = 1.0 if settings.sweep_cron else share * _DAY / settings.sweep
    return Plan(
        probes=round(share * _DAY / settings.probe),
        deltas=round(share * _DAY / settings.delta),
        sweeps=sweeps,
        details=round(share * 24 * settings.details_per_hour) if resource.resource.details else 0,
    )


def above_limit(settings: Settings, resources: Iterable[ResourceConfig]) -> str:
    """Say how far the plan of a connection is above its ``requests_per_day``; empty where it is not."""
    planned = sum(plan(each).requests for each in resources)
    if planned <= settings.requests_per_day:
        return ""
    return (
        f"the plan needs {planned} requests a day for probes and deltas alone, above requests_per_day = "
        f"{settings.requests_per_day}: lengthen probe and delta, name fewer resources, or raise the limit"
    )
