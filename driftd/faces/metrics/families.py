"""A view of everything × how much of it is wanted → families."""

from collections.abc import Iterator, Sequence
from typing import Final

from driftd.core.status import Status
from driftd.faces.metrics import catalogue
from driftd.faces.metrics.alerts import alert_families
from driftd.faces.metrics.connections import connection_families, resource_families
from driftd.faces.metrics.daemon import alone, daemon_families
from driftd.faces.metrics.family import Family, Metric

UNIMPORTANT: Final[tuple[Metric, ...]] = (
    catalogue.SCHEMA_CHANGES,
    catalogue.POLL_FAILURES,
    catalogue.CHANGES,
    catalogue.DETAILS_COVERAGE,
    catalogue.DELETES_PENDING,
    catalogue.LAST_POLL_DURATION,
    catalogue.LAST_CHANGE,
    catalogue.LAST_POLL,
    catalogue.SWEEP_INTERVAL,
    catalogue.LAST_SWEEP,
    catalogue.LAST_EVALUATION,
    catalogue.POLL_INTERVAL,
    catalogue.RECORDS,
    catalogue.POLLS,
    catalogue.DELETES_HELD,
    catalogue.NEXT_POLL,
    catalogue.LAST_SUCCESS,
)
"""Families of resources in the order in which they are left out; no other ever is."""


def gathered(status: Status, *, full: bool) -> Iterator[Family]:
    """Yield every family, one after the other; those of all connections take some milliseconds each."""
    if status.daemon is not None:
        yield from daemon_families(status.daemon)
    yield from connection_families(status.connections)
    yield from alert_families(status.connections, status.groups, status.at, full=full)
    yield from resource_families(status.connections, full=full)


def bounded(families: Sequence[Family], max_series: int) -> list[Family]:
    """Return the families that have series; whole ones are left out where there are more than `max_series`."""
    sizes = {each.metric: each.series for each in families}
    over = sum(sizes.values()) + 1 - max_series
    out: dict[Metric, int] = {}
    for metric in UNIMPORTANT:
        if over > sum(out.values()):
            out[metric] = sizes.get(metric, 0)
    kept = [each for each in families if each.series and each.metric not in out]
    return [*kept, alone(catalogue.SERIES_DROPPED, sum(out.values()))]
