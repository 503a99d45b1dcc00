"""What every `Store` promises of cycles: what they show, when, and under which numbers."""

from contextlib import AsyncExitStack

import pytest
from msgspec.structs import replace

from driftd.core.model import Absence, Op, Standing
from driftd.errors import FencedError, StoreError
from driftd.ports import Store
from tests.contracts.staged import (
    CUSTOMERS,
    ELSEWHERE,
    ORDERS,
    Part,
    begin,
    body,
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
from tests.contracts.stores import Subject


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

    async def test_the_checkpoints_of_all_resources_come_at_once(self, store: Store) -> None:
        """Each under its connection and resource; a store that is empty has none."""
        assert await store.standings() == {}
        await poll(store, created("a"), standing=Standing(last_probe=9))
        await poll(store, created("a"), resource=ELSEWHERE, standing=Standing(last_sweep=7))
        assert await store.standings() == {
            ("acme", "BPCUSTOMER"): Standing(last_probe=9),
            ("globex", "BPCUSTOMER"): Standing(last_sweep=7),
        }

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


async def _failed_cycle(store: Store) -> None:
    async with await begin(store) as cycle:
        await stage(cycle, created("b"), created("c"))
        raise ZeroDivisionError
