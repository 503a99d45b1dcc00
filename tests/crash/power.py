"""Loses what was not yet synced when the power goes, in the ways in which a disk may lose it.

What SQLite and we do to files is recorded while a scenario acts. A point is a moment of that record: each file is then
what it was at its last sync, and of what was written since nothing is there, all, a beginning that ends within a
write, or some of its sectors. A removed file may be back, and a moved one where it was, until something is synced that
holds the directory.
"""

import os
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random
from shutil import rmtree
from stat import S_ISDIR
from typing import Any

from driftd.adapters.sqlite import transaction
from driftd.core.model import Recorded
from tests.crash.differing import Difference, difference
from tests.crash.disk import Disk, Touch
from tests.crash.ground import Ground, Picks, Row, T
from tests.crash.matrix import prepared
from tests.crash.platter import LOSSES, Deed, Moved, Platter, Settled
from tests.crash.promised import Promised, broken, kept, promise
from tests.crash.scenarios import Scenario

Note = Deed | Promised


class Recorder:
    """Notes what is done to a directory, for as long as the process lives."""

    def __init__(self, room: Path) -> None:
        self.notes: list[Note] = []
        self._room = room

    def watch(self) -> None:
        """Begin."""
        Disk(self._touched).stand_between()
        sys.addaudithook(self._audited)
        sync, fenced = os.fsync, transaction._fenced

        def synced(descriptor: int) -> None:
            sync(descriptor)
            self._synced(descriptor, Path(f"/proc/self/fd/{descriptor}").readlink())

        def promised(db: Any, *, durable: bool, **how: Any) -> Any:
            found = fenced(db, durable=durable, **how)
            if durable:
                self.notes.append(promise(db))
            return found

        os.fsync, transaction._fenced = synced, promised  # type: ignore[assignment]

    def _touched(self, touch: Touch) -> None:
        if touch.path.is_relative_to(self._room) and not touch.path.name.endswith("-shm"):
            self.notes.append(touch._replace(path=touch.path.relative_to(self._room)))

    def _audited(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in {"os.rename", "os.remove"} and Path(arguments[0]).is_relative_to(self._room):
            path = Path(arguments[0]).relative_to(self._room)
            moved = event == "os.rename"
            self.notes.append(
                Moved(path, Path(arguments[1]).relative_to(self._room)) if moved else Touch("remove", path)
            )

    def _synced(self, descriptor: int, path: Path) -> None:
        """Note a sync of ours: of a directory, or of a file, of which nothing that we wrote was noted before."""
        if S_ISDIR(os.fstat(descriptor).st_mode):
            self.notes.append(Settled(path))
        elif path.is_relative_to(self._room):
            own = path.relative_to(self._room)
            self.notes += [Touch("cut", own), Touch("write", own, 0, path.read_bytes()), Touch("sync", own)]


def lose(name: str, scenario: Scenario, room: Path, points: Picks = range, seed: int = 1) -> Row:
    """Lose the power at those of a scenario's moments that `points` picks, each a way of losing too.

    All that was not synced is lost in any case just after each promise.
    """
    with prepared(scenario, room) as ground:
        notes = _recorded(ground)
        _, oracle = ground.undisturbed()
        (_, log), files = _undisturbed(ground.told(kept)), _files(ground.base)
        row = Row(name, Counter(each.verb for each in notes if isinstance(each, Touch)))
        just_after = [len(LOSSES) * n for n, each in enumerate(notes, 1) if isinstance(each, Promised)]
        for point in sorted({*just_after, *points(len(LOSSES) * (len(notes) + 1))}):
            moment, way = divmod(point, len(LOSSES))
            platter = Platter(files)
            platter.take(each for each in notes[:moment] if not isinstance(each, Promised))
            _write(ground.data_dir, platter.left(LOSSES[way], Random(f"{seed}/{name}/{point}")))
            promised = max((each for each in notes[:moment] if isinstance(each, Promised)), default=Promised())
            found = _broken(ground, promised, log)
            row.met(point, found if found.columns else difference(oracle, ground.finish()))
    return row


def _broken(ground: Ground, promised: Promised, log: Sequence[Recorded]) -> Difference:
    """Tell what of a promise is not kept before it goes on, where the log only grows."""
    return broken(promised, log, ground.told(kept)) if ground.scenario.appends else Difference()


def _recorded(ground: Ground) -> list[Note]:
    """Let a scenario act on a copy of its base, and return what it did."""
    ground.copy()

    async def act(data_dir: Path) -> list[Note]:
        recorder = Recorder(data_dir)
        recorder.watch()
        await ground.scenario.act(data_dir)
        return recorder.notes

    return _undisturbed(ground.told(act))


def _undisturbed(found: T | str) -> T:
    if isinstance(found, str):
        raise RuntimeError(f"it fails undisturbed: {found}")  # noqa: TRY004 - not a matter of types
    return found


def _files(base: Path) -> dict[Path, bytes]:
    """Read files, all but what SQLite shares between processes, which no loss of power outlives."""
    found = [path for path in base.rglob("*") if path.is_file() and not path.name.endswith("-shm")]
    return {path.relative_to(base): path.read_bytes() for path in found}


def _write(data_dir: Path, files: dict[Path, bytes]) -> None:
    rmtree(data_dir, ignore_errors=True)
    data_dir.mkdir(0o700)
    for path, content in files.items():
        (data_dir / path).parent.mkdir(parents=True, exist_ok=True)
        (data_dir / path).touch(0o600)  # whatever the disk lost, modes are set before a byte is written
        (data_dir / path).write_bytes(content)
