"""What is particular to the logbook on SQLite: other releases' rows, a full disk, readers, other processes."""

import sqlite3
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from enum import StrEnum
from itertools import count
from pathlib import Path
from typing import Any, Final

import anyio
import pytest
from msgspec import Struct, defstruct, structs
from msgspec.msgpack import encode
from msgspec.structs import replace

from driftd.adapters.sqlite import SqliteStore
from driftd.adapters.sqlite.database import configure
from driftd.adapters.sqlite.salvage import pack, unpack
from driftd.core.health import ConnectionHealth, Flip, Poll, ResourceHealth
from driftd.core.reasons import State
from driftd.errors import StoreError
from driftd.ports import Entries, Hour, Remembered
from tests.contracts.noted import HOUR, NOW, connection_health, failed, flip, group, poll, polled, resource_health
from tests.contracts.stores import room

_ROOT: Final = Path(__file__).parents[3]
LATE: Final = NOW + HOUR


class _Later(StrEnum):
    """What a later release may say."""

    UNHEARD = "unheard_of"


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with room() as directory:
        yield directory


@pytest.fixture
async def store(data_dir: Path) -> AsyncIterator[SqliteStore]:
    async with SqliteStore.open(data_dir, clock_now=lambda: 5) as store:
        yield store


def _with(noun: Struct, **members: Any) -> bytes:
    """Pack a noun as a release with other members does."""
    return encode({**structs.asdict(noun), **members})


class TestOtherReleases:
    def test_members_not_known_are_left_out(self) -> None:
        """A later release's noun has more members."""
        assert unpack(_with(resource_health(), more=[{"a": 1}]), ResourceHealth) == resource_health()

    def test_members_not_there_have_their_default(self) -> None:
        """An earlier release's noun has fewer members."""
        earlier = defstruct("Earlier", [("polls", int), ("records", int)])
        assert unpack(encode(earlier(polls=7, records=9)), ResourceHealth) == ResourceHealth(polls=7, records=9)

    @pytest.mark.parametrize("member", ["state", "since", "outage", "failed", "pause", "maintenance", "token_ends"])
    def test_a_member_not_understood_is_its_default_alone(self, member: str) -> None:
        """What stands beside it stays, a person's pause above all."""
        health = connection_health(7)
        defaults = structs.asdict(ConnectionHealth())
        unheard = {**structs.asdict(health), member: _Later.UNHEARD}
        assert unpack(encode(unheard), ConnectionHealth) == replace(health, **{member: defaults[member]})

    def test_a_reason_within_is_enough(self) -> None:
        """A trouble or a count with a reason that is not known is not understood as a whole."""
        health = resource_health()
        assert health.trouble is not None
        said = structs.asdict(health.trouble) | {"reason": _Later.UNHEARD}
        packed = _with(health, trouble=said, failures={_Later.UNHEARD: 1, "timeout": 2})
        assert unpack(packed, ResourceHealth) == replace(health, trouble=None, failures={})

    def test_fewer_members_and_one_not_understood_are_both_put_up_with(self) -> None:
        """What is not there and what says nothing have their defaults alike."""
        packed = encode({"polls": 7, "trouble": _Later.UNHEARD})
        assert unpack(packed, ResourceHealth) == ResourceHealth(polls=7)

    @pytest.mark.parametrize("packed", [b"", b"\xc1", encode([1, 2]), encode("text"), pack(resource_health())[:-1]])
    def test_what_is_no_noun_is_none(self, packed: bytes) -> None:
        """Nothing of it can be used."""
        assert unpack(packed, ResourceHealth) is None

    def test_a_noun_needs_what_has_no_default(self) -> None:
        """A poll of a kind that is not known is not understood."""
        assert unpack(_with(poll(), kind=_Later.UNHEARD), Poll) is None
        assert unpack(_with(failed(), reason=_Later.UNHEARD), Poll) == replace(failed(), reason=None)

    async def test_rows_of_another_release_do_no_harm(self, store: SqliteStore, data_dir: Path) -> None:
        """All others are recalled and told; a health of which nothing is understood is empty, an event is left out."""
        await store.logbook.write(group(1))
        rows = [
            Entries(polls=[polled(failed(LATE + 9), connection="tenant-0")]),
            Entries(flips=[flip(LATE + 8, connection="tenant-0"), flip(LATE + 7, connection="tenant-0")]),
        ]
        for each in rows:
            await store.logbook.write(each)
        known = len(await _history(store, "tenant-0"))
        _spoil(data_dir)
        whole = group(1)
        assert await store.logbook.recall() == Remembered(
            {**whole.connections, "tenant-1": ConnectionHealth()},
            whole.usage,
            {**whole.resources, ("tenant-0", "CLASS1"): ResourceHealth()},
        )
        told = await _history(store, "tenant-0")
        assert len(told) == known - 2
        assert told[0] == Flip("tenant-0", State.OK, State.STALLED, LATE + 7, None, "it answered 500")


