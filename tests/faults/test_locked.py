"""A database that another program holds, or that is slow: cycles wait in a bounded queue, or are abandoned whole."""

import sqlite3
from contextlib import closing
from pathlib import Path
from threading import Event

import anyio
import anyio.lowlevel
import pytest
from anyio import to_thread, wait_all_tasks_blocked

from driftd.adapters.sqlite import SqliteStore, transaction
from driftd.adapters.sqlite.database import configure
from driftd.errors import Reason
from driftd.simulator import Farm, serving
from tests.faults.counting import differences
from tests.faults.observing import Observe
from tests.house.process import CLASSES
from tests.house.rig import Rig, joined, resource


async def begun(house: Rig) -> None:
    """Have a first sweep, and hold what it read."""
    await house.poll()
    house.told = {name: await house.snapshot(name) for name in CLASSES}


@pytest.mark.fault(5)
async def test_a_cycle_that_finds_the_database_locked_is_abandoned_whole(tmp_path: Path, observe: Observe) -> None:
    """Nothing of it is seen, it says why, and the next one brings all of it."""
    farm = Farm.build(tenants=1, records=40)
    tenant, classes = farm["aldgate"], [resource(name) for name in CLASSES]
    with serving(farm) as served:
        async with (
            SqliteStore.open(tmp_path, clock_now=lambda: 5) as store,
            joined(tenant, served.url, store, classes) as house,
        ):
            await begun(house)
            tenant.advance(update=8, create=4, delete=2, resource="BPCUSTOMER")
            assert store._writer is not None
            await store._writer._database.run(configure(["PRAGMA busy_timeout = 20"]))
            with closing(sqlite3.connect(tmp_path / "driftd.db", isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                reports = await house.poll()
                seen = await house.follow()
                other.execute("ROLLBACK")
            await house.poll()
            told = await house.follow()
            lost, invented = differences(house)
            observe(f"locked: {seen} events; freed: {told}", lost=lost, invented=invented)
            assert {each.reason for each in reports} == {Reason.STORE_ERROR}
            assert all("held by another program" in each.message for each in reports)
            assert (seen, lost, invented) == (0, 0, 0)
            assert told


@pytest.mark.fault(5)
async def test_a_slow_database_holds_readers_of_tenants_back(
    tmp_path: Path, observe: Observe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No more transactions are queued than the bound says; those who wait ask their tenants for nothing meanwhile."""
    monkeypatch.setattr(transaction, "LIMIT", 2)
    farm = Farm.build(tenants=6, records=20)
    inside, leave = Event(), Event()
    with serving(farm) as served:
        async with SqliteStore.open(tmp_path, clock_now=lambda: 5) as store, anyio.create_task_group() as tasks:
            writer = store._writer
            assert writer is not None

            def wait(_: sqlite3.Connection) -> None:
                inside.set()
                leave.wait()

            async def slow() -> None:
                assert writer is not None
                await writer.transact(wait, durable=False)

            async def sweep(name: str) -> None:
                async with joined(farm[name], served.url, store, [resource(each) for each in CLASSES]) as house:
                    await begun(house)
                    houses.append(house)

            houses: list[Rig] = []
            tasks.start_soon(slow)
            await to_thread.run_sync(inside.wait)
            for name in farm:
                tasks.start_soon(sweep, name)
            while store.facts().waiting < len(farm):
                await anyio.lowlevel.checkpoint()
            await wait_all_tasks_blocked()
            queued, asked = (
                writer._database._thread._tx.qsize(),
                sum(sum(each.requests.values()) for each in farm.values()),
            )
            leave.set()
        lost = sum(differences(each)[0] for each in houses)
        observe(f"{queued} queued of a bound of 2, {asked} requests meanwhile", lost=lost, invented=0)
        assert queued <= 2
        assert (asked, lost, len(houses)) == (0, 0, len(farm))
