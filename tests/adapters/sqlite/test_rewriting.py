"""Bodies are written anew in place: what they were is gone from snapshot, log, dictionary, free pages and log file."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from anyio import CancelScope
from msgspec import json
from msgspec.structs import replace

from driftd.adapters.sqlite import SqliteStore, rewriting
from driftd.adapters.sqlite.sql import QUERIES
from driftd.core import fingerprint
from driftd.core.model import Op, Privacy, Row, Standing
from driftd.core.retention import Retention
from driftd.ports import Detected, Erasure
from tests.adapters.sqlite.dredging import found
from tests.contracts.staged import CUSTOMERS, Part, body, change, created, deleted, key, poll, row, together, updated
from tests.contracts.stores import always_ahead, room

STRICT = replace(CUSTOMERS, private={"NAME": Privacy.MASK})
PLANTED = (b"planted-person",)


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with room() as directory:
        yield directory


def masked(stored: bytes) -> bytes:
    """Return a body without its name."""
    return json.encode(json.decode(stored, type=dict[str, object]) | {"NAME": "***"}, order="sorted")


def many(first: int, last: int) -> Part:
    rows = [row(f"planted-person-{n}", n) for n in range(first, last)]
    return Part([Row(key(f"{n}"), *each[1:]) for n, each in zip(range(first, last), rows, strict=True)])


@pytest.mark.parametrize("ahead", [False, True])
async def test_nothing_of_what_bodies_were_is_left_in_any_byte(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, *, ahead: bool
) -> None:
    """Tombstones, events, details and the dictionary included; other resources stay as they are."""
    if ahead:
        always_ahead(monkeypatch)
    monkeypatch.setattr(rewriting, "_SLICE", 7)
    elsewhere = replace(CUSTOMERS, name="SORDER")
    async with SqliteStore.open(data_dir, clock_now=lambda: 1) as store:
        await poll(store, many(0, 450), baseline=True)
        await poll(store, many(450, 460))
        await poll(store, together(*(created(f"planted-person-x{n}", 1) for n in range(9))))
        await poll(store, updated("planted-person-x1", 2), deleted("planted-person-x2", 1))
        await poll(store, created("kept"), resource=elsewhere)
        assert found(data_dir, *PLANTED)
        before = await store.read_changes(0, 100)
        standing = await store.rewrite(STRICT, masked)
        assert standing.scrubbed == {"NAME": "mask"}
        assert await store.standing(STRICT) == standing
        left = found(data_dir, *PLANTED) - {"driftd.db: records.key", "driftd.db: changes.key", "driftd.db"}
        assert left == set()
        after = await store.read_changes(0, 100)
        assert [each.seq for each in after] == [each.seq for each in before]
        known = await store.known(STRICT, [key("3")])
        assert known[key("3")].body == b'{"NAME":"***","VALUE":3}'
        assert known[key("3")].fingerprint == fingerprint.of(known[key("3")].body)
        page = await store.read_record("acme", "SORDER", key("kept"))
        assert page is not None
        assert page.body == body("kept", 0)


async def test_a_reader_that_knows_the_old_dictionary_reads_on(data_dir: Path) -> None:
    """Also one of another process: it looks whose frames these are, and never takes one for another."""
    async with SqliteStore.open(data_dir, clock_now=lambda: 1) as store, SqliteStore.reading(data_dir) as reader:
        await poll(store, many(0, 450), baseline=True)
        wanted = {key("7"): masked(body("planted-person-7", 7))}
        assert (await reader.known(STRICT, wanted))[key("7")].body == body("planted-person-7", 7)
        await store.rewrite(STRICT, masked)
        assert {each: held.body for each, held in (await reader.known(STRICT, wanted)).items()} == wanted
        await poll(store, Part([Row(key("7"), *row("again", 7)[1:])], [change(Op.UPDATE, "again", 7)]))
        assert (await reader.known(STRICT, wanted))[key("7")].body == body("again", 7)


async def test_rewriting_begun_and_not_ended_is_done_again(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every body can be read at any point between."""
    async with SqliteStore.open(data_dir, clock_now=lambda: 1) as store:
        await poll(store, many(0, 450), baseline=True)
        monkeypatch.setattr(rewriting, "_SLICE", 50)
        stops = iter(range(100))

        def some(stored: bytes) -> bytes:
            if next(stops) == 99:
                raise KeyboardInterrupt
            return masked(stored)

        with pytest.raises(KeyboardInterrupt):
            await store.rewrite(STRICT, some)
        page = await store.read_records("acme", "BPCUSTOMER", after=None, limit=1_000)
        assert len(page.records) == 450
        assert (await store.standing(STRICT)).scrubbed == {}
        await store.rewrite(STRICT, masked)
        assert found(data_dir, *PLANTED) == set()


