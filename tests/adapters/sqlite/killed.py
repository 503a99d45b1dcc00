"""A process that is killed after every SQL statement of what it writes in turn; run as a program by `test_killed.py`.

It forks a child for each point while it has no thread: the child opens the store, writes, and ends itself in the
midst; the next child opens the same store, writes again, and goes on. What differs from an undisturbed run is printed.
"""

import asyncio
import os
import sys
import traceback
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from itertools import count
from pathlib import Path
from shutil import copytree, rmtree
from typing import Final

import orjson
import pytest
from msgspec import structs

from driftd.adapters.sqlite import SqliteStore
from driftd.core.health import ResourceHealth
from driftd.core.model import Change, Kind, Op, Standing
from driftd.ports import Store
from tests.contracts.detecting import CUSTOMER, ORDER, case, detected, filing
from tests.contracts.noted import NOW, group
from tests.contracts.staged import CUSTOMERS, body, key, row, segment, sight
from tests.contracts.stores import always_ahead

KILLED: Final = 9
STATES: Final[tuple[Mapping[str, int], ...]] = (
    {"a": 0, "b": 0, "c": 0},
    {"a": 0, "b": 1, "d": 0, "e": 0},
    {"a": 2, "c": 0, "d": 0, "e": 0},
)
"""What the tenant holds at each poll: created, changed, deleted and come back."""
WITHHOLDS: Final = (None, True, False)
"""Whether its events are withheld."""


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


async def note(store: SqliteStore, number: int) -> None:
    """Write the group with this number and one; nothing to do where the last of what it replaces is there."""
    name, recalled = ("tenant-3", "CLASS2"), await store.logbook.recall()
    if recalled.resources.get(name, ResourceHealth()).polls <= number:
        await store.logbook.write(group(number + 1, connections=4))


async def file(store: SqliteStore) -> None:
    """File what belongs to no cycle, a release of what was withheld among it; nothing to do where that was filed."""
    wanted = filing()
    done = await store.casebook.deeds("acme", 100)
    if any(each not in done for each in wanted.deeds):
        await store.casebook.file(wanted)


@dataclass(frozen=True)
class Scenario:
    """Which poll is killed, and how the cycles are written."""

    killed: int
    baseline: bool = False
    ahead: bool = False
    noted: bool = False
    """Whether it is a group of the logbook that is written, and no cycle."""
    filed: bool = False
    """Whether something is filed in place of the last cycle."""
    detects: bool = False


SCENARIOS: Final = {
    "small commit": Scenario(killed=1, detects=True),
    "small baseline": Scenario(killed=0, baseline=True),
    "baseline written ahead": Scenario(killed=0, baseline=True, ahead=True),
    "large cycle written ahead": Scenario(killed=1, baseline=True, ahead=True, detects=True),
    "group of the logbook": Scenario(killed=1, noted=True),
    "filing of the casebook": Scenario(killed=2, filed=True, detects=True),
}


async def run(data_dir: Path, scenario: Scenario, numbers: range, kill_at: int | None) -> None:
    """Poll the states of `numbers`; end the process before the statement `kill_at` of the first."""
    current = iter(numbers)
    number = -1
    async with SqliteStore.open(data_dir, clock_now=lambda: 1, cycle_id=lambda: f"cycle {number}") as store:
        if kill_at is not None:
            assert store._writer is not None
            await store._writer._database._thread.set_trace_callback(_killer(kill_at))
        for number in current:
            if scenario.noted:
                await note(store, number)
            elif scenario.filed and number == len(STATES) - 1:
                await file(store)
            else:
                await poll(store, number, baseline=scenario.baseline and number == 0, detects=scenario.detects)


def _killer(statement: int) -> Callable[[str], None]:
    numbers = count()
    return lambda _: os._exit(KILLED) if next(numbers) == statement else None


async def shown(data_dir: Path) -> str:
    """Return all that the store shows, to be compared: the ids of segments may differ."""
    async with SqliteStore.reading(data_dir) as store:
        whole = await sight(store)
        bare = replace(whole, segments=[structs.replace(one, id=None) for one in whole.segments])
        log = await store.read_changes(0, 1_000)
        ids = [orjson.loads(recorded.envelope)["id"] for recorded in log]
        assert len(set(ids)) == len(ids)
        names = sorted((await store.logbook.recall()).connections)
        told = [await store.logbook.history(name, since=0, until=2 * NOW, limit=1_000) for name in names]
        cases = [await case(store.casebook, *names) for names in (CUSTOMER, ORDER)]
        return repr((bare, log, await store.logbook.recall(), told, cases))


def in_child(work: Callable[[], Coroutine[object, object, None]]) -> int:
    """Run `work` in a process of its own and return its exit code."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        asyncio.run(work())
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def outcome(room: Path, base: Path, scenario: Scenario, kill_at: int | None) -> tuple[int, str]:
    """Kill a copy of `base` at a statement, let it go on, and return the exit code and what it shows at last."""
    data_dir = room / "killed"
    rmtree(data_dir, ignore_errors=True)
    copytree(base, data_dir)
    code = in_child(partial(run, data_dir, scenario, range(scenario.killed, scenario.killed + 1), kill_at))

    async def go_on() -> None:
        await run(data_dir, scenario, range(scenario.killed, len(STATES)), None)
        (data_dir / "shown").write_text(await shown(data_dir))

    assert in_child(go_on) == 0
    return code, (data_dir / "shown").read_text()


def main(name: str, room: Path) -> None:
    """Kill at each statement; print how many points there were and which of them left a difference."""
    scenario = SCENARIOS[name]
    if scenario.ahead:
        always_ahead(pytest.MonkeyPatch())
    asyncio.run(run(room / "warm", scenario, range(2), None))  # what is imported late is imported once
    base = room / "base"
    assert in_child(partial(run, base, scenario, range(scenario.killed), None)) == 0
    code, undisturbed = outcome(room, base, scenario, None)
    differing, point = [], 0
    while code != 0 or point == 0:
        code, disturbed = outcome(room, base, scenario, point)
        if code not in {0, KILLED} or disturbed != undisturbed:
            differing.append(point)
        point += 1
    print(orjson.dumps({"points": point, "differing": differing}).decode())


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
