"""Field rules that change while the tenant is down, the daemon is killed, or records are not shown."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final, NamedTuple, cast

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from driftd.adapters.sqlite import SqliteStore, rewriting
from driftd.core.model import Details, Guards, KeyBytes, Kind, Page, Query, Resource
from driftd.core.retention import Retention
from driftd.core.veil import in_force
from driftd.errors import Reason, SourceError
from driftd.ports import Store
from driftd.runtime.tally import CycleReport
from tests.contracts.stores import room
from tests.fakes.source import FakeSource, FakeTable, Record
from tests.runtime.world import NAME, FakeClock, World, key, row

NUMBERS: Final = range(10, 90, 10)
PRIVATE: Final = ("NAME", "MAIL", "PHONE")
"""Members that never change: of row and details, of the row alone, and of the details alone."""
CLASS: Final = Resource("conn", NAME, NAME, ("KEY",), page_size=3, details=True, guards=Guards(second_look=30.0))
BARE: Final = Retention(bodies=0, changes=10**12, counters=10**12)
policies = st.dictionaries(st.sampled_from(PRIVATE), st.sampled_from(["hash", "mask", "drop"]), max_size=2)
ENOUGH: Final = 10**6


class KilledError(Exception):
    """The daemon was killed."""


class Step(NamedTuple):
    """One cycle and what befalls it."""

    rules: dict[str, str]
    fate: str = ""
    """``down``; ``killed`` while it rewrites; ``returned``, ``pending``, ``held``: so stand some records afterwards."""
    at: int = 0
    """How many bodies are rewritten before the kill; or which record is not shown."""
    kind: Kind = Kind.SWEEP
    edit: int | None = None
    """The record that changes before."""
    details: int = ENOUGH
    """Details an hour."""
    stripped: bool = False
    """Whether what the log has is compacted before."""


steps = st.builds(
    Step,
    st.just({}) | policies,
    st.sampled_from(["", "", "down", "killed", "returned", "pending", "held"]),
    st.integers(0, 30),
    st.sampled_from([Kind.SWEEP, Kind.SWEEP, Kind.PROBE]),
    st.none() | st.sampled_from(NUMBERS),
    st.sampled_from([0, ENOUGH]),
    st.booleans(),
)
NAME_MASKED: Final = {"NAME": "mask"}


class Shy(FakeSource):
    """Does not show all that it has: some records at first, others once somebody has waited for a second look."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__({NAME: FakeTable(("KEY",))})
        self._clock = clock
        self.hide((), ())

    def hide(self, first: tuple[int, ...], then: tuple[int, ...]) -> None:
        """Hide some records, and others once the clock was slept by."""
        self._first, self._then, self._slept = first, then, len(self._clock.slept)

    async def details(self, resource: Resource, key: KeyBytes) -> Details:
        found = await super().details(resource, key)
        return found._replace(record={name: each for name, each in (found.record or {}).items() if name != "MAIL"})

    def _listing(self, resource: Resource, query: Query) -> list[Record]:
        hidden = self._first if len(self._clock.slept) == self._slept else self._then
        return [each for each in super()._listing(resource, query) if int(each["KEY"][1:]) not in hidden]


class Mortal:
    """A store whose process is killed in the midst of a rewriting, or just behind it."""

    def __init__(self, store: Store, bodies: int) -> None:
        self._store = store
        self._bodies = bodies

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def rewrite(self, resource: Resource, stricter: Callable[[bytes], bytes]) -> None:
        left = self._bodies

        def some(body: bytes) -> bytes:
            nonlocal left
            left -= 1
            if left < 0:
                raise KilledError
            return stricter(body)

        await self._store.rewrite(resource, some)
        raise KilledError


class Scene:
    """A tenant of eight records with details, whose every cycle is judged."""

    def __init__(self, reopened: Callable[[], Any]) -> None:
        clock = FakeClock()
        self.world = World(CLASS, Shy(clock), clock=clock)
        self.source = cast("Shy", self.world.source)
        self._reopened = reopened
        self._edits = 0
        self._stripped: set[int] = set()
        for number in NUMBERS:
            self.source.put(NAME, [row(number, NAME=planted("NAME", number), MAIL=planted("MAIL", number))])
            self.source.tables[NAME].lines[key(number)] = {"PHONE": planted("PHONE", number)}

    async def play(self, step: Step) -> None:
        """Run one cycle, and judge what it has left."""
        store = self.world.store
        if step.edit is not None:
            self._edits += 1
            self.source.put(NAME, [self._row(step.edit) | {"AMOUNT": 1000 + self._edits}])
        if step.stripped:
            await store.changelog.prune(BARE, self.world.clock.ms + 1, 10.0)
            self._stripped = {each["seq"] for each in await self.events()}
        report = await self._run(step)
        await self._judge(step, report)

    async def _run(self, step: Step) -> CycleReport | None:
        world, number = self.world, NUMBERS[step.at % len(NUMBERS)]
        others = tuple(each for each in NUMBERS if each != number)
        first, then = {
            "returned": ((number,), ()),
            "pending": ((number,), others),
            "held": (others[:5], others[:5]),
        }.get(step.fate, ((), ()))
        self.source.hide(first, then)
        self.source.faults = refused if step.fate == "down" else silent
        world.resource = replace(CLASS, private=in_force(step.rules), details_per_hour=step.details)
        store = cast("Store", Mortal(world.store, step.at)) if step.fate == "killed" else None
        try:
            return await world.run(step.kind, store=store)
        except KilledError:
            world.store = await self._reopened()
            return None

    async def _judge(self, step: Step, report: CycleReport | None) -> None:
        world = self.world
        events = await self.events()
        assert [each["changed"] for each in events if each["op"] == "u" and each["changed"] != ["/AMOUNT"]] == []
        assert {each["seq"] for each in events if each.get("compacted")} == self._stripped
        known = await world.store.known(CLASS, map(key, NUMBERS))
        if (await world.store.standing(CLASS)).scrubbed == in_force(step.rules):
            bodies = [each.body + (each.details or b"") for each in known.values()]
            said = b"\n".join([*bodies, json.dumps(events).encode()])
            assert [name for name in step.rules if f"planted-{name}".encode() in said] == []
        if report is not None and report.outcome == "ok" and report.kind is Kind.SWEEP and not step.fate:
            for number in NUMBERS:
                wanted = {name: ruled(step.rules.get(name), value) for name, value in self._row(number).items()}
                shown = json.loads(known[key(number)].body)
                assert {name: str(shown.get(name))[: len(wanted[name])] for name in wanted} == wanted

    async def at_rest(self) -> None:
        """Have all rules gone and all details renewed: nothing of them is left."""
        for _ in range(3):
            await self.play(Step({}))
        known = await self.world.store.known(CLASS, map(key, NUMBERS))
        for number in NUMBERS:
            assert json.loads(known[key(number)].details or b"{}")["PHONE"] == planted("PHONE", number)

    async def events(self) -> list[dict[str, Any]]:
        return [json.loads(each.envelope) for each in await self.world.store.read_changes(0, 10_000)]

    def _row(self, number: int) -> Record:
        return next(each for each in self.source.tables[NAME].rows if each["KEY"] == f"K{number:05}")


