"""Collects what the logbook is to be told, and tells it in groups."""

from itertools import islice
from typing import Final, TypeVar

import anyio
import anyio.lowlevel

from driftd.core.budget import Usage
from driftd.core.health import ConnectionHealth, Flip, ResourceHealth
from driftd.errors import FencedError, StoreError
from driftd.ports import Clock, Entries, Log, Logbook, Polled

K = TypeVar("K")
V = TypeVar("V")
EVERY: Final = 2.0
"""Seconds between groups: what a crash may cost of the bookkeeping."""
GROUP: Final = 500
"""Entries of a kind in one transaction."""
MOST: Final = 20_000
"""Finished polls that are kept while the logbook cannot be written; the oldest go first."""


class Book:
    """Bookkeeping that does not hold the polls up."""

    def __init__(self, logbook: Logbook, clock: Clock, log: Log) -> None:
        self._logbook = logbook
        self._clock = clock
        self._log = log
        self._connections: dict[str, ConnectionHealth] = {}
        self._usage: dict[str, Usage] = {}
        self._resources: dict[tuple[str, str], ResourceHealth] = {}
        self._flips: list[Flip] = []
        self._polls: list[Polled] = []
        self.failing = False
        """Whether the latest group could not be written."""

    def connection(self, name: str, health: ConnectionHealth, usage: Usage) -> None:
        """Have a connection's health written."""
        self._connections[name] = health
        self._usage[name] = usage

    def polled(self, polled: Polled, health: ResourceHealth) -> None:
        """Have a finished poll written, and what it makes of its resource."""
        self._resources[polled.connection, polled.resource] = health
        self._polls.append(polled)
        del self._polls[:-MOST]

    def flipped(self, flip: Flip) -> None:
        """Have a change of state written."""
        self._flips.append(flip)
        del self._flips[:-MOST]

    def forget(self, name: str) -> None:
        """Have nothing more written of a connection."""
        self._connections.pop(name, None)
        self._usage.pop(name, None)
        self._resources = {names: health for names, health in self._resources.items() if names[0] != name}
        self._flips = [each for each in self._flips if each.connection != name]
        self._polls = [each for each in self._polls if each.connection != name]

    async def run(self) -> None:
        """Write what has come in, every two seconds, for ever."""
        while True:
            await self._clock.sleep(EVERY)
            await self.write()

    async def write(self) -> None:
        """Write what has come in. What cannot be written is kept for the next time; raises `FencedError` only."""
        while entries := self._taken():
            try:
                with anyio.CancelScope(shield=True):
                    await self._logbook.write(entries)
            except FencedError:
                raise
            except StoreError as error:
                self._keep(entries)
                if not self.failing:
                    self._log.error("logbook cannot be written", error=str(error))
                self.failing = True
                return
            if self.failing:
                self._log.info("logbook is written again")
            self.failing = False

    def _taken(self) -> Entries | None:
        """Take a group of what has come in: no more than keeps other transactions waiting for a moment only."""
        if not (self._connections or self._usage or self._resources or self._flips or self._polls):
            return None
        entries = Entries(
            connections=_take(self._connections),
            usage=_take(self._usage),
            resources=_take(self._resources),
            flips=self._flips[:GROUP],
            polls=self._polls[:GROUP],
        )
        self._flips, self._polls = self._flips[GROUP:], self._polls[GROUP:]
        return entries

    async def prune(self) -> None:
        """Remove what is older than its kind is kept; raises `FencedError` only."""
        try:
            while await self._logbook.prune(self._clock.now()):
                await anyio.lowlevel.checkpoint()
        except FencedError:
            raise
        except StoreError as error:
            self._log.error("logbook cannot be pruned", error=str(error))

    def _keep(self, entries: Entries) -> None:
        """Put entries back behind those that came meanwhile."""
        self._connections = {**entries.connections, **self._connections}
        self._usage = {**entries.usage, **self._usage}
        self._resources = {**entries.resources, **self._resources}
        self._flips = [*entries.flips, *self._flips][-MOST:]
        self._polls = [*entries.polls, *self._polls][-MOST:]


def _take(entries: dict[K, V]) -> dict[K, V]:
    """Take out as many entries as make a group."""
    taken = dict(islice(entries.items(), GROUP))
    for name in taken:
        del entries[name]
    return taken
