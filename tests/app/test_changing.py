"""A secret in a file that changes is tried at once where the one before was refused: once, and not half of it."""

from pathlib import Path

import pytest

from driftd.app.changing import Changing, Marks
from driftd.config import ConnectionConfig
from tests.config.written import TENANT, read

pytestmark = pytest.mark.anyio


class Ground:
    """Connections whose secrets stand in files, all of them refused."""

    def __init__(self, folder: Path, *names: str) -> None:
        self.folder = folder
        self.refused = [self._connection(name) for name in names]
        self.marks, self.renewed = Marks(), list[str]()
        self.changing = Changing(self.marks, lambda: self.refused, self.renewed.append)

    def _connection(self, name: str) -> ConnectionConfig:
        place = f'file = "{self.folder}/{name}"'
        text = TENANT.replace('"aldgate"', f'"{name}"').replace('env = "ALDGATE_SECRET"', place)
        (found,) = read(text).connections
        return found

    def put(self, name: str, secret: str) -> None:
        (self.folder / name).write_text(secret)

    def tried(self, name: str, secret: str) -> None:
        self.marks.read(name, secret)

    async def looks(self, times: int = 1) -> list[str]:
        """Look so often, and return who began anew since the last time."""
        before = len(self.renewed)
        for _ in range(times):
            await self.changing.look()
        return self.renewed[before:]


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    found = Ground(tmp_path, "a", "b")
    for name in "ab":
        found.put(name, f"old {name}\n")
        found.tried(name, f"old {name}")
    return found


async def test_what_was_refused_and_is_still_there_is_not_tried_again(ground: Ground) -> None:
    assert await ground.looks(5) == []


async def test_another_secret_is_tried_once_it_stands_for_two_looks(ground: Ground) -> None:
    """Whatever comes of it, and however long it takes until it is read."""
    await ground.looks(2)
    ground.put("a", "half of the ne")
    assert await ground.looks() == []
    ground.put("a", "half of the new one\n")
    assert await ground.looks() == []
    assert await ground.looks() == ["a"]
    ground.tried("a", "half of the new one")
    assert await ground.looks(5) == []
    ground.put("a", "old a\n")
    assert await ground.looks(5) == ["a"]


async def test_who_is_well_again_is_not_looked_at(ground: Ground) -> None:
    ground.put("a", "new\n")
    ground.refused = ground.refused[1:]
    assert await ground.looks(5) == []


async def test_a_file_that_was_missing_is_tried_once_it_is_there(ground: Ground) -> None:
    """One that cannot be read, for whatever reason, ends nobody's look."""
    late = Ground(ground.folder, "late", "b")
    late.tried("b", "old b")
    assert await late.looks(3) == []
    late.put("late", "new")
    assert await late.looks(2) == ["late"]


def test_a_mark_tells_no_secret_and_is_another_one_elsewhere() -> None:
    first, second = Marks(), Marks()
    assert first.mark("s") == first.mark("s") != first.mark("t")
    assert first.mark("s") != second.mark("s")
