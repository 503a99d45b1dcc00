"""The composition root: configuration → adapters → runtime. Here alone they meet."""

from driftd.app.opening import catalogue, connected, reading, sizes, writing
from driftd.app.poll import Report, Selection, poll
from driftd.runtime.tally import CycleReport, Progress

__all__ = [
    "CycleReport",
    "Progress",
    "Report",
    "Selection",
    "catalogue",
    "connected",
    "poll",
    "reading",
    "sizes",
    "writing",
]
