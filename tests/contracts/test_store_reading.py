"""What every `Store` promises to those who read it."""

import json

import pytest
from msgspec.structs import replace

from driftd.core.model import Absence, Kind, Op, Resource, Segment, Standing
from driftd.errors import StoreError
from driftd.ports import Store
from tests.contracts.staged import (
    CUSTOMERS,
    ELSEWHERE,
    ORDERS,
    Part,
    begin,
    body,
    change,
    created,
    deleted,
    key,
    poll,
    row,
    segment,
    sight,
    stage,
    together,
    updated,
)


class TestTombstones:
    async def test_a_tombstone_is_known_and_else_not_there(self, store: Store) -> None:
        """A deleted record shows in `known` with when it was deleted, and in no listing of live records."""
        await poll(store, *(Part([row(name, placed=False)], [change(Op.CREATE, name)]) for name in "abc"))
        await poll(store, deleted("a"), deleted("b"))
        shown = await sight(store)
        assert shown.stored[key("a")].deleted_at == 9
        assert [seen.key for seen in shown.seen or ()] == [key("c")]
        assert shown.unplaced == [key("c")]
        assert [stored.key for stored in shown.stalest] == [key("c")]
        assert shown.coverage == (0, 1)
        assert await store.read_record("acme", "BPCUSTOMER", key("a")) is None

    async def test_a_record_that_comes_back_is_live_again(self, store: Store) -> None:
        """A row over a tombstone makes it a record once more."""
        await poll(store, created("a"), created("b"))
        assert (await poll(store, deleted("a"), deleted("b"))).records == 0
        assert (await poll(store, created("a", 2), created("c"))).records == 2
        seen = await store.read_record("acme", "BPCUSTOMER", key("a"))
        assert seen is not None
        assert seen.body == body("a", 2)

    async def test_keys_never_seen_are_left_out(self, store: Store) -> None:
        """`known` holds exactly those asked for that are stored."""
        await poll(store, created("a"), created("b"))
        assert set(await store.known(CUSTOMERS, [key("b"), key("z")])) == {key("b")}
        assert await store.known(ELSEWHERE, [key("a")]) == {}


class TestListings:
    async def test_deletes_waited_for_are_listed_by_key_and_counted_by_why(self, store: Store) -> None:
        """Pending and held records stay records, with since when they are missed."""
        states = {"d": Absence.HELD, "b": Absence.PENDING, "a": Absence.HELD, "c": None}
        await poll(store, *(Part([row(n, absent=why, absent_since=5 if why else None)]) for n, why in states.items()))
        shown = await sight(store)
        assert [stored.key for stored in shown.absent] == [key("a"), key("b"), key("d")]
        assert shown.absences == {Absence.HELD: 2, Absence.PENDING: 1}
        assert {seen.key: seen.absent_since for seen in shown.seen or ()} == {
            key("a"): 5,
            key("b"): 5,
            key("c"): None,
            key("d"): 5,
        }
        await poll(store, Part([row("a"), row("b")]), deleted("d"))
        shown = await sight(store)
        assert (shown.absent, shown.absences) == ([], {})

    async def test_records_of_no_segment_are_listed(self, store: Store) -> None:
        """`unplaced` names the live records that were staged as such, until they are staged as placed."""
        await poll(store, *(Part([row(name, placed=name in "bd")]) for name in "dcba"))
        assert await store.unplaced(CUSTOMERS) == [key("a"), key("c")]
        await poll(store, Part([row("a"), row("c", absent=Absence.PENDING, placed=False)]))
        assert await store.unplaced(CUSTOMERS) == [key("c")]

    @pytest.mark.parametrize("resource", [ORDERS, CUSTOMERS], ids=["with details", "without"])
    async def test_the_stalest_details_come_first(self, store: Store, resource: Resource) -> None:
        """Never read before all, then the oldest; at most as many as asked for; coverage counts those since."""
        read_at = {"a": 30, "b": None, "c": 10, "d": 20, "e": None, "f": 0}
        parts = [Part([row(n, details=None if at is None else (b'{"L":1}', at))]) for n, at in read_at.items()]
        await poll(store, *parts, resource=resource)
        assert [stored.key for stored in await store.stalest(resource, 5)] == [key(name) for name in "befcd"]
        assert await store.coverage(resource, 20) == (2, 6)
        assert await store.coverage(resource, 0) == (4, 6)
        await poll(store, Part([row("b", details=(b"{}", 40)), row("a", 1)]), deleted("e"), resource=resource)
        assert [stored.key for stored in await store.stalest(resource, 9)] == [key(name) for name in "afcdb"]
        assert await store.coverage(resource, 20) == (2, 5)

    async def test_details_may_be_switched_on_and_off(self, store: Store) -> None:
        """The order of the stalest holds whatever the setting was when a record was stored."""
        off, on = replace(ORDERS, details=False), ORDERS
        await poll(store, *(created(name) for name in "abcd"), resource=off)
        await poll(store, Part([row("b", details=(b"{}", 5))]), resource=on)
        assert [stored.key for stored in await store.stalest(on, 9)] == [key(name) for name in "acdb"]
        await poll(store, created("e"), resource=off)
        assert [stored.key for stored in await store.stalest(off, 9)] == [key(name) for name in "acdeb"]
        await poll(store, Part([row("a", details=(b"{}", 9))]), resource=on)
        assert [stored.key for stored in await store.stalest(on, 9)] == [key(name) for name in "cdeba"]

    async def test_a_resource_never_polled_is_empty(self, store: Store) -> None:
        """Every reading of it gives nothing; the snapshot says that it was never read."""
        async with await begin(store) as cycle:
            await stage(cycle, created("a"), created("b"))
        for resource in (CUSTOMERS, ORDERS):
            shown = await sight(store, resource)
            assert shown.standing == Standing()
            assert shown.seen is None
            assert not any((shown.stored, shown.segments, shown.absent, shown.absences, shown.unplaced, shown.stalest))
            assert shown.coverage == (0, 0)
        with pytest.raises(StoreError, match="never read"):
            await store.read_records("acme", "SORDER", after=None, limit=5)
        with pytest.raises(StoreError, match="never read"):
            await store.read_record("acme", "BPCUSTOMER", key("a"))


