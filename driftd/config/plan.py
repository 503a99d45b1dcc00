"""What a configuration costs each tenant a day: from its cadences alone, and from what was measured where it was read.

Before its first sweep nobody knows how large a resource is: then only what is certain is counted, and said to be that.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from math import ceil, lcm
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from msgspec import Struct

from driftd.config.model import ClientCredentials, Config, ConnectionConfig, Pairing, ResourceConfig, Settings
from driftd.core import crontab
from driftd.core.cadence import PROBED, finds_new
from driftd.core.calendar import open_minutes
from driftd.core.model import Hours, Kind, Resource, Standing

Sizes: TypeAlias = Mapping[tuple[str, str], Standing]
"""What was measured, by connection and resource."""
UNKNOWN: Sizes = MappingProxyType({})
_DAY = 86_400_000
_REFRESH = 240_000
"""Milliseconds after which a pair is renewed at most: its access token lives 5 minutes."""
_UNREAD = Standing()


class Cost(NamedTuple):
    """Requests and bytes a day."""

    requests: float = 0.0
    bytes: float = 0.0

    def plus(self, other: "Cost") -> "Cost":
        """Return the sum."""
        return Cost(self.requests + other.requests, self.bytes + other.bytes)


class ResourcePlan(Struct, frozen=True):
    """One resource's day. What is not known counts for nothing."""

    resource: Resource
    cycles: Mapping[Kind, float]
    costs: Mapping[Kind, Cost]
    """Of the cycles, without details."""
    details: Cost
    """At most, beside the cycles: details are read as far as ``details_per_hour`` and the limits leave room."""
    known: bool
    """Whether the size was measured."""
    single: bool
    """Whether it fits one page, and is therefore swept at the probe's pace."""

    @property
    def total(self) -> Cost:
        """What its cycles cost."""
        return total(self.costs.values())


class Priced(Struct, frozen=True):
    """One connection's day."""

    connection: ConnectionConfig
    resources: tuple[ResourcePlan, ...]
    tokens: Cost = Cost()
    """Of the tokens by which the secret is proved."""
    prototypes: Cost = Cost()
    """Of what the tenant is asked about the shape of its records."""

    @property
    def cycles(self) -> Cost:
        """What its cycles cost."""
        return total(each.total for each in self.resources)

    @property
    def total(self) -> Cost:
        """What its cycles cost, and what is asked beside them."""
        return total([self.cycles, self.tokens, self.prototypes])

    @property
    def details(self) -> Cost:
        """What its details cost at most."""
        return total(each.details for each in self.resources)

    @property
    def known(self) -> bool:
        """Whether every size was measured."""
        return all(each.known for each in self.resources)


class Plan(Struct, frozen=True):
    """Everybody's day."""

    connections: tuple[Priced, ...]

    @property
    def total(self) -> Cost:
        """What all cost."""
        return total(each.total for each in self.connections)

    def hosts(self) -> Mapping[str, Sequence[Priced]]:
        """Return the connections of each host, in the order of the configuration."""
        found: dict[str, list[Priced]] = {}
        for each in self.connections:
            found.setdefault(each.connection.host, []).append(each)
        return found


def plan(config: Config, sizes: Sizes = UNKNOWN) -> Plan:
    """Reckon every connection."""
    return Plan(tuple(priced(each, sizes) for each in config.connections))


def priced(connection: ConnectionConfig, sizes: Sizes = UNKNOWN) -> Priced:
    """Reckon one connection."""
    known = ((each, sizes.get((each.resource.connection, each.resource.name), _UNREAD)) for each in connection.classes)
    resources = tuple(reckoned(each, standing) for each, standing in known)
    return Priced(connection, resources, _tokens(connection), _prototypes(connection))


def proof_interval(connection: ConnectionConfig) -> float:
    """Return the seconds after which the secret is proved anew.

    That is the connection's shortest probe interval, less a tenth: a proof comes with a cycle, and cycles begin a
    little early or late.
    """
    return 0.9 * min((each.settings.probe for each in connection.classes), default=connection.settings.probe)


def _tokens(connection: ConnectionConfig) -> Cost:
    if isinstance(connection.auth, Pairing):
        return Cost(_slots(_REFRESH, connection.settings.blackout))
    if not isinstance(connection.auth, ClientCredentials):
        return Cost()
    return Cost(_slots(round(proof_interval(connection) * 1000), connection.settings.blackout))


