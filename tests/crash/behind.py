"""A log that fell behind what was told of it, as scenarios of the crash matrix: no number may say two things."""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest

from driftd.adapters.sqlite import SqliteStore, files, mending, opening
from driftd.adapters.sqlite.sql import migrations
from driftd.core.model import Op
from driftd.errors import DamagedStoreError, FullStoreError, StoreError
from tests.contracts.staged import CUSTOMERS, sight
from tests.crash.differing import Shown, events, records, repeated
from tests.crash.mended import back_up
from tests.crash.polls import STATES, once, play, poll

_NOW: Final = 1_700_000_000_000
_HEARD: Final = "heard"


async def lose_the_log(data_dir: Path) -> None:
    """Be killed after something was told, and lose the write-ahead log that has it."""
    await play(data_dir, range(2))
    async with SqliteStore.open(data_dir, clock_now=lambda: 1, cycle_id=lambda: "cycle 2") as store:
        await poll(store, 2, baseline=False, detects=False)
        await _hear(store, data_dir)
        for each in list(files.parts(data_dir / files.DATABASE))[1:]:
            each.unlink()
        os._exit(0)


async def be_killed(data_dir: Path) -> None:
    """Be killed after something was told, and lose nothing."""
    await play(data_dir, range(2))
    async with SqliteStore.open(data_dir, clock_now=lambda: 1, cycle_id=lambda: "cycle 2") as store:
        await poll(store, 2, baseline=False, detects=False)
        await _hear(store, data_dir)
        os._exit(0)


async def start_in_vain(data_dir: Path) -> None:
    """Start an older release, which is refused, and this one on a full disk."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "migrations", lambda: migrations()[:-1])
        with suppress(StoreError):
            await once(data_dir)
    with pytest.MonkeyPatch.context() as patch, suppress(FullStoreError):
        patch.setattr(opening, "keep_up", _full)
        await once(data_dir)


async def remove(data_dir: Path) -> None:
    """Tell something, and lose the database."""
    await _tell(data_dir, range(2))
    (data_dir / files.DATABASE).unlink()


async def damage_again(data_dir: Path) -> None:
    """Be damaged, take a backup, and be damaged twice more, once mended from that."""
    await _tell(data_dir, range(2))
    await _damage(data_dir)
    await mend(data_dir)
    await _tell(data_dir, range(2))
    await back_up(data_dir)
    for _ in range(2):
        await _tell(data_dir, range(2, 3))
        await _damage(data_dir)
        await mend(data_dir)
    await _tell(data_dir, range(2, 3))
    await _damage(data_dir)


async def mend(data_dir: Path) -> None:
    """Mend what is damaged."""
    mending.mend(data_dir, data_dir / files.BACKUPS, _NOW, "it was damaged")


async def go_on(data_dir: Path) -> None:
    """Start as a daemon does, which mends what is damaged, and poll on."""
    try:
        await once(data_dir)
    except DamagedStoreError:
        await mend(data_dir)
    await play(data_dir, range(len(STATES)))


async def shown(data_dir: Path) -> Shown:
    """Return records, what the log tells, markers once in a row, and which numbers say something else than before."""
    heard = _heard(data_dir)
    async with SqliteStore.reading(data_dir) as store:
        log = await store.read_changes(0, 10_000)
        seen = (await sight(store)).seen or ()
    told = [one.op for one in log]
    told = [op for op, before in zip(told, [None, *told], strict=False) if (op, before) != (Op.MARKER, Op.MARKER)]
    twice = [one.seq for one in log if heard.get(str(one.seq), one.envelope.decode()) != one.envelope.decode()]
    names = sorted(path.name for path in data_dir.iterdir())  # noqa: ASYNC240 - nothing else runs
    return Shown(
        events(one for one in log if one.op is not Op.MARKER),
        records(CUSTOMERS.name, seen),
        f"({[each.value for each in told]}, {names})",
        repeated(log) or (f"told twice: {twice}" if twice else ""),
    )


def _full(*_: object) -> None:
    raise FullStoreError("no room")


async def _tell(data_dir: Path, numbers: range) -> None:
    await play(data_dir, numbers)
    async with SqliteStore.reading(data_dir) as store:
        await _hear(store, data_dir)


async def _damage(data_dir: Path) -> None:
    """Leave nothing that could be asked."""
    for each in list(files.parts(data_dir / files.DATABASE))[::-1]:
        each.unlink()
    (data_dir / files.DATABASE).write_bytes(bytes(8_192))


async def _hear(store: SqliteStore, data_dir: Path) -> None:
    heard = _heard(data_dir)
    for one in await store.read_changes(0, 10_000):
        if heard.setdefault(str(one.seq), one.envelope.decode()) != one.envelope.decode():
            raise AssertionError(f"{one.seq} is told twice")
    (data_dir / _HEARD).write_text(json.dumps(heard))


def _heard(data_dir: Path) -> dict[str, str]:
    path = data_dir / _HEARD
    return dict(json.loads(path.read_text())) if path.exists() else {}
