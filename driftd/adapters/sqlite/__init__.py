"""The `Store` port on SQLite: one file, one writer, readers that see only what is committed."""

from driftd.adapters.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
