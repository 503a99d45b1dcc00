"""An erasure that is interrupted: sweeps go on without damage and lose nobody, and it comes to its end by itself."""

import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Final, TypeVar

import anyio
import anyio.lowlevel
import pytest

from driftd.adapters.sqlite import SqliteStore
from driftd.adapters.sqlite.transaction import Writer
from driftd.core.health import Trouble
from driftd.core.model import KeyBytes
from driftd.errors import DecisionError, FencedError, FullStoreError, Reason, StoreError
from driftd.runtime.erasing import Erasing
from driftd.runtime.halt import Halt
from driftd.runtime.resuming import EVERY, Resuming
from tests.adapters.sqlite.dredging import found
from tests.contracts.stores import room
from tests.fakes.log import Line, Told
from tests.runtime.test_erasing import PEOPLE, PLANTED, erasing, kept, removal, shown
from tests.runtime.world import NAME, FakeClock, World, row

T = TypeVar("T")
NAMES: Final = ("conn", NAME)
OTHER: KeyBytes = b'["K00090"]'
TURN = Writer._in_turn


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with room() as directory:
        yield directory


class Interrupted:
    """Has the nth thing that is asked of the writer fail for want of room, or be cancelled in front of it."""

    def __init__(self, patch: pytest.MonkeyPatch, nth: int, *, cancels: bool) -> None:
        self.asked = 0
        self._scope = anyio.CancelScope()

        async def turn(writer: Writer, work: Callable[..., T]) -> T:
            self.asked += 1
            if self.asked == nth and not cancels:
                raise FullStoreError("no room")
            if self.asked == nth:
                self._scope.cancel()
            return await TURN(writer, work)

        patch.setattr(Writer, "_in_turn", turn)

    async def run(self, work: Awaitable[object]) -> None:
        with self._scope, suppress(StoreError):
            await work


async def resumed(world: World, store: SqliteStore) -> None:
    """Do what the daemon does at its start."""
    again = erasing(world, store)
    for names in await again.unfinished():
        assert await again.resume(names)


async def interrupted(
    world: World, store: SqliteStore, patch: pytest.MonkeyPatch, nth: int, *, forget: bool = False
) -> bool:
    """Interrupt an erasure; return whether it came so far."""
    with patch.context() as patched:
        breaks = Interrupted(patched, nth, cancels=nth % 2 == 0)
        await breaks.run(erasing(world, store).erase(removal(forget=forget)))
    return breaks.asked >= nth


async def begun(world: World, store: SqliteStore, patch: pytest.MonkeyPatch, *, forget: bool = False) -> None:
    """Have the record go, and nothing else of it."""
    for nth in range(1, 9):
        await interrupted(world, store, patch, nth, forget=forget)
        if await store.unfinished():
            return
    raise AssertionError("nothing began")


STEP: Final = 6


@pytest.mark.parametrize("forget", [False, True])
@pytest.mark.parametrize(
    "first", [pytest.param(n, marks=[] if n % 2 else [pytest.mark.heavy]) for n in range(1, STEP + 1)]
)
async def test_wherever_it_is_interrupted_nobody_is_lost_and_nothing_is_left(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, first: int, *, forget: bool
) -> None:
    """Sweeps between read without damage, whatever becomes of the record at the tenant and whoever is erased besides;
    resumed, no byte of it is left, and a forgotten one is seen as new, once."""
    steps = 0
    for nth in range(first, 400, STEP):
        where = data_dir / str(nth)
        async with kept(where) as (world, store):
            if not await interrupted(world, store, monkeypatch, nth, forget=forget):
                break
            steps += 1
            others = set(await shown(store)) - {"K00050"}
            going_on = NAMES in await store.unfinished()
            assert going_on is not ("K00050" in await shown(store)), nth
            if nth % 3:
                world.source.put(NAME, [row(50, NAME="planted three")])
            if nth % 4 == 0:
                others -= {"K00090"}
                await erasing(world, store).erase(removal(OTHER))
            over = forget and going_on and nth % 4 == 0  # the other one brought it to its end
            for again in (over, False):
                report = await world.run()
                assert (report.outcome, report.c, report.d, report.held) == ("ok", int(again), 0, 0), nth
            assert set(await shown(store)) - {"K00050"} == others, nth
            if "K00050" in await shown(store):
                await erasing(world, store).erase(removal(forget=forget))
            await resumed(world, store)
            assert found(where, *PLANTED) == set(), nth
            assert [each.action for each in await store.casebook.deeds("conn", 9)][-1] == "erase"
            seen = [(await world.run()).c for _ in range(2)]
            assert seen == [int(forget), 0], nth
            assert set(await shown(store)) == others | ({"K00050"} if forget else set()), nth
            assert (await store.standing(PEOPLE)).records == len(await shown(store))
    assert steps > 5


