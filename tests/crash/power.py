"""Loses what was not yet synced when the power goes, in the ways in which a disk may lose it.

What SQLite and we do to files is recorded while a scenario acts. A point is a moment of that record: each file is then
what it was at its last sync, and of what was written since nothing is there, all, a beginning that ends within a
write, or some of its sectors. A removed file may be back, and a moved one where it was, until something is synced that
holds the directory.
"""

import os
import pickle
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from random import Random
from shutil import rmtree
from stat import S_ISDIR
from typing import Any, Final, Literal, NamedTuple

from driftd.adapters.sqlite import transaction
from tests.crash.disk import Disk, Touch
from tests.crash.ground import Ground, Picks, Row, in_child
from tests.crash.ground import log as read_log
from tests.crash.matrix import prepared
from tests.crash.scenarios import Scenario

SECTOR: Final = 512
Loss = Literal["all", "none", "torn", "sectors"]
LOSSES: Final[tuple[Loss, ...]] = ("all", "none", "torn", "sectors")
"""What is lost of what was written since the last sync: all, nothing, its end, or any sectors."""


class Moved(NamedTuple):
    """A file that was given another name."""

    path: Path
    to: Path


class Settled(NamedTuple):
    """A directory that was synced."""

    path: Path


class Promised(NamedTuple):
    """A transaction that was to last has ended: this must survive."""

    seq: int = 0
    """Events up to this place in the log."""
    notices: int = 0
    deeds: int = 0


Note = Touch | Moved | Settled | Promised


