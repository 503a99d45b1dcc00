"""Seeded trials of guards whose loss the simulation cannot see: a few cycles of one class in a world of its own."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from random import Random
from typing import Any, Final

import anyio
import msgspec
from msgspec.structs import replace

from driftd.core import oversize
from driftd.core.budget import Budget, Usage
from driftd.core.cadence import HOUR, next_due
from driftd.core.decision import Removal
from driftd.core.model import Guards, KeyBytes, Kind, Page, Query, Standing
from driftd.core.retention import DAY
from driftd.core.veil import in_force
from driftd.errors import Reason, SourceError
from driftd.runtime.erasing import Erasing
from driftd.runtime.purse import Purse
from driftd.runtime.settling import Site
from driftd.runtime.tally import CycleReport
from tests.fakes.detection import detector_of
from tests.fakes.patching import patched
from tests.fakes.source import FakeSource, FakeTable, Record
from tests.runtime.world import MASTER, NAME, FakeClock, World, key, row

RECORDS: Final = 30
LINK: Final = "again"
Story = Callable[[Random], Awaitable[str | None]]


def story(told: Story) -> Callable[[int], str | None]:
    """Return the trial of a story, with chance of its own for each seed."""

    def trial(seed: int) -> str | None:
        return anyio.run(told, Random(f"{seed}/{told.__name__}"))

    trial.__doc__ = told.__doc__
    return trial


def thing(number: int, chance: Random, **members: Any) -> Record:
    """Return a row with texts enough to tell what it is of."""
    texts = {each: f"{chance.randbytes(4).hex()} {each}" for each in ("NAME", "CITY", "PHONE", "STREET")}
    return row(number, **texts) | members


def whole(world: World, shown: Mapping[str, Any]) -> str | None:
    """Return how a snapshot and the log differ from the tenant, and from each other."""
    held = dict.fromkeys(shown)
    ids = [event["id"] for event in world.events()]
    if len(set(ids)) < len(ids):
        return "an id came twice"
    latest: dict[str, Any] = {}
    for op, name, before, after in world.told():
        if name in latest and before != latest[name]:
            return f"{op} {name} does not fit the one before it"
        latest[name] = after
    true = world.truth()
    wrong = sorted(name for name in held | true if shown.get(name) != true.get(name))
    return f"LOST or INVENTED {wrong[0]}: the snapshot is not as the tenant" if wrong else None


# --- second looks


class _Awaiting(FakeClock):
    """Does something else at the tenant when a cycle waits for its second look."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        super().__init__()
        self._meanwhile = meanwhile

    async def sleep(self, seconds: float) -> None:
        self._meanwhile()
        await super().sleep(seconds)


@story
async def neighbours(chance: Random) -> str | None:
    """A sweep does not show some records, and its second look does not show what stands beside them either."""
    world = World.of(RECORDS)
    await world.run()
    table, rows = world.source.tables[NAME], list(world.source.tables[NAME].rows)
    begin = chance.randrange(RECORDS)
    stop = min(RECORDS, begin + chance.randint(1, 3))
    sides = [at for at in (begin - 1, stop) if 0 <= at < RECORDS]
    besides = {*chance.sample(sides, chance.randint(1, len(sides)))}

    def show(hidden: set[int]) -> None:
        table.rows = [each for at, each in enumerate(rows) if at not in hidden]

    gone = {*range(begin, stop)}
    world.clock = _Awaiting(lambda: show(gone | besides))
    show(gone)
    await world.run()
    told = [name for op, name, _, _ in world.told() if op == "d"]
    return f"FALSE DELETE of {told[0]}, whose neighbours did not come back" if told else None


@story
async def withdrawn(chance: Random) -> str | None:
    """A right is withdrawn in the midst of a sweep: few records are missing by then, and their neighbours are shown."""
    guards = Guards(chance.choice([0.1, 0.3, 0.5]), chance.choice([10, 500]), 30.0)
    world = World.of(RECORDS, replace(MASTER, guards=guards))
    await world.run()
    table, rows = world.source.tables[NAME], list(world.source.tables[NAME].rows)
    pages, every = chance.randint(1, 2), chance.randint(3, 9)
    if chance.random() < 0.5:
        rows[0] = rows[0] | {"NAME": "another"}

    def asked(*_: Any) -> None:
        nonlocal pages
        pages -= 1
        table.rows = rows if pages >= 0 else rows[::every]

    world.source.faults = asked
    report = await world.run()
    told = [name for op, name, _, _ in world.told() if op == "d"]
    if told:
        return f"FALSE DELETE of {told[0]}, when most of what was shown before was gone as well"
    return None if report.held or report.pending else "nothing was kept for another look"


async def _emptied(chance: Random, guards: Guards) -> tuple[World, CycleReport]:
    """Sweep a class that shows no record any more."""
    world = World.of(chance.randint(5, RECORDS), replace(MASTER, guards=guards))
    await world.run()
    world.source.tables[NAME].rows = []
    return world, await world.run()


