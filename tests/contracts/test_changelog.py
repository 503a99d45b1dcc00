"""What every `Changelog` promises: how long the log is kept, for whom, and what is never touched."""

from dataclasses import replace as with_

import pytest

from driftd.core import retention
from driftd.core.model import Absence, Standing
from driftd.core.retention import DAY, Cursor, Day, Extent, Retention
from driftd.errors import DecisionError
from driftd.ports import Changelog, Store
from tests.contracts.pruned import HOLD, KEPT, RELEASE, events, prune, seqs
from tests.contracts.staged import (
    ELSEWHERE,
    Part,
    Sight,
    created,
    deleted,
    poll,
    row,
    segment,
    sight,
    updated,
)
from tests.contracts.stores import Subject


def cursor(subject: Subject, seq: int, name: str = "warehouse") -> Cursor:
    return Cursor(name, seq, subject.clock.now)


def without_log(seen: Sight) -> Sight:
    return with_(seen, changes=())


class TestAges:
    async def test_bodies_go_first_and_what_changed_stays(
        self, subject: Subject, store: Store, changelog: Changelog
    ) -> None:
        """After 30 days an event says what changed, with the hashes of both sides, and that its bodies are gone."""
        await poll(store, created("a"), created("b"))
        await poll(store, updated("a", 1), deleted("b"))
        before = await events(store)
        subject.clock.now += 30 * DAY
        assert (await prune(subject)).rows == 0
        subject.clock.now += 1
        done = await prune(subject)
        assert (done.removed, done.stripped) == (0, 4)
        assert done.log_bytes > 0
        assert await events(store) == [{**one, "before": None, "after": None, "compacted": True} for one in before]
        assert not any("compacted" in one for one in before)
        assert (await changelog.extent()).whole == 5
        assert (await prune(subject)).rows == 0

    async def test_events_go_next_and_their_counts_stay(
        self, subject: Subject, store: Store, changelog: Changelog
    ) -> None:
        """After 90 days an event is gone, after 400 so is the count of its day."""
        await poll(store, created("a"), created("b"))
        subject.clock.now += DAY
        await poll(store, updated("a", 1), deleted("b"))
        await poll(store, created("a"), resource=ELSEWHERE)
        counted = [
            Day(1_000, "acme", "BPCUSTOMER", created=2),
            Day(1_001, "acme", "BPCUSTOMER", updated=1, deleted=1),
            Day(1_001, "globex", "BPCUSTOMER", created=1),
        ]
        assert await changelog.days(0) == counted
        subject.clock.now += 90 * DAY
        assert (await prune(subject)).removed == 2
        assert await seqs(store) == [3, 4, 5]
        assert await changelog.extent() == Extent(3, 6, 5, (await changelog.extent()).bytes)
        subject.clock.now += 1
        assert (await prune(subject)).removed == 3
        assert await seqs(store) == []
        assert await changelog.extent() == Extent(6, 6, 5, 0)
        assert await changelog.days(1_001 * DAY, connection="globex", resource="BPCUSTOMER") == counted[2:]
        subject.clock.now = 1_401 * DAY
        assert (await prune(subject)).counters == 1
        assert await changelog.days(0) == counted[1:]
        assert (await poll(store, updated("a", 2))).first_seq == 6
        assert await seqs(store) == [6]

    async def test_a_slice_at_a_time_does_the_same(self, subject: Subject, store: Store, changelog: Changelog) -> None:
        """Without time for more, each call does a little and says that there is more."""
        for number in range(5):
            await poll(store, *(created(name) if not number else updated(name, number) for name in "abc"))
        await changelog.move(cursor(subject, 7))
        subject.clock.now += 20 * DAY
        await poll(store, updated("a", 9))
        subject.clock.now += 15 * DAY
        await changelog.move(cursor(subject, 7))
        assert (await prune(subject, Retention(changes=30 * DAY), 0.0)).removed == 7
        assert await seqs(store) == [*range(8, 17)]
        assert [one["seq"] for one in await events(store) if "compacted" in one] == []
        await changelog.move(cursor(subject, 14))
        assert (await prune(subject, Retention(), 0.0)).stripped == 7
        assert [one["seq"] for one in await events(store) if "compacted" in one] == [*range(8, 15)]

    async def test_what_would_go_is_what_goes(self, subject: Subject, store: Store, changelog: Changelog) -> None:
        """Asking changes nothing."""
        await poll(store, created("a"), created("b"), created("c"))
        await poll(store, deleted("a"), standing=Standing(sweeps=2))
        subject.clock.now += 70 * DAY
        await poll(store, updated("b", 1), updated("c", 1), standing=Standing(sweeps=2))
        subject.clock.now += 31 * DAY
        await changelog.move(cursor(subject, 5))
        for sweeps, (removed, stripped, tombstones) in ((2, (4, 1, 0)), (4, (0, 0, 1))):
            await poll(store, standing=Standing(sweeps=sweeps))
            before = await sight(store)
            told = await changelog.ripe(KEPT, subject.clock.now)
            assert (told.removed, told.stripped, told.tombstones) == (removed, stripped, tombstones)
            assert await sight(store) == before
            assert await prune(subject) == told
        subject.clock.now += 401 * DAY
        told = await changelog.ripe(Retention(log_bytes=1), subject.clock.now)
        assert (told.removed, told.counters, told.cursors) == (2, 2, 1)
        assert await prune(subject, Retention(log_bytes=1)) == told


