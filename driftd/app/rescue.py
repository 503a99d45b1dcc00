"""A daemon whose database is damaged sets it aside, goes on from a backup or anew, and says so."""

from collections.abc import Awaitable, Callable
from typing import Final

import anyio
from anyio import to_thread
from msgspec import Struct

from driftd.adapters.sqlite.ballast import Ballast
from driftd.adapters.sqlite.mending import mend
from driftd.config import Config
from driftd.errors import DamagedStoreError, FullStoreError
from driftd.ports import Clock, Log

_TIMES: Final = 3
_BEAT: Final = 10.0
"""Seconds between two signs of life while the database is mended."""
_SPAN: Final = 3600.0
"""A database that is damaged more often than three times within so many seconds is on a disk that is."""


class Rescue(Struct, frozen=True):
    """What a rescue needs."""

    config: Config
    clock: Clock
    log: Log
    beat: Callable[[], object] = lambda: None
    """Says that all is well: mending takes as long as the backup is large."""


async def rescued(live: Callable[[], Awaitable[None]], rescue: Rescue) -> None:
    """Have a daemon live; each time its database proves damaged, mend that and have it live again.

    Where it finds no room to start, the ballast is given up. Raises what ends it otherwise, and `DamagedStoreError`
    where the damage returns again and again.
    """
    mended: list[float] = []
    while True:
        try:
            return await live()
        except Exception as error:
            damage, now = damage_of(error), rescue.clock.monotonic()
            mended = [at for at in mended if now - at < _SPAN]
            if isinstance(error, FullStoreError) and Ballast(rescue.config.data_dir).release():
                rescue.log.warning("ballast given up to start", error=str(error))
                continue
            if damage is None:
                raise
            if len(mended) >= _TIMES:
                raise damage from error
        rescue.log.error("database damaged", error=str(damage))
        async with anyio.create_task_group() as group:
            group.start_soon(_beating, rescue)
            await to_thread.run_sync(_mend, rescue, str(damage.__cause__ or damage))
            group.cancel_scope.cancel()
        mended.append(now)


async def _beating(rescue: Rescue) -> None:
    while True:
        rescue.beat()
        await rescue.clock.sleep(_BEAT)


def damage_of(error: BaseException) -> DamagedStoreError | None:
    """Return the damage that an error is, or that is among those of a group."""
    if isinstance(error, BaseExceptionGroup):
        return next((found for each in error.exceptions if (found := damage_of(each))), None)
    return error if isinstance(error, DamagedStoreError) else None


def _mend(rescue: Rescue, reason: str) -> None:
    config = rescue.config
    Ballast(config.data_dir).release()
    done = mend(config.data_dir, config.backup_dir, rescue.clock.now(), reason)
    rescue.log.warning(
        "database replaced",
        by=str(done.source) if done.source else "a new one",
        aside=str(done.aside) if done.aside else None,
        after_seq=done.seq,
    )
