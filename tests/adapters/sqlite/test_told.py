"""Numbers of the log: none is told twice, whatever happens to the files."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from functools import partial
from itertools import count
from pathlib import Path
from shutil import copyfile, copytree, rmtree

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from driftd.adapters.sqlite import SqliteStore, files, mending, opening, told
from driftd.adapters.sqlite.backup import Shelf, listed, take, take_into
from driftd.adapters.sqlite.integrity import faults
from driftd.adapters.sqlite.mending import mend, restore
from driftd.adapters.sqlite.reading import last_seq
from driftd.core.model import Op
from driftd.errors import DamagedStoreError, FullStoreError, StoreError
from tests.contracts.staged import created, poll
from tests.contracts.stores import room

NOW = 1_790_000_000_000


class KilledError(Exception):
    """The process is killed here: what the directory holds at this moment is what is left of it."""


class Life:
    """A data directory to which things happen, and all that was ever told of its log."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.now = 7
        """Wall clocks tell nothing here: numbers alone must keep numbers apart."""
        self._heard: dict[int, bytes] = {}
        self._names = map("r{}".format, count())

    async def polls(self) -> None:
        """A daemon lives, tells something new and ends."""
        try:
            await self._lives(lambda: None)
        except DamagedStoreError:
            self.mends()

    async def is_killed(self) -> None:
        """A daemon is killed after it told something."""
        try:
            await self._lives(self._keep)
        except DamagedStoreError:
            self.mends()
            return
        self._left()

    async def loses_its_wal(self) -> None:
        """The same, and what it wrote ahead is gone."""
        await self.is_killed()
        for name in ("driftd.db-wal", "driftd.db-shm"):
            (self.data_dir / name).unlink(missing_ok=True)

    async def loses_its_wal_and_is_looked_at(self) -> None:
        """Commands that only read come before the next daemon."""
        await self.loses_its_wal()
        with suppress(StoreError):
            async with SqliteStore.reading(self.data_dir) as store:
                await self._hear(store)
        with suppress(StoreError):
            faults(self.data_dir / "driftd.db", full=False)

    async def is_removed(self) -> None:
        for each in files.parts(self.data_dir / "driftd.db"):
            each.unlink()

    async def is_zeroed(self) -> None:
        """Nothing can be asked of the file any more."""
        for each in list(files.parts(self.data_dir / "driftd.db"))[::-1]:
            each.unlink()
        self.data_dir.mkdir(exist_ok=True)
        (self.data_dir / "driftd.db").write_bytes(bytes(8_192))
        self.mends()

    async def is_backed_up(self) -> None:
        if not listed(self._backups) and (self.data_dir / "driftd.db").exists():
            with suppress(StoreError):
                take_into(Shelf(self._backups, 1), self.data_dir, NOW)

    async def is_restored(self) -> None:
        for each in listed(self._backups):
            restore(self.data_dir, each, self.now)

    def mends(self) -> None:
        mend(self.data_dir, self._backups, self.now, "damaged")

    async def is_killed_as_it_starts(self, step: str) -> None:
        await self._killed_at(opening, step, self.polls)

    async def is_killed_as_it_mends(self, step: str) -> None:
        await self._killed_at(mending, step, self.is_zeroed)

    async def is_killed_as_it_is_restored(self, step: str) -> None:
        await self._killed_at(mending, step, self.is_restored)

    async def fails_as_it_starts(self, step: str) -> None:
        """It ends early but in order, as with a full disk, or a file of a newer release."""

        def failed(*_: object, **__: object) -> None:
            raise FullStoreError("no room")

        with pytest.MonkeyPatch.context() as patch, suppress(FullStoreError):
            patch.setattr(opening, step, failed)
            await self.polls()

    async def is_interrupted_as_it_starts(self, step: str) -> None:
        """It is cancelled, while its thread does what it was told."""
        does, task = getattr(opening, step), asyncio.create_task(self.polls())
        loop = asyncio.get_running_loop()

        def interrupted(*given: object, **named: object) -> object:
            loop.call_soon_threadsafe(task.cancel)
            return does(*given, **named)

        with pytest.MonkeyPatch.context() as patch, suppress(asyncio.CancelledError):
            patch.setattr(opening, step, interrupted)
            await task

    async def _killed_at(self, module: object, step: str, does: Callable[[], object]) -> None:
        def killed(*_: object, **__: object) -> None:
            self._keep()
            raise KilledError

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, step, killed)
            try:
                await does()  # type: ignore[misc]
            except KilledError:
                self._left()

    @property
    def _backups(self) -> Path:
        return self.data_dir.with_name("backups")

    @property
    def _kept(self) -> Path:
        return self.data_dir.with_name("kept")

    def _keep(self) -> None:
        rmtree(self._kept, ignore_errors=True)
        copytree(self.data_dir, self._kept)

    def _left(self) -> None:
        rmtree(self.data_dir)
        self._kept.rename(self.data_dir)

    async def _lives(self, then: Callable[[], None]) -> None:
        async with SqliteStore.open(self.data_dir, clock_now=lambda: self.now) as store:
            await poll(store, created(next(self._names)))
            await self._hear(store)
            then()

    async def _hear(self, store: SqliteStore) -> None:
        for each in await store.read_changes(0, 10_000):
            assert self._heard.setdefault(each.seq, each.envelope) == each.envelope, "a number is told twice"


