"""The families of the daemon itself."""

import platform
from itertools import accumulate
from typing import Final

from driftd.core.histogram import Durations
from driftd.core.status import Care, Daemon, Database
from driftd.faces.metrics import catalogue as metric
from driftd.faces.metrics.family import Column, Family, Metric, labelled, plain, stamps

ANSWERS: Final = ("2xx", "3xx", "4xx", "5xx", "error")
LEVELS: Final = ("debug", "info", "warning", "error")


def daemon_families(daemon: Daemon) -> list[Family]:
    """Return what the daemon tells of itself, and of its database."""
    found = [*_build(daemon), *_work(daemon)]
    return found if daemon.database is None else [*found, *_database(daemon.database)]


def _build(daemon: Daemon) -> list[Family]:
    build = labelled(version=daemon.version, revision=daemon.revision, pythonversion=platform.python_version())
    return [
        plain(metric.BUILD_INFO, [build], [1]),
        alone(metric.RELOAD_SUCCESSFUL, int(daemon.reload_ok)),
        stamps(metric.RELOAD_SUCCESS, [""], [daemon.reloaded or None]),
    ]


def _work(daemon: Daemon) -> list[Family]:
    return [
        alone(metric.LOOP_LAG, daemon.loop_lag),
        alone(metric.SCHEDULE_LAG, daemon.schedule_lag),
        alone(metric.POLLS_IN_PROGRESS, daemon.running),
        alone(metric.POLLS_WAITING, daemon.waiting),
        _histogram(metric.POLL_DURATION, daemon.polls),
        plain(
            metric.HTTP_REQUESTS,
            [labelled(code=code) for code in ANSWERS],
            [daemon.answers.get(code, 0) for code in ANSWERS],
        ),
        _histogram(metric.HTTP_REQUEST_DURATION, daemon.requests),
        plain(
            metric.LOG_MESSAGES,
            [labelled(level=level) for level in LEVELS],
            [daemon.log_lines.get(level, 0) for level in LEVELS],
        ),
    ]


def _database(database: Database) -> list[Family]:
    found = [
        plain(metric.SQLITE_VERSION, [labelled(version=database.version)], [1]),
        alone(metric.DATABASE_SIZE, database.size),
        alone(metric.DATABASE_WAL, database.wal),
        alone(metric.DATABASE_FREE, database.free),
        alone(metric.DATABASE_ERRORS, database.errors),
        alone(metric.CHECKPOINTS_BUSY, database.checkpoints_busy),
        stamps(metric.OLDEST_READER, [""], [database.oldest_reader]),
        alone(metric.WRITER_QUEUE, database.waiting),
        alone(metric.WRITER_QUEUE_LIMIT, database.limit),
        alone(metric.DATABASE_FULL, database.full),
        alone(metric.CAPTURE_PAUSED, int(database.paused)),
        alone(metric.BALLAST, database.ballast),
        stamps(metric.REBASELINED, [""], [database.rebased.at if database.rebased else None]),
    ]
    if database.care is not None:
        found += _care(database.care)
    return found if database.commits is None else [*found, _histogram(metric.COMMIT_DURATION, database.commits)]


def _care(care: Care) -> list[Family]:
    found = [
        stamps(metric.BACKUP, [""], [care.backed_up]),
        alone(metric.BACKUP_FAILURES, care.backup_failures),
        stamps(metric.INTEGRITY_CHECK, [""], [care.checked]),
    ]
    if care.backup_size:
        found.append(alone(metric.BACKUP_SIZE, care.backup_size))
    return [*found, alone(metric.INTEGRITY, int(care.whole))] if care.checked is not None else found


def alone(metric: Metric, value: float) -> Family:
    """Return a family of one value without labels."""
    return plain(metric, [""], [value])


def _histogram(metric: Metric, durations: Durations) -> Family:
    bounds = [*map(str, durations.bounds), "+Inf"]
    below = list(accumulate(durations.counts))
    return Family(
        metric,
        (
            Column(f"{metric.name}_bucket", [labelled(le=bound) for bound in bounds], below),
            Column(f"{metric.name}_count", [""], below[-1:]),
            Column(f"{metric.name}_sum", [""], [durations.total]),
        ),
    )
