"""Erasing where no daemon runs: what was interrupted before is taken up as well."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from driftd.adapters.sqlite import SqliteStore
from driftd.app import erasure
from driftd.config import Config, DaemonConfig
from driftd.errors import DecisionError
from driftd.runtime.settling import Site
from tests.adapters.sqlite.dredging import found
from tests.contracts.staged import created, key, poll
from tests.contracts.stores import room
from tests.runtime.test_erasing import PEOPLE, PLANTED, kept, removal
from tests.runtime.test_interrupted import OTHER, begun
from tests.runtime.world import NAME


@pytest.fixture
def config() -> Iterator[Config]:
    with room() as directory:
        yield Config(DaemonConfig(directory), ())


async def unfinished(data_dir: Path) -> int:
    async with SqliteStore.reading(data_dir) as store:
        return len(await store.unfinished())


async def left_behind(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have an erasure be interrupted, and its process end."""
    async with kept(data_dir) as (world, store):
        await begun(world, store, monkeypatch)
    assert await unfinished(data_dir)
    assert found(data_dir, *PLANTED)


async def test_it_goes_on_whatever_else_is_asked(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where what is asked is refused, too, and of a resource that is not configured any more."""
    await left_behind(config.data_dir, monkeypatch)
    with pytest.raises(DecisionError, match="is not configured"):
        await erasure.erase(config, removal(OTHER))
    assert not await unfinished(config.data_dir)
    assert found(config.data_dir, *PLANTED) == set()


async def test_what_it_finished_besides_is_said(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a line of its own."""
    await left_behind(config.data_dir, monkeypatch)
    orders = replace(PEOPLE, name="ORDERS")
    async with SqliteStore.open(config.data_dir, clock_now=lambda: 1) as store:
        await poll(store, created("b"), resource=orders)
    monkeypatch.setattr(erasure, "sites", lambda _: {("conn", "ORDERS"): Site(orders, "host", "FOLDER")})
    said = await erasure.erase(config, replace(removal(key("b")), resource="ORDERS"))
    assert said.startswith("erased from ORDERS of conn: the record and 1 change events")
    assert said.endswith(f"\nan erasure from {NAME} of conn that was interrupted is finished")
    assert found(config.data_dir, *PLANTED) == set()
