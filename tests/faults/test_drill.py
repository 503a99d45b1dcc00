"""The restore drill: a backup taken under load is put back, and the next sweeps tell what is true."""

from pathlib import Path

import anyio
import pytest
from anyio import to_thread

from driftd.adapters.sqlite.backup import take
from driftd.adapters.sqlite.integrity import faults
from driftd.adapters.sqlite.mending import restore
from driftd.simulator import Farm, serving
from tests.contracts.noted import group
from tests.faults.counting import differences
from tests.faults.observing import Observe
from tests.house.process import CLASSES
from tests.house.rig import Rig, resource, rig

NOW = 1_790_000_000_000
RESOURCES = [resource(name) for name in CLASSES]


async def loaded(house: Rig, stop: anyio.Event) -> None:
    """Have the tenant change and the store written, without a pause."""
    number = 0
    while not stop.is_set():
        number += 1
        house.tenant.advance(update=5, create=3, delete=1, resource="BPCUSTOMER")
        await house.poll()
        await house.store.logbook.write(group(number, connections=20))  # type: ignore[attr-defined]


def taken_anew(data: Path, copy: Path) -> None:
    copy.unlink(missing_ok=True)
    take(data, copy)


@pytest.mark.fault(6)
async def test_a_backup_taken_under_load_is_whole_and_tells_nothing_false(tmp_path: Path, observe: Observe) -> None:
    """A reader who heeds the markers ends at the truth, by changes that were all true, deletes among them."""
    farm = Farm.build(tenants=1, records=60)
    tenant, data, copy = farm["aldgate"], tmp_path / "data", tmp_path / "copy.db"
    with serving(farm) as served:
        async with rig(tenant, served.url, data, RESOURCES) as house:
            await house.poll()
            stop = anyio.Event()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(loaded, house, stop)
                for _ in range(3):
                    await to_thread.run_sync(lambda: taken_anew(data, copy))
                stop.set()
            last = (await house.store.read_changes(0, 10**6))[-1].seq
        done = restore(data, copy, NOW)
        assert done.seq > last
        assert not faults(data / "driftd.db", full=True)
        tenant.advance(update=6, create=4, delete=3, resource="BPCUSTOMER")
        async with rig(tenant, served.url, data, RESOURCES) as house:
            house.told = {name: await house.snapshot(name) for name in CLASSES}
            house.seq = last
            for _ in range(2):
                await house.poll()
            told = await house.follow()
            lost, invented = differences(house)
            observe(f"restored from under load: {told} events told", lost=lost, invented=invented)
            assert sorted(house.markers) == sorted(CLASSES)
            assert "d" in {op for _, op, _, _ in house.after}
            assert (lost, invented) == (0, 0)
