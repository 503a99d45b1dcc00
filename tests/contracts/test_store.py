"""What every `Store` promises."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from driftd.core.model import Absence, Kind, Op, Resource, Segment, Standing
from driftd.errors import FencedError, StoreError
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
from tests.contracts.stores import KINDS, Subject, opened, room


@pytest.fixture(params=KINDS)
async def subject(request: pytest.FixtureRequest) -> AsyncIterator[Subject]:
    with room() as data_dir:
        async with opened(request.param, data_dir) as subject:
            yield subject


@pytest.fixture
def store(subject: Subject) -> Store:
    return subject.store


class TestCommit:
    async def test_nothing_of_a_cycle_is_visible_before_its_commit(self, store: Store) -> None:
        """While a cycle stages, every reading gives what it gave before."""
        await poll(store, together(created("a"), created("b")), layout=None)
        before = await sight(store)
        async with await begin(store) as cycle:
            for position, part in enumerate((updated("a", 1), created("c"), deleted("b"), segment("a", "c"))):
                await stage(cycle, part, first=position)
                assert await sight(store) == before

    async def test_everything_of_a_cycle_is_visible_after_its_commit(self, store: Store) -> None:
        """A commit shows records, changes, segments, contents and checkpoint together."""
        cut = segment("a", "b")
        ((laid, contents),) = cut.segments
        standing = Standing(baselined=True, sweeps=1, watermark="2025", volatile=("$etag",), recipe="1")
        await poll(store, created("a", 1), created("b", 2), cut, standing=standing, layout=[laid])
        shown = await sight(store)
        assert shown.standing == standing
        assert [(seen.key, seen.body) for seen in shown.seen or ()] == [
            (key("a"), body("a", 1)),
            (key("b"), body("b", 2)),
        ]
        assert [recorded.seq for recorded in shown.changes] == [1, 2]
        assert [replace(stored, id=None) for stored in shown.segments] == [laid]
        assert shown.contents == [contents]

    async def test_the_outcome_says_what_the_cycle_left_behind(self, store: Store) -> None:
        """Events are counted by what happened, live records without tombstones, deletes waited for by why."""
        await poll(store, *(created(name) for name in "abcd"))
        held = Part([row("c", absent=Absence.HELD, absent_since=3)])
        pending = Part([row("d", absent=Absence.PENDING, absent_since=3)])
        outcome = await poll(store, created("e"), updated("b", 1), deleted("a"), held, pending)
        assert outcome.first_seq == 5
        assert outcome.changes == {Op.CREATE: 1, Op.UPDATE: 1, Op.DELETE: 1}
        assert (outcome.records, outcome.pending, outcome.held) == (4, 1, 1)

    async def test_a_cycle_may_leave_nothing_but_its_checkpoint(self, store: Store) -> None:
        """A cycle that found nothing new commits its standing, and uses up no seq."""
        await poll(store, created("a"))
        outcome = await poll(store, standing=Standing(last_probe=9))
        assert (outcome.first_seq, outcome.changes, outcome.records) == (2, {}, 1)
        assert (await store.standing(CUSTOMERS)).last_probe == 9
        assert (await poll(store, created("b"))).first_seq == 2

    async def test_a_cycle_left_without_commit_leaves_no_trace(self, store: Store) -> None:
        """Neither an ordinary leaving nor an error brings anything staged to light, then or after later cycles."""
        await poll(store, created("a"))
        before = await sight(store)
        async with await begin(store) as cycle:
            await stage(cycle, updated("a", 5), created("b"), created("c"), segment("a", "b"))
        assert await sight(store) == before
        with pytest.raises(ZeroDivisionError):
            await _failed_cycle(store)
        assert await sight(store) == before
        assert (await poll(store, created("d"), created("e"))).records == 3
        assert set((await sight(store)).stored) == {key("a"), key("d"), key("e")}

    async def test_a_cycle_that_begins_drops_an_unfinished_one_of_the_resource(self, store: Store) -> None:
        """What the earlier one staged is gone, and it can neither stage nor commit any more."""
        earlier = await begin(store)
        async with earlier as stale:
            await stage(stale, created("a"), created("b"), created("c"))
            async with await begin(store) as cycle:
                with pytest.raises(StoreError, match="dropped"):
                    await stage(stale, created("d"), first=9)
                with pytest.raises(StoreError, match="dropped"):
                    await stale.commit(Standing(), None)
                await stage(cycle, created("e"), created("f"))
                await cycle.commit(Standing(), None)
        assert set((await sight(store)).stored) == {key("e"), key("f")}

    async def test_an_earlier_cycle_left_late_takes_nothing_from_its_successor(self, store: Store) -> None:
        """Leaving a dropped cycle after the next has staged does not touch what that has staged."""
        stale = await begin(store)
        async with AsyncExitStack() as late:
            await stage(await late.enter_async_context(stale), created("a"), created("b"), created("c"))
            async with await begin(store) as cycle:
                await stage(cycle, created("d"), created("e"), created("f"))
                await late.aclose()
                await stage(cycle, created("g"), first=9)
                await cycle.commit(Standing(), None)
        assert set((await sight(store)).stored) == set(map(key, "defg"))

    async def test_a_committed_cycle_is_over(self, store: Store) -> None:
        """After its commit a cycle takes nothing more."""
        async with await begin(store) as cycle:
            await cycle.commit(Standing(), None)
            with pytest.raises(StoreError):
                await stage(cycle, created("a"))
            with pytest.raises(StoreError):
                await cycle.commit(Standing(), None)

    async def test_a_process_that_lost_the_store_writes_nothing(self, subject: Subject) -> None:
        """After another process has taken over, a commit raises `FencedError` and nothing is seen of its cycle."""
        await poll(subject.store, created("a"))
        before = await sight(subject.store)
        async with await begin(subject.store) as cycle:
            await stage(cycle, created("b"))
            subject.usurp()
            with pytest.raises(FencedError):
                await cycle.commit(Standing(last_probe=9), None)
        assert await sight(subject.store) == before


class TestStage:
    async def test_a_position_counts_once(self, store: Store) -> None:
        """Staging a position again changes nothing, however much was staged in between."""
        part = together(created("a"), created("b"))
        async with await begin(store) as cycle:
            assert await stage(cycle, part, part) == [key("a"), key("b")]
            assert await stage(cycle, part) == []
            await stage(cycle, created("c"), created("d"), first=2)
            assert await stage(cycle, part) == []
            outcome = await cycle.commit(Standing(), None)
        assert outcome.changes == {Op.CREATE: 6}
        assert len((await sight(store)).changes) == 6

    async def test_keys_staged_at_another_position_are_returned(self, store: Store) -> None:
        """The later row of a key wins, and the caller hears of it; a key twice at one position is its own affair."""
        async with await begin(store) as cycle:
            assert await stage(cycle, Part([row("a"), row("b"), row("a", 1)])) == []
            assert await stage(cycle, Part([row("c"), row("d")]), first=1) == []
            assert await stage(cycle, Part([row("e"), row("c", 1), row("f"), row("a", 2)]), first=2) == [
                key("c"),
                key("a"),
            ]
            outcome = await cycle.commit(Standing(), None)
        assert outcome.records == 6
        seen = (await sight(store)).seen or ()
        assert [one.body for one in seen] == [
            body(name, value) for name, value in zip("abcdef", (2, 0, 1, 0, 0, 0), strict=True)
        ]

    async def test_a_repeated_key_counts_as_it_was_left(self, store: Store) -> None:
        """A record staged live, then as a tombstone, then live again is one live record."""
        await poll(store, created("a"), created("b"))
        async with await begin(store) as cycle:
            await stage(cycle, Part([row("x"), row("y")]), deleted("a"), deleted("b"), Part([row("a", 3)]))
            outcome = await cycle.commit(Standing(), None)
        assert outcome.records == 3
        assert (await store.coverage(CUSTOMERS, 0))[1] == 3
        assert await store.read_record("acme", "BPCUSTOMER", key("b")) is None

    async def test_cycles_of_several_resources_interleave(self, store: Store) -> None:
        """Two cycles are staged in turn and committed in any order: each shows its own, seqs follow the commits."""
        async with await begin(store, CUSTOMERS) as first, await begin(store, ELSEWHERE) as second:
            for position, name in enumerate("abc"):
                await stage(first, created(name), first=position)
                await stage(second, created(name, 9), first=position)
            assert (await second.commit(Standing(), None)).first_seq == 1
            assert (await sight(store, CUSTOMERS)).seen is None
            assert (await first.commit(Standing(), None)).first_seq == 4
        changes = await store.read_changes(0, 100)
        assert [recorded.seq for recorded in changes] == [1, 2, 3, 4, 5, 6]
        assert [recorded.connection for recorded in changes] == ["globex"] * 3 + ["acme"] * 3
        assert [seen.body for seen in (await sight(store, ELSEWHERE)).seen or ()] == [body(name, 9) for name in "abc"]


class TestSeq:
    async def test_seqs_are_consecutive_in_a_cycle_and_rise_across_resources(self, store: Store) -> None:
        """No seq is given twice or left out."""
        firsts = [
            (await poll(store, *(created(name, n) for name in names), resource=resource)).first_seq
            for n, (resource, names) in enumerate([(CUSTOMERS, "abc"), (ELSEWHERE, "a"), (ORDERS, ""), (ORDERS, "ab")])
        ]
        assert firsts == [1, 4, 5, 5]
        assert [recorded.seq for recorded in await store.read_changes(0, 100)] == [1, 2, 3, 4, 5, 6]

    async def test_a_record_carries_the_seq_of_its_latest_event(self, store: Store) -> None:
        """A row staged without an event keeps the seq it had."""
        await poll(store, *(created(name) for name in "abc"))
        await poll(store, updated("b", 1), Part([row("a")]), Part([row("c", placed=False)]))
        stored = await store.known(CUSTOMERS, map(key, "abc"))
        assert [stored[key(name)].seq for name in "abc"] == [1, 4, 3]

    async def test_the_latest_of_several_events_of_a_cycle_counts(self, store: Store) -> None:
        """A key that is staged again without an event keeps that of its earlier row in the cycle."""
        await poll(store, created("a"), created("b"), created("a", 1), Part([row("b", 2)]))
        stored = await store.known(CUSTOMERS, map(key, "ab"))
        assert (stored[key("a")].seq, stored[key("b")].seq) == (3, 2)

    async def test_a_baseline_record_carries_the_as_of_seq(self, store: Store) -> None:
        """Records of a baseline have no events: their seq is the last that was given when it was committed."""
        await poll(store, created("a"), created("b"), resource=ELSEWHERE)
        outcome = await poll(store, Part([row("a")]), Part([row("b"), row("c")]), baseline=True)
        assert (outcome.first_seq, outcome.changes, outcome.records) == (3, {}, 3)
        shown = await sight(store)
        assert {stored.seq for stored in shown.stored.values()} == {2}
        assert shown.as_of_seq == 2
        assert shown.changes == []

    async def test_a_baseline_over_older_records_gives_them_its_own_seq(self, store: Store) -> None:
        """What an earlier probe had shown is part of the baseline then."""
        await poll(store, created("a"))
        await poll(store, created("a"), created("b"), resource=ELSEWHERE)
        outcome = await poll(store, Part([row("a", 1), row("b")]), Part([row("c")]), baseline=True)
        assert outcome.records == 3
        assert {stored.seq for stored in (await sight(store)).stored.values()} == {3}
        await poll(store, Part([row("a", 2), row("b")]), updated("c", 1))
        assert {stored.seq for stored in (await sight(store)).stored.values()} == {3, 4}


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


async def _failed_cycle(store: Store) -> None:
    async with await begin(store) as cycle:
        await stage(cycle, created("b"), created("c"))
        raise ZeroDivisionError
