"""Writing bodies anew takes no more room than was asked for, whoever reads meanwhile."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from driftd.adapters.sqlite import SqliteStore, weighing
from tests.adapters.sqlite.dredging import found
from tests.contracts.stores import room
from tests.runtime.test_erasing import KEY, erasing, removal
from tests.runtime.test_erasing import PEOPLE as RESOURCE
from tests.runtime.world import NAME, World, row

PLACE = ("conn", NAME)


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with room() as directory:
        yield directory


def size(data_dir: Path) -> int:
    return sum(path.stat().st_size for path in data_dir.glob("driftd.db*"))


async def least(store: SqliteStore) -> int:
    """Return the least room that is said to be enough, or up to an eighth more."""
    room = 2**16
    while not await store.fits(*PLACE, room):
        room += room // 8
    return room


@pytest.mark.parametrize(
    ("records", "text"),
    [
        (30, 0),
        (420, 300),
        *(pytest.param(*each, marks=pytest.mark.heavy) for each in [(30, 300), (30, 5_000), (420, 0), (420, 5_000)]),
    ],
)
async def test_it_takes_no_more_than_that(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, records: int, text: int
) -> None:
    """File and write-ahead log together, with a reader that holds on to it, however little bodies can be compressed."""
    monkeypatch.setattr(weighing, "_SLICE", 97)
    async with SqliteStore.open(data_dir, clock_now=lambda: 1) as store:
        world = World.of(records, RESOURCE)
        world.store = store  # type: ignore[assignment]
        chance = Random(1)
        for _ in range(2):
            rows = [row(10 * n, NAME=chance.randbytes(text).hex()) for n in range(1, records + 1)]
            world.source.put(NAME, rows)
            await world.run()
        with closing(sqlite3.connect(data_dir / "driftd.db", isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM records").fetchall()
            erased = erasing(world, store)
            asked: list[tuple[int, int]] = []
            wipe = store.wipe

            async def weighed(connection: str, resource: str) -> bool:
                if not asked:
                    asked.append((await least(store), size(data_dir)))
                return await wipe(connection, resource)

            monkeypatch.setattr(store, "wipe", weighed)
            await erased.erase(removal())
            (most, before), after = asked[0], size(data_dir)
            assert after - before <= most
        assert await store.wipe(*PLACE)
        assert await store.fits(*PLACE, 0)
        assert found(data_dir, KEY) == set()
