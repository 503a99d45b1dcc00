"""What the runtime asks of the world, and no more.

Each port has one contract suite in ``tests/contracts`` that every implementation passes.
"""

from driftd.ports.casebook import VERSIONS, Casebook, Done, Filing, Pages, Told
from driftd.ports.changelog import Changelog
from driftd.ports.logbook import KEPT, Entries, Hour, Logbook, Polled, Remembered
from driftd.ports.source import Source, Traffic
from driftd.ports.store import Cycle, Detected, Erased, Erasure, Facts, Outcome, Seen, Snapshot, Store
from driftd.ports.surroundings import Clock, Log
from driftd.ports.tokens import Tokens, Use

__all__ = [
    "KEPT",
    "VERSIONS",
    "Casebook",
    "Changelog",
    "Clock",
    "Cycle",
    "Detected",
    "Done",
    "Entries",
    "Erased",
    "Erasure",
    "Facts",
    "Filing",
    "Hour",
    "Log",
    "Logbook",
    "Outcome",
    "Pages",
    "Polled",
    "Remembered",
    "Seen",
    "Snapshot",
    "Source",
    "Store",
    "Tokens",
    "Told",
    "Traffic",
    "Use",
]