def _spoil(data_dir: Path) -> None:
    """Have some rows say what this release does not understand."""
    with closing(sqlite3.connect(data_dir / "driftd.db", isolation_level=None)) as db:
        db.execute("UPDATE connection_health SET health = ? WHERE connection = 'tenant-1'", (encode("later"),))
        db.execute(
            "UPDATE resource_health SET health = ? WHERE connection = 'tenant-0' AND resource = 'CLASS1'", (b"\xc1",)
        )
        db.execute("UPDATE polls SET poll = ? WHERE at = ?", (_with(failed(), kind=_Later.UNHEARD), LATE + 9))
        db.execute("UPDATE flips SET after = 'unheard_of' WHERE at = ?", (LATE + 8,))
        db.execute("UPDATE flips SET reason = 'unheard_of' WHERE at = ?", (LATE + 7,))


async def _history(store: SqliteStore, connection: str) -> list[object]:
    return list(await store.logbook.history(connection, since=0, until=2 * NOW, limit=1_000))


async def _seen(store: SqliteStore) -> object:
    return await store.logbook.recall(), [await _history(store, name) for name in ("tenant-0", "tenant-1")]


class TestFullDisk:
    async def test_a_group_that_does_not_fit_is_an_error_and_nothing_else(
        self, store: SqliteStore, data_dir: Path
    ) -> None:
        """On a full disk a group fails whole, whatever of it did fit; with room again the next one is written."""
        assert store._writer is not None
        database = store._writer._database
        await store.logbook.write(group(1))
        before = await _seen(store)
        ((pages,),) = await database.run(lambda db: db.execute("PRAGMA page_count").fetchall())
        for more in (0, 1, 20):
            await database.run(configure([f"PRAGMA max_page_count = {pages + more}"]))
            with pytest.raises(StoreError, match="no room"):
                await store.logbook.write(group(2, connections=50))
            assert await _seen(store) == before
        await database.run(configure(["PRAGMA max_page_count = 1000000"]))
        await store.logbook.write(group(2, connections=50))
        assert (await store.logbook.recall()).resources == group(2, connections=50).resources
        with closing(sqlite3.connect(data_dir / "driftd.db")) as db:
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


class TestReading:
    async def test_who_only_reads_cannot_write(self, store: SqliteStore, data_dir: Path) -> None:
        """A reading store sees what is written, and refuses to write or prune."""
        await store.logbook.write(group(1))
        async with SqliteStore.reading(data_dir) as reader:
            assert await _seen(reader) == await _seen(store)
            with pytest.raises(StoreError, match="reading only"):
                await reader.logbook.write(group(2))
            with pytest.raises(StoreError, match="reading only"):
                await reader.logbook.prune(NOW)
            assert await reader.logbook.flips("tenant-0", NOW) == 1

    async def test_another_process_sees_whole_groups_while_writing_goes_on(
        self, store: SqliteStore, data_dir: Path
    ) -> None:
        """A reader elsewhere finds group after group, and never a part of one."""
        command = [sys.executable, "-m", "tests.adapters.sqlite.watching", str(data_dir), "10"]
        async with await anyio.open_process(command, cwd=_ROOT, stdout=None, stderr=None) as watcher:
            for number in count(1):
                await store.logbook.write(group(number))
                if watcher.returncode is not None:
                    break
        assert watcher.returncode == 0


async def test_what_was_written_is_there_after_a_restart(data_dir: Path) -> None:
    """Closing and opening again shows the same, and hours go on growing."""
    async with SqliteStore.open(data_dir, clock_now=lambda: 5) as store:
        await store.logbook.write(group(1))
        seen = await _seen(store)
    async with SqliteStore.open(data_dir, clock_now=lambda: 5) as store:
        assert await _seen(store) == seen
        await store.logbook.write(group(2))
        hours = [each.polls for each in await _history(store, "tenant-0") if isinstance(each, Hour)]
    assert hours == [2, 2, 2]


async def test_it_is_not_written_as_durably_as_a_commit(store: SqliteStore) -> None:
    """Neither a group nor pruning waits for the disk: the last of them may be lost with the power."""
    assert store._writer is not None
    statements: list[str] = []
    await store._writer._database._thread.set_trace_callback(statements.append)
    await store.logbook.write(group(1))
    await store.logbook.prune(NOW)
    assert [each for each in statements if "synchronous" in each] == ["PRAGMA synchronous = NORMAL"] * 2
