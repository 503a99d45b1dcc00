"""What every store does with what is private: it rewrites bodies, and erases records."""

import pytest
from msgspec import json
from msgspec.structs import replace

from driftd.adapters.sqlite import SqliteStore
from driftd.core import fingerprint
from driftd.core.lines import ERASED
from driftd.core.model import Absence, Privacy, Standing
from driftd.core.retention import Retention
from driftd.ports import Detected, Erased, Erasure, Store
from tests.contracts.staged import (
    CUSTOMERS,
    ELSEWHERE,
    body,
    created,
    deleted,
    key,
    poll,
    row,
    segment,
    sight,
    together,
    updated,
)
from tests.fakes.memory_store import MemoryStore

STRICT = replace(CUSTOMERS, private={"NAME": Privacy.MASK})
NAMES = (CUSTOMERS.connection, CUSTOMERS.name)
PERSON = Erasure(key("b"), b"hash of b", 5, Detected())


def masked(stored: bytes) -> bytes:
    return json.encode(json.decode(stored, type=dict[str, object]) | {"NAME": "***"}, order="sorted")


def rewritten(standing: Standing) -> Standing:
    """Return a checkpoint after the rewriting: until a sweep, what is stored may be as these field rules have it."""
    return replace(standing, scrubbed=STRICT.private, halfway=(STRICT.private,))


async def filled(store: Store) -> None:
    """Give a store with a segment, an absent record, a tombstone and some events."""
    part = segment("a", "b", "c")
    await poll(store, created("a"), created("b"), created("c"), created("d"), part, layout=[part.segments[0][0]])
    await poll(store, deleted("d"), together(), standing=Standing(baselined=True, records=3))
    await poll(store, created("b"), resource=ELSEWHERE)


async def test_all_bodies_of_one_resource_are_rewritten(store: Store) -> None:
    """Tombstones and events too; numbers, ids, keys and segments stay, and so does every other resource."""
    await filled(store)
    before, elsewhere = await sight(store), await sight(store, ELSEWHERE)
    standing = await store.rewrite(STRICT, masked)
    after = await sight(store)
    assert (standing, after.standing) == (rewritten(before.standing),) * 2
    assert {name: each.body for name, each in after.stored.items()} == {
        name: masked(each.body) for name, each in before.stored.items()
    }
    assert all(each.fingerprint == fingerprint.of(each.body) for each in after.stored.values())
    assert (after.segments, after.contents) == (before.segments, before.contents)
    events = [json.decode(each.envelope) for each in after.changes]
    assert [each.seq for each in after.changes] == [each.seq for each in before.changes]
    assert [(each["after"] or each["before"])["NAME"] for each in events] == ["***"] * 5
    assert events[0]["after_hash"] == fingerprint.of(masked(body("a", 0))).hex()
    assert await sight(store, ELSEWHERE) == elsewhere


async def test_rewriting_twice_is_rewriting_once(store: Store) -> None:
    await filled(store)
    await store.rewrite(STRICT, masked)
    once = await sight(store)
    await store.rewrite(STRICT, masked)
    assert await sight(store) == once


async def test_the_rules_of_a_rewriting_are_remembered_before_its_first_body(store: Store) -> None:
    """Where it does not come to its end, that is all that is known of it: the rules of before are those of all."""
    await filled(store)
    before = (await sight(store)).standing

    def refused(_: bytes) -> bytes:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await store.rewrite(STRICT, refused)
    assert (await sight(store)).standing == replace(before, halfway=(STRICT.private,))


