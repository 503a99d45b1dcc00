"""The `Logbook` port on plain dicts."""

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec.structs import replace

from driftd.core.health import Flip, Result
from driftd.errors import FencedError
from driftd.ports import KEPT, Entries, Hour, Polled, Remembered

_HOUR: Final = 3_600_000
_SLICE: Final = 1_000
_Happened = Flip | Polled | Hour


class MemoryLogbook:
    """How polling went, gone with the process."""

    def __init__(self) -> None:
        self.remembered = Remembered()
        self.fenced = False
        """Set it to have every further change fail as after the start of another process."""
        self._flips: list[Flip] = []
        self._polls: list[Polled] = []
        self._hours: dict[tuple[str, str, int], Hour] = {}

    async def recall(self, connections: Iterable[str] | None = None) -> Remembered:
        if connections is None:
            return self.remembered
        names, all_ = set(connections), self.remembered
        return Remembered(
            connections={name: each for name, each in all_.connections.items() if name in names},
            usage={name: each for name, each in all_.usage.items() if name in names},
            resources={name: each for name, each in all_.resources.items() if name[0] in names},
        )

    async def write(self, entries: Entries) -> None:
        self._go_on()
        self.remembered = Remembered(
            connections={**self.remembered.connections, **entries.connections},
            usage={**self.remembered.usage, **entries.usage},
            resources={**self.remembered.resources, **entries.resources},
        )
        self._flips += entries.flips
        for polled in entries.polls:
            if polled.poll.result is Result.OK:
                self._count(polled)
            else:
                self._polls.append(polled)

    async def history(
        self, connection: str, *, since: int, until: int, limit: int, failures: bool = False
    ) -> Sequence[_Happened]:
        hours = [] if failures else sorted(self._hours.values(), key=lambda hour: hour.resource)
        latest: list[_Happened] = [*reversed(self._flips), *reversed(self._polls), *reversed(hours)]
        own = [each for each in latest if each.connection == connection and since <= _when(each) < until]
        return sorted(own, key=_when, reverse=True)[:limit]

    async def flips(self, connection: str, since: int) -> int:
        return sum(flip.connection == connection and flip.at >= since for flip in self._flips)

    async def prune(self, now: int) -> int:
        self._go_on()
        everything: list[_Happened] = [*self._hours.values(), *self._polls, *self._flips]
        gone = [each for each in everything if _when(each) < now - KEPT[type(each)]][:_SLICE]
        marks = set(map(id, gone))
        self._flips = [each for each in self._flips if id(each) not in marks]
        self._polls = [each for each in self._polls if id(each) not in marks]
        self._hours = {name: each for name, each in self._hours.items() if id(each) not in marks}
        return len(gone)

    def _count(self, polled: Polled) -> None:
        at = polled.poll.at // _HOUR * _HOUR
        name = (polled.connection, polled.resource, at)
        hour = self._hours.get(name, Hour(polled.connection, polled.resource, at, 0, 0.0, 0))
        self._hours[name] = replace(
            hour,
            polls=hour.polls + 1,
            seconds=hour.seconds + polled.poll.seconds,
            changes=hour.changes + sum(polled.poll.changes.values()),
        )

    def _go_on(self) -> None:
        if self.fenced:
            raise FencedError("a later process owns the store: this one must end")


def _when(happened: _Happened) -> int:
    return happened.poll.at if isinstance(happened, Polled) else happened.at
