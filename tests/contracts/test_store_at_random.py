"""Random cycles over every `Store`, against a model of plain dicts; and the handover from snapshot to log."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from driftd.core.model import Absence, KeyBytes, Op, Resource, Standing, Stored
from driftd.ports import Store
from tests.contracts.staged import (
    CUSTOMERS,
    ELSEWHERE,
    Part,
    begin,
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
from tests.contracts.stores import KINDS, opened, room

NAMES: Final = "abcdef"
SETTINGS: Final = settings(max_examples=25, deadline=None)


@dataclass(frozen=True)
class Act:
    """What a cycle does with one record."""

    name: str
    value: int
    event: bool
    placed: bool
    absent: Absence | None
    deleted: bool

    def part(self) -> Part:
        """Return it as it is staged."""
        at = 9 if self.deleted else None
        why = None if self.deleted else self.absent
        rows = [
            row(self.name, self.value, placed=self.placed, absent=why, absent_since=5 if why else None, deleted_at=at)
        ]
        op = Op.DELETE if self.deleted else Op.UPDATE
        return Part(rows, [change(op, self.name, self.value)] if self.event else [])


@dataclass(frozen=True)
class Plan:
    """One cycle: the acts of each position, the new segments, and how it ends."""

    resource: Resource
    positions: Sequence[Sequence[Act]]
    segments: Sequence[str]
    baseline: bool
    commits: bool
    keeps: bool


@dataclass
class Model:
    """What a store must remember, as plain dicts."""

    last_seq: int = 0
    ids: list[str] = field(default_factory=list)
    records: dict[str, dict[KeyBytes, Stored]] = field(default_factory=dict)
    layouts: dict[str, list[KeyBytes]] = field(default_factory=dict)

    def commit(self, plan: Plan, parts: Sequence[Part]) -> None:
        """Remember a committed cycle."""
        shelf = self.records.setdefault(plan.resource.connection, {})
        changes = [one for part in parts for one in part.changes]
        seqs = {one.key: self.last_seq + n for n, one in enumerate(changes, 1)}
        self.ids += [one.id for one in changes]
        self.last_seq += len(changes)
        for one in (one for part in parts for one in part.rows):
            known = shelf.get(one.key)
            kept = self.last_seq if known is None or plan.baseline else known.seq
            shelf[one.key] = stored(one, seqs.get(one.key, kept))
        layout = self.layouts.setdefault(plan.resource.connection, [])
        layout[:] = [*(layout[:1] if plan.keeps else []), *map(key, plan.segments)]


def stored(one: object, seq: int) -> Stored:
    """Return a row as it is stored."""
    fields = {name: getattr(one, name) for name in Stored.__struct_fields__ if name != "seq"}
    return Stored(seq=seq, **fields)


acts: Final = st.builds(
    Act,
    name=st.sampled_from(NAMES),
    value=st.integers(0, 9),
    event=st.booleans(),
    placed=st.booleans(),
    absent=st.sampled_from([None, *Absence]),
    deleted=st.booleans(),
)
plans: Final = st.builds(
    Plan,
    resource=st.sampled_from([CUSTOMERS, ELSEWHERE]),
    positions=st.lists(st.lists(acts, max_size=4, unique_by=lambda act: act.name), max_size=4),
    segments=st.lists(st.sampled_from(NAMES), max_size=3, unique=True),
    baseline=st.booleans(),
    commits=st.booleans(),
    keeps=st.booleans(),
)


def _first(name: str, *, event: bool, placed: bool) -> Act:
    return Act(name, 0, event=event, placed=placed, absent=None, deleted=False)


TOLD: Final = Plan(
    CUSTOMERS,
    positions=[
        [
            _first("a", event=False, placed=False),
            _first("b", event=False, placed=False),
            _first("c", event=True, placed=True),
        ],
        [_first("a", event=False, placed=False), _first("b", event=True, placed=False)],
    ],
    segments=[],
    baseline=True,
    commits=True,
    keeps=False,
)
"""A baseline in which a record with nothing but a body comes with an event."""


@pytest.mark.parametrize("kind", KINDS)
@SETTINGS
@given(chosen=st.lists(plans, min_size=1, max_size=6))
@example(chosen=[TOLD])
async def test_random_cycles_leave_what_plain_dicts_remember(kind: str, chosen: Sequence[Plan]) -> None:
    """Whatever cycles stage, commit and abandon: the store shows what the model does, and each event once."""
    model = Model()
    with room() as data_dir:
        async with opened(kind, data_dir) as subject:
            for plan in chosen:
                await _run(subject.store, plan, model)
                await _compare(subject.store, plan.resource, model)
            log = await subject.store.read_changes(0, 10_000)
    assert [json.loads(one.envelope)["id"] for one in log] == model.ids
    assert [one.seq for one in log] == list(range(1, model.last_seq + 1))


async def _run(store: Store, plan: Plan, model: Model) -> None:
    parts = [together(*(act.part() for act in acts)) for acts in plan.positions]
    kept = list(await store.segments(plan.resource))[:1] if plan.keeps else []
    new = together(Part(), *(segment(name) for name in plan.segments))
    earlier: set[KeyBytes] = set()
    async with await begin(store, plan.resource, baseline=plan.baseline) as cycle:
        for position, part in enumerate(parts):
            keys = {one.key for one in part.rows}
            assert set(await stage(cycle, part, first=position)) == keys & earlier
            earlier |= keys
        await stage(cycle, new, first=99)
        if plan.commits:
            model.commit(plan, parts)
            outcome = await cycle.commit(Standing(), [*kept, *(laid for laid, _ in new.segments)])
            live = [one for one in model.records[plan.resource.connection].values() if one.deleted_at is None]
            assert outcome.records == len(live)
            assert outcome.first_seq == model.last_seq + 1 - sum(outcome.changes.values())
            assert outcome.pending == sum(one.absent is Absence.PENDING for one in live)
            assert outcome.held == sum(one.absent is Absence.HELD for one in live)


async def _compare(store: Store, resource: Resource, model: Model) -> None:
    shown = await sight(store, resource, NAMES)
    records = model.records.get(resource.connection)
    live = sorted((one for one in (records or {}).values() if one.deleted_at is None), key=lambda one: one.key)
    assert shown.stored == (records or {})
    assert (None if shown.seen is None else [(one.key, one.body, one.absent_since) for one in shown.seen]) == (
        None if records is None else [(one.key, one.body, one.absent_since) for one in live]
    )
    assert shown.absent == [one for one in live if one.absent is not None]
    assert shown.unplaced == [one.key for one in live if not one.placed]
    assert shown.stalest == live
    assert [one.boundary for one in shown.segments] == model.layouts.get(resource.connection, [])


steps: Final = st.lists(
    st.lists(st.tuples(st.sampled_from(NAMES), st.booleans()), min_size=1, max_size=3, unique_by=lambda step: step[0]),
    max_size=5,
)


@pytest.mark.parametrize("kind", KINDS)
@SETTINGS
@given(before=steps, meanwhile=steps, limit=st.integers(1, 4))
async def test_snapshot_and_log_rebuild_the_newest_state(
    kind: str, before: Sequence[Sequence[tuple[str, bool]]], meanwhile: Sequence[Sequence[tuple[str, bool]]], limit: int
) -> None:
    """Records read to the end while cycles commit, then the changes after the first page's `as_of_seq`: nothing is
    lost, nothing doubled."""
    with room() as data_dir:
        async with opened(kind, data_dir) as subject:
            store, state = subject.store, dict.fromkeys("bdf", 0)
            await poll(store, *(Part([row(name)]) for name in state), baseline=True)
            for acts in before:
                await _advance(store, state, acts)
            pending = list(meanwhile)
            page = first = await store.read_records("acme", "BPCUSTOMER", after=None, limit=limit)
            rebuilt = {seen.key: seen.body for seen in page.records}
            while page.next is not None:
                if pending:
                    await _advance(store, state, pending.pop())
                page = await store.read_records("acme", "BPCUSTOMER", after=page.next, limit=limit)
                rebuilt |= {seen.key: seen.body for seen in page.records}
            for acts in pending:
                await _advance(store, state, acts)
            for recorded in await store.read_changes(first.as_of_seq, 1_000):
                _apply(rebuilt, recorded.envelope)
            newest = (await store.read_records("acme", "BPCUSTOMER", after=None, limit=1_000)).records
    assert {one: json.loads(body) for one, body in rebuilt.items()} == {
        seen.key: json.loads(seen.body) for seen in newest
    }
    assert {seen.key for seen in newest} == set(map(key, state))


async def _advance(store: Store, state: dict[str, int], acts: Sequence[tuple[str, bool]]) -> None:
    parts = []
    for name, removes in acts:
        if removes and name in state:
            parts.append(deleted(name, state.pop(name)))
        elif name in state:
            state[name] += 1
            parts.append(updated(name, state[name]))
        else:
            state[name] = 0
            parts.append(created(name))
    await poll(store, *parts)


def _apply(records: dict[KeyBytes, bytes], envelope: bytes) -> None:
    event = json.loads(envelope)
    one = key(event["key"]["BPCNUM"])
    if event["after"] is None:
        records.pop(one, None)
    else:
        records[one] = json.dumps(event["after"]).encode()
