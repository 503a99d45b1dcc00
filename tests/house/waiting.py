"""Waiting until a daemon, which is a process of its own, has read everything."""

import time
from pathlib import Path

import anyio

from driftd.adapters.clock import SystemClock
from driftd.adapters.sqlite import SqliteStore

PATIENCE = 300.0
"""Seconds within which every class must have been read, at the start and at the end."""


def until_swept(directory: Path, resources: int, since: int | None = None) -> None:
    """Wait until every resource has been swept after `since`, epoch ms; None: from now on.

    Raises `RuntimeError` naming some that were not.
    """
    since = SystemClock().now() if since is None else since

    async def swept() -> tuple[int, list[tuple[str, str]]]:
        async with SqliteStore.reading(directory) as store:
            standings = await store.standings()
        late = [name for name, each in standings.items() if (each.last_sweep or 0) <= since]
        return len(standings) - len(late), late

    ends = time.monotonic() + PATIENCE
    while (found := anyio.run(swept))[0] < resources:
        if time.monotonic() > ends:
            raise RuntimeError(f"after {PATIENCE} s {found[0]} of {resources} resources were swept, not {found[1][:5]}")
        time.sleep(1)