class TestSegments:
    async def test_segments_stand_in_the_order_of_the_layout(self, store: Store) -> None:
        """Kept ones by id, new ones as staged; what is not listed is gone, and so are its contents."""
        cuts = [segment(name) for name in "abc"]
        laid = [cut.segments[0][0] for cut in cuts]
        await poll(store, together(*cuts), layout=[laid[2], laid[0], laid[1]])
        c, a, b = await store.segments(CUSTOMERS)
        assert [one.boundary for one in (c, a, b)] == [key("c"), key("a"), key("b")]
        assert len({one.id for one in (a, b, c)} - {None}) == 3
        new = segment("d", "e")
        assert a.id is not None
        await poll(store, new, layout=[b, new.segments[0][0], a.id])
        kept_b, d, kept_a = await store.segments(CUSTOMERS)
        assert (kept_b, kept_a) == (b, a)
        assert d.boundary == key("e")
        assert await store.contents([a, d]) == [cuts[0].segments[0][1], new.segments[0][1]]
        with pytest.raises(StoreError, match="no longer stored"):
            await store.contents([b, c])

    async def test_without_a_layout_the_segments_stay(self, store: Store) -> None:
        """None keeps the layout, also where segments were staged; an empty one removes all."""
        cut = segment("a", "b")
        await poll(store, cut, layout=[cut.segments[0][0]])
        before = await store.segments(CUSTOMERS)
        await poll(store, created("a"), created("b"), segment("c"))
        assert await store.segments(CUSTOMERS) == before
        await poll(store, layout=[])
        assert await store.segments(CUSTOMERS) == []

    async def test_a_layout_lists_what_there_is_once(self, store: Store) -> None:
        """A segment that was never staged, of another resource, or listed twice is a mistake of the caller."""
        other = segment("z")
        await poll(store, other, layout=[other.segments[0][0]], resource=ELSEWHERE)
        (foreign,) = await store.segments(ELSEWHERE)
        cut = segment("a")
        await poll(store, cut, layout=[cut.segments[0][0]])
        before = await sight(store)
        (kept,) = before.segments
        for layout in ([Segment(key("q"), 1, bytes(16))], [foreign], [kept, kept], [10_000]):
            with pytest.raises(ValueError, match="layout"):
                await poll(store, created("b"), created("c"), layout=layout)
            assert await sight(store) == before

    async def test_keyless_rows_keep_their_place_in_a_segment(self, store: Store) -> None:
        """Contents come back byte for byte, with empty keys where rows have none."""
        cut = segment("a", "b", "c")
        laid, contents = cut.segments[0]
        quarantined = contents._replace(keys=(key("a"), b"", key("c")))
        laid = replace(laid, keyless=1, duplicates=2)
        await poll(store, Part((), (), [(laid, quarantined)]), layout=[laid])
        (stored,) = await store.segments(CUSTOMERS)
        assert replace(stored, id=None) == laid
        assert await store.contents([stored]) == [quarantined]


