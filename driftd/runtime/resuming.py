"""Erasures that were interrupted go on by themselves: from the start on, and as soon as there is room again.

They pause while nothing may be captured, and write bodies anew only where that leaves as much room as capture needs.
"""

from typing import Final

import anyio

from driftd.errors import FencedError, FullStoreError, StoreError
from driftd.ports import Clock, Log
from driftd.runtime.decisions import Names
from driftd.runtime.erasing import NO_ROOM, Erasing
from driftd.runtime.halt import Halt

EVERY: Final = 30.0
"""Seconds between two looks for what was interrupted; one is a query of a few rows."""


class Resuming:
    """Takes up what was interrupted, each resource for itself: one may have to wait for the end of a long cycle."""

    def __init__(self, erasing: Erasing, clock: Clock, halt: Halt, log: Log) -> None:
        self._erasing = erasing
        self._clock = clock
        self._halt = halt
        self._log = log
        self._going: set[Names] = set()
        """What is under way, or was ended by a bug."""
        self._told: dict[Names | None, str] = {}
        """What was last said to be in the way."""

    async def run(self) -> None:
        """Look, for ever; raises `FencedError` only, alone or in a group."""
        async with anyio.create_task_group() as group:
            while True:
                for names in await self._waiting():
                    self._going.add(names)
                    group.start_soon(self._resume, names)
                await self._clock.sleep(EVERY)

    async def _waiting(self) -> list[Names]:
        if self._halt.trouble is not None:
            return []
        try:
            return [names for names in await self._erasing.unfinished() if names not in self._going]
        except StoreError as error:
            self._say(None, str(error))
            return []

    async def _resume(self, names: Names) -> None:
        try:
            with self._halt.pausing() as paused:
                self._came(names, done=await self._erasing.resume(names, lambda: self._halt.spare))
            if paused.cancelled_caught:
                self._say(names, NO_ROOM)
        except FencedError:
            raise
        except FullStoreError:
            self._say(names, NO_ROOM)
        except StoreError as error:
            self._say(names, str(error))
        except Exception as error:
            # it would come again: others go on, and this one with the next start
            self._log.error("interrupted erasure ended by a bug", connection=names[0], resource=names[1], error=error)
            return
        self._going.discard(names)

    def _came(self, names: Names, *, done: bool | None) -> None:
        """Say how far it came."""
        if done is False:
            self._say(names, "a reader holds on to pages of before")
            return
        self._told.pop(names, None)
        if done:
            self._log.info("interrupted erasure finished", connection=names[0], resource=names[1])

    def _say(self, names: Names | None, why: str) -> None:
        """Tell what is in the way, once for as long as it is."""
        if self._told.get(names) == why:
            return
        self._told[names] = why
        where = {} if names is None else {"connection": names[0], "resource": names[1]}
        self._log.warning("interrupted erasure waits", **where, error=why)
