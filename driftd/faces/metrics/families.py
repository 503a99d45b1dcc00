"""A view of everything × how much of it is wanted → families."""

from collections.abc import Sequence
from typing import Final

from driftd.core.status import Status
from driftd.faces.metrics import catalogue as metric
from driftd.faces.metrics.connections import connection_families, resource_families
from driftd.faces.metrics.daemon import alone, daemon_families
from driftd.faces.metrics.family import Family, Metric

UNIMPORTANT: Final[tuple[Metric, ...]] = (
    metric.POLL_FAILURES,
    metric.CHANGES,
    metric.DETAILS_COVERAGE,
    metric.DELETES_PENDING,
    metric.LAST_POLL_DURATION,
    metric.LAST_CHANGE,
    metric.LAST_POLL,
    metric.SWEEP_INTERVAL,
    metric.LAST_SWEEP,
    metric.POLL_INTERVAL,
    metric.RECORDS,
    metric.POLLS,
    metric.DELETES_HELD,
    metric.NEXT_POLL,
    metric.LAST_SUCCESS,
)
"""Families of resources in the order in which they are left out; no other ever is."""


def families(status: Status, *, full: bool = False, max_series: int = 200_000) -> list[Family]:
    """Return every family that has a series; whole ones are left out where there are more than `max_series`."""
    always = connection_families(status.connections)
    if status.daemon is not None:
        always = [*daemon_families(status.daemon), *always]
    resources = resource_families(status.connections, full=full)
    kept, dropped = _within(resources, max_series - 1 - sum(each.series for each in always))
    found = [*always, *kept, alone(metric.SERIES_DROPPED, dropped)]
    return [each for each in found if each.series]


def _within(resources: Sequence[Family], room: int) -> tuple[list[Family], int]:
    """Return the families that are kept, and how many series those had that are not."""
    sizes = {each.metric: each.series for each in resources}
    over = sum(sizes.values()) - room
    out: dict[Metric, int] = {}
    for one in UNIMPORTANT:
        if over <= sum(out.values()):
            break
        out[one] = sizes.get(one, 0)
    return [each for each in resources if each.metric not in out], sum(out.values())