class Recorder:
    """Notes what is done to a directory, for as long as the process lives."""

    def __init__(self, room: Path) -> None:
        self.notes: list[Note] = []
        self._room = str(room)

    def watch(self) -> None:
        """Begin."""
        Disk(self._touched).stand_between()
        sys.addaudithook(self._audited)
        sync, fenced = os.fsync, transaction._fenced

        def synced(descriptor: int) -> None:
            if S_ISDIR(os.fstat(descriptor).st_mode):
                self.notes.append(Settled(Path(f"/proc/self/fd/{descriptor}").readlink()))
            sync(descriptor)

        def promised(db: Any, *, durable: bool, **how: Any) -> Any:
            found = fenced(db, durable=durable, **how)
            if durable:
                self.notes.append(_promise(db))
            return found

        os.fsync, transaction._fenced = synced, promised  # type: ignore[assignment]

    def _touched(self, touch: Touch) -> None:
        if str(touch.path).startswith(self._room) and not touch.path.name.endswith("-shm"):
            self.notes.append(touch)

    def _audited(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "os.rename" and str(arguments[0]).startswith(self._room):
            self.notes.append(Moved(Path(arguments[0]), Path(arguments[1])))


def _promise(db: sqlite3.Connection) -> Promised:
    ((seq, *rest),) = db.execute(
        "SELECT last_seq, (SELECT count(*) FROM notices), (SELECT count(*) FROM deeds) FROM meta"
    ).fetchall()
    return Promised(seq, *rest)


def left(files: dict[str, bytes], notes: Sequence[Note], loss: Loss, chance: Random) -> dict[str, bytes]:
    """Return what `files` are after the power was lost at the end of `notes`."""
    kept = {path: bytearray(content) for path, content in files.items()}
    pending: dict[str, list[Touch]] = {}
    names: list[Moved | Touch] = []
    for note in notes:
        if isinstance(note, Promised):
            continue
        if isinstance(note, Settled):
            _rename(kept, names)
        elif isinstance(note, Moved) or note.verb == "remove":
            names.append(note)
            if not isinstance(note, Moved) and note.offset:
                _rename(kept, names)
        elif note.verb == "sync":
            _apply(kept, pending.pop(note.path.name, []))
        else:
            pending.setdefault(note.path.name, []).append(note)
    for path, touches in pending.items():
        kept.setdefault(path, bytearray())
        _lose(kept, touches, loss, chance)
    _rename(kept, names[: {"all": 0, "none": len(names)}.get(loss, chance.randint(0, len(names)))])
    return {path: bytes(content) for path, content in kept.items()}


def _apply(files: dict[str, bytearray], touches: Iterable[Touch]) -> None:
    for touch in touches:
        content = files.setdefault(touch.path.name, bytearray())
        if touch.verb == "cut":
            del content[touch.offset :]
        else:
            content.extend(bytes(max(0, touch.offset - len(content))))
            content[touch.offset : touch.offset + len(touch.written)] = touch.written


def _lose(files: dict[str, bytearray], touches: list[Touch], loss: Loss, chance: Random) -> None:
    if loss == "none":
        _apply(files, touches)
    elif loss == "torn":
        whole = chance.randrange(len(touches))
        torn = touches[whole]
        part = torn.written[: chance.randint(0, len(torn.written) // SECTOR) * SECTOR]
        _apply(files, [*touches[:whole], *([torn._replace(written=part)] if part else [])])
    elif loss == "sectors":
        for touch in touches:
            for at in range(0, len(touch.written), SECTOR):
                if chance.random() < 0.5:
                    _apply(files, [touch._replace(offset=touch.offset + at, written=touch.written[at : at + SECTOR])])


def _rename(files: dict[str, bytearray], names: list[Moved | Touch]) -> None:
    for name in names:
        content = files.pop(name.path.name, bytearray())
        if isinstance(name, Moved):
            files[name.to.name] = content
    names.clear()


def lose(name: str, scenario: Scenario, room: Path, points: Picks = range, seed: int = 1) -> Row:
    """Lose the power at those of a scenario's moments that `points` picks, each a way of losing too.

    All that was not synced is lost in any case just after each promise.
    """
    with prepared(scenario, room) as ground:
        notes = _recorded(ground)
        _, oracle = ground.undisturbed()
        log, files = ground.log(), _files(ground.base)
        row = Row(name, Counter(each.verb for each in notes if isinstance(each, Touch)))
        just_after = [len(LOSSES) * n for n, each in enumerate(notes, 1) if isinstance(each, Promised)]
        for point in sorted({*just_after, *points(len(LOSSES) * (len(notes) + 1))}):
            moment, way = divmod(point, len(LOSSES))
            _write(ground.data_dir, left(files, notes[:moment], LOSSES[way], Random(f"{seed}/{name}/{point}")))
            promise = max((each for each in notes[:moment] if isinstance(each, Promised)), default=Promised())
            row.met(point, oracle, ground.finish(partial(_keeps, log=log, promise=promise)))
    return row


async def _keeps(data_dir: Path, *, log: list[tuple[int, str]], promise: Promised) -> None:
    """Raise where something is lost that was promised, or an event is there that never was."""
    survived = await read_log(data_dir)
    with closing(sqlite3.connect(data_dir / "driftd.db")) as db:
        kept = _promise(db)
    lost = [seq for seq, envelope in log if seq <= promise.seq and (seq, envelope) not in survived]
    invented = [each for each in survived if each not in log]
    if lost or invented or kept.notices < promise.notices or kept.deeds < promise.deeds:
        raise AssertionError(f"promised {promise}, kept {kept}: lost {lost}, invented {invented}")


def _recorded(ground: Ground) -> list[Note]:
    """Let a scenario act on a copy of its base, and return what it did; paths are names."""
    ground.copy()
    taken = ground.room / "notes"

    async def act() -> None:
        recorder = Recorder(ground.data_dir)
        recorder.watch()
        await ground.scenario.act(ground.data_dir)
        taken.write_bytes(pickle.dumps(recorder.notes))

    if in_child(act):
        raise RuntimeError("it fails undisturbed")
    return list(pickle.loads(taken.read_bytes()))


def _files(base: Path) -> dict[str, bytes]:
    """Read files by their names, all but what SQLite shares between processes, which no loss of power outlives."""
    return {path.name: path.read_bytes() for path in base.glob("*") if not path.name.endswith("-shm")}


def _write(data_dir: Path, files: dict[str, bytes]) -> None:
    rmtree(data_dir, ignore_errors=True)
    data_dir.mkdir(0o700)
    for name, content in files.items():
        (data_dir / name).write_bytes(content)
