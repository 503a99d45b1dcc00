"""Settings that this release understands and checks, but that change nothing yet.

Each row goes when its feature comes: a setting that is silently without effect would be a trap.
"""

from collections.abc import Iterator, Mapping

from driftd.config.report import join
from driftd.errors import Mistake

_TABLES: Mapping[str, Mapping[str, str]] = {
    "": {
        "webhooks": "driftd sends no webhooks yet",
    },
    "store": {"url": "driftd keeps everything in SQLite in data_dir"},
}


def not_in_force(raw: Mapping[str, object]) -> Iterator[Mistake]:
    """Name the settings of a valid document that have no effect yet."""
    for name, table in _TABLES.items():
        yield from _named(raw.get(name) if name else raw, name, table)


def _named(table: object, path: str, notes: Mapping[str, str]) -> Iterator[Mistake]:
    if isinstance(table, dict):
        yield from (Mistake(join(path, key), notes[key]) for key in table if key in notes)
