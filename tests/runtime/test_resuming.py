"""An erasure that resumes pauses while there is no room, leaves what capture needs, and costs others nothing."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, TypeVar

import anyio
import pytest

from driftd.adapters.sqlite import SqliteStore
from driftd.adapters.sqlite.transaction import Writer
from driftd.errors import FullStoreError
from driftd.runtime.erasing import NO_ROOM
from driftd.runtime.halt import Halt
from tests.adapters.sqlite.dredging import found
from tests.contracts.stores import room
from tests.runtime.test_erasing import PLANTED, erasing, kept, shown
from tests.runtime.test_interrupted import FULL, NAMES, TURN, Scripted, begun, looked
from tests.runtime.world import NAME

T = TypeVar("T")
WHERE: Final = {"connection": "conn", "resource": NAME}
WAITS: Final = ("warning", "interrupted erasure waits", {**WHERE, "error": NO_ROOM})
FINISHED: Final = ("info", "interrupted erasure finished", WHERE)


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with room() as directory:
        yield directory


def nothing() -> None:
    """Let time pass."""


class Fills:
    """Has the disk get full with the nth thing that is asked of the writer: such a thing may still be under way."""

    def __init__(self, patch: pytest.MonkeyPatch, halt: Halt, nth: int) -> None:
        self.asked = 0
        self._under_way: list[anyio.Event] = []

        async def turn(writer: Writer, work: Callable[..., T]) -> T:
            self.asked += 1
            if self.asked == nth:
                halt.set(FULL)
            over = anyio.Event()
            self._under_way.append(over)
            try:
                return await TURN(writer, work)
            finally:
                self._under_way.remove(over)
                over.set()

        patch.setattr(Writer, "_in_turn", turn)

    async def idle(self) -> None:
        """Wait until nothing is asked of the writer."""
        while self._under_way:
            await self._under_way[0].wait()
            await anyio.wait_all_tasks_blocked()


async def wipes_pages(store: SqliteStore) -> bool:
    """Tell whether whole pages are still overwritten as they are freed."""
    ((mode,),) = await store._for_writing()._in_turn(lambda db: db.execute("PRAGMA secure_delete").fetchall())
    return bool(mode == 1)


@pytest.mark.parametrize("first", [1, 2, 3, 4])
async def test_it_pauses_once_the_disk_is_full_and_goes_on_when_there_is_room(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, first: int
) -> None:
    """Wherever it is: it asks for nothing more, says so once, and in the end nothing of the record is left."""
    paused = 0
    for nth in range(first, 400, 4):
        where = data_dir / str(nth)
        async with kept(where) as (world, store):
            await begun(world, store, monkeypatch)
            halt, asked = Halt(), []
            with monkeypatch.context() as patched:
                fills = Fills(patched, halt, nth)
                between = (nothing, lambda: asked.append(fills.asked), nothing)  # noqa: B023
                said = await looked(erasing(world, store), halt, *between, idle=fills.idle)
            if halt.trouble is None:
                assert said == [FINISHED]
                break
            if said == [FINISHED]:  # that was the last it had to ask for
                continue
            paused += 1
            assert said == [WAITS], nth
            assert asked[0] == fills.asked <= nth + 1, nth
            assert not await wipes_pages(store), nth
            assert await store.unfinished(), nth
            said = await looked(erasing(world, store), halt, nothing, lambda: halt.set(None), nothing)  # noqa: B023
            assert said == [FINISHED], nth
            assert found(where, *PLANTED) == set(), nth
            assert "K00050" not in await shown(store)
    assert paused > 3


async def test_it_waits_for_as_much_room_as_it_may_take(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What names the record goes; no body is written anew until there is room, and that is said once."""
    async with kept(data_dir) as (world, store):
        await begun(world, store, monkeypatch)
        halt = Halt()
        halt.spare = 100
        updates: list[str] = []

        def watch(text: str) -> None:
            updates.extend([text] if text.startswith(("UPDATE records", "UPDATE changes")) else [])

        await store._for_writing()._in_turn(lambda db: db.set_trace_callback(watch))

        def more() -> None:
            assert updates == []
            halt.spare = 2**30

        assert await looked(erasing(world, store), halt, nothing, nothing, more, nothing) == [WAITS, FINISHED]
        assert updates
        assert found(data_dir, *PLANTED) == set()


async def test_however_it_is_told_that_the_disk_is_full_it_says_so_once() -> None:
    """By a transaction that finds no room, or before one."""
    halt = Halt()
    again = Scripted(FullStoreError("no room for a page"), FullStoreError("no room for another"), True)
    said = await looked(again, halt, *[nothing] * 3)
    assert said == [WAITS, FINISHED]


class Several(Scripted):
    """Has several resources, each of which is unfinished until it was resumed often enough."""

    def __init__(self, **ends: list[bool | Exception]) -> None:
        super().__init__()
        self.of = ends
        self.tried: list[str] = []

    async def unfinished(self) -> list[tuple[str, str]]:
        return [("conn", name) for name, ends in self.of.items() if ends]

    async def resume(self, names: tuple[str, str], _: Callable[[], int | None] = lambda: None) -> bool:
        self.tried.append(names[1])
        end = self.of[names[1]].pop(0)
        if isinstance(end, Exception):
            raise end
        return end


async def test_a_bug_in_one_costs_nothing_else() -> None:
    """It is said once and not tried again before the next start; others go on."""
    bug = RuntimeError("a bug")
    again = Several(BROKEN=[bug, bug], WHOLE=[False, True])
    said = await looked(again, Halt(), *[nothing] * 4)
    errors = [facts for level, _, facts in said if level == "error"]
    assert errors == [{"connection": "conn", "resource": "BROKEN", "error": bug}]
    assert said[-1] == ("info", "interrupted erasure finished", {"connection": "conn", "resource": "WHOLE"})
    assert sorted(again.tried) == ["BROKEN", "WHOLE", "WHOLE"]
    assert NAMES not in await again.unfinished()
