"""Who follows the log as the page on storage says ends at the snapshot, whatever is polled, pruned and read between."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from driftd.core import diff
from driftd.core.model import Change, Confidence, KeyBytes, Op, Resource, Row
from driftd.core.retention import DAY, Cursor, Retention, lives
from driftd.ports import Detected, Filing, Store
from driftd.runtime.feed import Wanted, portion
from tests.contracts.staged import CUSTOMERS, ELSEWHERE, Part, body, key, poll
from tests.contracts.stores import KINDS, Subject, opened, room

FOLLOWED: Final = (CUSTOMERS, ELSEWHERE)
BEGIN: Final = 1_000 * DAY
KEPT: Final = Retention()


@dataclass(frozen=True)
class Polls:
    """A complete sweep that sees records with these values, and misses those of None."""

    resource: Resource
    seen: tuple[tuple[str, int | None], ...]
    withhold: bool | None = None


@dataclass(frozen=True)
class Passes:
    """Time goes by."""

    days: int


@dataclass(frozen=True)
class Prunes:
    """The log is pruned; to so many bytes."""

    most: int = KEPT.log_bytes


@dataclass(frozen=True)
class Reads:
    """A consumer reads a portion."""

    number: int
    limit: int = 2


class Releases:
    """What is withheld is released."""

    def __repr__(self) -> str:
        return "Releases()"


Act = Polls | Passes | Prunes | Reads | Releases


@dataclass
class Consumer:
    """Who follows the log, alone or with a cursor."""

    subject: Subject
    cursor: str | None = None
    wanted: Wanted = Wanted()  # noqa: RUF009 - frozen
    after: int = 0
    may_lose: bool = False
    """Whether anything happened that excuses the loss of events."""
    losses: int = 0
    records: dict[tuple[str, KeyBytes], bytes] = field(default_factory=dict)
    read_at: dict[str, int] = field(default_factory=dict)
    """The ``as_of_seq`` of each connection's snapshot."""
    heard: dict[str, int] = field(default_factory=dict)

    async def read(self, limit: int) -> bool:
        """Read what comes next; tell whether there was something."""
        store, changelog = self.subject.store, self.subject.changelog
        found = await portion(store, changelog, self.after, limit, self.wanted)
        assert len(found.events) <= limit
        assert found.after >= min(self.after, (await changelog.extent()).last)
        if found.truncated is not None:
            await self.begin_anew()
        for each in found.events:
            await self.apply(each.envelope)
        moved = found.after != self.after
        self.after = found.after
        await self.use()
        return moved

    async def use(self) -> None:
        """Say how far this is."""
        if self.cursor is not None:
            cursor = Cursor(self.cursor, self.after, self.subject.clock.now, self.wanted.connection)
            await self.subject.changelog.move(cursor)

    async def apply(self, envelope: bytes) -> None:
        """Take over an event, unless it came before or is in the snapshot already."""
        event = json.loads(envelope)
        connection, name = event["source"]["connection"], key(event["key"]["BPCNUM"])
        assert self.heard.setdefault(event["id"], event["seq"]) == event["seq"]
        if event["seq"] <= self.read_at.get(connection, 0):
            return
        if event.get("compacted"):
            await self.begin_anew()
        elif event["op"] == Op.DELETE:
            self.records.pop((connection, name), None)
        else:
            self.records[connection, name] = body(event["after"]["NAME"], event["after"]["VALUE"])

    async def begin_anew(self) -> None:
        """Read the snapshot of each resource."""
        self.losses += 1
        assert self.may_lose
        for resource in self.followed:
            records = await snapshot(self.subject.store, resource)
            self.records = {name: each for name, each in self.records.items() if name[0] != resource.connection}
            self.records |= records
            self.read_at[resource.connection] = (await self.subject.changelog.extent()).last

    @property
    def followed(self) -> list[Resource]:
        return [each for each in FOLLOWED if self.wanted.connection in {None, each.connection}]


