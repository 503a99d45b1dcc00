"""A record is erased: nothing of it is left in any byte that is stored, and sweeps go on as if it had never been."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from msgspec.structs import replace

from driftd.adapters.sqlite import SqliteStore
from driftd.core.decision import Removal
from driftd.core.drift import Check
from driftd.core.model import Guards, KeyBytes, Kind, Resource
from driftd.errors import DecisionError
from driftd.runtime.cycle import cycle
from driftd.runtime.decisions import Names
from driftd.runtime.erasing import Erasing
from driftd.runtime.settling import Site
from driftd.runtime.tenant import Tenant
from tests.adapters.sqlite.dredging import found
from tests.contracts.stores import room
from tests.fakes.detection import detector_of
from tests.fakes.source import FakeTable
from tests.runtime.world import MASTER, NAME, World, row

PLANTED = (b"planted", b"K00050")
KEY: KeyBytes = b'["K00050"]'
PEOPLE = replace(MASTER, page_size=4, guards=Guards(ratio=0.9, second_look=30.0))


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with room() as directory:
        yield directory


def removal(*keys: KeyBytes, forget: bool = False) -> Removal:
    return Removal("conn", NAME, keys or (KEY,), "jo", "request 17", forget)


def erasing(world: World, store: SqliteStore, *others: Resource) -> Erasing:
    def sites() -> Mapping[Names, Site]:
        return {("conn", each.name): Site(each, "host", "FOLDER") for each in (world.resource, *others)}

    return Erasing(detector_of(store), store, world.clock, sites)


@asynccontextmanager
async def kept(data_dir: Path, records: int = 12) -> AsyncIterator[tuple[World, SqliteStore]]:
    """Give a world that is kept in a file, with a person in it who changed once."""
    async with SqliteStore.open(data_dir, clock_now=lambda: 1) as store:
        world = World.of(records, PEOPLE)
        world.store = store  # type: ignore[assignment]
        world.source.put(NAME, [row(50, NAME="planted one", CODE="PLA")])
        await world.run()
        world.source.put(NAME, [row(50, NAME="planted two", CODE="PLB")])
        await world.run()
        yield world, store


async def shown(store: SqliteStore) -> dict[str, Any]:
    page = await store.read_records("conn", NAME, after=None, limit=1_000)
    return {orjson.loads(each.key)[0]: orjson.loads(each.body) for each in page.records}


@pytest.mark.parametrize("records", [12, 400, 450])
async def test_nothing_of_an_erased_record_is_left_in_any_byte(data_dir: Path, records: int) -> None:
    """Snapshot, log, segments, counts, dictionary, free pages, write-ahead log: compressed or not, its key neither."""
    async with kept(data_dir, records) as (world, store):
        assert found(data_dir, *PLANTED)
        said = await erasing(world, store).erase(removal())
        assert "the record and 1 change events" in said
        assert found(data_dir, *PLANTED, b"PLB") == set()
        assert len(await shown(store)) == records - 1
        (deed,) = await store.casebook.deeds("conn", 10)
        assert (deed.action, deed.by, deed.reason, len(deed.subject)) == ("erase", "jo", "request 17", 32)
        page = await store.read_changes(0, 100)
        assert page == []


@pytest.mark.parametrize("erased", [10, 40, 50, 80, 120])
async def test_sweeps_go_on_as_if_it_had_never_been(data_dir: Path, erased: int) -> None:
    """Wherever it stands in its segment: no event of it, whatever becomes of it and of its neighbours, nothing pending
    or held, and what is unchanged is not even parsed."""
    key = orjson.dumps([f"K{erased:05}"])
    async with kept(data_dir) as (world, store):
        await erasing(world, store).erase(removal(key))
        seq = (await store.read_changes(0, 100))[-1:]
        after = seq[0].seq if seq else 0
        report = await world.run()
        for step in range(3):
            report = await world.run()
            assert (report.outcome, report.c, report.u, report.d, report.records) == ("ok", 0, 0, 0, 11), step
        assert report.records_decoded <= 1
        world.source.put(NAME, [row(erased, NAME="planted three"), row(60, NAME="other"), row(55)])
        report = await world.run()
        assert (report.c, report.u, report.d) == (1, 1, 0)
        assert (await world.run(Kind.PROBE)).c == (await world.run(Kind.DELTA)).c == 0
        world.source.tables[NAME].rows = [
            each for each in world.source.tables[NAME].rows if each["KEY"] != f"K{erased:05}"
        ]
        report = await world.run()
        assert (report.outcome, report.d, report.pending, report.held) == ("ok", 0, 0, 0)
        assert found(data_dir, key[2:-2], b"planted three") == set()
        assert len(await store.read_changes(after, 100)) == 2


async def test_many_erased_in_a_row_do_not_stop_a_sweep(data_dir: Path) -> None:
    """More than a page of them, at the beginning and at the end as well."""
    async with kept(data_dir, 60) as (world, store):
        for number in [*range(1, 9), *range(20, 45), *range(55, 61)]:
            await erasing(world, store).erase(removal(orjson.dumps([f"K{10 * number:05}"])))
        world.source.put(NAME, [row(500, NAME="other")])
        for _ in range(2):
            report = await world.run()
            assert (report.outcome, report.records, report.c, report.d) == ("ok", 21, 0, 0)
        assert set(await shown(store)) == {f"K{10 * n:05}" for n in [*range(9, 20), *range(45, 55)]}


async def test_forgetting_lets_it_be_seen_again(data_dir: Path) -> None:
    """As a record that is new; given later, it lifts an erasure of before."""
    async with kept(data_dir) as (world, store):
        await erasing(world, store).erase(removal(forget=True))
        assert (await world.run()).c == 1
        await erasing(world, store).erase(removal())
        assert (await world.run()).c == 0
        with pytest.raises(DecisionError, match="was erased before"):
            await erasing(world, store).erase(removal())
        await erasing(world, store).erase(removal(forget=True))
        report = await world.run()
        assert (report.c, report.records) == (1, 12)


async def test_what_nobody_knows_cannot_be_erased(data_dir: Path) -> None:
    """The error names no key; a reason that names the record is refused, since it would stay."""
    async with kept(data_dir) as (world, store):
        with pytest.raises(DecisionError, match="no record of CLASS of conn has this key") as caught:
            await erasing(world, store).erase(removal(b'["K00055"]'))
        assert caught.value.unknown
        with pytest.raises(DecisionError, match="the reason names the record"):
            await erasing(world, store).erase(replace(removal(), reason="K00050 wants to go"))
        assert len(await shown(store)) == 12


async def test_a_tombstone_and_a_pending_delete_can_be_erased(data_dir: Path) -> None:
    """Counts of live records stay right."""
    async with kept(data_dir) as (world, store):
        world.source.tables[NAME].rows = [each for each in world.source.tables[NAME].rows if each["KEY"] != "K00050"]
        await world.run()
        assert len(await shown(store)) == 11
        await erasing(world, store).erase(removal())
        assert found(data_dir, *PLANTED) == set()
        report = await world.run()
        assert (report.records, report.d, (await store.standing(PEOPLE)).records) == (11, 0, 11)


async def test_what_alerts_say_of_it_is_said_of_nobody(data_dir: Path) -> None:
    """Held deletes name some keys, in alerts, notices and in memory."""
    async with kept(data_dir) as (world, store):
        world.resource = replace(PEOPLE, guards=Guards(ratio=0.01, limit=1, second_look=30.0))
        world.source.tables[NAME].rows = world.source.tables[NAME].rows[:2]
        for _ in range(3):
            await world.run()
        (alert,) = [each for each in await store.casebook.alerts() if "K00050" in str(each)]
        await erasing(world, store).erase(removal())
        assert found(data_dir, *PLANTED) == set()
        told = detector_of(store).alarms.get(alert.id)
        assert told is not None
        assert "K00050" not in str(told)
        report = await world.run()
        assert (report.held, report.d) == (9, 0)


async def test_what_names_an_erased_record_is_no_orphan(data_dir: Path) -> None:
    """It was there; how often the orders that name it change, and are looked at again, nothing is told of them."""
    orders = replace(MASTER, name="ORDERS", key=("NUM",), references={"CUSTOMER": NAME})
    async with kept(data_dir) as (world, store):
        table = world.source.tables["ORDERS"] = FakeTable(("NUM",))
        others = {NAME: world.resource, "ORDERS": orders}
        tenant = Tenant(world.source, store, world.clock, "h", "F", lambda: 1, detector_of(store), others)

        async def polled(customer: str) -> None:
            table.rows = [{"NUM": f"O{n}", "CUSTOMER": customer, "QTY": n} for n in range(4)]
            world.source.put(NAME, [row(20, NAME=customer)])
            for resource in (world.resource, orders):
                world.clock.ms += 3_600_000
                assert (await cycle(tenant, resource, Kind.SWEEP)).outcome == "ok"

        await polled("K00050")
        said = await erasing(world, store, orders).erase(removal())
        assert "4 records of other classes still name its key" in said
        assert await store.casebook.breached("conn", "ORDERS") == {}
        for customer in ("K00050", "K00030", "K00050", "K00050"):
            await polled(customer)
        assert await store.casebook.breached("conn", "ORDERS") == {}
        await polled("K99990")
        await polled("K99990")
        assert set(await store.casebook.breached("conn", "ORDERS")) == {(Check.ORPHANS, "CUSTOMER")}