def ruled(rule: str | None, value: object) -> str:
    """Return how a value begins under a rule."""
    return {"hash": "hash:", "mask": "***", "drop": "None"}.get(rule or "", f"{value}".removesuffix(".0"))


def planted(name: str, number: int) -> str:
    return f"planted-{name}-{number}"


def silent(_name: str, _asked: object) -> Page | None:
    return None


def refused(_name: str, _asked: object) -> Page | None:
    raise SourceError(Reason.CONNECTION_REFUSED, "down")


@asynccontextmanager
async def scene(kind: str) -> AsyncIterator[Scene]:
    """Give a scene after its first sweep; a killed process opens the file anew."""
    async with AsyncExitStack() as stack:
        made: list[Scene] = []
        held = AsyncExitStack()
        stack.push_async_exit(held)

        async def opened() -> Any:
            if kind == "memory":
                return made[0].world.store
            await held.aclose()
            return await held.enter_async_context(SqliteStore.open(path, clock_now=lambda: made[0].world.clock.ms))

        made.append(Scene(opened))
        if kind == "sqlite":
            path = stack.enter_context(room())
            stack.push_async_exit(held)
            stack.enter_context(pytest.MonkeyPatch.context()).setattr(rewriting, "_SLICE", 3)
            made[0].world.store = await opened()
        await made[0].play(Step({}))
        yield made[0]


async def judged(kind: str, history: list[Step]) -> None:
    async with scene(kind) as playing:
        for step in history:
            await playing.play(step)
        await playing.at_rest()


def known_cases(test: Any) -> Any:
    """Give the histories that once went wrong."""
    for history in (
        [Step(NAME_MASKED, "down"), Step({}), Step({}, edit=10)],
        [Step(NAME_MASKED, "killed", at=3), Step({}), Step({}, edit=80)],
        [Step(NAME_MASKED, "killed", at=3), Step(NAME_MASKED, "killed", at=9), Step({"NAME": "hash"}), Step({})],
        [Step(NAME_MASKED, "down"), Step({}, kind=Kind.PROBE, edit=20), Step(NAME_MASKED), Step({})],
        [Step({"NAME": "hash"}), Step({"NAME": "mask"}, "down"), Step({"NAME": "hash"}), Step({}, edit=10)],
        [Step({"PHONE": "hash"}), Step({}, details=0), Step({}), Step({})],
        [Step(NAME_MASKED), Step({}, "returned"), Step({}, edit=10)],
        [Step(NAME_MASKED), Step({}, "pending"), Step({}, "returned"), Step({}, edit=10)],
        [Step(NAME_MASKED), Step({}, "held"), Step({}, edit=10)],
        [Step(NAME_MASKED), Step(NAME_MASKED, "held"), Step({}, "held"), Step({}, edit=10)],
        [Step({"MAIL": "mask"}), Step({}), Step({}, edit=10)],
        [Step({}, edit=10), Step({}, stripped=True), Step(NAME_MASKED), Step({})],
        [*(Step({"PHONE": rule, name: rule}, details=0) for name in PRIVATE for rule in ("hash", "mask", "drop"))],
    ):
        test = example(history)(test)
    return test


@settings(max_examples=60)
@known_cases
@given(st.lists(steps, max_size=7))
async def test_rules_alone_tell_nothing_hide_all_and_leave_nothing_behind(history: list[Step]) -> None:
    """Whatever rules follow each other, while the tenant is down, the daemon is killed and records are not shown: no
    event is told by the rules alone, nothing private is stored once its rewriting ended, nothing stays masked once its
    rule is gone and a sweep came, and of each event whose bodies went it is told."""
    await judged("memory", history)


@settings(max_examples=10)
@known_cases
@given(st.lists(steps, max_size=5))
async def test_the_same_holds_of_a_file_that_is_opened_anew(history: list[Step]) -> None:
    await judged("sqlite", history)
