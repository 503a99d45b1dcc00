"""The SQL files: named queries that compile, and read no more than they must."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from driftd.adapters import sqlite
from driftd.adapters.sqlite import migrating, sql

_FREE = {"begin", "begin_reading", "commit", "rollback", "durable", "relaxed", "quick_check", "optimize_at_open"}
_NOT_PLANNED = _FREE | {"optimize_at_close", "back_up"}
_WHOLE = {
    "standings",
    "evaluated",
    "read_resources",
    "restamp_cursors",
    "forgetting",
    "cursors",
    "prune_cursors",
    "unfinished",
    "sealed",
    "stored_connections",
    "clearing",
    "pauses",
    "tokens",
    "count_tokens",
}
"""Queries that read a row of every resource, cursor, erasure, secret, connection, pause or token; asked seldom."""
_SORTED = {"stalest_without_facet"}
"""Queries that may sort a whole resource: once, until the details of a resource are wanted."""


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """One for all queries, which are planned and not run."""
    path = tmp_path_factory.mktemp("schema") / "schema.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        migrating.migrate(db, path, sql.migrations())
        yield db


def _plan(db: sqlite3.Connection, name: str) -> list[str]:
    query = sql.QUERIES[name]
    named = dict.fromkeys(re.findall(r":(\w+)", query), 0)
    return [step for *_, step in db.execute(f"EXPLAIN QUERY PLAN {query}", named or (0,) * query.count("?"))]


@pytest.mark.parametrize("name", sorted(set(sql.QUERIES) - _NOT_PLANNED))
def test_a_query_finds_its_rows_by_key(schema: sqlite3.Connection, name: str) -> None:
    """Every query compiles against the schema; none reads a growing table from end to end, none sorts one."""
    plan = _plan(schema, name)
    assert name in _WHOLE or not [step for step in plan if re.match(r"SCAN (?!meta|pragma|sqlite_|CONSTANT|\d)", step)]
    assert name in _SORTED or not [step for step in plan if "TEMP B-TREE FOR ORDER BY" in step]


def test_every_query_is_used() -> None:
    """A query that no module names is dead."""
    package = Path(sqlite.__file__).parent
    code = "".join(path.read_text() for path in package.glob("*.py"))
    assert {name for name in sql.QUERIES if f'"{name}"' not in code} == set()


def test_statements_are_cut_where_they_end() -> None:
    """Comments before a statement go, semicolons in texts and triggers do not end one."""
    script = """-- what
CREATE TABLE a (b TEXT DEFAULT ';');

-- more
CREATE TRIGGER t AFTER INSERT ON a BEGIN
    DELETE FROM a; -- all
END;
"""
    first, second = sql.statements(script)
    assert first == "CREATE TABLE a (b TEXT DEFAULT ';');\n"
    assert second.startswith("CREATE TRIGGER")
    assert second.endswith("END;\n")


def test_a_name_given_twice_is_refused() -> None:
    """Two queries of one name would hide each other."""
    with pytest.raises(ValueError, match="twice"):
        sql.named("-- name: one\nSELECT 1\n-- name: one\nSELECT 2\n")


def test_a_description_is_no_part_of_its_query() -> None:
    """Only the statement is sent."""
    assert sql.named("-- name: one\n-- Why.\nSELECT 1\n\n-- name: two\nSELECT 2\n") == {
        "one": "SELECT 1",
        "two": "SELECT 2",
    }


def test_an_insert_of_several_rows_is_that_of_one_repeated() -> None:
    """Only the row of values is repeated: what stands in front of it and behind it stays."""
    one = sql.QUERIES["insert_baseline_record_ahead"]
    assert sql.repeated(one, 1) == one
    several = sql.repeated(one, 3)
    assert several.count("?") == 3 * one.count("?")
    assert (several.count("INSERT INTO records"), several.count("ON CONFLICT DO NOTHING")) == (1, 1)
