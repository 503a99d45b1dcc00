"""How late polls begin, as their tenants see it."""

import bisect
from collections.abc import Sequence

from driftd.core.cadence import offset
from driftd.core.model import Resource


def lateness(
    resource: Resource, times: Sequence[int], span: tuple[int, int], rounded: int = 0
) -> tuple[list[float], int]:
    """Return by how many seconds each due time of a span was met late, and how many were not met at all.

    A due time lies on the grid of a resource that fits a page, and is met by the first request after it and before the
    next one. `times` are those of requests for a first page, in order, `span` the first and last instant, epoch ms;
    times may be off by `rounded` ms.
    """
    pace, (since, until) = round(resource.probe * 1000), span
    late, missed = [], 0
    for due in range(since + (offset(resource) - since) % pace, until - pace, pace):
        at = bisect.bisect_left(times, due - rounded)
        if at == len(times) or times[at] >= due + pace - rounded:
            missed += 1
        else:
            late.append((times[at] - due) / 1000)
    return late, missed
