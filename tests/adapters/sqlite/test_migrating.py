"""From one schema to the next."""

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from driftd.adapters.sqlite import SqliteStore, copying, integrity, opening
from driftd.adapters.sqlite.integrity import faults
from driftd.adapters.sqlite.sql import QUERIES, migrations
from driftd.adapters.vault.envelope import opened
from driftd.adapters.vault.keyring import Keyring
from driftd.core.memory import Memory
from driftd.core.model import Absence
from driftd.core.retention import Extent
from driftd.errors import StoreError
from driftd.ports import Filing
from tests.adapters.sqlite import releasing
from tests.adapters.sqlite.releasing import (
    ASIDE,
    BROUGHT,
    CLEARED,
    CURSOR,
    GONE,
    KEY,
    PROOF,
    RELEASED,
    SEALED,
    TOKEN,
    USED,
)
from tests.contracts.detecting import DELIVERED, case, detected
from tests.contracts.noted import group
from tests.contracts.staged import ELSEWHERE, ORDERS, body, created, deleted, key, poll, segment, sight, updated
from tests.contracts.stores import room

NEWEST = len(migrations())
NEXT = f"ALTER TABLE meta ADD COLUMN extra INTEGER;\nPRAGMA user_version = {NEWEST + 1};\n"
BROKEN = f"{NEXT}CREATE TABLE meta (id INTEGER);\n"
LOG_BYTES = 7 * (180 + 5 + 2) + 7 + 9 * 32
"""Of seven events: their keys, the pointers of one, and nine bodies in their frames."""
CHECKED, CHECKSUMS = 4, 9 * 4
"""The schema from which on frames have a checksum, and the bytes of those."""
COUNTED = [("BPCUSTOMER", 3, 1, 1), ("SORDER", 1, 1, 0)]
"""Events by resource: created, updated, deleted."""


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with room() as directory:
        yield directory


async def _fill(data_dir: Path, name: str) -> None:
    async with SqliteStore.open(data_dir, clock_now=lambda: 5) as store:
        await poll(store, created(name))


def _names(data_dir: Path) -> list[str]:
    return [path.name for path in data_dir.iterdir()]


def _schema(path: Path) -> tuple[int, bool]:
    """Return the schema's number, and whether `NEXT` was applied."""
    with closing(sqlite3.connect(path)) as db:
        ((version,),) = db.execute("PRAGMA user_version").fetchall()
        return version, "extra" in {name for (name,) in db.execute("SELECT name FROM pragma_table_info('meta')")}


