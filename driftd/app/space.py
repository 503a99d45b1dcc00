"""Watches over the room that the database has: stops capture while there is none, and has it go on by itself."""

from typing import Final

from anyio import to_thread

from driftd.adapters.sqlite import SqliteStore
from driftd.adapters.sqlite.ballast import Ballast
from driftd.config import StoreConfig
from driftd.core import space
from driftd.core.health import Trouble
from driftd.core.reasons import GRACE
from driftd.core.space import Limits, Room
from driftd.errors import FencedError, Reason, StoreError
from driftd.ports import Clock, Log
from driftd.runtime.halt import Halt

EVERY: Final = 2.0
"""Seconds between looks."""
_HINT: Final = "free disk space, or enlarge the volume of data_dir; capture goes on by itself"


class Space:
    """The room of one data directory."""

    def __init__(self, store: SqliteStore, ballast: Ballast, halt: Halt, clock: Clock, log: Log) -> None:
        self._store = store
        self._ballast = ballast
        self.halt = halt
        self._clock = clock
        self._log = log
        self._refused = 0
        self._failing = False

    @property
    def held(self) -> int:
        """The bytes that the ballast holds."""
        return self._ballast.size

    async def watch(self, config: StoreConfig) -> None:
        """Look, for ever."""
        while True:
            await self.look(config)
            await self._clock.sleep(EVERY)

    async def look(self, config: StoreConfig) -> None:
        """Look once, and act on what is seen."""
        refusals = self._store.refusals
        try:
            room = await to_thread.run_sync(lambda: self._ballast.room(refused=refusals > self._refused))
            self._refused = refusals
            await self._act(room, space.limits(room.size, config.ballast, config.low_water))
            self._failing = False
        except FencedError:
            raise
        except StoreError as error:
            if not self._failing:
                self._log.error("room cannot be looked at", error=str(error))
            self._failing = True

    async def _act(self, room: Room, limits: Limits) -> None:
        self.halt.spare = space.spare(room, limits)
        before = self.halt.trouble is not None
        if space.short(room, limits, before=before):
            if room.ballast:
                await to_thread.run_sync(self._ballast.release)
            if not before:
                self._begin(room, limits)
            return
        if room.ballast < limits.ballast and space.ample(room, limits):
            await to_thread.run_sync(self._ballast.make, limits.ballast)
        if before:
            self.halt.set(None)
            self._log.info("room again", free=room.free, low_water=limits.low)

    def _begin(self, room: Room, limits: Limits) -> None:
        now = self._clock.now()
        message = (
            f"the disk of the database is full ({room.free / 1e6:.1f} MB free, below {limits.low / 1e6:.1f} MB):"
            " nothing is captured"
        )
        trouble = Trouble(
            Reason.STORE_ERROR, message, _HINT, None, since=now, at=now, times=GRACE, recent=(now,), alike=GRACE
        )
        self.halt.set(trouble)
        self._log.error("no room", free=room.free, low_water=limits.low, refused=room.refused or None, hint=_HINT)
