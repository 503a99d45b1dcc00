"""Keeps the log of changes as short as it is meant to be, bite by bite, so that polls have the writer meanwhile."""

from collections.abc import Callable
from typing import Final

from driftd.core.retention import Pruned, Retention
from driftd.errors import FencedError, StoreError
from driftd.ports import Changelog, Clock, Log

EVERY: Final = 3600.0
"""Seconds between two looks for what may go."""
BITE: Final = 0.1
"""Seconds of pruning at a time."""
REST: Final = 0.4
"""Seconds between two bites."""

BY_HAND: Final = 1.0
"""Seconds of a bite that somebody waits for."""


class Pruning:
    """Prunes by the retention in force."""

    def __init__(self, changelog: Changelog, clock: Clock, log: Log, retention: Callable[[], Retention]) -> None:
        self._changelog = changelog
        self._clock = clock
        self._log = log
        self._retention = retention

    async def run(self) -> None:
        """Prune once an hour, for ever; raises `FencedError` only."""
        while True:
            try:
                done = await self.prune()
                if done.rows or done.file_bytes:
                    self._log.info(
                        "log pruned", events=done.removed, bodies=done.stripped, bytes_given_back=done.file_bytes
                    )
            except FencedError:
                raise
            except StoreError as error:
                self._log.error("log cannot be pruned", error=str(error))
            await self._clock.sleep(EVERY)

    async def prune(self) -> Pruned:
        """Prune to the end, with a rest after each bite. Raises `FencedError` and `StoreError`."""
        done = await self.bite(BITE)
        while done.more:
            await self._clock.sleep(REST)
            done += await self.bite(BITE)
        return done

    async def bite(self, budget: float) -> Pruned:
        """Prune for `budget` seconds or so, then give back what is free; ``more`` where time was too short."""
        end = self._clock.monotonic() + budget
        done = await self._changelog.prune(self._retention(), self._clock.now(), budget)
        while not done.more and (given := await self._changelog.shrink()):
            done += Pruned(file_bytes=given, more=self._clock.monotonic() >= end)
        return done
