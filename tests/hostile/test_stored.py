"""What the database holds, damaged: `StoreError`, or what is left of it; never anything else."""

import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest
from hypothesis import strategies as st
from msgspec import Struct

from driftd.adapters.sqlite import SqliteStore, salvage
from driftd.adapters.sqlite.boxing import boxed, unboxed
from driftd.core.alerts.model import Notice, Telling
from driftd.core.health import ConnectionHealth
from driftd.core.model import Standing
from driftd.core.schema import record
from driftd.core.schema.counts import Counts
from driftd.errors import StoreError
from driftd.ports import Store
from tests.contracts.staged import CUSTOMERS, created, deleted, key, poll, segment, together, updated
from tests.contracts.stores import room
from tests.faces import views
from tests.hostile.effort import tried

pytestmark = pytest.mark.anyio
NOTICE = Notice("ab" * 16, views.NOW, Telling.FIRING, views.alert())
NOUNS: tuple[Struct, ...] = (views.alert(), NOTICE, views.HISTORY[0], ConnectionHealth())
COUNTS = Counts()
COUNTS.observe([{"A": 1, "B": [{"C": "x"}]}] * 5)
REMEMBERED = record.packed(record.Remembered(COUNTS.pack()))


def spoilt(whole: bytes) -> st.SearchStrategy[bytes]:
    """Return bytes of which some are others, or missing."""
    at = st.integers(0, len(whole))
    changed = st.builds(
        lambda a, new, skip: whole[:a] + new + whole[a + skip :], at, st.binary(max_size=4), st.integers(0, 9)
    )
    return changed | st.binary(max_size=40)


@tried(60, st.sampled_from(NOUNS).flatmap(lambda noun: st.tuples(st.just(type(noun)), spoilt(salvage.pack(noun)))))
def test_a_damaged_noun_is_what_is_left_of_it_or_none(found: tuple[type[Struct], bytes]) -> None:
    """Whatever bytes stand where one was packed, there is a noun or None."""
    kind, packed = found
    noun = salvage.unpack(packed, kind)
    assert noun is None or isinstance(noun, kind)


@tried(30, st.sampled_from(NOUNS).flatmap(lambda noun: st.tuples(st.just(type(noun)), spoilt(boxed(noun)))))
def test_a_damaged_box_is_none(found: tuple[type[Struct], bytes]) -> None:
    """So it is in its box."""
    kind, box = found
    noun = unboxed(box, kind)
    assert noun is None or isinstance(noun, kind)


@tried(60, spoilt(COUNTS.pack()))
def test_damaged_counts_are_never_fewer_than_none(packed: bytes) -> None:
    """Whatever bytes stand where counts were packed, there are counts, and of each mark as many or none."""
    counts = Counts.unpack(packed)
    assert min(counts.records, counts.complete) >= 0
    assert all(count >= 0 for marks in counts.paths.values() for count in marks.values())


@tried(60, spoilt(REMEMBERED))
def test_what_is_remembered_of_a_shape_is_all_there_or_forgotten(packed: bytes) -> None:
    """Damage is noticed: the snapshot is counted again, and no number is believed that was never counted."""
    told = record.unpacked(packed)
    assert told == (record.unpacked(REMEMBERED) if packed == REMEMBERED else record.Remembered())
    assert record.unpacked(REMEMBERED).counts == COUNTS.pack()


DAMAGE: Final = (
    "records.body", "records.details", "records.details_at", "records.raw", "records.absent", "records.key",
    "contents.keys", "contents.raw", "resources.standing", "resources.layout", "changes.before", "changes.after",
    "changes.changed", "changes.op", "changes.confidence", "changes.related", "changes.reason", "changes.key",
    "generations.kind", "generations.key_names", "dictionaries.dictionary", "segments.boundary",
)  # fmt: skip
VALUES: Final = (
    None,
    b"",
    b"\x00",
    b"\xff" * 40,
    b"\x28\xb5\x2f\xfd\xc0" + b"\xff" * 8,
    -7,
    2**62,
    "",
    "{",
    "nonsense",
)


def spoil(path: Path, column: str, value: object) -> bool:
    """Write a value into all rows of a column, past the store; tells whether its type allows it."""
    table, name = column.split(".")
    db = sqlite3.connect(path)
    db.execute("PRAGMA ignore_check_constraints = 1")
    try:
        with db:
            db.execute(f'UPDATE {table} SET "{name}" = ?', (value,))
    except sqlite3.Error:
        return False
    finally:
        db.close()
    return True


async def every_reading(store: Store) -> None:
    """Read all that there is to read; each reading gives something, or raises `StoreError`."""
    readings: tuple[Callable[[], Awaitable[object]], ...] = (
        lambda: store.standing(CUSTOMERS),
        lambda: store.segments(CUSTOMERS),
        lambda: store.known(CUSTOMERS, [key("a"), key("b")]),
        lambda: store.absent(CUSTOMERS),
        lambda: store.absences(CUSTOMERS),
        lambda: store.unplaced(CUSTOMERS),
        lambda: store.stalest(CUSTOMERS, 5),
        lambda: store.coverage(CUSTOMERS, 0),
        lambda: store.read_records("acme", "BPCUSTOMER", after=None, limit=5),
        lambda: store.read_record("acme", "BPCUSTOMER", key("a")),
        lambda: store.read_changes(0, 5),
    )
    for read in readings:
        with suppress(StoreError):
            await read()
    with suppress(StoreError):
        await store.contents(await store.segments(CUSTOMERS))


@pytest.mark.parametrize("column", DAMAGE)
async def test_damaged_rows_are_a_store_error(column: str) -> None:
    """Whatever stands in a column, every reading gives something or raises `StoreError`."""
    with room() as data_dir:
        async with SqliteStore.open(data_dir, clock_now=lambda: 1_000) as store:
            part = segment("a", "b", "c")
            new = together(created("a"), created("b"), created("c"), part)
            await poll(store, new, layout=[part.segments[0][0]], standing=Standing(baselined=True))
            await poll(store, updated("a", 2), deleted("b"))
            for value in VALUES:
                if spoil(data_dir / "driftd.db", column, value):
                    await every_reading(store)
