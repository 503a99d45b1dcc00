"""What the runtime relies on in every `Source`: the real one against the simulator, and the fake one of the tests."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from driftd.adapters.clock import SystemClock
from driftd.adapters.x3.client import X3Source
from driftd.adapters.x3.settings import ClientCredentials, X3Settings
from driftd.core.model import JsonObject, KeyBytes, Page, Query, Resource
from driftd.core.secret import Secret
from driftd.errors import Reason, SourceError
from driftd.ports import Source
from driftd.simulator import Farm, Tenant, serving
from tests.fakes.loopback import LOOPBACK
from tests.fakes.source import FakeSource, FakeTable

pytestmark = pytest.mark.anyio
CUSTOMERS = Resource("c", "BPCUSTOMER", "BPCUSTOMER", ("BPCNUM",), watermark="UPDDATTIM")
ORDERS = Resource("c", "SORDER", "SORDER", ("SOHNUM",), details=True)
CAP = 17
_AUTH = ClientCredentials("http://127.0.0.1/token", "c", Secret("s"))
OFFLINE: tuple[Source, ...] = (
    X3Source(X3Settings("c", "http://127.0.0.1", "F", _AUTH), None, SystemClock()),
    FakeSource(),
)
"""For what needs no tenant."""


class World(ABC):
    """A tenant with customers and orders that a test may change, and the source that reads it."""

    source: Source

    @abstractmethod
    def put(self, row: dict[str, Any]) -> None:
        """Create or replace a customer."""

    @abstractmethod
    def drop(self, key: str) -> None:
        """Delete a customer."""

    @abstractmethod
    def clear(self) -> None:
        """Delete every customer."""

    @abstractmethod
    def order(self) -> str:
        """Return the number of an order that has lines."""

    @abstractmethod
    def undeclare(self) -> None:
        """Serve no prototype of customers."""


class FakeWorld(World):
    def __init__(self) -> None:
        stamps = [f"2026-11-{1 + number % 9:02d}T08:00:00Z" for number in range(60)]
        rows = [{"BPCNUM": f"C{number * 7 % 60:03d}", "UPDDATTIM": stamp} for number, stamp in enumerate(stamps)]
        self.fake = FakeSource(
            {
                "BPCUSTOMER": FakeTable(("BPCNUM",), rows, prototype={"$properties": {"BPCNUM": {}}}),
                "SORDER": FakeTable(
                    ("SOHNUM",),
                    [{"SOHNUM": "S1"}],
                    {b'["S1"]': {"SOHSOP": [{"SOPLIN": 1000}]}},
                    {"$properties": {"SOHNUM": {}, "SOHSOP": {}}},
                ),
            },
            cap=CAP,
        )
        self.source = self.fake

    def put(self, row: dict[str, Any]) -> None:
        self.fake.put("BPCUSTOMER", [row])

    def drop(self, key: str) -> None:
        self.fake.drop("BPCUSTOMER", [msgspec.json.encode([key])])

    def clear(self) -> None:
        self.fake.tables["BPCUSTOMER"].rows.clear()

    def order(self) -> str:
        return "S1"

    def undeclare(self) -> None:
        self.fake.tables["BPCUSTOMER"].prototype = None


class SimulatedWorld(World):
    def __init__(self, url: str, tenant: Tenant) -> None:
        self.tenant = tenant
        self.url = url

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[World]:
        tenant = self.tenant
        auth = ClientCredentials(f"{self.url}{tenant.token_path}", tenant.client_id, Secret(tenant.client_secret))
        async with X3Source(
            X3Settings("c", self.url, tenant.folder, auth, egress=LOOPBACK), None, SystemClock()
        ) as source:
            self.source = source
            yield self

    def put(self, row: dict[str, Any]) -> None:
        self.tenant.put("BPCUSTOMER", row)

    def drop(self, key: str) -> None:
        self.tenant.remove("BPCUSTOMER", key)

    def clear(self) -> None:
        for key in list(self.tenant.records("BPCUSTOMER")):
            self.tenant.remove("BPCUSTOMER", key)

    def undeclare(self) -> None:
        self.tenant.switches.move({"prototypes": "absent"})

    def order(self) -> str:
        return str(next(iter(self.tenant.records("SORDER")))[0])


@pytest.fixture(scope="module")
def unused() -> Iterator[tuple[str, Iterator[Tenant]]]:
    """Serve many tenants, so that each test may spoil its own."""
    farm = Farm.build(tenants=200, records=60, seed=5, only=("BPCUSTOMER", "SORDER"))
    with serving(farm) as served:
        yield served.url, iter(farm.values())


@pytest.fixture(params=["fake", "binary", "case_insensitive", "numeric", "trailing_blanks"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    if request.param == "fake":
        yield FakeWorld()
        return
    url, tenants = request.getfixturevalue("unused")
    tenant = next(tenants)
    tenant.switches.move({"collation": request.param, "cap": CAP, "updatim_in_query": "present"})
    async with SimulatedWorld(url, tenant).opened() as opened:
        yield opened


def keys_of(source: Source, page: Page, resource: Resource = CUSTOMERS) -> list[KeyBytes]:
    return list(source.keys(resource, source.split(page)))


async def chain(source: Source, query: Query, resource: Resource = CUSTOMERS) -> list[KeyBytes]:
    """Follow `next` from a first page to the end."""
    found: list[KeyBytes] = []
    for _ in range(200):
        page = await source.page(resource, query)
        found += keys_of(source, page, resource)
        if page.next is None:
            return found
        query = replace(query, after=None, start=None, next=page.next)
    raise AssertionError("no end")


async def records(world: World) -> list[JsonObject]:
    """Read and decode every customer."""
    found: list[JsonObject] = []
    query = Query(CAP)
    while True:
        page = await world.source.page(CUSTOMERS, query)
        found += map(world.source.decode, world.source.split(page))
        if page.next is None:
            return found
        query = replace(query, next=page.next)


@pytest.mark.parametrize("count", [1, 7, 16, 17, 60, 500])
async def test_the_chain_shows_every_record_once_whatever_the_page(world: World, count: int) -> None:
    """Following `next` to its end shows each record exactly once, in one order, under any count and cap."""
    once = await chain(world.source, Query(17))
    assert len(once) == len(set(once)) == 60
    assert await chain(world.source, Query(count)) == once


async def test_a_page_holds_no_more_than_was_asked_for_and_maybe_less(world: World) -> None:
    """`count` is an upper bound; the tenant's own cap may be lower, and a full page at the end has no `next`."""
    assert len(keys_of(world.source, await world.source.page(CUSTOMERS, Query(5)))) == 5
    assert len(keys_of(world.source, await world.source.page(CUSTOMERS, Query(500)))) == CAP
    order = await chain(world.source, Query(10))
    last = await world.source.page(CUSTOMERS, Query(10, start=order[-10]))
    assert keys_of(world.source, last) == order[-10:]
    assert last.next is None


