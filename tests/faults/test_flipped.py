"""Bytes of the database flipped while nobody looked: no false event, and no store that never opens again."""

import json
import os
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from random import Random
from shutil import copytree, rmtree
from typing import Any, NamedTuple

import pytest

from driftd.adapters.sqlite import SqliteStore
from driftd.adapters.sqlite.backup import Shelf, take_into
from driftd.adapters.sqlite.files import BACKUPS, DATABASE, LOCK
from driftd.adapters.sqlite.mending import mend
from driftd.app.rescue import damage_of
from driftd.core.model import Op
from driftd.simulator import Farm, Serving, Tenant, serving
from tests.faults.counting import versions
from tests.faults.observing import Observe
from tests.house.rig import Rig, normal, resource, rig, truth

NAMES = ("BPCUSTOMER", "ITMMASTER")
RESOURCES = [resource(name) for name in NAMES]
MANY = 40 if os.environ.get("DRIFTD_HEAVY") == "short" else 400
NOW = 1_790_000_000_000
HEADER = 100
"""Bytes that say whose file it is: one that says it is another program's is refused, and left alone."""


class Came(NamedTuple):
    """What came of one seed."""

    mended: int
    lost: int
    invented: int


async def base(tenant: Tenant, served: Serving, directory: Path) -> None:
    """Have a history, and leave the store as one that was killed."""
    async with rig(tenant, served.url, directory, RESOURCES) as house:
        await house.poll()
        for _ in range(2):
            tenant.advance(update=6, create=3, delete=2, resource="BPCUSTOMER")
            await house.poll()
            take_into(Shelf(directory / BACKUPS, 1), directory, NOW)
    lock = directory / LOCK
    lock.write_bytes(lock.read_bytes().replace(b"wrote", b"writes"))
    (directory / f"{DATABASE}-wal").touch()


def flip(path: Path, seed: int) -> None:
    """Flip some bytes behind the header: one, or many next to each other, or many far apart."""
    chance, size = Random(seed), path.stat().st_size
    first = chance.randrange(HEADER, size)
    places: Sequence[int] = [first]
    if seed % 3 == 1:
        places = range(first, min(size, first + chance.randrange(2, 4096)))
    elif seed % 3 == 2:
        places = [chance.randrange(HEADER, size) for _ in range(20)]
    with path.open("r+b") as file:
        for place in places:
            file.seek(place)
            byte = file.read(1)[0]
            file.seek(place)
            file.write(bytes([byte ^ chance.randrange(1, 256)]))


async def survived(tenant: Tenant, served: Serving, directory: Path) -> Came:
    """Sweep twice, mending what proves damaged; compare with the truth all that is told meanwhile."""
    told: dict[str, dict[str, Any]] = {}
    for mended in range(4):
        try:
            async with rig(tenant, served.url, directory, RESOURCES) as house:
                for _ in range(2):
                    await house.poll()
                    told |= await _log(house)
                return Came(mended, await _lost(house), sum(_untrue(tenant, event) for event in told.values()))
        except Exception as error:
            damage = damage_of(error)
            if damage is None:
                raise
            mend(directory, directory / BACKUPS, NOW, str(damage))
    raise AssertionError("it is damaged again and again")


async def _log(house: Rig) -> dict[str, dict[str, Any]]:
    """Return what was told from our start on, by id."""
    events = [json.loads(each.envelope, parse_float=Decimal) for each in await house.store.read_changes(0, 10**6)]
    return {event["id"]: event for event in events if event["op"] != "m"}


async def _lost(house: Rig) -> int:
    """Count the records that changed meanwhile and are not shown as the tenant has them."""
    lost, tenant = 0, house.tenant
    for name in NAMES:
        shown, want = await house.snapshot(name), truth(tenant, name, "$query")
        changed = {each.key for each in tenant.truth(tenant.state - 1, tenant.state, name, "$query")}
        lost += sum(shown.get(key) != want.get(key) for key in changed)
    return lost


def _untrue(tenant: Tenant, event: dict[str, Any]) -> bool:
    true = versions(tenant, event["source"]["resource"])
    return normal(event["after"]) not in true.get(tuple(event["key"].values()), [])


async def came(seeds: Iterable[int], room: Path) -> Came:
    """Flip by each seed what one killed store left, and add up what came of it."""
    farm = Farm.build(tenants=1, records=60)
    tenant, total = farm["aldgate"], Came(0, 0, 0)
    with serving(farm) as served:
        await base(tenant, served, room / "base")
        tenant.advance(update=5, create=3, delete=2, resource="BPCUSTOMER")
        for seed in seeds:
            directory = room / str(seed)
            copytree(room / "base", directory)
            flip(directory / DATABASE, seed)
            one = await survived(tenant, served, directory)
            if one.lost or one.invented:
                print(seed, one)
            total = Came(*map(sum, zip(total, one, strict=True)))
            rmtree(directory)
    return total


@pytest.mark.fault(6)
async def test_flipped_bytes_invent_nothing(tmp_path: Path, observe: Observe) -> None:
    """Wherever they are, all sweeps end at the truth, and every event was true."""
    total = await came(range(4), tmp_path)
    observe(f"4 files flipped, mended {total.mended} times", lost=total.lost, invented=total.invented)
    assert total.mended
    assert (total.lost, total.invented) == (0, 0)


@pytest.mark.heavy
@pytest.mark.fault(6)
async def test_flipped_bytes_invent_nothing_of_many(tmp_path: Path, observe: Observe) -> None:
    """The same of 400 files; 40 where ``DRIFTD_HEAVY=short``."""
    total = await came(range(9, 9 + MANY), tmp_path)
    observe(f"{MANY} files flipped, mended {total.mended} times", lost=total.lost, invented=total.invented)
    assert (total.lost, total.invented) == (0, 0)


@pytest.mark.fault(6)
async def test_a_record_that_only_its_segment_knows_is_not_told_as_created(tmp_path: Path, observe: Observe) -> None:
    """SQLite finds nothing wrong with a row that is not there: the sweep that reads it again does."""
    farm = Farm.build(tenants=1, records=20)
    tenant = farm["aldgate"]
    with serving(farm) as served:
        async with rig(tenant, served.url, tmp_path, RESOURCES) as house:
            await house.poll()
        with closing(sqlite3.connect(tmp_path / DATABASE, isolation_level=None)) as db:
            db.execute("DELETE FROM records WHERE key = (SELECT max(key) FROM records WHERE resource_id = 1)")
        tenant.advance(update=20, create=0, delete=0, resource="BPCUSTOMER")
        tenant.advance(update=20, create=0, delete=0, resource="ITMMASTER")
        with pytest.raises(ExceptionGroup) as raised:
            async with rig(tenant, served.url, tmp_path, RESOURCES) as house:
                await house.poll()
        async with SqliteStore.reading(tmp_path) as store:
            created = [each for each in await store.read_changes(0, 100) if each.op is Op.CREATE]
        observe("found by its segment", invented=len(created))
        assert damage_of(raised.value) is not None
        assert not created
