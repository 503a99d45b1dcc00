"""A logbook in memory, put in the place of the stored one."""

import importlib
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager

import pytest

from driftd.config import Config
from driftd.core.health import Flip, Poll, Result
from driftd.ports import Entries, Hour, Polled, Remembered

HOUR = 3_600_000


class Recorded:
    """What was written, as the `Logbook` port gives it back."""

    def __init__(self) -> None:
        self._known = Remembered()
        self._events: list[Flip | Polled] = []

    async def recall(self, connections: Iterable[str] | None = None) -> Remembered:
        """Return what is known of `connections`; None: of all."""
        names = None if connections is None else set(connections)
        known = self._known
        return Remembered(
            {name: each for name, each in known.connections.items() if names is None or name in names},
            {name: each for name, each in known.usage.items() if names is None or name in names},
            {pair: each for pair, each in known.resources.items() if names is None or pair[0] in names},
        )

    async def write(self, entries: Entries) -> None:
        """Take entries in."""
        known = self._known
        self._known = Remembered(
            {**known.connections, **entries.connections},
            {**known.usage, **entries.usage},
            {**known.resources, **entries.resources},
        )
        self._events += [*entries.flips, *entries.polls]

    async def history(
        self, connection: str, *, since: int, until: int, limit: int, failures: bool = False
    ) -> Sequence[Flip | Polled | Hour]:
        """Return what happened, newest first."""
        own = [each for each in self._events if each.connection == connection]
        rows: list[Flip | Polled | Hour] = [each for each in own if isinstance(each, Flip) or not _good(each.poll)]
        if not failures:
            rows += _hours([each for each in own if isinstance(each, Polled) and _good(each.poll)])
        found = [each for each in rows if since <= _at(each) < until]
        return sorted(found, key=_at, reverse=True)[:limit]

    async def flips(self, connection: str, since: int) -> int:
        """Count the changes of state."""
        return sum(
            isinstance(each, Flip) and each.connection == connection and each.at >= since for each in self._events
        )

    async def prune(self, now: int) -> int:
        """Keep everything."""
        return 0 * now


def _good(poll: Poll) -> bool:
    return poll.result is Result.OK


def _at(event: Flip | Polled | Hour) -> int:
    return event.poll.at if isinstance(event, Polled) else event.at


def _hours(polls: Sequence[Polled]) -> list[Hour]:
    found: dict[tuple[str, int], list[Polled]] = {}
    for each in polls:
        found.setdefault((each.resource, each.poll.at // HOUR * HOUR), []).append(each)
    return [
        Hour(
            members[0].connection,
            resource,
            at,
            len(members),
            sum(each.poll.seconds for each in members),
            sum(sum(each.poll.changes.values()) for each in members),
        )
        for (resource, at), members in found.items()
    ]


def put_in_place(patch: pytest.MonkeyPatch) -> Recorded:
    """Have the commands read a logbook in memory; returns it, to be written."""
    logbook = Recorded()

    @asynccontextmanager
    async def recalling(config: Config) -> AsyncIterator[Recorded]:
        assert config.connections
        yield logbook

    patch.setattr(importlib.import_module("driftd.app.view"), "recalling", recalling)
    return logbook
