"""What of a view is exported."""

from hypothesis import HealthCheck, settings

from driftd.core.status import Status
from driftd.faces.metrics.families import bounded, gathered
from driftd.faces.metrics.family import Family

BIG = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A whole view takes its time to be thought up."""


def shown(status: Status, *, full: bool = True, max_series: int = 10**9) -> list[Family]:
    """Return the families of a view, no more series than that."""
    return bounded(list(gathered(status, full=full)), max_series)
