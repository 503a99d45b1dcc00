"""A process that reads the logbook while another one writes it: run as a program by `test_logbook.py`.

    python -m tests.adapters.sqlite.watching DIRECTORY GROUPS

It recalls until it has found so many different groups, and ends with an error if it ever sees a part of one.
"""

import sys
from pathlib import Path

import anyio

from driftd.adapters.sqlite import SqliteStore
from driftd.core.health import Flip
from driftd.ports import Remembered
from tests.contracts.noted import NOW, group


async def main(*arguments: str) -> None:
    """Watch."""
    directory, groups = arguments
    seen: set[int] = set()
    async with SqliteStore.reading(Path(directory)) as store:
        while len(seen) < int(groups):
            recalled = await store.logbook.recall()
            number = max((usage.requests for usage in recalled.usage.values()), default=0)
            whole = group(number)
            if number:
                assert recalled == Remembered(whole.connections, whole.usage, whole.resources), number
            told = await store.logbook.history("tenant-0", since=0, until=2 * NOW, limit=100_000, failures=True)
            assert 2 * sum(isinstance(each, Flip) for each in told) == len(told)
            seen.add(number)


if __name__ == "__main__":
    anyio.run(main, *sys.argv[1:])
