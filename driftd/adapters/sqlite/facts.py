"""What exact checks know of records: links, sums and breaches. Each function is work within one transaction."""

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, TypeAlias

from msgspec import DecodeError, ValidationError, msgpack

from driftd.adapters.sqlite.series import series
from driftd.adapters.sqlite.sql import QUERIES
from driftd.core.drift import Check
from driftd.core.invariants.model import Breach, Link, SumKey, Sums
from driftd.core.model import KeyBytes
from driftd.ports import Facts

Columns: TypeAlias = tuple[Any, ...]
REFERRING: Final = 10_000
"""Links given at most."""
_AMOUNTS: Final = msgpack.Decoder(tuple[str, ...])
_CHECKS: Final = frozenset(Check)


def write(db: sqlite3.Connection, connection: str, resource: str, facts: Facts) -> None:
    """Write the facts of a resource, in the order in which they apply. About 6 µs a row."""
    number = series(db, connection, resource)
    relations = _Relations(db, connection, resource)
    db.executemany(QUERIES["delete_link"], map(relations.columns, facts.dropped))
    db.executemany(QUERIES["insert_link"], map(relations.columns, facts.links))
    db.executemany(QUERIES["delete_sum"], ((number, *key) for key, amounts in facts.sums.items() if not amounts))
    db.executemany(
        QUERIES["write_sum"],
        ((number, *key, msgpack.encode(amounts)) for key, amounts in facts.sums.items() if amounts),
    )
    db.executemany(QUERIES["delete_breach"], ((number, key, check, field) for check, field, key in facts.mended))
    for name, breaches in facts.breaches.items():
        _write_breaches(db, series(db, connection, name), breaches)


def accept(db: sqlite3.Connection, connection: str, resource: str, what: Iterable[tuple[Check, str]]) -> None:
    """Mark the present breaches of checks and fields as accepted."""
    number = series(db, connection, resource)
    db.executemany(QUERIES["accept_breaches"], ((number, check, field) for check, field in what))


def referring(
    db: sqlite3.Connection, *, connection: str, target: str, keys: Collection[KeyBytes]
) -> Mapping[str, Sequence[Link]]:
    """Return the links to the records `keys` of class `target`, by resource; at most `REFERRING`, in order of keys."""
    found: dict[str, list[Link]] = {}
    left = REFERRING
    for value in sorted(set(keys)):
        parameters = {"connection": connection, "target": target, "value": value, "limit": left}
        for resource, field, key in db.execute(QUERIES["referring"], parameters):
            found.setdefault(resource, []).append(Link(target, value, field, key))
            left -= 1
    return found


def sums(db: sqlite3.Connection, *, connection: str, resource: str, wanted: Collection[SumKey]) -> Sums:
    """Return the amounts of `wanted` sums; one that has none, or none that can be read, is left out."""
    found = {}
    for key in wanted:
        for (packed,) in db.execute(QUERIES["sum"], (connection, resource, *key)):
            with suppress(DecodeError, ValidationError):
                found[key] = _AMOUNTS.decode(packed)
    return found


def breaches(
    db: sqlite3.Connection, *, connection: str, resource: str, keys: Collection[KeyBytes] | None, limit: int
) -> Sequence[Breach]:
    """Return breaches of a resource's records, those written longest ago first; of an unknown check none."""
    names = {"connection": connection, "resource": resource, "limit": max(limit, 0)}
    if keys is None:
        return list(_breaches(db.execute(QUERIES["breaches"], names)))
    rows: list[Columns] = []
    for key in set(keys):
        rows += db.execute(QUERIES["breaches_of_key"], {**names, "key": key})
    return list(_breaches(sorted(rows, key=_judged)))[: max(limit, 0)]


def breached(db: sqlite3.Connection, *, connection: str, resource: str) -> Mapping[tuple[Check, str], tuple[int, int]]:
    """Count breaches by check and field: those found twice and not accepted, and all others."""
    rows = db.execute(QUERIES["breached"], {"connection": connection, "resource": resource})
    return {
        (Check(check), field): (counts, number - counts) for check, field, counts, number in rows if check in _CHECKS
    }


class _Relations:
    """The numbers of a resource's relations, each looked up once."""

    def __init__(self, db: sqlite3.Connection, connection: str, resource: str) -> None:
        self._db = db
        self._names = connection, resource
        self._numbers: dict[tuple[str, str], int] = {}

    def columns(self, link: Link) -> Columns:
        """Return a link as a row."""
        relation = link.target, link.field
        if relation not in self._numbers:
            self._numbers[relation] = self._number(*relation)
        return self._numbers[relation], link.value, link.key

    def _number(self, target: str, field: str) -> int:
        connection, resource = self._names
        names = (connection, target, resource, field)
        self._db.execute(QUERIES["insert_relation"], names)
        ((number,),) = self._db.execute(QUERIES["find_relation"], names).fetchall()
        return int(number)


def _write_breaches(db: sqlite3.Connection, number: int, breaches: Sequence[Breach]) -> None:
    ((judged,),) = db.execute(QUERIES["last_judged"], {"series": number}).fetchall()
    rows = (
        (number, each.key, each.check, each.field, each.since, each.fingerprint, each.times, each.accepted, judged + 1)
        for each in breaches
    )
    db.executemany(QUERIES["write_breach"], rows)


def _judged(row: Columns) -> Columns:
    check, field, key, *_, judged = row
    return judged, key, check, field


def _breaches(rows: Iterable[Columns]) -> Iterator[Breach]:
    for check, field, key, since, fingerprint, times, accepted, _ in rows:
        if check in _CHECKS:
            yield Breach(Check(check), field, key, since, fingerprint, times, bool(accepted))