async def test_after_excludes_its_key_and_start_includes_it(world: World) -> None:
    """A page behind a key begins with the next record of the order; a page from a key with that key."""
    order = await chain(world.source, Query(17))
    for place in (0, 16, 17, 40, 59):
        assert await chain(world.source, Query(9, after=order[place])) == order[place + 1 :]
        assert await chain(world.source, Query(9, start=order[place])) == order[place:]


async def test_behind_the_last_key_is_an_empty_page(world: World) -> None:
    """Nothing left is an empty array and no `next`, not a failure."""
    order = await chain(world.source, Query(17))
    page = await world.source.page(CUSTOMERS, Query(5, after=order[-1]))
    assert (list(world.source.split(page)), page.next) == ([], None)


async def test_descending_is_the_order_backwards(world: World) -> None:
    """Descending pages show the same records from the other end, and go on behind a key in that direction."""
    order = await chain(world.source, Query(17))
    backwards = order[::-1]
    assert await chain(world.source, Query(7, descending=True)) == backwards
    assert await chain(world.source, Query(7, descending=True, after=backwards[20])) == backwards[21:]


async def test_a_deleted_key_still_marks_its_place(world: World) -> None:
    """Reading behind or from a key that is gone begins where it stood: stored boundaries outlive their records."""
    order = await chain(world.source, Query(17))
    gone = order[30]
    world.drop(msgspec.json.decode(gone)[0])
    assert await chain(world.source, Query(9, after=gone)) == order[31:]
    assert await chain(world.source, Query(9, start=gone)) == order[31:]
    assert await chain(world.source, Query(17)) == order[:30] + order[31:]


async def test_records_that_come_or_go_between_pages_shift_nothing(world: World) -> None:
    """A chain goes on behind the last key it showed, whatever was inserted or deleted before it."""
    order = await chain(world.source, Query(17))
    first = await world.source.page(CUSTOMERS, Query(10))
    world.drop(msgspec.json.decode(order[3])[0])
    rest = await chain(world.source, Query(10, next=first.next))
    assert keys_of(world.source, first) + rest == order


async def test_an_empty_class_is_an_empty_array(world: World) -> None:
    """No records are `[]` and the end."""
    world.clear()
    page = await world.source.page(CUSTOMERS, Query(5))
    assert (list(world.source.split(page)), page.next) == ([], None)


