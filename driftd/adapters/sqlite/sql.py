"""The SQL files of this package: named queries, and scripts cut into statements."""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from sqlite3 import complete_statement
from typing import Final

_ROOM: Final = Path(__file__).parent
_NAME: Final = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


def named(text: str) -> dict[str, str]:
    """Return the queries of `text` by the name in the ``-- name:`` line above each, without comments.

    Raises `ValueError` for a name given twice.
    """
    _, *parts = _NAME.split(text)
    names = parts[::2]
    if len(set(names)) < len(names):
        raise ValueError("a query's name is given twice")
    return {name: _without_comments(query) for name, query in zip(names, parts[1::2], strict=True)}


def statements(script: str) -> Iterator[str]:
    """Cut a script into its statements, each without its leading comments."""
    statement = ""
    for line in script.splitlines():
        if not statement and (not line.strip() or line.startswith("--")):
            continue
        statement += line + "\n"
        if complete_statement(statement):
            yield statement
            statement = ""


@cache
def migrations() -> Sequence[str]:
    """Return the scripts of ``migrations/`` in order: number n leads from schema n - 1 to schema n."""
    return tuple(script.read_text("utf-8") for script in sorted((_ROOM / "migrations").glob("*.sql")))


def repeated(query: str, rows: int) -> str:
    """Return an insert of one row as one of several, which takes the values of all of them in a row."""
    head, values, row, tail = re.split(r"(\bVALUES )(\([^)]*\))", query)
    return f"{head}{values}{', '.join([row] * rows)}{tail}"


def _without_comments(query: str) -> str:
    return "\n".join(line for line in query.splitlines() if line and not line.startswith("--"))


QUERIES: Final = named((_ROOM / "queries.sql").read_text("utf-8"))
AT_ONCE: Final = 100
"""Rows that ``insert_baseline_records_ahead`` takes."""
QUERIES["insert_baseline_records_ahead"] = repeated(QUERIES["insert_baseline_record_ahead"], AT_ONCE)
WRITER: Final = tuple(statements((_ROOM / "writer.sql").read_text("utf-8")))
READER: Final = tuple(statements((_ROOM / "reader.sql").read_text("utf-8")))
