"""What every `Store` and its `Casebook` promise of events that are stored and not released."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from driftd.core.model import Op, Recorded, Resource
from driftd.ports import Casebook, Detected, Filing, Store
from tests.contracts.detecting import CUSTOMER
from tests.contracts.staged import (
    CUSTOMERS,
    ELSEWHERE,
    Part,
    body,
    created,
    deleted,
    key,
    poll,
    row,
    sight,
    updated,
)
from tests.contracts.stores import KINDS, Subject, opened, room

HOLD: Final = Detected(withhold=True)
LET_GO: Final = Detected(withhold=False)
RELEASE: Final = Filing(release=[CUSTOMER])
NAMES: Final = "abc"


def _ids(parts: Sequence[Part]) -> list[str]:
    return [one.id for part in parts for one in part.changes]


def _told(log: Sequence[Recorded]) -> list[str]:
    return [json.loads(one.envelope)["id"] for one in log]


class TestWithheld:
    async def test_events_are_stored_and_not_shown(self, store: Store, casebook: Casebook) -> None:
        """From the cycle that says so on, until it is told otherwise; the snapshot shows what the tenant holds."""
        await poll(store, created("a"))
        await poll(store, updated("a", 1), created("b"), detected=HOLD)
        await poll(store, updated("a", 2), deleted("b"))
        await poll(store, created("c"), detected=Detected())
        assert [one.seq for one in await store.read_changes(0, 100)] == [1]
        assert await casebook.withheld(*CUSTOMER) == 5
        seen = (await sight(store)).seen or ()
        assert [(one.key, one.body) for one in seen] == [(key("a"), body("a", 2)), (key("c"), body("c", 0))]

    async def test_other_resources_are_told_as_ever(self, store: Store, casebook: Casebook) -> None:
        """What is withheld of one takes nothing from the others, and no seq is given twice."""
        await poll(store, created("a"), created("b"), detected=HOLD)
        await poll(store, created("a"), created("b"), resource=ELSEWHERE)
        assert [(one.seq, one.connection) for one in await store.read_changes(0, 100)] == [(3, "globex"), (4, "globex")]
        await casebook.file(RELEASE)
        await poll(store, created("c"), resource=ELSEWHERE)
        assert [(one.seq, one.connection) for one in await store.read_changes(2, 100)] == [
            (3, "globex"),
            (4, "globex"),
            (5, "acme"),
            (6, "acme"),
            (7, "globex"),
        ]
        assert [await casebook.withheld(*names) for names in (CUSTOMER, ("globex", "BPCUSTOMER"))] == [0, 0]

    async def test_a_cycle_without_events_withholds_nothing(self, store: Store, casebook: Casebook) -> None:
        """A baseline's records and an idle cycle are no events; releasing nothing is allowed."""
        await poll(store, Part([row("a")]), Part([row("b")]), baseline=True, detected=HOLD)
        await poll(store, Part([row("a")]))
        assert await casebook.withheld(*CUSTOMER) == 0
        assert {one.seq for one in (await sight(store)).stored.values()} == {0}
        await casebook.file(RELEASE)
        await casebook.file(Filing(release=[("nobody", "NOTHING")]))
        assert (await poll(store, created("c"))).first_seq == 1


class TestRelease:
    async def test_released_events_come_after_all_there_are(self, store: Store, casebook: Casebook) -> None:
        """In the order in which they were committed, with new seqs and their own ids."""
        parts = [[created("a"), created("b")], [updated("a", 1), deleted("b")], [created("c")]]
        for each in parts:
            await poll(store, *each, detected=HOLD)
        await poll(store, created("a"), resource=ELSEWHERE)
        before = await store.read_changes(0, 100)
        await casebook.file(RELEASE)
        whole = await store.read_changes(0, 100)
        assert whole[:1] == before
        assert [one.seq for one in whole] == [6, 7, 8, 9, 10, 11]
        assert [json.loads(one.envelope)["seq"] for one in whole] == [6, 7, 8, 9, 10, 11]
        assert _told(whole[1:]) == [id_ for each in parts for id_ in _ids(each)]
        for after in range(13):
            assert await store.read_changes(after, 2) == [one for one in whole if one.seq > after][:2]

    async def test_nothing_is_withheld_after_a_release(self, store: Store, casebook: Casebook) -> None:
        """Events are told as they are committed, until a cycle says otherwise again."""
        await poll(store, created("a"), created("b"), detected=HOLD)
        await casebook.file(RELEASE)
        await poll(store, created("c"), created("d"))
        assert [one.seq for one in await store.read_changes(0, 100)] == [3, 4, 5, 6]
        await poll(store, created("e"), detected=HOLD)
        assert await casebook.withheld(*CUSTOMER) == 1

    async def test_a_cycle_may_release_what_was_withheld_before_it(self, store: Store, casebook: Casebook) -> None:
        """Its own events come behind those, as they did."""
        parts = [created("a"), created("b"), updated("a", 1), updated("b", 1)]
        await poll(store, *parts[:2], detected=HOLD)
        outcome = await poll(store, *parts[2:], detected=LET_GO)
        assert outcome.first_seq == 5
        log = await store.read_changes(0, 100)
        assert [one.seq for one in log] == [3, 4, 5, 6]
        assert _told(log) == _ids(parts)
        assert await casebook.withheld(*CUSTOMER) == 0

    async def test_a_record_keeps_the_number_of_its_event(self, store: Store, casebook: Casebook) -> None:
        """Withheld, released or replaced in place: each event of a key has had a number of its own, which does not
        change, as the id of the next event is made with it."""
        await poll(store, created("a"), created("b"), created("c"), detected=HOLD)
        await poll(store, updated("a", 1), Part([row("b")]))
        before = await sight(store)
        assert [before.stored[key(name)].seq for name in NAMES] == [4, 2, 3]
        await casebook.file(RELEASE)
        after = await sight(store)
        assert after.stored == before.stored
        assert (before.as_of_seq, after.as_of_seq) == (4, 8)
        await poll(store, Part([row("a", 1), row("c")]), updated("b", 1))
        stored = (await sight(store)).stored
        assert [stored[key(name)].seq for name in NAMES] == [4, 9, 3]


