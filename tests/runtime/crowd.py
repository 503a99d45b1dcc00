"""Hundreds of tenants on virtual time, one of them slow and one huge, while records change at all of them.

    python -m tests.runtime.crowd [--tenants 500] [--hours 10] [--seed 1]

A few have a budget for part of the day only; the day ends half-way. The exit code is 1 where a law is broken.
"""

import argparse
import asyncio
import gc
import json
import time
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any

import anyio

from driftd.config import ConnectionConfig
from driftd.core.model import KeyBytes, Query
from driftd.runtime.book import Book
from tests.fakes.shelved import ShelvedSource
from tests.fakes.source import Record
from tests.fakes.virtual import VirtualClock
from tests.house.folding import folded
from tests.house.lateness import lateness
from tests.runtime.rig import CLASSES, MIDNIGHT, Rig, Tenant, connection
from tests.runtime.world import row

SLOW, HUGE = "slow", "huge"
DAY = 86_400_000
PACE = 300_000
"""Milliseconds between due times of a small one: the default."""
LATE = 30.0
"""Seconds: what the 99th percentile of lateness may be."""
TICK = 60.0
"""Seconds between looks where nothing is due, longer than by default: they are most of what hours cost."""
ROUNDED = 2
"""Milliseconds by which a time may be off."""
FLAT_OF = ("driftd.runtime", "asyncio", "anyio")
FLAT = {"coroutine", "async_generator", "generator", "frame", "cell", "function", "method"}
"""Types of which there are not to be more and more, besides those of `FLAT_OF`; logs and histories may grow."""
Place = tuple[str, str]


