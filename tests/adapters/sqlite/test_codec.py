"""Bodies come back as they were stored, and are small."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftd.adapters.sqlite import SqliteStore
from driftd.adapters.sqlite.codec import LEARNS_FROM, Codec, Codecs, learn
from driftd.core.model import Row
from tests.contracts.staged import CUSTOMERS, Part, body, key, poll, row
from tests.contracts.stores import room

ROWS: Final = [
    Row(
        key(f"{n}"), bytes(16), bytes(17), b'{"NAME":"customer %d","CITY":"%s","NUMBER":%d}' % (n, b"Lyon" * (n % 5), n)
    )
    for n in range(300)
]
LEARNT: Final = learn(ROWS, 7)


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with room() as directory:
        yield directory


@given(st.binary())
def test_what_is_compressed_comes_back(content: bytes) -> None:
    """With a dictionary and without, from frames made with it and without."""
    plain, learnt = Codec(None), Codec(LEARNT)
    assert plain.decompress(plain.compressor()(content)) == content
    assert learnt.decompress(learnt.compressor()(content)) == content
    assert learnt.decompress(plain.compressor()(content)) == content


def test_a_dictionary_pays() -> None:
    """Bodies like those it was learnt from take less than half the room."""
    plain, learnt = (sum(len(codec.compressor()(one.body)) for one in ROWS) for codec in (Codec(None), Codec(LEARNT)))
    assert learnt < plain / 2


def test_bodies_that_teach_nothing_give_no_dictionary() -> None:
    """Empty or equal bodies are no reason to fail."""
    assert learn([Row(b"", b"", b"", b"")] * 200, 1) is None


def test_the_codecs_at_hand_are_bounded() -> None:
    """Thousands of resources keep no more than the latest in memory."""
    codecs = Codecs()
    for resource in range(1_000):
        codecs.keep(resource, Codec(None))
    assert sum(codecs.get(resource) is not None for resource in range(1_000)) < 100
    assert codecs.get(999) is not None


@pytest.mark.parametrize("count", [50, LEARNS_FROM, 5_000])
async def test_any_number_of_records_is_read_by_anyone(data_dir: Path, count: int) -> None:
    """Few records are stored without a dictionary, many with one; another process reads both, later ones too."""
    names = [f"n{n}" for n in range(count)]
    rows = [row(name, n) for n, name in enumerate(names)]
    async with SqliteStore.open(data_dir, clock_now=lambda: 5) as store:
        for _ in range(2):
            await poll(store, *(Part(rows[n : n + 500]) for n in range(0, count, 500)), baseline=True)
        await poll(store, Part([row("n1", 77, details=(b'{"MORE":true}', 5))]))
    async with SqliteStore.reading(data_dir) as store:
        page = await store.read_records("acme", "BPCUSTOMER", after=None, limit=10_000)
        assert {seen.key: seen.body for seen in page.records if seen.key != key("n1")} == {
            key(name): body(name, n) for n, name in enumerate(names) if name != "n1"
        }
        assert (await store.known(CUSTOMERS, [key("n1")]))[key("n1")].details == b'{"MORE":true}'
    with closing(sqlite3.connect(data_dir / "driftd.db")) as db:
        assert db.execute("SELECT count(*) FROM dictionaries").fetchone() == (int(count >= LEARNS_FROM),)


async def test_a_dictionary_learnt_later_is_found(data_dir: Path) -> None:
    """Who read a resource while it was small goes on reading when it has learnt a dictionary."""
    rows = [row(f"n{n}", n) for n in range(LEARNS_FROM)]
    async with SqliteStore.open(data_dir, clock_now=lambda: 5) as store:
        await poll(store, Part(rows[:5]))
        assert len(await store.known(CUSTOMERS, [one.key for one in rows])) == 5
        await poll(store, Part(rows))
        known = await store.known(CUSTOMERS, [one.key for one in rows])
    assert [known[one.key].body for one in rows] == [one.body for one in rows]