class TestReaders:
    async def test_what_a_live_cursor_has_not_read_stays_whole(
        self, subject: Subject, store: Store, changelog: Changelog
    ) -> None:
        """Events and bodies beyond the slowest of them, whatever their age; it moves on, and they go."""
        await poll(store, created("a"), created("b"), created("c"))
        subject.clock.now += 100 * DAY
        await changelog.move(cursor(subject, 1))
        await changelog.move(cursor(subject, 2, "audit"))
        assert (await prune(subject)).removed == 1
        assert [one["after"] is None for one in await events(store)] == [False, False]
        await changelog.move(cursor(subject, 3))
        assert (await prune(subject)).removed == 1
        assert await changelog.cursors() == [cursor(subject, 2, "audit"), cursor(subject, 3)]
        assert (await changelog.forget("audit"), await changelog.forget("audit")) == (True, False)
        assert (await prune(subject)).removed == 1

    async def test_a_cursor_that_is_not_used_holds_nothing_back(
        self, subject: Subject, store: Store, changelog: Changelog
    ) -> None:
        """Thirty days after its last use it counts no more, and with the counters of its time it goes."""
        await changelog.move(cursor(subject, 0))
        await poll(store, created("a"))
        subject.clock.now += 30 * DAY
        kept = Retention(bodies=DAY, changes=DAY)
        assert (await prune(subject, kept)).rows == 0
        subject.clock.now += 1
        assert (await prune(subject, kept)).removed == 1
        subject.clock.now += 370 * DAY
        assert (await prune(subject, kept)).cursors == 1
        assert await changelog.cursors() == []

    async def test_nobody_holds_back_what_is_older_than_the_counters(
        self, subject: Subject, store: Store, changelog: Changelog
    ) -> None:
        """That is the cap by age."""
        await poll(store, created("a"))
        subject.clock.now += 400 * DAY
        await changelog.move(cursor(subject, 0))
        assert (await prune(subject)).rows == 0
        subject.clock.now += 1
        assert (await prune(subject)).removed == 1

    async def test_nobody_holds_back_what_there_is_no_room_for(
        self, subject: Subject, store: Store, changelog: Changelog
    ) -> None:
        """The oldest events go as far as the log is too large, whoever has not read them."""
        await poll(store, created("a"))
        await poll(store, created("b"))
        await changelog.move(cursor(subject, 0))
        size = (await changelog.extent()).bytes
        assert (await prune(subject, Retention(log_bytes=size))).rows == 0
        assert (await prune(subject, Retention(log_bytes=size - 1))).removed == 1
        assert await seqs(store) == [2]
        assert (await prune(subject, Retention(log_bytes=1))).removed == 1
        assert await changelog.extent() == Extent(3, 3, 2, 0)

    async def test_there_are_only_so_many_cursors(
        self, subject: Subject, changelog: Changelog, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """One more is refused; those there are still move."""
        monkeypatch.setattr(retention, "CURSORS", 20)
        for number in range(20):
            await changelog.move(cursor(subject, number, f"c{number:04}"))
        with pytest.raises(DecisionError, match="there are 20 cursors already"):
            await changelog.move(cursor(subject, 0))
        await changelog.move(cursor(subject, 7, "c0000"))
        assert (await changelog.cursors())[0].seq == 7


class TestStamps:
    async def test_a_commit_stamped_elsewhere_is_stamped_anew(
        self, subject: Subject, store: Store, changelog: Changelog
    ) -> None:
        """Before or after what is possible, of what stands behind a seq; the others age as before."""
        assert await changelog.stamped() is None
        right, stamps = subject.clock.now, (0, -900 * DAY, 500 * DAY, 0)
        for number, off in enumerate(stamps):
            subject.clock.now = right + off
            await poll(store, created(f"{number}"), created(f"{number} too"))
        assert await changelog.stamped() == right
        assert await changelog.restamp(4, right - 5, right + 5) == 1
        assert await changelog.restamp(2, right - 5, right + 5) == 1
        assert await changelog.restamp(0, right - 5, right + 5) == 0
        subject.clock.now = right + 90 * DAY + 1
        assert (await prune(subject)).removed == 2
        subject.clock.now += 5
        assert (await prune(subject)).removed == 6

    async def test_a_cursor_is_not_used_in_the_future(
        self, subject: Subject, store: Store, changelog: Changelog
    ) -> None:
        """It lives no longer for that; one that was used before stays as it is."""
        await poll(store, created("a"))
        until = subject.clock.now
        await changelog.move(cursor(subject, 0, "old"))
        subject.clock.now += 500 * DAY
        await changelog.move(cursor(subject, 0))
        assert await changelog.restamp(0, 0, until) == 1
        assert {each.used_at for each in await changelog.cursors()} == {until}

    async def test_what_is_withheld_has_no_stamp_to_set(
        self, subject: Subject, store: Store, changelog: Changelog
    ) -> None:
        """It gets one when it comes to the log."""
        await poll(store, created("a"), detected=HOLD)
        assert await changelog.stamped() is None
        assert await changelog.restamp(0, 0, 1) == 0
        subject.clock.now += DAY
        await subject.casebook.file(RELEASE)
        assert await changelog.stamped() == subject.clock.now


class TestWhatStays:
    async def test_the_snapshot_is_never_touched(self, subject: Subject, store: Store, changelog: Changelog) -> None:
        """Records, segments, checkpoint, pending and held deletes are what they were when all of the log is gone."""
        own = segment("a", "b")
        await poll(store, Part([row("a"), row("b"), row("c")]), own, layout=[own.segments[0][0]], baseline=True)
        await poll(store, updated("a", 1), created("d"), deleted("c"), standing=Standing(sweeps=9, baselined=True))
        held = [row("b", absent=Absence.HELD, absent_since=3), row("d", absent=Absence.PENDING, absent_since=4)]
        await poll(store, Part(held), standing=Standing(sweeps=9, baselined=True))
        before = await sight(store)
        assert len(before.changes) == 3
        subject.clock.now += 500 * DAY
        await prune(subject)
        after = await sight(store)
        assert after.changes == []
        assert without_log(after) == with_(
            without_log(before), standing=Standing(sweeps=9, baselined=True, forgotten=3)
        )
        assert len(after.absent) == 2

    async def test_withheld_events_stay_and_age_from_their_release(
        self, subject: Subject, store: Store, changelog: Changelog
    ) -> None:
        """However old, they go to the log whole, and stay as long as those that happen then."""
        await poll(store, created("a"), created("b"), detected=HOLD)
        await poll(store, created("a"), resource=ELSEWHERE)
        subject.clock.now += 500 * DAY
        assert (await prune(subject, Retention(log_bytes=1))).removed == 1
        assert await subject.casebook.withheld("acme", "BPCUSTOMER") == 2
        await subject.casebook.file(RELEASE)
        subject.clock.now += 30 * DAY
        assert (await prune(subject)).rows == 0
        assert [(one["seq"], one["op"], "compacted" in one) for one in await events(store)] == [
            (4, "c", False),
            (5, "c", False),
        ]
        subject.clock.now += 61 * DAY
        assert (await prune(subject)).removed == 2

    async def test_withheld_events_take_no_room_from_others(
        self, subject: Subject, store: Store, changelog: Changelog
    ) -> None:
        """They count for the log when they come to it."""
        await poll(store, created("a"), created("b"), detected=HOLD)
        await poll(store, created("a"), resource=ELSEWHERE)
        size = (await changelog.extent()).bytes
        assert (await prune(subject, Retention(log_bytes=size))).rows == 0
        await subject.casebook.file(RELEASE)
        assert (await changelog.extent()).bytes > 2 * size
        assert (await prune(subject, Retention(log_bytes=size))).removed >= 2
        await prune(subject, Retention(log_bytes=1))
        assert (await changelog.extent()).bytes == 0