async def test_a_compacted_event_stays_one_when_it_is_rewritten(store: Store) -> None:
    """It loses the hashes of what it was, and still says that it had bodies: of each kind of event."""
    await filled(store)
    await poll(store, updated("a", 2), standing=Standing(baselined=True, records=3))
    assert isinstance(store, MemoryStore | SqliteStore)
    bare = Retention(bodies=0, changes=10**12, counters=10**12)
    await store.changelog.prune(bare, 10**6, 10.0)
    await poll(store, updated("a", 3), standing=Standing(baselined=True, records=3))
    await store.rewrite(STRICT, masked)
    events = [json.decode(each.envelope) for each in (await sight(store)).changes]
    assert {each["op"] for each in events[:-1]} == {"c", "u", "d"}
    bodiless = [(each["before_hash"], each["after_hash"], each.get("compacted")) for each in events[:-1]]
    assert bodiless == [(None, None, True)] * len(bodiless)
    assert "compacted" not in events[-1]


async def test_an_erased_record_is_gone_from_all_that_is_shown(store: Store) -> None:
    """Its events leave a gap, its place in a segment is held by nobody; what remains of others is as it was."""
    await filled(store)
    before, elsewhere = await sight(store), await sight(store, ELSEWHERE)
    assert await store.erase(CUSTOMERS, PERSON) == Erased(live=1, events=1)
    after = await sight(store)
    assert {*before.stored} - {*after.stored} == {key("b")}
    assert {name: after.stored[name] for name in after.stored} == {name: before.stored[name] for name in after.stored}
    assert after.changes == [each for each in before.changes if b'"BPCNUM":"b"' not in each.envelope]
    assert [each.keys for each in after.contents] == [(key("a"), ERASED, key("c"))]
    assert (after.standing.records, after.standing.erased) == (2, 1)
    assert (await store.erased(CUSTOMERS), await store.erased(ELSEWHERE)) == (frozenset({b"hash of b"}), frozenset())
    assert await store.unfinished() == {NAMES: {PERSON.record}}
    assert await store.resume(*NAMES) == [PERSON.key]
    assert await store.wipe(*NAMES)
    assert await store.unfinished() == {}
    assert await store.resume(*NAMES) == []
    assert await sight(store) == after
    assert await sight(store, ELSEWHERE) == elsewhere


async def test_a_segment_that_ended_with_an_erased_record_is_read_anew(store: Store) -> None:
    await filled(store)
    await store.erase(CUSTOMERS, replace(PERSON, key=key("c")))
    assert [each.boundary for each in await store.segments(CUSTOMERS)] in ([], [key("b")])
    for each in await store.segments(CUSTOMERS):
        assert (each.n, each.digest) == (2, bytes(16))


async def test_a_tombstone_counts_as_no_record(store: Store) -> None:
    await filled(store)
    assert await store.erase(CUSTOMERS, replace(PERSON, key=key("d"))) == Erased(live=0, events=2)
    assert (await store.standing(CUSTOMERS)).records == 3


async def test_a_pending_delete_is_none_any_more(store: Store) -> None:
    await filled(store)
    await poll(store, together(), standing=Standing(baselined=True, records=3))
    absent = row("b", absent=Absence.PENDING, absent_since=3)
    await poll(store, type(created("b"))([absent]), standing=Standing(baselined=True, records=3))
    assert await store.absences(CUSTOMERS) == {Absence.PENDING: 1}
    await store.erase(CUSTOMERS, PERSON)
    assert (await store.absences(CUSTOMERS), await store.absent(CUSTOMERS)) == ({}, [])


async def test_what_is_forgotten_leaves_nothing_and_lifts_what_was_left(store: Store) -> None:
    """In the end: until then the record is not seen again."""
    await filled(store)
    await store.erase(CUSTOMERS, PERSON)
    await store.erase(CUSTOMERS, PERSON)
    assert (await store.standing(CUSTOMERS)).erased == 1
    await store.erase(CUSTOMERS, replace(PERSON, forget=True))
    assert (await store.erased(CUSTOMERS), (await store.standing(CUSTOMERS)).erased) == (frozenset({PERSON.record}), 1)
    assert await store.wipe(*NAMES)
    assert (await store.erased(CUSTOMERS), (await store.standing(CUSTOMERS)).erased) == (frozenset(), 0)
    assert [each.digest for each in await store.segments(CUSTOMERS)] == [bytes(16)]