class Loss(Life):
    """A life in which no more is lost than what was written ahead, and markers are compared with that."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__(data_dir)
        self._lost = False
        self._marker = 0
        """The number of the last one."""

    async def its_wal_is_removed(self) -> None:
        """By hand, while nobody has it open: whether that loses anything depends on what came before."""
        for each in list(files.parts(self.data_dir / "driftd.db"))[1:]:
            each.unlink()
        copy = Path(copyfile(self.data_dir / "driftd.db", self.data_dir.with_name("alone.db")))
        with closing(sqlite3.connect(copy)) as db, suppress(sqlite3.OperationalError):
            self._lost = self._lost or last_seq(db) < max(self._heard)

    async def _lives(self, then: Callable[[], None]) -> None:
        await super()._lives(partial(self._judged, then))

    def _judged(self, then: Callable[[], None]) -> None:
        with closing(sqlite3.connect(self.data_dir / "driftd.db")) as db:
            ((marker,),) = db.execute(
                "SELECT max(g.base_seq) FROM changes AS c JOIN generations AS g ON g.id = c.generation WHERE c.op = ?",
                (Op.MARKER,),
            )
        assert ((marker or 0) > self._marker) == self._lost, f"lost: {self._lost}"
        self._marker, self._lost = marker or 0, False
        then()


PLAIN = ["polls", "is_killed", "loses_its_wal", "loses_its_wal_and_is_looked_at", "is_removed", "is_zeroed"]
ENDS_EARLY = st.tuples(
    st.sampled_from(["is_killed_as_it_starts", "fails_as_it_starts", "is_interrupted_as_it_starts"]),
    st.sampled_from(["opened", "check", "migrate", "_go_on", "keep_up", "over"]),
) | st.just(("is_killed_as_it_starts", "_end"))
STEPS = st.one_of(
    st.sampled_from([*PLAIN, "is_backed_up", "is_restored"]),
    ENDS_EARLY,
    st.tuples(
        st.sampled_from(["is_killed_as_it_mends", "is_killed_as_it_is_restored"]),
        st.sampled_from(["emptied", "_copy", "_go_on", "_set_aside"]),
    ),
)


async def story(life: Life, steps: list[str | tuple[str, str]]) -> None:
    for step in ["polls", *steps, "polls"]:
        name, *more = [step] if isinstance(step, str) else step
        await getattr(life, name)(*more)


AGAIN = ["is_zeroed", "polls"]


@settings(max_examples=25)
@given(st.lists(STEPS, max_size=8))
@example(["polls", "is_zeroed", "polls", "is_backed_up", *AGAIN, *AGAIN, *AGAIN])
@example(["polls", "is_backed_up", "polls", ("is_killed_as_it_mends", "_set_aside"), "polls", *AGAIN])
@example(["polls", "loses_its_wal", ("is_killed_as_it_starts", "migrate"), "polls"])
@example(["polls", "is_removed", ("is_killed_as_it_starts", "migrate"), "polls"])
@example(["polls", "loses_its_wal_and_is_looked_at", "polls"])
def test_no_number_is_told_twice(steps: list[str | tuple[str, str]]) -> None:
    """Damage, mends from one backup again and again, a lost log, a removed database, kills as it starts or mends, in
    any order: a number that was told says what it said then, or nothing."""

    with room() as directory:
        asyncio.run(story(Life(directory / "data"), steps))


@pytest.mark.heavy
@settings(max_examples=25)
@given(st.lists(st.sampled_from(["polls", "is_killed", "its_wal_is_removed"]) | ENDS_EARLY, max_size=8))
@example(["is_killed", ("fails_as_it_starts", "check"), "polls"])
@example(["is_killed", ("fails_as_it_starts", "keep_up"), "its_wal_is_removed", "polls"])
@example(["is_killed", ("is_interrupted_as_it_starts", "migrate"), "polls"])
@example(["is_killed", ("fails_as_it_starts", "check"), "is_killed", "its_wal_is_removed", "polls"])
@example(["is_killed", "its_wal_is_removed", ("fails_as_it_starts", "over"), "polls"])
@example(["is_killed", "its_wal_is_removed", "is_killed", "its_wal_is_removed"])
@example(["is_killed", "its_wal_is_removed", ("fails_as_it_starts", "check"), "polls", "polls"])
def test_a_log_is_behind_where_it_lost_something_and_nowhere_else(steps: list[str | tuple[str, str]]) -> None:
    """After any number of kills, and of starts that end early, for whatever reason and wherever."""
    with room() as directory:
        asyncio.run(story(Loss(directory / "data"), steps))


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with room() as directory:
        yield directory / "data"


async def fill(data_dir: Path, *names: str) -> int:
    """Tell of some records; return the last number."""
    async with SqliteStore.open(data_dir, clock_now=lambda: 5) as store:
        for name in names:
            await poll(store, created(name))
        return (await store.changelog.extent()).last


async def test_a_damaged_file_is_asked_once_and_what_it_said_is_kept(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mend that is killed once the file is set aside knows of its numbers all the same."""
    await fill(data_dir, "a")
    with closing(sqlite3.connect(data_dir / "driftd.db", isolation_level=None)) as db:
        db.execute("UPDATE meta SET last_seq = ?", (2**40,))
    with monkeypatch.context() as patch:
        patch.setattr(files, "end_mending", lambda _: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            mend(data_dir, data_dir / "backups", 7, "damaged")
    (data_dir / "driftd.db").unlink()
    assert mend(data_dir, data_dir / "backups", 7, "damaged").seq > 2**40 + told.JUMP


async def test_an_older_file_put_there_by_hand_goes_on_behind_what_was_noted(data_dir: Path, tmp_path: Path) -> None:
    """One from before the last time that the log began anew."""
    await fill(data_dir, "a")
    old = take(data_dir, tmp_path / "copy.db").path
    restored = restore(data_dir, old, 7).seq
    (data_dir / "driftd.db").write_bytes(old.read_bytes())
    assert await fill(data_dir, "b") > restored + told.JUMP
    async with SqliteStore.reading(data_dir) as store:
        found = await store.rebased()
    assert found is not None
    assert found.reason == "the database is an older one"


async def test_who_only_reads_hides_no_loss(data_dir: Path) -> None:
    """A reader makes a log where none is: it refuses where one should be, until a daemon has seen that."""
    life = Life(data_dir)
    await life.loses_its_wal()
    for _ in range(2):
        with pytest.raises(StoreError, match="write-ahead log is gone"):
            async with SqliteStore.reading(data_dir):
                pass
        with pytest.raises(StoreError, match="write-ahead log is gone"):
            faults(data_dir / "driftd.db", full=False)
    assert not (data_dir / "driftd.db-wal").exists()
    await life.polls()
    async with SqliteStore.reading(data_dir) as store:
        assert Op.MARKER in [each.op for each in await store.read_changes(0, 10)]


@pytest.mark.parametrize("text", [b"", b"no number\n", b"-5\n", b"99999999999999999999999\n", b"\xff"])
def test_a_note_that_nobody_wrote_is_none(text: bytes, tmp_path: Path) -> None:
    """And is replaced by the next one."""
    (tmp_path / "driftd.told").write_bytes(text)
    assert told.noted(tmp_path) == 0
    told.note(tmp_path, 7)
    told.note(tmp_path, 5)
    assert told.noted(tmp_path) == 7


def test_a_note_keeps_up_within_half_a_jump(tmp_path: Path) -> None:
    """So that most starts write none, and a jump behind it is behind all that was told."""
    told.keep_up(tmp_path, told.JUMP // 2)
    assert told.noted(tmp_path) == 0
    told.keep_up(tmp_path, told.JUMP // 2 + 1)
    assert told.noted(tmp_path) == told.JUMP // 2 + 1