def weight(data_dir: Path) -> tuple[int, int]:
    """Return what the log is said to weigh, and what its events weigh."""
    with closing(sqlite3.connect(data_dir / "driftd.db")) as db:
        ((said,),) = db.execute("SELECT log_bytes FROM meta")
        generations = db.execute("SELECT id, size FROM generations").fetchall()
        of = [{"generation": id_, "start": 0, "stop": size} for id_, size in generations]
        return said, sum(db.execute(QUERIES["weight"], each).fetchone()[1] for each in of)


async def test_the_log_weighs_what_its_events_weigh(data_dir: Path) -> None:
    """After a rewriting, and after an erasure: what it may weigh is kept to."""
    async with SqliteStore.open(data_dir, clock_now=lambda: 1) as store:
        await poll(store, many(0, 450), baseline=True)
        await poll(store, *(created(f"planted-person-x{n}", 1) for n in range(9)), updated("3", 4))
        said, true = weight(data_dir)
        assert said == true > 0
        await store.rewrite(STRICT, masked)
        assert weight(data_dir)[0] == weight(data_dir)[1] != said
        await store.erase(CUSTOMERS, Erasure(key("planted-person-x3"), b"hash", 1, Detected()))
        assert weight(data_dir)[0] == weight(data_dir)[1]


async def test_hashes_of_events_whose_bodies_are_gone_go(data_dir: Path) -> None:
    """They are of what the record was: whoever knows the rest of it could try values of a member against them."""
    async with SqliteStore.open(data_dir, clock_now=lambda: 1) as store:
        await poll(store, created("planted-person"))
        await poll(store, updated("planted-person", 2))
        soon = Retention(bodies=0, changes=10**12, counters=10**12)
        assert (await store.changelog.prune(soon, 10**6, 10.0)).stripped == 2
        assert all(json.decode(each.envelope)["after_hash"] for each in await store.read_changes(0, 9))
        await store.rewrite(STRICT, masked)
        told = [json.decode(each.envelope) for each in await store.read_changes(0, 9)]
        assert [(each["before_hash"], each["after_hash"]) for each in told] == [(None, None)] * 2


async def test_an_erasure_lets_no_tombstone_go_that_the_log_still_tells_of(data_dir: Path) -> None:
    """It only raises the number that a key without one takes for its previous."""
    async with SqliteStore.open(data_dir, clock_now=lambda: 1) as store:
        await poll(store, created("a"), created("b"), created("z"), standing=Standing(baselined=True, sweeps=1))
        await poll(store, deleted("z"), standing=Standing(baselined=True, sweeps=2))
        gone = Retention(bodies=0, changes=0, counters=10**12)
        assert (await store.changelog.prune(gone, 10**6, 10.0)).removed == 4
        await poll(store, deleted("a"), standing=Standing(baselined=True, sweeps=3))
        await store.erase(CUSTOMERS, Erasure(key("b"), b"hash", 1, Detected(), forget=True))
        assert (await store.standing(CUSTOMERS)).forgotten == 5
        kept = Retention(bodies=10**12, changes=10**12, counters=10**12)
        for sweeps in range(4, 9):
            await store.changelog.prune(kept, 10**6, 10.0)
            await poll(store, created(f"x{sweeps}"), standing=Standing(baselined=True, sweeps=sweeps))
        assert set(await store.known(CUSTOMERS, [key("a"), key("z")])) == {key("a")}
        assert (await store.standing(CUSTOMERS)).forgotten == 5


async def secure_delete(store: SqliteStore) -> int:
    """Return how the writer overwrites what it deletes."""
    assert store._writer is not None
    rows = await store._writer.transact(lambda db: db.execute("PRAGMA secure_delete").fetchall(), durable=False)
    return int(rows[0][0])


async def test_a_rewriting_that_is_cancelled_leaves_the_writer_as_it_was(data_dir: Path) -> None:
    """Whole pages are overwritten for its sake alone: all that is written later would pay for that."""
    async with SqliteStore.open(data_dir, clock_now=lambda: 1) as store:
        await poll(store, many(0, 20), baseline=True)
        before, loop = await secure_delete(store), asyncio.get_running_loop()
        with CancelScope() as scope:

            def cancelled(stored: bytes) -> bytes:
                loop.call_soon_threadsafe(scope.cancel)
                return masked(stored)

            await store.rewrite(STRICT, cancelled)
        assert scope.cancelled_caught
        assert await secure_delete(store) == before