async def test_another_erasure_does_not_end_one_for_good(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was interrupted comes to its end with it, or stays unfinished until somebody goes on."""
    async with kept(data_dir) as (world, store):
        await begun(world, store, monkeypatch)
        assert len(await store.read_changes(0, 9)) == 1
        await erasing(world, store).erase(removal(OTHER))
        assert await store.unfinished() == {}
        assert await store.read_changes(0, 9) == []
        assert found(data_dir, *PLANTED) == set()
        with pytest.raises(DecisionError, match="was erased before"):
            await erasing(world, store).erase(removal())


async def test_it_may_be_given_again_with_other_wishes(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether it is to be forgotten is as it was said last."""
    async with kept(data_dir) as (world, store):
        await begun(world, store, monkeypatch, forget=True)
        await erasing(world, store).erase(removal())
        assert [(await world.run()).c for _ in range(2)] == [0, 0]
        assert found(data_dir, *PLANTED) == set()


async def test_who_waits_for_it_is_told_that_it_goes_on(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once it has begun; before that, only why it did not."""
    async with kept(data_dir) as (world, store):
        said = []
        for nth in (1, 30):
            with monkeypatch.context() as patched:
                Interrupted(patched, nth, cancels=False)
                with pytest.raises(StoreError) as caught:
                    await erasing(world, store).erase(removal())
            said.append(str(caught.value))
        assert said[0] == "no room"
        assert said[1].startswith("no room; the erasure has begun, and goes on by itself")


async def test_a_reader_delays_the_end_and_nothing_is_rewritten_again(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody who writes waits for the reader: only the log is tried again, with little patience."""
    async with kept(data_dir) as (world, store):
        asked: list[str] = []

        class Slow(FakeClock):
            async def sleep(self, seconds: float) -> None:
                asked.append("slept")
                await super().sleep(seconds)

        world.clock = Slow()
        with closing(sqlite3.connect(data_dir / "driftd.db", isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM records").fetchall()

            def watch(db: sqlite3.Connection) -> None:
                db.set_trace_callback(lambda text: asked.append(text) if "PRAGMA" in text or "UPDATE" in text else None)

            await store._for_writing()._in_turn(watch)
            said = await erasing(world, store).erase(removal())
            assert "a reader still holds on to pages of before; the erasure has begun" in said
            assert await store.unfinished()
            tried = [at for at, text in enumerate(asked) if "TRUNCATE" in text]
            assert len(tried) > 1
            assert {(asked[at - 1], asked[at + 1]) for at in tried} == {
                ("PRAGMA busy_timeout = 100", "PRAGMA busy_timeout = 5000")
            }
            assert not [text for text in asked[tried[0] :] if "UPDATE" in text]
            assert await erasing(world, store).resume(NAMES) is False
        assert await erasing(world, store).resume(NAMES) is True
        assert await erasing(world, store).resume(NAMES) is None
        assert found(data_dir, *PLANTED) == set()


class Looks(FakeClock):
    """Ends what looks so many times; something may happen before each look but the first, once `idle` returns."""

    def __init__(
        self, *between: Callable[[], None], idle: Callable[[], Awaitable[None]] = anyio.lowlevel.checkpoint
    ) -> None:
        super().__init__()
        self.between = list(between)
        self.idle = idle

    async def sleep(self, seconds: float) -> None:
        assert seconds == EVERY
        await anyio.wait_all_tasks_blocked()
        await self.idle()  # what a thread still does blocks a task as well
        await anyio.wait_all_tasks_blocked()
        if not self.between:
            raise anyio.EndOfStream
        self.between.pop(0)()


async def looked(
    again: Erasing,
    halt: Halt,
    *between: Callable[[], None],
    idle: Callable[[], Awaitable[None]] = anyio.lowlevel.checkpoint,
) -> list[Line]:
    said: list[Line] = []
    with pytest.raises(ExceptionGroup) as caught:
        await Resuming(again, Looks(*between, idle=idle), halt, Told(said)).run()
    assert isinstance(caught.value.exceptions[0], anyio.EndOfStream)
    return said


class Scripted(Erasing):
    """Is unfinished until it was resumed often enough."""

    def __init__(self, *ends: bool | Exception) -> None:
        self.ends = list(ends)

    async def unfinished(self) -> list[tuple[str, str]]:
        return [NAMES] if self.ends else []

    async def resume(self, names: tuple[str, str], _: Callable[[], int | None] = lambda: None) -> bool:
        end = self.ends.pop(0)
        if isinstance(end, Exception):
            raise end
        return end


FULL: Final = Trouble(Reason.STORE_ERROR, "full", "", None, 1, 1, 1)


async def test_it_goes_on_once_the_full_disk_ended() -> None:
    halt, again = Halt(), Scripted(True)
    halt.set(FULL)
    assert await looked(again, halt, lambda: None) == []
    assert again.ends == [True]
    said = await looked(again, halt, lambda: halt.set(None))
    assert said == [("info", "interrupted erasure finished", {"connection": "conn", "resource": NAME})]
    assert await looked(again, halt) == []


async def test_what_is_in_its_way_is_said_once() -> None:
    """Each look tries again."""
    full = StoreError("the disk is full")
    again = Scripted(full, full, False, True)
    said = await looked(again, Halt(), *[lambda: None] * 4)
    assert [(level, event) for level, event, _ in said] == [
        ("warning", "interrupted erasure waits"),
        ("warning", "interrupted erasure waits"),
        ("info", "interrupted erasure finished"),
    ]
    assert [facts.get("error") for _, _, facts in said] == [
        "the disk is full",
        "a reader holds on to pages of before",
        None,
    ]


async def test_another_owner_of_the_store_ends_it() -> None:
    with pytest.raises(ExceptionGroup) as caught:
        await Resuming(Scripted(FencedError("another")), Looks(lambda: None), Halt(), Told([])).run()
    assert caught.group_contains(FencedError)