class TestReading:
    async def test_changes_are_read_by_seq(self, store: Store) -> None:
        """Any reading on from any seq, in pages of any size, gives the same log."""
        await poll(store, *(created(name) for name in "abc"))
        await poll(store, created("a"), resource=ELSEWHERE)
        await poll(store, updated("a", 1), updated("b", 1), resource=CUSTOMERS)
        whole = await store.read_changes(0, 100)
        assert [recorded.seq for recorded in whole] == [1, 2, 3, 4, 5, 6]
        for after in range(8):
            assert await store.read_changes(after, 100) == whole[after:]
            assert await store.read_changes(after, 2) == whole[after : after + 2]
        globex = await store.read_changes(0, 100, connection="globex")
        assert [recorded.seq for recorded in globex] == [4]
        customers = await store.read_changes(1, 2, connection="acme", resource="BPCUSTOMER")
        assert [recorded.seq for recorded in customers] == [2, 3]
        assert await store.read_changes(0, 100, resource="SORDER") == []

    async def test_an_envelope_says_where_and_when(self, store: Store) -> None:
        """Each event tells its cycle, the number of it, host, folder, and the bodies as they were."""
        await poll(store, resource=ORDERS)
        async with await begin(store, ORDERS, Kind.DELTA) as cycle:
            await stage(cycle, updated("a", 2), Part([row("b")]))
            id_ = cycle.id
            await cycle.commit(Standing(), None)
        ((seq, connection, resource, op, envelope),) = await store.read_changes(0, 10)
        assert (seq, connection, resource, op) == (1, "acme", "SORDER", Op.UPDATE)
        event = json.loads(envelope)
        assert event["seq"] == 1
        assert event["key"] == {"SOHNUM": "a"}
        assert (event["before"], event["after"]) == ({"NAME": "a", "VALUE": 1}, {"NAME": "a", "VALUE": 2})
        assert event["source"]["sweep_id"] == id_
        assert (event["source"]["host"], event["source"]["folder"]) == ("x3.acme.example", "SEED")
        assert event["source"]["snapshot"] == "incremental"
        assert event["source"]["sequence"] == '["2","4"]'

    async def test_records_are_read_page_by_page(self, store: Store) -> None:
        """In the order of key bytes, whatever order they were staged in; the last page says that it is the last."""
        await poll(store, *(created(name) for name in "dbeac"))
        pages, after = [], None
        while True:
            page = await store.read_records("acme", "BPCUSTOMER", after=after, limit=2)
            pages.append([seen.key for seen in page.records])
            assert page.as_of_seq == 5
            if page.next is None:
                break
            after = page.next
        assert pages == [[key("a"), key("b")], [key("c"), key("d")], [key("e")]]
        assert (await store.read_records("acme", "BPCUSTOMER", after=key("c"), limit=2)).next is None

    async def test_a_record_is_shown_whole(self, store: Store) -> None:
        """Where details were read they complete the body, whose own members count."""
        details = (b'{"LINES":[{"QTY":5}],"VALUE":1}', 9)
        await poll(store, Part([row("a", 2, details=details), row("b")]), resource=ORDERS)
        seen = await store.read_record("acme", "SORDER", key("a"))
        assert seen is not None
        assert json.loads(seen.body) == {"NAME": "a", "VALUE": 2, "LINES": [{"QTY": 5}]}
        stored = (await store.known(ORDERS, [key("a")]))[key("a")]
        assert (stored.body, stored.details, stored.details_at) == (body("a", 2), *details)