acts: Final = st.lists(
    st.one_of(
        st.builds(
            Polls,
            st.sampled_from(FOLLOWED),
            st.lists(
                st.tuples(st.sampled_from("ab"), st.none() | st.integers(0, 1)),
                max_size=2,
                unique_by=lambda each: each[0],
            ).map(tuple),
            st.sampled_from([None, None, None, True, False]),
        ),
        st.builds(Passes, st.sampled_from([1, 20, 29, 60, 91, 401])),
        st.builds(Prunes, st.sampled_from([KEPT.log_bytes, KEPT.log_bytes, 900, 1])),
        st.builds(Reads, st.integers(0, 2), st.integers(1, 3)),
        st.builds(Releases),
    ),
    max_size=14,
)
SAME: Final = Polls(CUSTOMERS, (("a", 1),))
GONE: Final = Polls(CUSTOMERS, (("a", None),))
NOTHING: Final = Polls(CUSTOMERS, ())


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=30, deadline=None)
@given(chosen=acts)
@example([SAME, Reads(0), GONE, Passes(91), Reads(0), Prunes(), NOTHING, NOTHING, Prunes(), SAME, Passes(1)])
@example([SAME, Passes(60), Prunes()])
@example([SAME, GONE, SAME, GONE, SAME, *[Passes(29), Reads(0, 1), Reads(2, 1)] * 3, Passes(20), Prunes(), Reads(0, 1)])
@example([Polls(CUSTOMERS, (("a", 1),), withhold=True), Passes(91), Prunes(1), Releases(), Prunes()])
async def test_a_consumer_that_keeps_to_the_contract_ends_at_the_snapshot(kind: str, chosen: Sequence[Act]) -> None:
    """One with a cursor hears every event whole, short of the caps; others are told when they have to begin anew; no
    two events ever have one id."""
    with room() as data_dir:
        async with opened(kind, data_dir) as subject:
            subject.clock.now = BEGIN
            consumers = [Consumer(subject, "all"), Consumer(subject), Consumer(subject, "acme", Wanted("acme"))]
            for each in consumers:
                await each.use()
            for act in chosen:
                await do(subject, act, consumers)
            await do(subject, Releases(), consumers)
            for each in consumers:
                while await each.read(3):
                    pass
                expected = [await snapshot(subject.store, resource) for resource in each.followed]
                assert each.records == {name: record for one in expected for name, record in one.items()}
            assert not consumers[0].losses or consumers[0].may_lose


async def do(subject: Subject, act: Act, consumers: Sequence[Consumer]) -> None:
    match act:
        case Polls():
            await sweep(subject, act)
        case Passes():
            subject.clock.now += act.days * DAY
        case Reads():
            await consumers[act.number].read(act.limit)
        case Releases():
            names = [(each.connection, each.name) for each in FOLLOWED]
            await subject.casebook.file(Filing(release=names))
        case Prunes():
            await prune(subject, act, consumers)


async def prune(subject: Subject, act: Prunes, consumers: Sequence[Consumer]) -> None:
    now, cursors = subject.clock.now, {each.name: each for each in await subject.changelog.cursors()}
    for each in consumers:
        cursor = cursors.get(each.cursor or "")
        held_back = cursor is not None and lives(cursor, now) and act.most == KEPT.log_bytes
        each.may_lose |= not held_back or now - BEGIN > KEPT.counters
    done = await subject.changelog.prune(replace(KEPT, log_bytes=act.most), now, 60.0)
    assert not done.more


async def sweep(subject: Subject, act: Polls) -> None:
    store, resource = subject.store, act.resource
    standing = await store.standing(resource)
    known = await store.known(resource, [key(name) for name, _ in act.seen])
    rows: list[Row] = []
    changes: list[Change] = []
    for number, (name, value) in enumerate(act.seen):
        held = known.get(key(name))
        if value is not None:
            seen = diff.Sighting(key(name), bytes(16), body(name, value), 0, number, 6)
            row, change = diff.sighted(seen, held, resource, forgotten=standing.forgotten)
        elif held is not None and held.deleted_at is None:
            row, change = diff.deleted(held, resource, Confidence.CONFIRMED_ABSENT, page=0, row=number, now=6)
        else:
            continue
        rows.append(row)
        changes += [] if change is None else [change]
    standing = replace(standing, sweeps=standing.sweeps + 1)
    detected = Detected(withhold=act.withhold)
    await poll(store, Part(rows, changes), resource=resource, standing=standing, detected=detected)


async def snapshot(store: Store, resource: Resource) -> dict[tuple[str, KeyBytes], bytes]:
    """Read a resource to its end; nothing of one that was never read."""
    if (resource.connection, resource.name) not in await store.standings():
        return {}
    seen, _, _ = await store.read_records(resource.connection, resource.name, after=None, limit=100)
    return {(resource.connection, each.key): each.body for each in seen}
