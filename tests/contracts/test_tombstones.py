"""What every `Changelog` promises of deleted records: when nothing is known of them any more."""

from driftd.core import diff
from driftd.core.model import Op, Standing
from driftd.core.retention import DAY, Retention
from driftd.ports import Changelog, Detected, Erasure, Store
from tests.contracts.pruned import HOLD, RELEASE, events, prune
from tests.contracts.staged import (
    CUSTOMERS,
    ELSEWHERE,
    Part,
    body,
    created,
    deleted,
    key,
    poll,
    sight,
)
from tests.contracts.stores import Subject


class TestTombstones:
    async def test_they_go_two_sweeps_after_their_event(
        self, subject: Subject, store: Store, changelog: Changelog
    ) -> None:
        """Not while the event is in the log, and not before two sweeps were completed since it went."""
        await poll(store, created("a"), created("b"), standing=Standing(sweeps=1))
        await poll(store, deleted("a"), standing=Standing(sweeps=5))
        await prune(subject)
        await poll(store, standing=Standing(sweeps=9))
        assert (await prune(subject)).tombstones == 0
        subject.clock.now += 91 * DAY
        await poll(store, deleted("b"), standing=Standing(sweeps=9))
        assert (await prune(subject)).removed == 3
        await poll(store, standing=Standing(sweeps=10))
        assert (await prune(subject)).tombstones == 0
        assert set((await sight(store)).stored) == {key("a"), key("b")}
        await poll(store, standing=Standing(sweeps=11))
        assert (await prune(subject)).tombstones == 1
        assert set((await sight(store)).stored) == {key("b")}
        assert (await store.standing(CUSTOMERS)).forgotten == 3
        assert (await prune(subject)).rows == 0

    async def test_what_is_erased_meanwhile_takes_none_along(
        self, subject: Subject, store: Store, changelog: Changelog
    ) -> None:
        """An erasure has keys that come back told apart at once; tombstones go by their own time."""
        await poll(store, created("a"), created("b"), created("c"))
        await poll(store, deleted("a"))
        subject.clock.now += 91 * DAY
        await prune(subject)
        await poll(store, deleted("b"), standing=Standing(sweeps=1))
        await store.erase(CUSTOMERS, Erasure(key("c"), b"hash of c", 5, Detected()))
        assert (await store.standing(CUSTOMERS)).forgotten == 5
        await poll(store, standing=Standing(sweeps=2))
        assert (await prune(subject)).tombstones == 1
        assert set((await sight(store)).stored) == {key("b")}
        subject.clock.now += 91 * DAY
        await prune(subject)
        assert (await store.standing(CUSTOMERS)).forgotten == 5

    async def test_a_key_that_comes_back_later_is_new(
        self, subject: Subject, store: Store, changelog: Changelog
    ) -> None:
        """Its event is a create with an id of its own, though the same record was created before."""
        first = await _sighted(store, "a")
        await poll(store, first)
        await poll(store, deleted("a"))
        subject.clock.now += 91 * DAY
        await prune(subject)
        await poll(store, standing=Standing(sweeps=2))
        assert (await prune(subject)).tombstones == 1
        again = await _sighted(store, "a")
        (one,), (other,) = first.changes, again.changes
        assert (one.op, other.op, other.reason) == (Op.CREATE, Op.CREATE, None)
        assert one.after_hash == other.after_hash
        assert one.id != other.id
        await poll(store, again)
        assert [each["id"] for each in await events(store)] == [other.id]
        assert (await sight(store)).stored[key("a")].seq == 3

    async def test_what_is_told_late_keeps_them(self, subject: Subject, store: Store, changelog: Changelog) -> None:
        """While the log does not have, or still has, an event of the resource that was withheld, none goes."""
        await poll(store, created("a"))
        await poll(store, deleted("a"), detected=HOLD)
        subject.clock.now += 91 * DAY
        await poll(store, created("b"), resource=ELSEWHERE)
        for sweeps, tombstones in ((2, 0), (4, 0)):
            await prune(subject, Retention(log_bytes=1))
            await poll(store, standing=Standing(sweeps=sweeps))
            assert (await prune(subject)).tombstones == tombstones
        await subject.casebook.file(RELEASE)
        assert [one["op"] for one in await events(store)] == ["d"]
        await prune(subject)
        await poll(store, standing=Standing(sweeps=6))
        assert (await prune(subject)).tombstones == 0
        await prune(subject, Retention(log_bytes=1))
        await poll(store, standing=Standing(sweeps=8))
        assert (await prune(subject)).tombstones == 1


async def _sighted(store: Store, name: str) -> Part:
    """Return what a cycle stages of a record that it sees."""
    standing, known = await store.standing(CUSTOMERS), await store.known(CUSTOMERS, [key(name)])
    seen = diff.Sighting(key(name), bytes(16), body(name, 0), 0, 0, 6)
    staged, event = diff.sighted(seen, known.get(key(name)), CUSTOMERS, forgotten=standing.forgotten)
    assert event is not None
    return Part([staged], [event])
