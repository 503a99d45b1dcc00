"""The entries of the logbook as rows: each function is work within one transaction."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, TypeAlias

from driftd.adapters.sqlite.salvage import pack, unpack
from driftd.adapters.sqlite.sql import QUERIES
from driftd.core.alerts.model import Alert, Deed, Notice
from driftd.core.budget import Usage
from driftd.core.health import ConnectionHealth, Flip, Poll, ResourceHealth, Result
from driftd.core.reasons import State
from driftd.errors import Reason
from driftd.ports import KEPT, Entries, Hour, Polled, Remembered

Columns: TypeAlias = tuple[Any, ...]
Happened: TypeAlias = Flip | Polled | Hour
SLICE: Final = 1_000
"""Rows removed in one transaction."""
_HOUR: Final = 3_600_000
_AGED: Final = {
    Hour: "prune_hours",
    Polled: "prune_polls",
    Flip: "prune_flips",
    Notice: "prune_notices",
    Deed: "prune_deeds",
    Alert: "prune_alerts",
}


def write(db: sqlite3.Connection, *, entries: Entries) -> None:
    """Write entries. Packed here, on the writer's thread: 10,000 of them would hold the event loop."""
    succeeded = [each for each in entries.polls if each.poll.result is Result.OK]
    others = [each for each in entries.polls if each.poll.result is not Result.OK]
    db.executemany(QUERIES["write_connection"], ((name, pack(each)) for name, each in entries.connections.items()))
    db.executemany(
        QUERIES["write_usage"], ((name, each.day, each.requests, each.bytes) for name, each in entries.usage.items())
    )
    db.executemany(QUERIES["write_resource"], ((*names, pack(each)) for names, each in entries.resources.items()))
    db.executemany(QUERIES["insert_flip"], map(_flip_columns, entries.flips))
    db.executemany(
        QUERIES["insert_poll"], ((each.connection, each.poll.at, each.resource, pack(each.poll)) for each in others)
    )
    db.executemany(QUERIES["insert_series"], {(each.connection, each.resource) for each in succeeded})
    db.executemany(QUERIES["add_to_hour"], _by_hour(succeeded))


def recall(db: sqlite3.Connection, *, connections: Sequence[str] | None) -> Remembered:
    """Return what is known of `connections`, or of all."""
    spans = [("", b"")] if connections is None else [(name, name) for name in connections]
    return Remembered(
        connections={
            name: unpack(packed, ConnectionHealth) or ConnectionHealth()
            for name, packed in _within(db, "connections", spans)
        },
        usage={name: Usage(*columns) for name, *columns in _within(db, "usages", spans)},
        resources={
            (name, resource): unpack(packed, ResourceHealth) or ResourceHealth()
            for name, resource, packed in _within(db, "resources", spans)
        },
    )


def history(
    db: sqlite3.Connection, *, connection: str, since: int, until: int, limit: int, failures: bool
) -> Sequence[Happened]:
    """Return what happened, newest first; of what happened at once a flip first, then polls, then hours.

    What this release does not understand is left out.
    """
    most = max(limit, 0)
    span = {"connection": connection, "since": since, "until": until, "limit": most}
    happened: list[Happened] = [*_flips(db, span), *_polls(db, span)]
    if not failures:
        happened += _hours(db, span)
    return sorted(happened, key=_when, reverse=True)[:most]


def flips(db: sqlite3.Connection, *, connection: str, since: int) -> int:
    """Count the flips of a connection at or after `since`."""
    ((number,),) = db.execute(QUERIES["count_flips"], {"connection": connection, "since": since}).fetchall()
    return int(number)


def prune(db: sqlite3.Connection, *, now: int) -> int:
    """Remove at most a slice of what is older than its kind is kept; return how many rows went."""
    left = SLICE
    for noun, query in _AGED.items():
        before = now - KEPT[noun]
        parameters = {"before": _hour(before) if noun is Hour else before, "limit": left}
        left -= db.execute(QUERIES[query], parameters).rowcount
    return SLICE - left


def _flip_columns(flip: Flip) -> Columns:
    return flip.connection, flip.at, flip.before, flip.after, flip.reason, flip.message


def _hour(at: int) -> int:
    """Return the number of the first hour that begins at or after `at`."""
    return -(-at // _HOUR)


def _by_hour(polls: Iterable[Polled]) -> Iterable[Columns]:
    hours: dict[tuple[str, str, int], Columns] = {}
    for each in polls:
        name = (each.connection, each.resource, each.poll.at // _HOUR)
        number, seconds, changes = hours.get(name, (0, 0.0, 0))
        hours[name] = (number + 1, seconds + each.poll.seconds, changes + sum(each.poll.changes.values()))
    return ((*name, *sums) for name, sums in hours.items())


def _within(db: sqlite3.Connection, query: str, spans: Iterable[tuple[str, str | bytes]]) -> Iterator[Columns]:
    for first, last in spans:
        yield from db.execute(QUERIES[query], {"first": first, "last": last})


def _flips(db: sqlite3.Connection, span: dict[str, Any]) -> Iterator[Flip]:
    states, reasons = set(State), set(Reason)
    for connection, at, before, after, reason, message in db.execute(QUERIES["flips"], span):
        if states.issuperset({before, after}):
            known = Reason(reason) if reason in reasons else None
            yield Flip(connection, State(before), State(after), at, known, message)


def _polls(db: sqlite3.Connection, span: dict[str, Any]) -> Iterator[Polled]:
    for connection, resource, packed in db.execute(QUERIES["polls"], span):
        poll = unpack(packed, Poll)
        if poll is not None:
            yield Polled(connection, resource, poll)


def _hours(db: sqlite3.Connection, span: dict[str, Any]) -> list[Hour]:
    """Return the latest hours of a span, one after the other: each is found without those of other connections."""
    found: list[Hour] = []
    first, hour = _hour(span["since"]), _hour(span["until"])
    while len(found) < span["limit"]:
        ((hour,),) = db.execute(QUERIES["hour_before"], {"first": first, "hour": hour}).fetchall()
        if hour is None:
            break
        rows = db.execute(QUERIES["hour"], {"connection": span["connection"], "hour": hour})
        found += [Hour(span["connection"], resource, hour * _HOUR, *sums) for resource, *sums in rows]
    return found


def _when(happened: Happened) -> int:
    return happened.poll.at if isinstance(happened, Polled) else happened.at
