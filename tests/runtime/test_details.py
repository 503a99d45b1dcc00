"""Details: within their budget, new and changed records first, the rest in rolling turn."""

from msgspec.structs import replace

from driftd.core.model import Kind, Query
from driftd.errors import Reason, SourceError
from tests.runtime.world import MASTER, NAME, World, key, row

HOUR = 3_600_000


def documents(budget: int, records: int = 100) -> World:
    """Give documents with lines, and a budget of details reads an hour."""
    world = World.of(records, replace(MASTER, details=True, details_per_hour=budget))
    for number in range(10, 10 * records + 10, 10):
        world.source.tables[NAME].lines[key(number)] = {"LINES": [{"LINE": 1, "QTY": number}]}
    return world


async def test_the_budget_is_kept_and_coverage_grows() -> None:
    """Each hour brings its number of details reads and no more; coverage says how far they reach, until all have been
    read; and no first reading of lines is an event but the update it is."""
    world = documents(30)
    report = await world.run()
    assert (report.outcome, report.r, report.details, report.details_coverage) == ("ok", 100, 30, 0.3)
    for covered in (0.6, 0.9, 1.0):
        world.clock.ms += HOUR
        report = await world.run()
        assert report.details <= 31
        assert report.details_coverage is not None
        assert report.details_coverage >= covered
    assert await world.shown() == world.truth()
    assert sum(name == NAME and isinstance(asked, bytes) for name, asked in world.source.asked) <= 123


async def test_without_time_there_is_no_budget() -> None:
    """What the hour's budget was spent on is not read again within it, however often one polls."""
    world = documents(30)
    await world.run()
    spent = 0
    for _ in range(5):
        spent += (await world.run()).details
    assert spent <= 30 * 6 / 60 + 1


async def test_changed_documents_come_before_the_rest() -> None:
    """A changed or new header has its details read at once; only what is left of the budget renews old ones."""
    world = documents(12, records=40)
    world.resource = replace(world.resource, details_per_hour=40)
    await world.run()
    world.resource = replace(world.resource, details_per_hour=4)
    world.clock.ms += HOUR
    world.source.put(NAME, [row(105), row(110, NAME="renamed")])
    world.source.tables[NAME].lines[key(105)] = {"LINES": [{"LINE": 1, "QTY": 1}]}
    world.source.tables[NAME].lines[key(110)] = {"LINES": [{"LINE": 1, "QTY": 99}]}
    report = await world.run()
    assert (report.c, report.u, report.details) == (1, 1, 4)
    assert (await world.shown())["K00105"]["LINES"] == [{"LINE": 1, "QTY": 1}]
    assert (await world.shown())["K00110"]["LINES"] == [{"LINE": 1, "QTY": 99}]


async def test_a_line_that_changed_under_its_header_is_found_in_turn() -> None:
    """A change of lines alone is found when the rolling turn comes to it: within records / budget hours."""
    world = documents(25)
    world.resource = replace(world.resource, details_per_hour=100)
    await world.run()
    world.resource = replace(world.resource, details_per_hour=25)
    world.source.tables[NAME].lines[key(770)] = {"LINES": [{"LINE": 1, "QTY": -1}]}
    hours = 0
    while not world.told():
        world.clock.ms += HOUR
        report = await world.run()
        assert report.details <= 25
        hours += 1
    assert hours <= 4
    assert world.events()[0]["changed"] == ["/LINES/0/QTY"]


async def test_details_of_a_probe_and_of_a_delta_count_too() -> None:
    """A probe or a delta completes what it finds, from the same budget."""
    world = documents(50)
    await world.run()
    world.source.put(NAME, [row(9990)])
    world.source.tables[NAME].lines[key(9990)] = {"LINES": [{"LINE": 1, "QTY": 5}]}
    world.clock.ms += HOUR
    report = await world.run(Kind.DELTA)
    assert (report.c, report.details) == (1, 1)
    assert (await world.shown())["K09990"]["LINES"] == [{"LINE": 1, "QTY": 5}]


async def test_a_refusal_ends_the_details_of_a_cycle() -> None:
    """The first refused details read is the last of its cycle; headers go on, and it is said."""
    world = documents(1000)

    def refuse(_name: str, asked: object) -> None:
        if isinstance(asked, bytes):
            raise SourceError(Reason.FORBIDDEN, "not allowed", hint="ask")

    world.source.faults = refuse
    report = await world.run()
    assert (report.outcome, report.reason, report.r, report.details) == ("partial", Reason.FORBIDDEN, 100, 0)
    assert sum(isinstance(asked, bytes) for _, asked in world.source.asked) == 1


async def test_a_refusal_does_not_cost_the_budget() -> None:
    """What a refusal left of the hour's budget is there as soon as details may be read again."""
    world = documents(120)

    def refuse(_name: str, asked: object) -> None:
        if isinstance(asked, bytes):
            raise SourceError(Reason.FORBIDDEN, "not allowed", hint="ask")

    allowed, world.source.faults = world.source.faults, refuse
    await world.run()
    world.source.faults = allowed
    report = await world.run()
    assert (report.outcome, report.details, report.details_coverage) == ("ok", 100, 1.0)


async def test_what_a_sweep_misses_is_settled_before_its_details_are_renewed() -> None:
    """Of a record that a page leaves out, and that the second look finds, a change of lines is told once, by the next
    sweep; what is told of it is what is stored."""
    world = documents(1000, records=20)
    await world.run()
    world.source.tables[NAME].lines[key(100)] = {"LINES": [{"LINE": 1, "QTY": -1}]}
    table, whole, sleep = world.source.tables[NAME], list(world.source.tables[NAME].rows), world.clock.sleep

    def hidden(_name: str, asked: object) -> None:
        pages = isinstance(asked, Query)
        table.rows = [each for each in whole if not pages or each["KEY"] != "K00100"]

    async def shown_again(seconds: float) -> None:
        world.source.faults, table.rows = usual, whole
        await sleep(seconds)

    usual, world.source.faults = world.source.faults, hidden
    world.clock.sleep = shown_again  # type: ignore[method-assign] # while the second look waits
    world.clock.ms += HOUR
    assert (await world.run()).d == 0
    assert world.told() == []
    await world.run()
    assert [(op, name) for op, name, _, _ in world.told()] == [("u", "K00100")]
    assert await world.shown() == world.truth()
