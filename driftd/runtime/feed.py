"""The log of changes as a reader follows it: portion by portion, told when its place is gone."""

from collections.abc import Sequence
from typing import NamedTuple

from msgspec import Struct

from driftd.core.model import Recorded
from driftd.ports import Changelog, Store


class Wanted(Struct, frozen=True):
    """Whose events a reader follows; None: of all."""

    connection: str | None = None
    resource: str | None = None


class Portion(NamedTuple):
    """What comes next in the log."""

    events: Sequence[Recorded]
    after: int
    """The place behind it: what it does not hold up to there concerns the reader in nothing."""
    truncated: int | None = None
    """Set, and `events` empty, where the reader's place is no place of the log: it goes on from this seq.

    What was before it is gone, or was never there: the database is an older one.
    """


async def portion(store: Store, changelog: Changelog, after: int, limit: int, wanted: Wanted) -> Portion:
    """Return what follows the seq `after`, `limit` events at most; raises `StoreError`."""
    last = (await changelog.extent()).last
    events = await store.read_changes(after, limit, connection=wanted.connection, resource=wanted.resource)
    first = (await changelog.extent()).first
    if first > after + 1 or after > last:
        begin = first if first > after + 1 else last + 1
        return Portion((), begin - 1, begin)
    end = events[-1].seq if events else after
    return Portion(events, max(end, last) if len(events) < limit else end)
