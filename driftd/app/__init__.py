"""The composition root: configuration → adapters → runtime. Here alone they meet."""

from driftd.app.opening import catalogue, connected, now, reading, running, sizes, unusable, writing
from driftd.app.poll import Report, Selection, poll
from driftd.app.view import explain, history, view
from driftd.runtime.tally import CycleReport, Progress

__all__ = [
    "CycleReport",
    "Progress",
    "Report",
    "Selection",
    "catalogue",
    "connected",
    "explain",
    "history",
    "now",
    "poll",
    "reading",
    "running",
    "sizes",
    "unusable",
    "view",
    "writing",
]