async def test_since_shows_what_is_not_older_in_the_order_of_the_watermark(world: World) -> None:
    """A reading since a watermark shows exactly the records with at least that value, oldest first."""
    rows = [(str(record["UPDDATTIM"]), msgspec.json.encode([record["BPCNUM"]])) for record in await records(world)]
    since = sorted(rows)[len(rows) // 2][0]
    newer = await chain(world.source, Query(6, since=since))
    assert sorted(newer) == sorted(key for stamp, key in rows if stamp >= since)
    stamp_of = {key: stamp for stamp, key in rows}
    assert all(stamp_of[one] <= stamp_of[two] for one, two in pairwise(newer))


async def test_the_newest_first(world: World) -> None:
    """In the order of the watermark, descending, the first record has the greatest stamp, of all or of those since."""
    stamps = sorted(str(record["UPDDATTIM"]) for record in await records(world))
    for since in (None, stamps[len(stamps) // 2]):
        page = await world.source.page(CUSTOMERS, Query(1, stamped=True, since=since, descending=True))
        (first,) = world.source.split(page)
        assert world.source.decode(first)["UPDDATTIM"] == stamps[-1]


@pytest.mark.parametrize("split", [False, True])
async def test_slices_are_the_bytes_of_the_page(world: World, split: bool) -> None:
    """Each slice is a part of the page as sent, in order, and decodes to the record with its key."""
    page = await world.source.page(CUSTOMERS, Query(10, split=split))
    slices = list(world.source.split(page))
    at = 0
    for key, each in zip(world.source.keys(CUSTOMERS, slices), slices, strict=True):
        at = page.records.index(each, at) + len(each)
        assert key == msgspec.json.encode([world.source.decode(each)["BPCNUM"]])


async def test_an_unchanged_record_is_sent_as_the_same_bytes(world: World) -> None:
    """Two readings of the same records give the same bytes, however they were reached."""
    order = await chain(world.source, Query(17))
    page = await world.source.page(CUSTOMERS, Query(10))
    again = await world.source.page(CUSTOMERS, Query(9, start=order[1]))
    assert list(world.source.split(page))[1:] == list(world.source.split(again))


@pytest.mark.parametrize(
    ("record", "key"),
    [
        (b'{"BPCNUM":"A"}', b'["A"]'),
        (b'{"BPCNUM":1}', b"[1]"),
        (b'{"BPCNUM":1.0}', b"[1]"),
        (b'{"BPCNUM":"\\u00e9"}', '["é"]'.encode()),
        (b'{"BPCNUM":true}', b"[true]"),
        (b'{"BPCNUM":""}', b""),
        (b'{"BPCNUM":null}', b""),
        (b'{"BPCNUM":["A"]}', b""),
        (b'{"BPCNUM":{}}', b""),
        (b"{}", b""),
    ],
)
def test_a_key_is_compact_json_or_nothing(record: bytes, key: bytes) -> None:
    """Both sources agree on key bytes, and on which keys are unusable."""
    for source in OFFLINE:
        assert list(source.keys(CUSTOMERS, [record])) == [key]


async def test_details_are_the_whole_record(world: World) -> None:
    """Details hold the key and the lines that pages leave out; a record that does not exist has none."""
    number = world.order()
    found = await world.source.details(ORDERS, msgspec.json.encode([number]))
    assert found.record is not None
    assert found.record["SOHNUM"] == number
    assert found.record["SOHSOP"]
    assert (await world.source.details(ORDERS, b'["NONE"]')).record is None


async def test_what_is_declared_of_a_class_names_its_members(world: World) -> None:
    """A document class's includes the lines that only its details show; what is served has a cost."""
    for resource, members in ((CUSTOMERS, {"BPCNUM"}), (ORDERS, {"SOHNUM", "SOHSOP"})):
        found = await world.source.prototypes(resource)
        assert found.declared is not None
        declared = found.declared["$properties"]
        assert isinstance(declared, Mapping)
        assert members <= declared.keys()
        assert found.requests > 0
        assert found.wire_bytes > 0


async def test_what_is_not_served_is_not_declared(world: World) -> None:
    """That is no failure."""
    world.undeclare()
    assert (await world.source.prototypes(CUSTOMERS)).declared is None


async def test_every_call_says_what_it_cost(world: World) -> None:
    """Requests and bytes are counted on every answer."""
    page = await world.source.page(CUSTOMERS, Query(5))
    assert page.requests >= 1
    assert page.wire_bytes >= len(page.records)
    found = await world.source.details(ORDERS, msgspec.json.encode([world.order()]))
    assert found.requests >= 1
    assert found.wire_bytes > 0


async def test_an_unknown_class_is_a_failure_and_not_an_empty_page(world: World) -> None:
    """What is not there is `resource_not_found`."""
    with pytest.raises(SourceError) as error:
        await world.source.page(Resource("c", "ZNONE", "ZNONE", ("K",)), Query(5))
    assert error.value.reason is Reason.RESOURCE_NOT_FOUND


@pytest.mark.parametrize("records", [b"{}", b"[1,", b"null"])
def test_what_is_no_array_is_invalid(records: bytes) -> None:
    """Records that cannot be cut fail as `invalid_payload`."""
    for source in OFFLINE:
        with pytest.raises(SourceError) as error:
            source.split(Page(records, None, len(records), 1))
        assert error.value.reason is Reason.INVALID_PAYLOAD


@pytest.mark.parametrize("record", [b"", b"[]", b"{", b'{"a":NaN}', b'{"a":"\\x"}', b'{"a":"\xff"}'])
def test_what_is_no_record_is_invalid(record: bytes) -> None:
    """A record that cannot be decoded fails as `invalid_payload`."""
    for source in OFFLINE:
        with pytest.raises(SourceError) as error:
            source.decode(record)
        assert error.value.reason is Reason.INVALID_PAYLOAD