@dataclass(frozen=True)
class Act:
    """What happens next: a cycle of a resource, or a release."""

    resource: Resource
    names: Sequence[str]
    withhold: bool | None
    releases: bool


@dataclass
class Consumer:
    """Who reads the log on from where it last was, and rebuilds a resource from a snapshot."""

    cursor: int = 0
    log: list[Recorded] = field(default_factory=list)

    async def read(self, store: Store) -> None:
        """Read all that is new."""
        while batch := await store.read_changes(self.cursor, 2):
            assert [one.seq for one in batch] == sorted({one.seq for one in batch})
            assert batch[0].seq > self.cursor
            self.log += batch
            self.cursor = batch[-1].seq


acts: Final = st.builds(
    Act,
    resource=st.sampled_from([CUSTOMERS, CUSTOMERS, ELSEWHERE]),
    names=st.lists(st.sampled_from(NAMES), max_size=3, unique=True),
    withhold=st.sampled_from([None, None, True, True, False]),
    releases=st.booleans(),
)


def _act(names: str, *, withhold: bool | None = None, releases: bool = False) -> Act:
    return Act(CUSTOMERS, names, withhold, releases)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, deadline=None)
@given(chosen=st.lists(acts, max_size=8), start=st.integers(0, 8))
@example(chosen=[_act("ab", withhold=True), _act("ab"), _act("", releases=True), _act("ab")], start=1)
async def test_a_consumer_hears_each_event_once_and_in_order(kind: str, chosen: Sequence[Act], start: int) -> None:
    """Whatever is withheld and released meanwhile: who reads on from a cursor misses nothing and hears nothing twice,
    of each resource in the order of its commits; and a snapshot taken at any time is completed by what comes after."""
    with room() as data_dir:
        async with opened(kind, data_dir) as subject:
            consumer, committed = Consumer(), dict[str, list[str]]()
            values: dict[tuple[str, str], int] = {}
            snapshot: tuple[int, dict[bytes, bytes]] = (0, {})
            for number, act in enumerate(chosen):
                if number == start:
                    snapshot = await _snapshot(subject.store)
                await _do(subject, act, values, committed)
                await consumer.read(subject.store)
                await _agrees(subject, consumer, committed)
            await subject.casebook.file(Filing(release=[CUSTOMER, (ELSEWHERE.connection, ELSEWHERE.name)]))
            await consumer.read(subject.store)
            assert {name: _of(consumer.log, name) for name in committed} == committed
            await _rebuilds(subject.store, *snapshot)


async def _do(subject: Subject, act: Act, values: dict[tuple[str, str], int], committed: dict[str, list[str]]) -> None:
    resource = act.resource
    if act.releases:
        await subject.casebook.file(Filing(release=[(resource.connection, resource.name)]))
        return
    parts = []
    for name in act.names:
        value = values[resource.connection, name] = values.get((resource.connection, name), -1) + 1
        parts.append(updated(name, value) if value else created(name))
    committed.setdefault(resource.connection, []).extend(_ids(parts))
    await poll(subject.store, *parts, resource=resource, detected=Detected(withhold=act.withhold))


async def _agrees(subject: Subject, consumer: Consumer, committed: dict[str, list[str]]) -> None:
    """What was heard is the beginning of what was committed, and the rest is withheld."""
    for connection, ids in committed.items():
        heard = _of(consumer.log, connection)
        assert heard == ids[: len(heard)]
        assert await subject.casebook.withheld(connection, "BPCUSTOMER") == len(ids) - len(heard)


def _of(log: Sequence[Recorded], connection: str) -> list[str]:
    return _told([one for one in log if one.connection == connection])


async def _snapshot(store: Store) -> tuple[int, dict[bytes, bytes]]:
    shown = await sight(store)
    return (0, {}) if shown.seen is None else (shown.as_of_seq, {one.key: one.body for one in shown.seen})


async def _rebuilds(store: Store, after: int, records: dict[bytes, bytes]) -> None:
    for one in await store.read_changes(after, 1_000, connection="acme"):
        event = json.loads(one.envelope)
        assert event["op"] != Op.DELETE
        records[key(event["key"]["BPCNUM"])] = body(event["after"]["NAME"], event["after"]["VALUE"])
    assert records == (await _snapshot(store))[1]
