"""Polls of a store by the number, each of which does nothing where it was committed already."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final

from msgspec import structs

from driftd.adapters.sqlite import SqliteStore
from driftd.core.health import ResourceHealth
from driftd.core.model import Change, Kind, Op, Standing
from driftd.core.retention import DAY, Retention
from driftd.ports import Store
from tests.contracts.detecting import detected, filing
from tests.contracts.noted import NOW, group
from tests.contracts.staged import CUSTOMERS, body, key, row, segment

STATES: Final[tuple[Mapping[str, int], ...]] = (
    {"a": 0, "b": 0, "c": 0},
    {"a": 0, "b": 1, "d": 0, "e": 0},
    {"a": 2, "c": 0, "d": 0, "e": 0},
)
"""What the tenant holds at each poll: created, changed, deleted and come back."""
WITHHOLDS: Final = (None, True, False)
"""Whether its events are withheld."""


async def play(data_dir: Path, numbers: range, *, baseline: bool = False, detects: bool = False) -> None:
    """Poll the states with these numbers, the first of all as a baseline or not."""
    number = -1
    async with SqliteStore.open(data_dir, clock_now=lambda: 1, cycle_id=lambda: f"cycle {number}") as store:
        for number in numbers:
            await poll(store, number, baseline=baseline and number == 0, detects=detects)


async def poll(store: Store, number: int, *, baseline: bool, detects: bool) -> None:
    """Bring the store to the state with this number, as a sweep does; nothing to do where that was committed."""
    if (await store.standing(CUSTOMERS)).sweeps > number:
        return
    state = STATES[number]
    names = sorted(set().union(*STATES))
    known = await store.known(CUSTOMERS, map(key, names))
    cut = segment(*sorted(state))
    context = await store.begin(CUSTOMERS, Kind.SWEEP, host="h", folder="F", now=1, baseline=baseline)
    async with context as cycle:
        for position, name in enumerate(names):
            stored = known.get(key(name))
            live = stored is not None and stored.deleted_at is None
            if name in state and not (stored and live and stored.body == body(name, state[name])):
                op = Op.UPDATE if live else Op.CREATE
                events = [] if baseline else [_change(op, name, state[name], stored.seq if stored else 0)]
                await cycle.stage(position, rows=[row(name, state[name])], changes=events)
            elif name not in state and live:
                events = [_change(Op.DELETE, name, 0, stored.seq if stored else 0)]
                await cycle.stage(position, rows=[row(name, deleted_at=9)], changes=events)
        await cycle.stage(99, segments=cut.segments)
        found = structs.replace(detected(number + 1), withhold=WITHHOLDS[number]) if detects else None
        await cycle.commit(Standing(baselined=True, sweeps=number + 1), [cut.segments[0][0]], found)


def _change(op: Op, name: str, value: int, previous: int) -> Change:
    after = None if op is Op.DELETE else body(name, value)
    id_ = sha256(key(name) + (after or b"") + b"%d" % previous).hexdigest()
    return Change(id_, op, key(name), None, after, (), None, None, 0, 0, None, 1, 1)


async def note(data_dir: Path, numbers: range) -> None:
    """Write groups of the logbook; nothing to do where the last of what one replaces is there."""
    async with SqliteStore.open(data_dir, clock_now=lambda: 1) as store:
        for number in numbers:
            recalled = await store.logbook.recall()
            if recalled.resources.get(("tenant-3", "CLASS2"), ResourceHealth()).polls <= number:
                await store.logbook.write(group(number + 1, connections=4))


async def forget(data_dir: Path) -> None:
    """Have the logbook forget all that is old two years later."""
    async with SqliteStore.open(data_dir, clock_now=lambda: 1) as store:
        while await store.logbook.prune(NOW + 2 * 365 * 86_400_000):
            pass


async def prune(data_dir: Path, days: int) -> None:
    """Remove of the log what is not kept so many days later, and give back what is free in the file."""
    async with SqliteStore.open(data_dir, clock_now=lambda: 1) as store:
        while (await store.changelog.prune(Retention(), days * DAY, budget=0.0)).more:
            pass
        while await store.changelog.shrink():
            pass


async def file(data_dir: Path) -> None:
    """File what belongs to no cycle, a release of what was withheld among it; nothing to do where that was filed."""
    async with SqliteStore.open(data_dir, clock_now=lambda: 1) as store:
        wanted = filing()
        done = await store.casebook.deeds("acme", 100)
        if any(each not in done for each in wanted.deeds):
            await store.casebook.file(wanted)


async def move(data_dir: Path, numbers: range) -> None:
    """Poll, and move the write-ahead log into the database after each poll."""
    async with SqliteStore.open(data_dir, clock_now=lambda: 1, cycle_id=lambda: "cycle") as store:
        for number in numbers:
            await poll(store, number, baseline=False, detects=True)
            await store.checkpoint()


async def once(data_dir: Path) -> None:
    """Open the store and close it."""
    async with SqliteStore.open(data_dir, clock_now=lambda: 1):
        pass


async def settle(data_dir: Path) -> None:
    """Begin a cycle and leave it: what unfinished ones left is removed by then."""
    async with (
        SqliteStore.open(data_dir, clock_now=lambda: 1) as store,
        await store.begin(CUSTOMERS, Kind.SWEEP, host="h", folder="F", now=1),
    ):
        pass
