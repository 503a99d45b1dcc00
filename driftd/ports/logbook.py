"""What the runtime asks of the logbook: how polling goes, and went."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Protocol

from msgspec import Struct

from driftd.core.alerts.model import Alert, Deed, Notice
from driftd.core.budget import Usage
from driftd.core.health import ConnectionHealth, Flip, Poll, ResourceHealth


class Polled(Struct, frozen=True):
    """A finished poll as history keeps it."""

    connection: str
    resource: str
    poll: Poll


class Hour(Struct, frozen=True):
    """The polls of a resource that succeeded within an hour; of them no more than their number is kept."""

    connection: str
    resource: str
    at: int
    """When the hour began, epoch ms."""
    polls: int
    seconds: float
    """Altogether."""
    changes: int


_DAY: Final = 86_400_000
KEPT: Final[Mapping[type, int]] = {
    Hour: 30 * _DAY,
    Polled: 90 * _DAY,
    Flip: 400 * _DAY,
    Notice: 400 * _DAY,
    Deed: 400 * _DAY,
    Alert: 400 * _DAY,
}
"""How long each kind of entry is kept, ms; an alert from when it was resolved."""


class Entries(Struct, frozen=True):
    """What is to be written into the logbook at once; a later entry of a name replaces the earlier one."""

    connections: Mapping[str, ConnectionHealth] = {}
    usage: Mapping[str, Usage] = {}
    """By connection."""
    resources: Mapping[tuple[str, str], ResourceHealth] = {}
    """By connection and resource."""
    flips: Sequence[Flip] = ()
    polls: Sequence[Polled] = ()


class Remembered(Struct, frozen=True):
    """What the logbook knows of how polling goes, as of the last entries."""

    connections: Mapping[str, ConnectionHealth] = {}
    usage: Mapping[str, Usage] = {}
    resources: Mapping[tuple[str, str], ResourceHealth] = {}


class Logbook(Protocol):
    """How polling went. Written in groups: the last seconds before a crash may be missing, never half of a group."""

    async def recall(self, connections: Iterable[str] | None = None) -> Remembered:
        """Return what is known of `connections`; None: of all."""
        ...

    async def write(self, entries: Entries) -> None:
        """Write entries, all or nothing. A poll that is not `Result.OK` keeps a row of its own, others join an hour."""
        ...

    async def history(
        self, connection: str, *, since: int, until: int, limit: int, failures: bool = False
    ) -> Sequence[Flip | Polled | Hour]:
        """Return what happened from `since` to before `until` (epoch ms), newest first; `failures` leaves hours out.

        An hour is where it began. Of what happened at once flips come first, then polls, then hours.
        """
        ...

    async def flips(self, connection: str, since: int) -> int:
        """Count the changes of a connection's state at or after `since` (epoch ms)."""
        ...

    async def prune(self, now: int) -> int:
        """Remove what is older than its kind is kept, at most 1,000 rows; return how many went.

        What the casebook of the same store keeps for a time only is among it.
        """
        ...
