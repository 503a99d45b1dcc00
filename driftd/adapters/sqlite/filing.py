"""What detection wants remembered, with a cycle's commit or filed. Each function is work within one transaction.

Nouns are packed here, on the writer's thread: the few of a cycle take less than a change of thread.
"""

import sqlite3
from collections.abc import Iterable

from driftd.adapters.sqlite import facts, pauses, withholding
from driftd.adapters.sqlite.boxing import boxed
from driftd.adapters.sqlite.series import series
from driftd.adapters.sqlite.sql import QUERIES
from driftd.core.alerts.model import Alert, Deed, Notice
from driftd.core.memory import Memory
from driftd.core.model import Resource
from driftd.core.schema.model import Baseline, SchemaVersion
from driftd.ports import VERSIONS, Detected, Facts, Filing

_NO_FACTS = Facts()


def lasts(detected: Detected | None) -> bool:
    """Tell whether a commit with nothing else must survive a loss of power: what was told is not told otherwise."""
    return detected is not None and bool(detected.notices or detected.baseline or detected.versions or detected.deeds)


def detect(db: sqlite3.Connection, resource: Resource, detected: Detected) -> None:
    """Write what a cycle of `resource` detected."""
    number = series(db, resource.connection, resource.name)
    if detected.memory is not None:
        _write_memory(db, number, detected.memory)
    if detected.baseline is not None:
        _write_baseline(db, number, detected.baseline)
    db.executemany(QUERIES["write_version"], (_version(number, each) for each in detected.versions))
    db.executemany(
        QUERIES["drop_versions"], ((number, each.source, each.number - VERSIONS) for each in detected.versions)
    )
    if detected.facts != _NO_FACTS:
        facts.write(db, resource.connection, resource.name, detected.facts)
    _tell(db, detected.alerts, detected.notices)
    db.executemany(QUERIES["insert_deed"], map(_deed, detected.deeds))


def file(db: sqlite3.Connection, *, filing: Filing, now: int) -> None:
    """Write what belongs to no cycle."""
    _tell(db, filing.alerts, filing.notices)
    db.executemany(QUERIES["insert_deed"], map(_deed, filing.deeds))
    for names, baseline in filing.baselines.items():
        _write_baseline(db, series(db, *names), baseline)
    for names, memory in filing.memories.items():
        _write_memory(db, series(db, *names), memory)
    for names, what in filing.accepted.items():
        facts.accept(db, *names, what)
    for connection, aside in filing.asides.items():
        pauses.put(db, connection, aside)
    for names in filing.release:
        withholding.release_all(db, *names, now)


def _tell(db: sqlite3.Connection, alerts: Iterable[Alert], notices: Iterable[Notice]) -> None:
    db.executemany(
        QUERIES["write_alert"],
        ((each.id, each.drift.connection, each.state, each.since, boxed(each)) for each in alerts),
    )
    db.executemany(
        QUERIES["insert_notice"], ((each.id, each.alert.drift.connection, each.at, boxed(each)) for each in notices)
    )


def _write_memory(db: sqlite3.Connection, number: int, memory: Memory) -> None:
    db.execute(QUERIES["write_memory"], (number, memory.evaluated, boxed(memory)))


def _write_baseline(db: sqlite3.Connection, number: int, baseline: Baseline) -> None:
    db.execute(QUERIES["write_baseline"], (number, boxed(baseline)))


def _version(number: int, version: SchemaVersion) -> tuple[object, ...]:
    return number, version.source, version.number, boxed(version)


def _deed(deed: Deed) -> tuple[object, ...]:
    return (
        deed.at,
        deed.by,
        deed.action,
        deed.connection,
        deed.resource,
        deed.subject,
        deed.reason,
        deed.before,
        deed.after,
        None if deed.replaced is None else boxed(deed.replaced),
    )