def _prototypes(connection: ConnectionConfig) -> Cost:
    """Return the requests for prototypes: one an hour for each facet of each class, where the tenant serves them."""
    hours = open_minutes(connection.settings.blackout) / 60
    return Cost(hours * sum(2 if each.resource.details else 1 for each in connection.classes))


def reckoned(planned: ResourceConfig, standing: Standing = _UNREAD) -> ResourcePlan:
    """Reckon one resource whose last reading left `standing`."""
    resource = planned.resource
    single = standing.baselined and standing.records <= resource.page_size
    cycles = _cycles(planned.settings, single=single, deltas=finds_new(resource))
    each = _measured(resource, standing)
    costs = {kind: Cost(cycles[kind] * cost.requests, cycles[kind] * cost.bytes) for kind, cost in each.items()}
    details = _details(resource, standing, cycles[Kind.SWEEP], open_minutes(planned.settings.blackout) / 60)
    return ResourcePlan(resource, cycles, costs, details, standing.baselined, single)


def total(costs: Iterable[Cost]) -> Cost:
    """Return the sum of costs."""
    sum_of = Cost()
    for each in costs:
        sum_of = sum_of.plus(each)
    return sum_of


def _cycles(settings: Settings, *, single: bool, deltas: bool) -> dict[Kind, float]:
    """Return the cycles of a day: all grids share an offset, so a cycle takes the place of a lesser one due with it."""
    probe, delta, sweep = (round(each * 1000) for each in (settings.probe, settings.delta, settings.sweep))

    def slots(*intervals: int) -> float:
        return _slots(lcm(*intervals), settings.blackout)

    if single:
        return {Kind.PROBE: 0.0, Kind.DELTA: 0.0, Kind.SWEEP: slots(probe)}
    if not deltas:
        complete = (0.0, _fires(settings.sweep_cron)) if settings.sweep_cron else (slots(probe, sweep), slots(sweep))
        return {Kind.PROBE: slots(probe) - complete[0], Kind.DELTA: 0.0, Kind.SWEEP: complete[1]}
    if settings.sweep_cron:
        return {
            Kind.PROBE: slots(probe) - slots(probe, delta),
            Kind.DELTA: slots(delta),
            Kind.SWEEP: _fires(settings.sweep_cron),
        }
    return {
        Kind.PROBE: slots(probe) - slots(probe, delta) - slots(probe, sweep) + slots(probe, delta, sweep),
        Kind.DELTA: slots(delta) - slots(delta, sweep),
        Kind.SWEEP: slots(sweep),
    }


@cache
def _slots(interval: int, blackout: tuple[Hours, ...]) -> float:
    """Return the due times of a day: those of a blackout come as one at its end."""
    every = _DAY / interval
    return min(every, every * open_minutes(blackout) / 1440 + len(blackout))


@cache
def _fires(cron: str) -> float:
    return crontab.times_a_day(cron) * crontab.days_a_year(cron) / 366


def _measured(resource: Resource, standing: Standing) -> Mapping[Kind, Cost]:
    """Return what one cycle of each kind costs: as measured, else by what is known of the records."""
    record = standing.wire_bytes / max(1, standing.records)
    pages = ceil(standing.records / resource.page_size)
    probe = standing.probe_bytes or record * min(PROBED, resource.page_size, standing.records)
    delta = standing.delta_bytes or record * min(resource.page_size, standing.records)
    least = 2 if resource.watermark else 1  # with a watermark it is tried first whether the tenant filters by it
    return {
        Kind.PROBE: Cost(1, probe),
        Kind.DELTA: Cost(standing.delta_requests or least, delta),
        Kind.SWEEP: Cost(standing.requests or max(1, pages), standing.wire_bytes),
    }


def _details(resource: Resource, standing: Standing, sweeps: float, hours: float) -> Cost:
    """Return what details cost at most: each sweep renews as many as an hour's budget, and any record may change."""
    if not resource.details:
        return Cost()
    most = resource.details_per_hour * hours
    if standing.baselined:
        renewed = sweeps * min(standing.records, resource.details_per_hour)
        most = min(most, renewed + standing.records)  # and each changes once a day
    return Cost(most, most * standing.details_bytes)
