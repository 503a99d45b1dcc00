"""What the runtime asks of the log of changes besides its events: who reads it, and what of it is kept."""

from collections.abc import Sequence
from typing import Protocol

from driftd.core.retention import Cursor, Day, Extent, Pruned, Retention


class Changelog(Protocol):
    """The log of changes as what grows and is read. `Store.read_changes` gives its events."""

    async def extent(self) -> Extent:
        """Return what the log holds.

        Whoever reads it after a `read_changes` whose ``after + 1`` is below its first seq may have missed events.
        """
        ...

    async def cursors(self) -> Sequence[Cursor]:
        """Return who reads the log, by name."""
        ...

    async def move(self, cursor: Cursor) -> None:
        """Make a cursor, or put it where it is now; raises `DecisionError` where there are too many."""
        ...

    async def forget(self, name: str) -> bool:
        """Remove a cursor; tell whether there was one."""
        ...

    async def days(self, since: int, *, connection: str | None = None, resource: str | None = None) -> Sequence[Day]:
        """Return the counts of each day from `since` on (epoch ms), by day, connection and resource."""
        ...

    async def stamped(self) -> int | None:
        """Return when the newest commit of the log was made, or released, epoch ms; None where it has none."""
        ...

    async def restamp(self, after: int, since: int, until: int) -> int:
        """Have commits of the log from behind a seq that are not stamped between two times stamped `until`, epoch ms.

        Of these and of cursors that were used later than `until`, return how many there were.
        """
        ...

    async def prune(self, retention: Retention, now: int, budget: float) -> Pruned:
        """Remove what is older than it is kept, in transactions of at most 1,000 rows, for `budget` seconds or so.

        Nothing of the snapshot goes, and no event that is withheld. Of tombstones those go whose event is gone, once
        the resource was swept twice since that was found.
        """
        ...

    async def ripe(self, retention: Retention, now: int) -> Pruned:
        """Return what `prune` would remove, if nothing else happened meanwhile."""
        ...

    async def shrink(self) -> int:
        """Give a little of what is free in the file back to the file system; return the bytes, 0 where none are."""
        ...