@story
async def silence(chance: Random) -> str | None:
    """A class shows no record: it is held, and said why."""
    guards = Guards(chance.choice([0.1, 0.5, 1.0]), chance.choice([10, 1000]), 30.0)
    world, report = await _emptied(chance, guards)
    if world.told():
        return "FALSE DELETE of a class that showed no record"
    if report.reason is not Reason.EMPTY_ANSWER:
        return f"a class that showed no record was called {report.reason}"
    return None


# --- records that come twice in one sweep


def _twice(world: World, first: Record, second: Record) -> None:
    """Have the last page come again along a link, with its last record as `first`, then as `second`."""
    rows = list(world.source.tables[NAME].rows)
    count = 1 + (len(rows) - 1) % MASTER.page_size
    before = key(10 * (len(rows) - count))

    def page(last: Record, link: str | None) -> Page:
        records = msgspec.json.encode([*rows[-count:-1], last])
        return Page(records, link, len(records), 1)

    def asked(_name: str, query: Query | KeyBytes) -> Page | None:
        if isinstance(query, Query) and query.next == LINK:
            return page(second, None)
        return page(first, LINK) if isinstance(query, Query) and query.after == before else None

    world.source.faults = asked


@story
async def twice(chance: Random) -> str | None:
    """A record that has changed comes twice in one sweep, otherwise each time, and stays so."""
    records = chance.randint(2, 4) * MASTER.page_size + chance.randint(1, MASTER.page_size - 1)
    world = World.of(records)
    await world.run()
    first, second = (row(10 * records, NAME=f"changed {chance.random()}", **{"$etag": each}) for each in "ab")
    if chance.random() < 0.5:
        second["NAME"] = first["NAME"]
    _twice(world, first, second)
    await world.run()
    world.source.faults = lambda _name, _asked: None
    world.source.put(NAME, [second])
    await world.run()
    return whole(world, await world.shown())


@story
async def astray(chance: Random) -> str | None:
    """A record is shown in an earlier page as well, where it does not stand, as it is or as it never was."""
    world = World.of(4 * MASTER.page_size)
    await world.run()
    page, later = chance.randrange(2), chance.randint(2, 3)
    at = later * MASTER.page_size + chance.randrange(MASTER.page_size - 1)
    first, second = (row(10 * (at + 1), **chance.choice([{}, {"NAME": f"{each} {at}"}])) for each in "ab")
    rows = world.source.tables[NAME].rows[page * MASTER.page_size :][: MASTER.page_size]
    rows.insert(chance.randrange(1, MASTER.page_size - 1), first)
    before = key(10 * page * MASTER.page_size) if page else None

    def asked(_name: str, query: Query | KeyBytes) -> Page | None:
        if isinstance(query, Query) and query.after == before and query.start is None and query.next is None:
            records = msgspec.json.encode(rows)
            return Page(records, LINK, len(records), 1)
        return None

    world.source.put(NAME, [second])
    for _ in range(chance.randint(1, 3)):
        world.source.faults = asked
        await world.run()
    world.source.faults = lambda _name, _asked: None
    await world.run()
    if any(op == "d" for op, *_ in world.told()):
        return f"FALSE DELETE of K{10 * (at + 1):05}, which an earlier page had shown as well"
    return whole(world, await world.shown())


@story
async def loose(chance: Random) -> str | None:
    """A record changes and is told by a delta, then is as before once more, when a sweep reads it."""
    world, at = World.of(RECORDS), 10 * chance.randint(RECORDS - MASTER.page_size + 1, RECORDS)
    await world.run()
    world.source.put(NAME, [row(at, NAME="for a while")])
    await world.run(Kind.DELTA)
    world.source.put(NAME, [row(at)])
    await world.run()
    return whole(world, await world.shown())


# --- whose records they are


@story
async def another(chance: Random) -> str | None:
    """Another tenant answers, by sweep or by probe: with keys of its own, or under the same ones."""
    world = World(replace(MASTER, guards=Guards(0.5, 1000, 30.0)))
    records = chance.randint(20, 60)
    world.source.put(NAME, [thing(10 * number, chance) for number in range(1, records + 1)])
    await world.run()
    shift = chance.choice([0, 5])
    world.source.tables[NAME].rows = [thing(10 * number + shift, chance) for number in range(1, records + 1)]
    await world.run(chance.choice([Kind.SWEEP, Kind.DELTA]) if shift else Kind.SWEEP)
    return f"{len(world.told())} events tell of another tenant" if world.told() else None


# --- what must not be kept


@story
async def private(chance: Random) -> str | None:
    """Field rules hide members, from the beginning or later: then nothing of before is left either."""
    rule, path = chance.choice(["hash", "mask", "drop"]), chance.choice(["NAME", "IN.NAME", "LINES.NAME"])
    planted = chance.randbytes(8).hex()
    value = {"NAME": planted}
    where: dict[str, Any] = {"NAME": value, "IN.NAME": {"IN": value}, "LINES.NAME": {"LINES": [value]}}
    late = chance.random() < 0.5
    ruled = replace(MASTER, private=in_force({path: rule}))
    world = World.of(RECORDS, MASTER if late else ruled)
    members = where[path]
    world.source.put(NAME, [row(10 * chance.randint(1, RECORDS)) | members])
    await world.run()
    world.source.put(NAME, [row(5) | members])
    await world.run(chance.choice(list(Kind)))
    world.resource = ruled
    if late and chance.random() < 0.5:  # the tenant is down from now on: what is stored must be mended all the same
        world.source.faults = _down
    await world.run()
    kept = [stored for shelf in world.store.shelves.values() for stored in shelf.records.values()]
    bodies = [each.body + (each.details or b"") for each in kept] + [each.envelope for each in world.store.log]
    return f"a private value of {path} is stored" if any(planted.encode() in each for each in bodies) else None


