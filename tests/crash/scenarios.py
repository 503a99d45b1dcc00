"""What is killed in its midst: each scenario is one entry.

It prepares a directory, acts, which is what is killed, and finishes: what was killed is done over, and all that comes
after it. To act again where that was done already does nothing, as with everything in driftd.
"""

import sqlite3
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from driftd.adapters.sqlite.sql import migrations
from tests.crash import behind, erased, mended, sealed
from tests.crash.differing import Shown
from tests.crash.polls import STATES, file, forget, move, note, once, play, prune
from tests.crash.shown import shown

Act = Callable[[Path], Coroutine[Any, Any, None]]
Show = Callable[[Path], Coroutine[Any, Any, Shown]]
RELEASED: Final = Path(__file__).parents[1] / "adapters" / "sqlite" / "released"

_LEFT_OPEN: Final[list[sqlite3.Connection]] = []


async def nothing(_: Path) -> None:
    """Prepare nothing: the directory is not there yet."""


@dataclass(frozen=True)
class Scenario:
    """What is done to a directory, in three parts."""

    act: Act
    finish: Act
    prepare: Act = nothing
    shown: Show = shown
    """What is compared in the end."""
    appends: bool = True
    """Whether the log only grows, so that what was promised of it must be there before it goes on."""
    ahead: bool = False
    """Whether nearly everything is written ahead, in transactions of two rows."""
    after_a_kill: bool = False
    """Whether what acts finds a directory in which it was killed half-way before."""


def _polling(
    killed: int, *, ahead: bool = False, after_a_kill: bool = False, baseline: bool = False, detects: bool = False
) -> Scenario:
    step = partial(play, baseline=baseline, detects=detects)
    return Scenario(
        prepare=partial(step, numbers=range(killed)),
        act=partial(step, numbers=range(killed, killed + 1)),
        finish=partial(step, numbers=range(killed, len(STATES))),
        ahead=ahead,
        after_a_kill=after_a_kill,
    )


def _migrating(schema: int) -> Scenario:
    """Return the migration of a file whose last writer did not end well."""

    async def prepare(data_dir: Path) -> None:
        data_dir.mkdir(0o700)  # noqa: ASYNC240 - nothing else runs
        _LEFT_OPEN.append(db := sqlite3.connect(data_dir / "driftd.db", isolation_level=None))
        db.execute("PRAGMA journal_mode = WAL")
        db.executescript((RELEASED / f"schema-{schema}.sql").read_text("utf-8"))

    return Scenario(prepare=prepare, act=once, finish=partial(note, numbers=range(2)))


def _erasing(*, forget: bool) -> Scenario:
    """Return the erasure of a record that alerts, notices, memory, polls and deeds tell of."""
    erase = erased.erasing(forget=forget)
    told = _then(partial(play, numbers=range(3), detects=True), erased.tell)
    return Scenario(prepare=told, act=erase, finish=erase, shown=erased.shown, appends=False)


def _released() -> list[int]:
    """Return the earlier schemas of which there is a file that their release wrote."""
    return [number for number in range(1, len(migrations())) if (RELEASED / f"schema-{number}.sql").exists()]


def _then(*acts: Act) -> Act:
    async def all_of_them(data_dir: Path) -> None:
        for act in acts:
            await act(data_dir)

    return all_of_them


SCENARIOS: Final = {
    "first opening": Scenario(act=once, finish=partial(play, numbers=range(3))),
    "small commit": _polling(1, detects=True),
    "small commit that releases": _polling(2, detects=True),
    "small baseline": _polling(0, baseline=True),
    "baseline written ahead": _polling(0, baseline=True, ahead=True),
    "large cycle written ahead": _polling(1, baseline=True, ahead=True, detects=True),
    "large cycle that releases": _polling(2, baseline=True, ahead=True, detects=True),
    "large cycle after a kill": _polling(1, baseline=True, ahead=True, after_a_kill=True),
    "log moved into the database": Scenario(
        prepare=partial(move, numbers=range(1)),
        act=partial(move, numbers=range(1, 2)),
        finish=partial(move, numbers=range(1, 3)),
    ),
    "filing of the casebook": Scenario(prepare=partial(play, numbers=range(2), detects=True), act=file, finish=file),
    "group of the logbook": Scenario(
        prepare=partial(note, numbers=range(1)),
        act=partial(note, numbers=range(1, 2)),
        finish=partial(note, numbers=range(1, 3)),
    ),
    "logbook pruned": Scenario(
        prepare=partial(note, numbers=range(2)), act=forget, finish=_then(forget, partial(note, numbers=range(2, 3)))
    ),
    "bodies of the log compacted": Scenario(
        prepare=partial(play, numbers=range(2)),
        act=partial(prune, days=40),
        finish=_then(partial(prune, days=40), partial(play, numbers=range(3))),
        appends=False,
    ),
    "events of the log removed": Scenario(
        prepare=partial(play, numbers=range(2), detects=True),
        act=partial(prune, days=100),
        finish=_then(partial(prune, days=100), partial(play, numbers=range(3), detects=True)),
        appends=False,
    ),
    "backup": Scenario(
        prepare=partial(play, numbers=range(2)),
        act=mended.back_up,
        finish=_then(mended.back_up, partial(play, numbers=range(3))),
        shown=mended.kept,
    ),
    "restore": Scenario(
        prepare=mended.prepare, act=mended.restore, finish=mended.go_on, shown=mended.restored, appends=False
    ),
    **{
        name: Scenario(prepare=prepare, act=act, finish=behind.go_on, shown=behind.shown, appends=False)
        for name, prepare, act in (
            ("starts in vain after a kill", behind.be_killed, behind.start_in_vain),
            ("start after a lost log", behind.lose_the_log, once),
            ("start without the database", behind.remove, once),
            ("mend from a backup again", behind.damage_again, behind.mend),
        )
    },
    "record erased": _erasing(forget=False),
    "record erased and forgotten": _erasing(forget=True),
    **{
        name: Scenario(prepare=sealed.prepare, act=act, finish=act, shown=sealed.shown, appends=False)
        for name, act in (
            ("secret kept", sealed.keep),
            ("keys rotated", sealed.rotate),
            ("secret shredded", sealed.shred),
        )
    },
    **{f"migration from schema {number}": _migrating(number) for number in _released()},
}
