"""A tenant and a store in memory, and calls that can be counted and cut short."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

import anyio
import orjson

from driftd.core.model import Guards, KeyBytes, Kind, Resource
from driftd.ports import Source, Store
from driftd.runtime.cycle import cycle
from driftd.runtime.tally import CycleReport
from driftd.runtime.tenant import Tenant
from tests.fakes.detection import detector_of
from tests.fakes.memory_store import MemoryStore
from tests.fakes.source import FakeSource, FakeTable, Record

NAME = "CLASS"
MASTER = Resource(
    "conn", NAME, NAME, ("KEY",), page_size=10, guards=Guards(ratio=0.9, second_look=30.0), details_per_hour=10**6
)


class FakeClock:
    """Time that the test moves; sleeping moves it too."""

    def __init__(self) -> None:
        self.ms = 1_700_000_000_000
        self.slept: list[float] = []

    def now(self) -> int:
        return self.ms

    def monotonic(self) -> float:
        return self.ms / 1000

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.ms += round(seconds * 1000)
        await anyio.lowlevel.checkpoint()


def key(number: int) -> KeyBytes:
    """Return the key of row `number`."""
    return json.dumps([f"K{number:05}"], separators=(",", ":")).encode()


def row(number: int, **members: Any) -> Record:
    """Return row `number`; numbers leave room for insertions between them."""
    return {"KEY": f"K{number:05}", "NAME": f"name {number}", "AMOUNT": number / 8} | members


@dataclass
class World:
    """One class of one tenant, polled into a memory store."""

    resource: Resource = MASTER
    source: FakeSource = field(default_factory=lambda: FakeSource({NAME: FakeTable(("KEY",))}))
    store: MemoryStore = field(default_factory=MemoryStore)
    clock: FakeClock = field(default_factory=FakeClock)

    @classmethod
    def of(cls, records: int, resource: Resource = MASTER, source: FakeSource | None = None) -> "World":
        """Give a class of so many records, at the even tens: K00010, K00020, …"""
        world = cls(resource, source or FakeSource({NAME: FakeTable(("KEY",))}))
        world.source.put(NAME, [row(10 * number) for number in range(1, records + 1)])
        return world

    async def run(
        self, kind: Kind = Kind.SWEEP, *, source: Source | None = None, store: Store | None = None
    ) -> CycleReport:
        """Run one cycle, a minute after the last."""
        self.clock.ms += 60_000
        tenant = self.tenant(source, store)
        return await cycle(tenant, self.resource, kind)

    def tenant(self, source: Source | None = None, store: Store | None = None) -> Tenant:
        """Return what a cycle works with."""
        detector = detector_of(self.store)
        others = {self.resource.name: self.resource}
        return Tenant(
            source or self.source, store or self.store, self.clock, "host", "FOLDER", lambda: 42, detector, others
        )

    def events(self) -> list[dict[str, Any]]:
        """Return the change log."""
        return [orjson.loads(each.envelope) for each in self.store.log]

    def told(self) -> list[tuple[str, str, Any, Any]]:
        """Return op, key, before and after of each event."""
        return [(e["op"], e["key"]["KEY"], e["before"], e["after"]) for e in self.events()]

    async def shown(self) -> dict[str, Any]:
        """Return the snapshot."""
        page = await self.store.read_records("conn", NAME, after=None, limit=10**6)
        return {orjson.loads(each.key)[0]: orjson.loads(each.body) for each in page.records}

    def truth(self) -> dict[str, Any]:
        """Return what the snapshot must show."""
        table = self.source.tables[NAME]
        whole = [each | table.lines.get(self.key_of(each), {}) for each in table.rows]
        return {each["KEY"]: {n: v for n, v in each.items() if not n.startswith("$")} for each in whole}

    @staticmethod
    def key_of(record: Record) -> KeyBytes:
        return json.dumps([record["KEY"]], separators=(",", ":")).encode()

    async def layout(self) -> list[list[KeyBytes]]:
        """Return the keys of each segment, in order."""
        segments = await self.store.segments(self.resource)
        return [list(contents.keys) for contents in await self.store.contents(segments)]


@dataclass
class Tap:
    """Counts the calls of a source or store, and cuts the n-th short: before it is made, or after it was."""

    at: int | None
    after: bool
    cancel: Callable[[], None]
    calls: int = 0

    async def __call__(self, made: Callable[[], Any]) -> Any:
        mine = self.calls
        self.calls += 1
        if mine == self.at and not self.after:
            await self._cut()
        answer = await made()
        if mine == self.at and self.after:
            await self._cut()
        return answer

    async def _cut(self) -> None:
        self.cancel()
        await anyio.lowlevel.checkpoint()


class Tapped:
    """A source, store or open cycle whose every asynchronous call goes through a tap."""

    ASYNC = frozenset(
        {"page", "details", "begin", "standing", "segments", "contents", "known", "absent", "unplaced", "stalest"}
        | {"coverage", "absences", "stage", "commit"}
    )

    def __init__(self, inner: Any, tap: Tap) -> None:
        self._inner = inner
        self._tap = tap

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name not in self.ASYNC:
            return found

        async def call(*arguments: Any, **named: Any) -> Any:
            answer = await self._tap(lambda: found(*arguments, **named))
            return Tapped(answer, self._tap) if name == "begin" else answer

        return call

    async def __aenter__(self) -> Self:
        await self._inner.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._inner.__aexit__(*error)