def _down(_name: str, _asked: Query | KeyBytes) -> Page | None:
    raise SourceError(Reason.SERVER_ERROR, "it is down")


@story
async def over_limit(chance: Random) -> str | None:
    """A record is longer than records may be: it is not kept, and that it changes is told all the same."""
    most = chance.choice([200, 1000])
    with patched(oversize, "FIELD", most), patched(oversize, "SMALL", most):
        world, at = World.of(RECORDS), 10 * chance.randint(1, RECORDS)
        for _ in range(2):
            world.source.put(NAME, [row(at, NAME=chance.randbytes(most).hex())])
            await world.run()
    stored = [each for shelf in world.store.shelves.values() for each in shelf.records.values()]
    longest = max(len(each.body) for each in stored)
    if longest > most:
        return f"a record of {longest} bytes is stored, of {most}"
    return None if [op for op, *_ in world.told()] == ["u"] else "LOST, a change of a record over its limits"


@story
async def erased(chance: Random) -> str | None:
    """A record is erased, goes on changing at the tenant, and is never seen again."""
    world, number = World.of(RECORDS), 10 * chance.randint(1, RECORDS)
    await world.run()
    sites = {("conn", NAME): Site(world.resource, "host", "FOLDER")}
    erasing = Erasing(detector_of(world.store), world.store, world.clock, lambda: sites)
    await erasing.erase(Removal("conn", NAME, (key(number),), "jo", "request 17"))
    for _ in range(chance.randint(1, 3)):
        world.source.put(NAME, [row(number, NAME=f"changed {chance.random()}")])
        await world.run(chance.choice(list(Kind)))
    await world.run()
    seen = f"K{number:05}" in await world.shown() or any(name == f"K{number:05}" for _, name, *_ in world.told())
    return "an erased record was seen again" if seen else None


@story
async def unique(chance: Random) -> str | None:
    """Records share a key while another one is deleted: its delete is held, as keys prove nothing."""
    world = World.of(RECORDS)
    await world.run()
    gone, twin = chance.choice([10, 90, 110, 200, 300]), chance.choice([30, 140, 250])  # at a page's end none shows
    world.source.drop(NAME, [key(gone)])
    world.source.tables[NAME].rows.append(row(twin, NAME="twin"))
    await world.run()
    await world.run()
    told = [name for op, name, *_ in world.told() if op == "d"]
    return f"the delete of {told[0]} is told although keys are not unique" if told else None


@story
async def ordered(chance: Random) -> str | None:
    """A server with an order of its own loses a record: a second look between its neighbours confirms the delete."""
    backwards = FakeSource({NAME: FakeTable(("KEY",))}, collate=lambda parts: (str(parts[0])[::-1],))
    world = World.of(RECORDS, source=backwards)
    await world.run()
    gone = 10 * chance.randint(2, RECORDS - 1)
    world.source.drop(NAME, [key(gone)])
    await world.run()
    told = [(event["op"], event["confidence"]) for event in world.events()]
    return None if told == [("d", "confirmed_absent")] else f"the delete of K{gone:05} was not confirmed: {told}"


# --- what is asked, and when


def budget(seed: int) -> str | None:
    """A day's requests are spent while the daemon's clock is put on and back."""
    chance, limit = Random(f"{seed}/budget"), 10
    clock, most, sent = FakeClock(), Budget(limit, 10**9, "Europe/Paris"), Counter[str]()
    purse = Purse("a", most, Usage(), clock)
    for _ in range(chance.randint(1, 8)):
        clock.ms += chance.randint(-48, 48) * HOUR
        with suppress(SourceError):
            for _ in range(chance.randint(0, 15)):
                purse.send()
                sent[most.day(clock.now())] += 1
    day, requests = max(sent.items(), key=lambda each: each[1], default=("", 0))
    return f"{requests} requests on one day, {day}, of {limit}" if requests > limit else None


def put_back(seed: int) -> str | None:
    """The clock is put back by hours: what was polled is polled again within its interval."""
    chance = Random(f"{seed}/put back")
    interval, now = chance.choice([600.0, 3600.0, 14400.0]), FakeClock().ms + chance.randrange(DAY)
    resource = replace(MASTER, probe=interval, delta=interval, sweep=interval)
    standing = Standing(baselined=True, sweeps=1, records=RECORDS, last_sweep=now, last_delta=now, last_probe=now)
    now -= chance.randint(0, 72) * HOUR
    late = max(next_due(resource, standing, now).values()) - now
    if late > 2 * interval * 1000:
        return f"nothing is due for {late / HOUR:.1f} h, every {interval / 3600:g} h"
    return None
