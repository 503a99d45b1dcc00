"""The demo's story: incident after incident at a daemon's tenants, and what its alerts say of them."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

import anyio
from anyio import to_thread
from msgspec import Struct, field

from driftd.core.alerts.model import Alert, Notice, Telling
from driftd.core.reasons import State

if TYPE_CHECKING:
    from driftd.cli.incidents import Incident
    from driftd.core.status import ConnectionStatus
    from driftd.ports import Casebook

_LOOK: Final = 0.05
_MOST: Final = 1_000
_READ: Final = 2
"""Polls of each resource after which all of it is known, the lines of documents among it."""


class Pace(Struct, frozen=True):
    """How fast the story goes; seconds."""

    reading: float
    """To read what has just been told."""
    rest: float
    """Between an incident's end and the next."""
    patience: float = 60.0
    """After which an incident counts as missed, and an alert as not ended."""


class Chapter(Struct):
    """One incident as it was played."""

    number: int
    incident: "Incident"
    struck: int
    """When it was done, epoch ms."""
    alert: Alert | None = None
    """The first alert that it accounts for."""
    found: int | None = None
    """When that was told, epoch ms."""
    ended: int | None = None
    """When the last of its alerts was told to be over, epoch ms."""
    given_up: bool = False
    """Whether it was not found in time."""
    firing: set[str] = field(default_factory=set)
    """Ids of its alerts that fire."""

    @property
    def delay(self) -> float | None:
        """Seconds from the deed to the alert."""
        return None if self.found is None else (self.found - self.struck) / 1000

    @property
    def over(self) -> bool:
        """Whether it was found, or given up, and all of its alerts have ended."""
        return (self.found is not None or self.given_up) and not self.firing


class Outcome(Struct, frozen=True):
    """What was injected, and what was told."""

    chapters: Sequence[Chapter]
    false: Sequence[Notice]
    """Alerts that no incident accounts for."""
    planned: int

    @property
    def right(self) -> bool:
        """Whether all that had its time was found, and nothing else told."""
        return not self.false and not any(each.given_up for each in self.chapters)


class Teller(Protocol):
    """Who tells the story."""

    def struck(self, chapter: Chapter) -> None:
        """Tell of an incident that was done."""

    def alert(self, notice: Notice, chapter: Chapter | None) -> None:
        """Tell of an alert that fires or ended; None: no incident accounts for it."""

    def mended(self, chapter: Chapter) -> None:
        """Tell that an incident is undone."""

    def missed(self, chapter: Chapter) -> None:
        """Tell that an incident was not found in time."""


class Watched(Struct, frozen=True):
    """The daemon that is watched."""

    statuses: "Callable[[], Sequence[ConnectionStatus]]"
    """All connections as they were last looked at."""
    casebook: "Casebook"
    now: Callable[[], int]
    """Epoch ms."""


class Story:
    """Plays incidents, and follows the alerts."""

    def __init__(self, watched: Watched, incidents: "Sequence[Incident]", teller: Teller, pace: Pace) -> None:
        self._watched = watched
        self._incidents = incidents
        self._teller = teller
        self._pace = pace
        self._seq = 0
        self._chapters: list[Chapter] = []
        self._false: list[Notice] = []

    @property
    def outcome(self) -> Outcome:
        """What has come of it so far."""
        return Outcome(self._chapters, self._false, len(self._incidents))

    async def settled(self) -> None:
        """Wait until every tenant was read, and is well."""
        await self._until(self._well)

    async def play(self) -> None:
        """Play one incident after the other, and wait until all alerts have ended.

        Each waits until those before it that struck the same tenants are over.
        """
        for number, incident in enumerate(self._incidents, 1):
            await self._until(partial(self._free, incident), self._pace.patience)
            await self._one(number, incident)
        await self._until(lambda: all(each.over for each in self._chapters), self._pace.patience)

    async def follow(self) -> None:
        """Tell of alerts for ever."""
        await self._until(_never)

    async def _one(self, number: int, incident: "Incident") -> None:
        chapter = Chapter(number, incident, self._watched.now())
        self._chapters.append(chapter)
        undo = await to_thread.run_sync(incident.strike)
        self._teller.struck(chapter)
        await self._until(lambda: chapter.found is not None, self._pace.patience)
        if chapter.found is None:
            chapter.given_up = True
            self._teller.missed(chapter)
        await self._until(_never, self._pace.reading)
        await to_thread.run_sync(undo)
        self._teller.mended(chapter)
        await self._until(_never, self._pace.rest)

    def _free(self, incident: "Incident") -> bool:
        """Tell whether the tenants of an incident have nothing to do with another one any more."""
        left = (each.incident.tenants for each in self._chapters if not each.over)
        return all(incident.tenants.isdisjoint(tenants) for tenants in left)

    def _well(self) -> bool:
        """Tell whether every tenant is well, and each of its resources was read often enough to be known."""
        found = self._watched.statuses()
        known = all(each.health.polls >= _READ for status in found for each in status.resources)
        return bool(found) and known and all(each.state is State.OK for each in found)

    async def _until(self, holds: Callable[[], bool], seconds: float | None = None) -> None:
        """Tell of alerts until something holds, at most so many seconds."""
        with anyio.move_on_after(seconds):
            while not holds():
                await anyio.sleep(_LOOK)
                await self._listen()

    async def _listen(self) -> None:
        for told in await self._watched.casebook.notices(self._seq, _MOST):
            self._seq = told.seq
            self._take(told.notice)

    def _take(self, notice: Notice) -> None:
        alert = notice.alert
        chapter = self._of(alert)
        if chapter is None:
            if notice.telling is not Telling.RESOLVED:
                self._false.append(notice)
        elif notice.telling is Telling.RESOLVED:
            chapter.firing.discard(alert.id)
            chapter.ended = notice.at
        else:
            chapter.firing.add(alert.id)
            if chapter.found is None:
                chapter.alert, chapter.found = alert, notice.at
        self._teller.alert(notice, chapter)

    def _of(self, alert: Alert) -> Chapter | None:
        """Return the latest incident that accounts for an alert."""
        return next((each for each in reversed(self._chapters) if each.incident.accounts_for(alert)), None)


def _never() -> bool:
    return False