@dataclass
class Crowd:
    """What is asked for, and what was seen."""

    tenants: int
    hours: float
    seed: int = 1
    huge: int = 20_000
    moves: int = 0
    late: list[float] = field(default_factory=list)
    missed: int = 0
    told: Counter[str] = field(default_factory=Counter)
    polls: int = 0
    most_requests: int = 0
    """Of a poor tenant on one day."""
    sizes: list[dict[str, int]] = field(default_factory=list)
    """Tasks, objects and the book's entries after a fifth of the time, and at the end."""
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.poor = round(9 * self.hours)
        """Requests a day of each 25th tenant: of three quarters of its half day."""
        self._epoch = MIDNIGHT - round(self.hours * 1_800_000)
        self._chance = Random(self.seed)
        self._true: dict[Place, dict[str, list[Any]]] = {}
        self._visits: dict[Place, list[int]] = {}
        self._events: dict[Place, list[Any]] = {}
        small = [f"c{number:03}" for number in range(self.tenants - 2)]
        self._poor = set(small[::25])
        given: dict[str, dict[str, Any]] = {name: {"requests_per_day": self.poor} for name in self._poor}
        given[HUGE] = {"page_size": 500, "sweep": 900.0}
        usual = {"page_size": 50, "mass_delete_ratio": 1.0}  # nobody is there to confirm what would be held
        connections = [connection(name, **usual | given.get(name, {})) for name in [*small, SLOW, HUGE]]
        clock = VirtualClock(self._epoch)
        sources = {each.name: self._tenant(each, clock) for each in connections}
        self._rig = Rig(connections, clock=clock, tenants=sources)
        self._rig.world.tick = TICK
        self._first = {
            (name, each): {one["KEY"]: one for one in tenant.source.tables[each].rows}
            for name, tenant in sources.items()
            for each in CLASSES
        }

    def run(self) -> None:
        """Let the time pass."""
        self._rig.run(self._story)
        for one in self._rig.store.log:
            self._events.setdefault((one.connection, one.resource), []).append(json.loads(one.envelope))
        for name in self._rig.tenants:
            for each in CLASSES:
                self._compare(name, each)
        self._count()
        self.told.update(each.op for each in self._rig.store.log)
        self._judge()

    def _tenant(self, given: ConnectionConfig, clock: VirtualClock) -> Tenant:
        source = ShelvedSource(CLASSES)
        for each in CLASSES:
            many = self.huge if (given.name, each) == (HUGE, CLASSES[0]) else self._chance.randint(5, 20)
            source.put(each, [row(2 * number) for number in range(1, many + 1)])
        latency = 110.0 if given.name == SLOW else self._chance.uniform(0.05, 0.5)

        def asked(name: str, query: Query | KeyBytes) -> None:
            source.asked.clear()
            if isinstance(query, Query) and not (query.next or query.after or query.start):
                self._visits.setdefault((given.name, name), []).append(clock.now() - round(latency * 1000))

        source.faults = asked
        return Tenant(source, latency)

    async def _story(self, rig: Rig) -> None:
        """Let records change for so many hours, then wait until everything has been swept again."""
        names = list(rig.tenants)

        async def swept(since: int) -> None:
            ended = False
            while not ended:
                await anyio.sleep(5)
                standings = await rig.store.standings()
                asked = [one for (name, _), one in standings.items() if name not in self._poor]
                ended = len(standings) == len(CLASSES) * len(names) and all(
                    (one.last_sweep or 0) > since for one in asked
                )

        await swept(0)
        begun, ends = rig.clock.now(), rig.clock.now() + round(self.hours * 3_600_000)
        sampled = False
        while rig.clock.now() < ends:
            await anyio.sleep(300 / self.tenants)
            self._change(self._chance.choice(names))
            if not sampled and rig.clock.now() >= begun + (ends - begun) / 5:
                sampled = await self._size(begun)
        await self._size(begun)
        quiet = rig.clock.now()
        self._lateness(begun, quiet)
        await swept(quiet + PACE)
        self.polls = sum(rig.gauges.polls.shown().counts)

    def _change(self, name: str) -> None:
        """Have a record of a tenant created, updated or deleted."""
        each, chance = self._chance.choice(CLASSES), self._chance
        source = self._rig.tenants[name].source
        rows = source.tables[each].rows
        kind = chance.choice("cud") if 5 < len(rows) < 40 or len(rows) > 1000 else "c" if len(rows) <= 5 else "d"
        if kind == "c":
            changed: Record | None = row(chance.randrange(1, 4 * len(rows)), NAME=f"new {self.moves}")
            key = str(changed and changed["KEY"])
        else:
            old = chance.choice(rows)
            key, changed = old["KEY"], old | {"NAME": f"name {self.moves}"} if kind == "u" else None
        true = self._true.setdefault((name, each), {}).setdefault(key, [self._first[name, each].get(key)])
        true.append(changed)
        if changed is None:
            source.drop(each, [json.dumps([key], separators=(",", ":")).encode()])
        else:
            source.put(each, [changed])
        self.moves += 1

    async def _size(self, begun: int) -> bool:
        """Count what must not grow, at the same place of the grid at each time."""
        await anyio.sleep((begun - self._rig.clock.now()) % PACE / 1000)
        gc.collect()
        kinds = Counter(map(type, gc.get_objects()))
        book: Book = self._rig.world.book
        self.sizes.append(
            {
                "tasks": len(asyncio.all_tasks()),
                "objects": sum(
                    many for kind, many in kinds.items() if kind.__name__ in FLAT or kind.__module__.startswith(FLAT_OF)
                ),
                "book": sum(len(kept) for kept in vars(book).values() if isinstance(kept, dict | list)),
                "ways": sum(len(kept) for kept in vars(self._rig.ways).values() if isinstance(kept, dict)),
                "all objects": kinds.total(),
            }
        )
        return True

    def _lateness(self, since: int, until: int) -> None:
        for each in (one for given in self._rig.connections for one in given.resources):
            if each.connection in {SLOW, HUGE, *self._poor}:
                continue
            late, missed = lateness(each, self._visits[each.connection, each.name], (since, until), ROUNDED)
            self.late += late
            self.missed += missed

    def _compare(self, name: str, each: str) -> None:
        first, true = self._first[name, each], self._true.get((name, each), {})
        held, wrong = folded(
            first, true, [(event["key"]["KEY"], event) for event in self._events.get((name, each), [])]
        )
        self.wrong += [f"{name} {each} {fault}" for fault in wrong]
        now = {one["KEY"]: one for one in self._rig.tenants[name].source.tables[each].rows}
        if held != now and name not in self._poor:
            self.wrong.append(f"{name} {each}: the log does not fold to the truth")

    def _count(self) -> None:
        """Count the requests of those with a small budget, by their days."""
        for name in self._poor:
            days = Counter((self._epoch + round(at * 1000)) // DAY for at in self._rig.tenants[name].sent)
            self.most_requests = max(self.most_requests, *days.values())
            if len(days) < 2:
                self.wrong.append(f"{name} was not asked on the second day")

    def _judge(self) -> None:
        if self.most_requests != self.poor:
            self.wrong.append(f"{self.most_requests} requests on a day, of {self.poor}")
        if self.at(0.99) > LATE:
            self.wrong.append(f"lateness p99 is {self.at(0.99)} s")
        if self.missed:
            self.wrong.append(f"{self.missed} due times were missed")
        before, after = self.sizes
        for name in ("tasks", "objects", "book", "ways"):
            if after[name] > 1.02 * before[name] + 200:
                self.wrong.append(f"{name} grew from {before[name]} to {after[name]}")

    def at(self, share: float) -> float:
        """Return a percentile of lateness, seconds."""
        return sorted(self.late)[min(len(self.late) - 1, int(share * len(self.late)))]

    def shown(self) -> str:
        """Render what was seen."""
        sizes = [f"{name}: {self.sizes[0][name]} then {self.sizes[1][name]}" for name in self.sizes[0]]
        told = ", ".join(f"{many} {op}" for op, many in sorted(self.told.items()))
        late = f"p50 {self.at(0.5):.3f}, p99 {self.at(0.99):.3f}, greatest {max(self.late):.3f}"
        lines = [
            f"{self.tenants} tenants, {self.hours} h: {self.polls} polls; {self.moves} changes made, told: {told}",
            f"lateness s: {late}; {len(self.late)} due times met, {self.missed} missed",
            f"requests of a poor one on a day: {self.most_requests} at most, of {self.poor}",
            "; ".join(sizes),
        ]
        return "\n".join([*lines, *(f"BROKEN {each}" for each in self.wrong[:20])])


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.runtime.crowd")
    parser.add_argument("--tenants", type=int, default=500)
    parser.add_argument("--hours", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    begun = time.monotonic()
    crowd = Crowd(chosen.tenants, chosen.hours, chosen.seed)
    crowd.run()
    print(f"{crowd.shown()}\n{time.monotonic() - begun:.0f} s")
    return 1 if crowd.wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
