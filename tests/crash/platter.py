"""What a disk holds: files whose last writes it may not have yet, and names that it may not know of yet."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Final, Literal, NamedTuple

from tests.crash.disk import Touch

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


Deed = Touch | Moved | Settled
_Renaming = Mapping[Path, int | None]
"""Which files names have from then on; None: they are gone."""


class Platter:
    """A disk with some files, their paths relative to where they are."""

    def __init__(self, files: Mapping[Path, bytes]) -> None:
        self._contents = [bytearray(content) for content in files.values()]
        self._pending: list[list[Touch]] = [[] for _ in files]
        self._names = {path: number for number, path in enumerate(files)}
        """As programs see them."""
        self._settled = dict(self._names)
        """As they are for certain."""
        self._renamings: list[_Renaming] = []

    def take(self, deeds: Iterable[Deed]) -> None:
        """Do what was done."""
        for deed in deeds:
            match deed:
                case Settled():
                    self._settle()
                case Moved(path, to):
                    self._rename({path: None, to: self._number(path)})
                case Touch("remove", path, synced, _):
                    if path in self._names:
                        self._rename({path: None})
                    if synced:
                        self._settle()
                case Touch("sync", path, _, _):
                    self._sync(self._number(path))
                case Touch(_, path, _, _):
                    self._pending[self._number(path)].append(deed)

    def left(self, loss: Loss, chance: Random) -> dict[Path, bytes]:
        """Return what is there after the power was lost."""
        for content, touches in zip(self._contents, self._pending, strict=True):
            _lose(content, touches, loss, chance)
        known = {"all": 0, "none": len(self._renamings)}.get(loss, chance.randint(0, len(self._renamings)))
        names = _renamed(self._settled, self._renamings[:known])
        return {path: bytes(self._contents[number]) for path, number in names.items()}

    def _number(self, path: Path) -> int:
        """Return which file has a name, a new one if none has."""
        if path not in self._names:
            self._contents.append(bytearray())
            self._pending.append([])
            self._rename({path: len(self._contents) - 1})
        return self._names[path]

    def _sync(self, number: int) -> None:
        """Have the contents of a file for certain, and its name where it is new."""
        _apply(self._contents[number], self._pending[number])
        self._pending[number].clear()
        if number not in self._settled.values():
            self._settle()

    def _rename(self, renaming: _Renaming) -> None:
        self._names = _renamed(self._names, [renaming])
        self._renamings.append(renaming)

    def _settle(self) -> None:
        self._settled = _renamed(self._settled, self._renamings)
        self._renamings.clear()


def _renamed(names: Mapping[Path, int], renamings: Iterable[_Renaming]) -> dict[Path, int]:
    found: dict[Path, int | None] = dict(names)
    for each in renamings:
        found.update(each)
    return {path: number for path, number in found.items() if number is not None}


def _apply(content: bytearray, touches: Iterable[Touch]) -> None:
    for touch in touches:
        if touch.verb == "cut":
            del content[touch.offset :]
        else:
            content.extend(bytes(max(0, touch.offset - len(content))))
            content[touch.offset : touch.offset + len(touch.written)] = touch.written


def _lose(content: bytearray, touches: Sequence[Touch], loss: Loss, chance: Random) -> None:
    if loss == "none":
        _apply(content, touches)
    elif loss == "torn" and touches:
        whole = chance.randrange(len(touches))
        torn = touches[whole]
        part = torn.written[: chance.randint(0, len(torn.written) // SECTOR) * SECTOR]
        _apply(content, [*touches[:whole], *([torn._replace(written=part)] if part else [])])
    elif loss == "sectors":
        for touch in touches:
            for at in range(0, len(touch.written), SECTOR):
                if chance.random() < 0.5:
                    _apply(content, [touch._replace(offset=touch.offset + at, written=touch.written[at : at + SECTOR])])
