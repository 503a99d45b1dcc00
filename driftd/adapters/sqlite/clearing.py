"""All that is stored of a connection, but for what persons did, removed in short transactions.

It is noted before that the name is to be cleared: whoever is interrupted goes on with what is left. Nothing polls the
connection meanwhile. Its events leave a gap in the log. The names of its resources stay, with their numbers.
"""

import sqlite3
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from msgspec import json

from driftd.adapters.sqlite import tables
from driftd.adapters.sqlite.sql import QUERIES
from driftd.adapters.sqlite.transaction import Writer
from driftd.core.model import Standing

_SLICE: Final = 1_000
"""Rows removed in one transaction, about 10 ms."""
_SEGMENTS: Final = 100
_DAYS: Final = 1
_HOURS: Final = 1
"""Days and hours looked through in one transaction: of 2,000 connections with ten resources each, 20,000 rows."""
_OF_THE_NAME: Final = (
    "clear_flips",
    "clear_polls",
    "clear_notices",
    "clear_alerts",
    "clear_resolved_alerts",
    "clear_resource_health",
    "clear_erased",
)
"""Queries that remove a slice of what bears the connection's name."""
_OF_A_SERIES: Final = ("clear_sums", "clear_breaches")
_AT_ONCE: Final = ("drop_memory", "drop_baseline", "drop_all_versions")


async def clear(writer: Writer, connection: str, forget: Callable[[int], None]) -> None:
    """Remove what is stored of a connection; `done` follows once its pages are overwritten.

    `forget` is told each resource, by id, whose dictionary is no longer what it was.
    """
    own = {"connection": connection}
    await _stretches(writer, connection, ("days_there_are", "clear_days", _DAYS))
    for resource in await writer.transact(partial(_ids, query="resources_of", of=own), durable=False):
        forget(resource)
        await _records(writer, resource)
        forget(resource)
    for relation in await writer.transact(partial(_ids, query="relations_of", of=own), durable=False):
        await _slices(writer, "clear_links", {"relation": relation})
        await writer.transact(partial(_run, queries=("drop_relation",), of={"relation": relation}), durable=False)
    await _stretches(writer, connection, ("hours_there_are", "clear_hours", _HOURS))
    for series in await writer.transact(partial(_ids, query="series_of", of=own), durable=False):
        for query in _OF_A_SERIES:
            await _slices(writer, query, {"series": series})
        await writer.transact(partial(_run, queries=_AT_ONCE, of={"series": series}), durable=False)
    for query in _OF_THE_NAME:
        await _slices(writer, query, own)
    await writer.transact(partial(_run, queries=("drop_health", "drop_usage"), of=own), durable=False)


async def done(writer: Writer, connection: str) -> None:
    """Note that nothing is left of a connection."""
    await writer.transact(partial(_run, queries=("end_clearing",), of={"connection": connection}), durable=True)


async def _slices(writer: Writer, query: str, of: Mapping[str, object]) -> None:
    while await writer.transact(partial(_slice, query=query, of=of), durable=False):
        pass


async def _records(writer: Writer, resource: int) -> None:
    """Remove the records of a resource, its events, its segments, and itself."""
    await _slices(writer, "clear_records", {"resource": resource})
    generation = await writer.transact(partial(_after, resource=resource, generation=-1), durable=False)
    while generation is not None:
        while await writer.transact(partial(_events, generation=generation), durable=False):
            pass
        generation = await writer.transact(partial(_after, resource=resource, generation=generation), durable=False)
    while await writer.transact(partial(_segments, resource=resource), durable=False):
        pass
    own = {"resource": resource, "standing": json.encode(Standing()).decode()}
    await writer.transact(partial(_run, queries=("empty_dictionary", "clear_resource"), of=own), durable=False)


async def _stretches(writer: Writer, connection: str, how: tuple[str, str, int]) -> None:
    """Remove what bears times, from the first there is to the last, so many of them at once."""
    there_are, query, step = how
    first, last = await writer.transact(partial(_span, query=there_are), durable=False)
    while first <= last:
        of = {"connection": connection, "first": first, "last": first + step - 1}
        await writer.transact(partial(_run, queries=(query,), of=of), durable=False)
        first += step


def _span(db: sqlite3.Connection, *, query: str) -> tuple[int, int]:
    ((first, last),) = db.execute(QUERIES[query]).fetchall()
    return (0, -1) if first is None else (first, last)


def _ids(db: sqlite3.Connection, *, query: str, of: Mapping[str, object]) -> list[int]:
    return [id_ for (id_,) in db.execute(QUERIES[query], of)]


def _slice(db: sqlite3.Connection, *, query: str, of: Mapping[str, object]) -> bool:
    return db.execute(QUERIES[query], {**of, "limit": _SLICE}).rowcount == _SLICE


def _run(db: sqlite3.Connection, *, queries: tuple[str, ...], of: Mapping[str, object]) -> None:
    for query in queries:
        db.execute(QUERIES[query], of)


def _after(db: sqlite3.Connection, *, resource: int, generation: int) -> int | None:
    found = db.execute(QUERIES["generation_after"], {"resource": resource, "generation": generation}).fetchall()
    return int(found[0][0]) if found else None


def _events(db: sqlite3.Connection, *, generation: int) -> bool:
    """Remove a slice of the events of a commit, and the commit once it has none; tell whether it may have more."""
    of = {"generation": generation}
    ((first,),) = db.execute(QUERIES["first_ordinal"], of).fetchall()
    if first is None:
        db.execute(QUERIES["drop_generation"], of)
        return False
    stretch = {**of, "start": first, "stop": first + _SLICE}
    ((_, weight, _),) = db.execute(QUERIES["weight"], stretch).fetchall()
    if any(told for (told,) in db.execute(QUERIES["is_told"], of)):
        db.execute(QUERIES["lighten_log"], {"bytes": weight})
    db.execute(QUERIES["remove_events"], stretch)
    return True


def _segments(db: sqlite3.Connection, *, resource: int) -> bool:
    rows = db.execute(QUERIES["first_segments"], {"resource": resource, "limit": _SEGMENTS}).fetchall()
    tables.delete_segments(db, [id_ for (id_,) in rows])
    return len(rows) == _SEGMENTS
