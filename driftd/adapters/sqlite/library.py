"""The SQLite library that is linked."""

import sqlite3
from typing import Final

LIBRARY: Final = sqlite3.sqlite_version
RESET_HINT: Final = "nothing but driftd may write or checkpoint the file, no replication either; 3.51.3 is free of it"
_BEGAN: Final = (3, 7, 0)
_FIXED: Final = (3, 51, 3)


def resets_wal(version: str = LIBRARY) -> bool:
    """Tell whether two connections that write or checkpoint at one instant may lose what was committed.

    sqlite.org/wal.html#the_wal_reset_bug; one connection alone, as here, is safe.
    """
    return _BEGAN <= tuple(map(int, version.split("."))) < _FIXED