async def test_an_older_file_is_copied_and_brought_up_to_date(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The copy has the old schema and all data of then; the file has the new schema, and goes on."""
    await _fill(data_dir, "a")
    monkeypatch.setattr(opening, "migrations", lambda: [*migrations(), NEXT])
    with pytest.raises(StoreError, match="older driftd"):
        async with SqliteStore.reading(data_dir):
            pass
    await _fill(data_dir, "b")
    assert _schema(data_dir / "driftd.db") == (NEWEST + 1, True)
    assert _schema(data_dir / f"driftd.db.schema-{NEWEST}") == (NEWEST, False)
    async with SqliteStore.reading(data_dir) as store:
        assert set((await sight(store)).stored) == {key("a"), key("b")}
    assert not [name for name in _names(data_dir) if "unfinished" in name]


async def test_a_new_file_needs_no_copy(data_dir: Path) -> None:
    """There is nothing to keep of a file that was just made."""
    await _fill(data_dir, "a")
    assert not [name for name in _names(data_dir) if "schema" in name]


async def test_an_interrupted_upgrade_begins_anew(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No step stays without those after it, so that the old driftd goes on; what is half a copy is made anew."""
    await _fill(data_dir, "a")
    broken = f"PRAGMA user_version = {NEWEST + 2};\nCREATE TABLE meta (id INTEGER);\n"
    with monkeypatch.context() as patch:
        patch.setattr(opening, "migrations", lambda: [*migrations(), NEXT, broken])
        with pytest.raises(sqlite3.OperationalError, match="already exists"):
            await _fill(data_dir, "b")
    assert _schema(data_dir / "driftd.db") == (NEWEST, False)
    assert _schema(data_dir / f"driftd.db.schema-{NEWEST}") == (NEWEST, False)
    await _fill(data_dir, "b")
    half = data_dir / f"driftd.db.schema-{NEWEST}.unfinished"
    half.write_bytes(b"half a copy")
    monkeypatch.setattr(opening, "migrations", lambda: [*migrations(), NEXT, f"PRAGMA user_version = {NEWEST + 2};\n"])
    await _fill(data_dir, "c")
    assert not half.exists()
    assert _schema(data_dir / "driftd.db") == (NEWEST + 2, True)
    assert _schema(data_dir / f"driftd.db.schema-{NEWEST}") == (NEWEST, False)
    async with SqliteStore.reading(data_dir) as store:
        assert set((await sight(store)).stored) == {key("a"), key("b"), key("c")}


async def test_a_copy_that_is_not_whole_is_none(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a disk that loses what it was given, nothing is upgraded."""
    await _fill(data_dir, "a")

    def torn(path: Path) -> None:
        with path.open("r+b") as file:
            file.seek(40_000)
            file.write(b"\xff" * 20_000)

    with monkeypatch.context() as patch:
        patch.setattr(opening, "migrations", lambda: [*migrations(), NEXT])
        patch.setattr(copying, "flush", torn)
        with pytest.raises(StoreError, match=r"not whole|malformed"):
            await _fill(data_dir, "b")
    assert _schema(data_dir / "driftd.db") == (NEWEST, False)
    assert f"driftd.db.schema-{NEWEST}" not in _names(data_dir)


def test_a_copy_is_for_our_eyes_only_before_a_byte_of_it_is_there(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the umask says."""
    monkeypatch.setitem(QUERIES, "back_up", "SELECT :path FROM nowhere")
    before = os.umask(0)
    try:
        with closing(sqlite3.connect(":memory:")) as db, pytest.raises(sqlite3.OperationalError, match="nowhere"):
            copying.copied(db, data_dir / "copy.db")
    finally:
        os.umask(before)
    seen = (data_dir / "copy.db").stat()
    assert (stat.S_IMODE(seen.st_mode), seen.st_size) == (0o600, 0)


async def test_a_step_that_fails_changes_nothing(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A migration is one transaction: after its failure the old driftd can go on."""
    await _fill(data_dir, "a")
    with monkeypatch.context() as patch:
        patch.setattr(opening, "migrations", lambda: [*migrations(), BROKEN])
        with pytest.raises(sqlite3.OperationalError, match="already exists"):
            await _fill(data_dir, "b")
    assert _schema(data_dir / "driftd.db") == (NEWEST, False)
    await _fill(data_dir, "b")


@pytest.mark.parametrize("schema", range(1, len(list(RELEASED.glob("schema-*.sql"))) + 1))
async def test_every_schema_there_was_is_brought_up_to_date(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, schema: int
) -> None:
    """Whatever a file of an earlier schema holds is there after its migration, and all that is new works: up to the
    schema after ours, so that ours is one of the earlier."""
    for each in (opening, integrity):
        monkeypatch.setattr(each, "migrations", lambda: [*migrations(), NEXT])
    with closing(sqlite3.connect(data_dir / "driftd.db")) as db:
        db.executescript((RELEASED / f"schema-{schema}.sql").read_text("utf-8"))
    async with SqliteStore.open(data_dir, clock_now=lambda: 5) as store:
        await _holds_what_it_held(store)
        recalled = (await store.logbook.recall()).connections
        assert recalled == ({} if schema < 2 else group(1).connections)
        await store.logbook.write(group(2))
        assert (await store.logbook.recall()).connections == group(2).connections
        assert await store.casebook.memory("acme", "BPCUSTOMER") == Memory()
        await _knows_what_it_knew(store, schema)
        log_bytes = LOG_BYTES + (CHECKSUMS if schema >= CHECKED else 0)
        assert (await store.changelog.extent(), await _counted(store)) == (Extent(1, 1, 7, log_bytes), COUNTED)
        await _keeps_what_it_kept(store, schema)
        whole = detected()
        await poll(store, created("e"), detected=replace(whole, withhold=True))
        assert await store.casebook.withheld("acme", "BPCUSTOMER") == 1
        assert await store.casebook.memory("acme", "BPCUSTOMER") == whole.memory
        await store.casebook.file(Filing(release=[("acme", "BPCUSTOMER")]))
        assert [one.seq for one in await store.read_changes(0, 100)] == [1, 2, 3, 4, 5, 6, 7, 9]
        assert (await poll(store, updated("a", 2), deleted("c"))).first_seq == 10
    assert _schema(data_dir / "driftd.db")[0] == NEWEST + 1
    assert _schema(data_dir / f"driftd.db.schema-{schema}")[0] == schema
    assert not faults(data_dir / "driftd.db", full=True)
    assert not faults(data_dir / f"driftd.db.schema-{schema}", full=True)


async def _knows_what_it_knew(store: SqliteStore, schema: int) -> None:
    """Compare what detection filed, from the schema on that has room for it."""
    whole, customer = detected(3, connection="globex"), ("globex", "BPCUSTOMER")
    if schema < 3:
        assert await store.casebook.alerts() == []
        return
    known = await case(store.casebook, *customer)
    assert (known.memory, known.baseline, known.deeds) == (whole.memory, whole.baseline, whole.deeds)
    assert (list(known.versions), [each.notice for each in known.notices]) == (whole.versions, whole.notices)
    assert sorted(each.id for each in known.alerts) == sorted(each.id for each in whole.alerts)
    assert (known.referring, dict(known.sums)) == ({"BPCUSTOMER": [whole.facts.links[0]]}, {DELIVERED: ("3.50", "-1")})
    assert known.breaches == whole.facts.breaches["BPCUSTOMER"]
    (seen,) = (await sight(store, ELSEWHERE)).seen or ()
    assert seen.body == body("e", 3)


async def _keeps_what_it_kept(store: SqliteStore, schema: int) -> None:
    """Compare who reads the log, what stands for the erased, and what is sealed, from the schema on that has room."""
    assert await store.changelog.cursors() == ([] if schema < 4 else [CURSOR])
    assert (await store.proved(), await store.erased(ELSEWHERE)) == (schema >= 5, frozenset([GONE][: schema >= 5]))
    if schema >= 5:
        assert await store.key_proof(b"another") == PROOF
    place, number, secret = SEALED
    kept = {each.place: each for each in await store.vault.sealed()}
    places = [place][: schema >= 6] + [USED.place][: schema >= 7]
    assert {each.place: each.number for each in kept.values()} == dict.fromkeys(places, number)
    assert [opened(kept[each].blob, each, Keyring([KEY])).reveal() for each in places] == [secret, "used"][
        : len(places)
    ]
    await _has_what_was_brought(store, schema)


async def _has_what_was_brought(store: SqliteStore, schema: int) -> None:
    """Compare connections, tokens and what was put aside, from the schema on that has room for them."""
    there = schema >= 7
    assert await store.connections.all() == [BROUGHT][:there]
    assert await store.connections.clearing() == [CLEARED][:there]
    assert await store.tokens.all() == [TOKEN][:there]
    assert await store.casebook.asides() == ({BROUGHT.name: ASIDE} if there else {})
    used = await store.vault.kept(USED.place.connection, USED.place.field)
    assert (used is not None and used.given == USED.given) == there
    assert (await store.vault.begin_use(USED.place, 9) == 5) == there


def test_a_schema_that_is_no_newer_than_a_release_is_not_written_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who makes the next one writes its file at its release; those that are there stay as they were written."""
    before = {each.name: each.read_bytes() for each in RELEASED.iterdir()}
    monkeypatch.setattr(releasing, "migrations", lambda: migrations()[:6])
    assert releasing.main() == 1
    assert {each.name: each.read_bytes() for each in RELEASED.iterdir()} == before


async def _counted(store: SqliteStore) -> list[tuple[str, int, int, int]]:
    return [(each.resource, each.created, each.updated, each.deleted) for each in await store.changelog.days(0)]


async def _holds_what_it_held(store: SqliteStore) -> None:
    """Compare with what was written: two cycles of customers, and one of orders that was written ahead."""
    customers, orders = await sight(store), await sight(store, ORDERS)
    assert {one.key: (one.body, one.seq) for one in customers.stored.values()} == {
        key("a"): (body("a", 1), 3),
        key("b"): (body("b", 0), 4),
        key("c"): (body("c", 0), 5),
        key("d"): (body("d", 0), 5),
    }
    assert [(one.key, one.absent_since) for one in customers.seen or ()] == [
        (key("a"), None),
        (key("c"), None),
        (key("d"), 3),
    ]
    assert customers.absences == {Absence.HELD: 1}
    assert customers.contents == [segment("a", "b").segments[0][1]]
    assert [(one.key, one.seq) for one in orders.stored.values()] == [(key("a"), 6), (key("b"), 7)]
    assert orders.as_of_seq == 7
    assert [one.op for one in (*customers.changes, *orders.changes)] == [*"ccudccu"]
