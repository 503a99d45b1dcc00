"""Keeps the log of changes as short as it is meant to be, bite by bite, so that polls have the writer meanwhile."""

from collections.abc import Callable, Sequence
from typing import Final

from driftd.core.reckoning import CLOSE
from driftd.core.retention import Pruned, Retention
from driftd.errors import FencedError, StoreError
from driftd.ports import Changelog, Clock, Log
from driftd.runtime.reckoning import Reckoning

EVERY: Final = 3600.0
"""Seconds between two looks for what may go."""
SOON: Final = 60.0
"""Seconds until the next look where no clock is believed."""
BITE: Final = 0.1
"""Seconds of pruning at a time."""
REST: Final = 0.4
"""Seconds between two bites."""

BY_HAND: Final = 1.0
"""Seconds of a bite that somebody waits for."""
_NO_TIME: Final = 0
"""By which nothing is old."""


class Pruning:
    """Prunes by the retention in force.

    By itself it goes by a clock that is believed (`Reckoning`), and without one for want of room only; who prunes by
    hand is taken at the word of this machine's clock.
    """

    def __init__(
        self,
        changelog: Changelog,
        clock: Clock,
        log: Log,
        retention: Callable[[], Retention],
        others: Callable[[], Sequence[int]] = tuple,
    ) -> None:
        """`others` returns what the clocks of servers show now, epoch ms."""
        self._changelog = changelog
        self._clock = clock
        self._log = log
        self._retention = retention
        self._reckoning = Reckoning(changelog, clock, others)
        self._doubted = False

    async def run(self) -> None:
        """Prune once an hour, for ever, and until a clock is believed each minute; raises `FencedError` only."""
        while True:
            wait = EVERY
            try:
                now = await self._reckoning.look()
                wait = SOON if now is None else EVERY
                self._doubt(self._reckoning.ahead > CLOSE / 1000)
                done = await self.prune(_NO_TIME if now is None else now)
                if done.rows or done.file_bytes:
                    self._log.info(
                        "log pruned", events=done.removed, bodies=done.stripped, bytes_given_back=done.file_bytes
                    )
            except FencedError:
                raise
            except StoreError as error:
                self._log.error("log cannot be pruned", error=str(error))
            await self._clock.sleep(wait)

    async def prune(self, now: int) -> Pruned:
        """Prune to the end, with a rest after each bite. Raises `FencedError` and `StoreError`."""
        done = await self._bite(BITE, now)
        while done.more:
            await self._clock.sleep(REST)
            done += await self._bite(BITE, now)
        return done

    async def by_hand(self) -> Pruned:
        """Prune for `BY_HAND` seconds or so, by the clock of this machine; ``more`` where that was too short."""
        return await self._bite(BY_HAND, self._clock.now())

    async def _bite(self, budget: float, now: int) -> Pruned:
        """Prune for `budget` seconds or so, then give back what is free; ``more`` where time was too short."""
        end = self._clock.monotonic() + budget
        done = await self._changelog.prune(self._retention(), now, budget)
        while not done.more and (given := await self._changelog.shrink()):
            done += Pruned(file_bytes=given, more=self._clock.monotonic() >= end)
        return done

    def _doubt(self, doubted: bool) -> None:  # noqa: FBT001 - a finding
        """Say once that our clock is ahead of what is believed, and once that it is no more."""
        if doubted and not self._doubted:
            hint = "set the clock of this machine right: until then the log is pruned by those of the tenants"
            self._log.warning("clock is ahead", seconds=round(self._reckoning.ahead), hint=hint)
        elif self._doubted and not doubted:
            self._log.info("clock is believed again")
        self._doubted = doubted
