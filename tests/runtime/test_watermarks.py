"""The watermark: nothing that a tenant stamps is lost between readings, nothing is told twice."""

from datetime import UTC, datetime
from itertools import count
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from driftd.core.model import Kind, Query, Resource
from driftd.errors import Reason, SourceError
from tests.fakes.source import FakeSource, FakeTable
from tests.runtime.world import MASTER, NAME, World, key, row

PARIS = ZoneInfo("Europe/Paris")
OVERLAP = 600
STAMPED = replace(MASTER, watermark="STAMP", watermark_overlap=float(OVERLAP))
TIMES = {
    "any": datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC),
    "summer ends": datetime(2023, 10, 28, 23, 40, tzinfo=UTC),
    "summer begins": datetime(2024, 3, 31, 0, 40, tzinfo=UTC),
}
SPELLINGS = ("utc", "offset", "local", "fractions")


class Business:
    """A tenant that goes on: at each page that is read, and between cycles. Its stamps are its own clock's."""

    def __init__(self, records: int, spelling: str, time: str, seed: int) -> None:
        self.chance, self.spelling = Random(seed), spelling
        self.world = World.of(0, STAMPED)
        self.world.clock.ms = round(TIMES[time].timestamp() * 1000)
        self.versions: dict[str, list[Any]] = {}
        """What each record ever was, None where it was not there."""
        self.waiting: list[tuple[int, int, dict[str, Any]]] = []
        """Transactions not committed yet: when they are, the record's number, and what it becomes."""
        self.numbers = count(records)
        self.contents = count()
        for number in range(records):
            self.become(number, self.stamped(number, self.world.clock.ms - self.chance.randrange(10**8)))
        self.world.source.faults = self.page_asked
        self.longest = 0
        """Seconds by which a page may be slow."""

    def page_asked(self, _name: str, _asked: object) -> None:
        self.world.clock.ms += self.chance.randint(0, self.longest) * 1000
        for _ in range(self.chance.randint(0, 2) if self.longest else 0):
            self.go_on()
        self.commit()

    def go_on(self) -> None:
        """Create, change or delete a record; or change it in a transaction that takes up to the overlap."""
        now, there = self.world.clock.ms, sorted(self.there() - {number for _, number, _ in self.waiting})
        what = self.chance.choice(("create", "update", "update", "late", "late", "import", "delete"))
        number = next(self.numbers) if what == "create" or not there else self.chance.choice(there)
        if what == "delete" and there:
            self.become(number, None)
        elif what == "late":
            self.waiting.append((now + self.chance.randint(0, OVERLAP * 1000), number, self.stamped(number, now)))
        elif what == "import":
            for each in [next(self.numbers) for _ in range(12)]:
                self.become(each, self.stamped(each, now))
        else:
            self.become(number, self.stamped(number, now))

    def commit(self, until: int | None = None) -> None:
        """Make visible what is due by now."""
        now = self.world.clock.ms if until is None else until
        for due, number, record in sorted(self.waiting, key=lambda each: each[0]):
            if due <= now:
                self.become(number, record)
        self.waiting = [each for each in self.waiting if each[0] > now]

    def stamped(self, number: int, ms: int) -> dict[str, Any]:
        at = datetime.fromtimestamp(ms / 1000, UTC)
        if self.spelling == "fractions":
            text = at.isoformat(timespec=self.chance.choice(["milliseconds", "microseconds"])).replace("+00:00", "Z")
        else:
            local = at.replace(microsecond=0).astimezone(UTC if self.spelling == "utc" else PARIS)
            text = (local.replace(tzinfo=None) if self.spelling == "local" else local).isoformat()
        return row(number, NAME=f"content {next(self.contents)}", STAMP=text.replace("+00:00", "Z"))

    def become(self, number: int, record: dict[str, Any] | None) -> None:
        if record is None:
            self.world.source.drop(NAME, [key(number)])
        else:
            self.world.source.put(NAME, [record])
        self.versions.setdefault(f"K{number:05}", [None]).append(record)

    def there(self) -> set[int]:
        return {int(name[1:]) for name, versions in self.versions.items() if versions[-1] is not None}

    def check_told(self, baseline: dict[str, Any]) -> None:
        """Each event fits what was told before, and is a later passage of what truly was."""
        told = dict(baseline)
        at = {name: self.versions[name].index(record) for name, record in baseline.items()}
        for op, name, before, after in self.world.told():
            assert before == told.get(name), (op, name)
            later = [n for n, each in enumerate(self.versions[name]) if each == after and n > at.get(name, 0)]
            assert later, (op, name, after, self.versions[name])
            at[name], told[name] = later[0], after


steps = st.lists(st.sampled_from([*Kind, "wait", "wait", "business"]), max_size=12)


@given(
    steps,
    st.sampled_from(SPELLINGS),
    st.sampled_from(sorted(TIMES)),
    st.sampled_from([0, 60, 900]),
    st.integers(0, 10**6),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
async def test_a_last_delta_knows_all_that_is_there(
    played: list[Kind | str], spelling: str, time: str, slow: int, seed: int
) -> None:
    """Whatever is read in what order, however slowly, while business goes on and commits within the overlap: after one
    more delta no create and no update is missing, after a sweep no delete; and every event was true, once."""
    business = Business(25, spelling, time, seed)
    world, business.longest = business.world, slow
    await world.run(Kind.SWEEP)
    baseline = await world.shown()
    for step in played:
        if isinstance(step, Kind):
            assert (await world.run(step)).outcome == "ok"
        elif step == "wait":
            world.clock.ms += business.chance.randint(0, 2 * OVERLAP) * 1000
        else:
            business.go_on()
        business.commit()
    business.longest = 0
    world.clock.ms += OVERLAP * 1000
    business.commit()
    assert (await world.run(Kind.DELTA)).outcome == "ok"
    shown, truth = await world.shown(), world.truth()
    assert {name: shown.get(name) for name in truth} == truth
    assert (await world.run(Kind.SWEEP)).outcome == "ok"
    await world.run(Kind.SWEEP)
    assert await world.shown() == world.truth()
    business.check_told(baseline)


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("time", sorted(TIMES))
async def test_deltas_alone_lose_nothing_over_a_change_of_clocks(time: str, spelling: str) -> None:
    """Every ten minutes for four hours a delta, and after each all updates are known, however stamps are spelt."""
    business = Business(25, spelling, time, seed=1)
    world = business.world
    await world.run(Kind.SWEEP)
    for _ in range(24):
        world.clock.ms += 9 * 60_000
        number = business.chance.choice(sorted(business.there()))
        business.become(number, business.stamped(number, world.clock.ms - business.chance.randint(0, 9 * 60_000)))
        assert (await world.run(Kind.DELTA)).outcome == "ok"
        assert await world.shown() == world.truth()
    assert len(world.events()) == 24


@pytest.fixture
def stamped() -> World:
    """Forty records, the last of them stamped 21:40 by the minute."""
    world = World.of(0, STAMPED)
    world.source.put(NAME, [row(10 * n, STAMP=f"2023-11-14T21:{n:02}:00Z") for n in range(1, 41)])
    return world


async def mark(world: World) -> str | None:
    """Return the watermark."""
    return (await world.store.standing(world.resource)).watermark


async def test_a_probe_moves_nothing(stamped: World) -> None:
    """A probe that sees a fresh stamp leaves the watermark: what is stamped before it may be anywhere."""
    await stamped.run()
    stamped.source.put(
        NAME, [row(10, STAMP="2023-11-14T22:30:00Z"), row(400, NAME="new", STAMP="2023-11-14T22:00:00Z")]
    )
    assert (await stamped.run(Kind.PROBE)).u == 1
    assert await mark(stamped) == "2023-11-14T21:40:00Z"
    assert (await stamped.run(Kind.DELTA)).u == 1
    assert await mark(stamped) == "2023-11-14T22:30:00Z"


async def test_what_changes_behind_a_slow_sweep_is_the_next_deltas(stamped: World) -> None:
    """A sweep that takes an hour sees a late stamp at its end: a record changed behind it is found by the delta."""
    await stamped.run()
    asked = count()

    def change(_name: str, query: object) -> None:
        if isinstance(query, Query) and not query.by_stamp and next(asked) == 2:
            stamped.source.put(NAME, [row(10, NAME="missed", STAMP="2023-11-14T22:10:00Z")])
            stamped.source.put(NAME, [row(400, NAME="seen", STAMP="2023-11-14T22:59:00Z")])

    stamped.source.faults = change
    assert (await stamped.run()).u == 1
    assert (await stamped.run(Kind.DELTA)).u == 1
    assert await stamped.shown() == stamped.truth()
    assert (await stamped.run(Kind.DELTA)).u == 0


async def test_what_becomes_visible_while_a_delta_reads_is_the_next_ones(stamped: World) -> None:
    """A delta that takes an hour does not step over what commits behind the place that it has read to."""
    await stamped.run()
    stamped.source.put(NAME, [row(n, STAMP=f"2023-11-14T21:59:{n:02}Z") for n in range(15)])

    followed = count()

    def commit(_name: str, query: object) -> None:
        if isinstance(query, Query) and query.next is not None and next(followed) == 1:
            stamped.source.put(NAME, [row(100, NAME="late", STAMP="2023-11-14T21:52:00Z")])
            stamped.source.put(NAME, [row(200, NAME="last", STAMP="2023-11-14T22:59:00Z")])

    stamped.source.faults = commit
    await stamped.run(Kind.DELTA)
    await stamped.run(Kind.DELTA)
    assert await stamped.shown() == stamped.truth()


async def test_a_record_that_changes_while_a_delta_reads_is_told_in_order(stamped: World) -> None:
    """Shown twice in one delta, with another content each time, it is told twice: the second time by the next delta."""
    await stamped.run()
    stamped.source.put(NAME, [row(n, STAMP=f"2023-11-14T21:59:{n:02}Z") for n in range(15)])

    followed = count()

    def change(_name: str, query: object) -> None:
        if isinstance(query, Query) and query.next is not None and next(followed) == 1:
            stamped.source.put(NAME, [row(0, NAME="changed", STAMP="2023-11-14T22:01:00Z")])

    stamped.source.faults = change
    report = await stamped.run(Kind.DELTA)
    assert (report.c, report.u) == (14, 1)
    stamped.source.faults = lambda _name, _asked: None
    report = await stamped.run(Kind.DELTA)
    assert (report.c, report.u) == (0, 1)
    assert await stamped.shown() == stamped.truth()
    told = [(op, before, after) for op, name, before, after in stamped.told() if name == "K00000"]
    assert [op for op, _, _ in told] == ["c", "u"]
    assert told[1][1] == told[0][2]


@pytest.mark.parametrize(("delay", "kind"), [(0, Kind.DELTA), (OVERLAP, Kind.DELTA), (OVERLAP + 1, Kind.SWEEP)])
async def test_a_late_commit_is_found_within_the_overlap_and_else_by_the_sweep(
    stamped: World, delay: int, kind: Kind
) -> None:
    """Visible at most the overlap after its stamp it is the next delta's, later it is the next sweep's; never twice."""
    await stamped.run()
    stamped.source.put(NAME, [row(10, STAMP="2023-11-14T22:10:00Z")])
    await stamped.run(Kind.DELTA)
    late = datetime(2023, 11, 14, 22, 10, tzinfo=UTC).timestamp() - delay
    stamped.source.put(NAME, [row(20, NAME="late", STAMP=datetime.fromtimestamp(late, UTC).isoformat())])
    found = {each: (await stamped.run(each)).u for each in (Kind.DELTA, Kind.SWEEP)}
    assert found == {each: int(each is kind) for each in found}
    assert [(await stamped.run(each)).u for each in Kind] == [0, 0, 0]


@pytest.mark.parametrize("cap", [3, 10, 1000])
async def test_one_stamp_over_many_pages_is_read_to_its_end(cap: int) -> None:
    """A bulk import stamps hundreds of records alike: the delta reads them all, whatever the page."""
    world = World.of(0, STAMPED, FakeSource({NAME: FakeTable(("KEY",))}, cap=cap))
    world.source.put(NAME, [row(10 * n, STAMP="2023-11-14T20:00:00Z") for n in range(1, 41)])
    await world.run()
    world.source.put(NAME, [row(10 * n + n % 3, NAME="all", STAMP="2023-11-14T22:00:00Z") for n in range(1, 301)])
    await world.run(Kind.DELTA)
    assert await world.shown() == world.truth()
    assert len(world.events()) == 300
    again = await world.run(Kind.DELTA)
    assert (again.c, again.u, again.records_decoded) == (0, 0, 0)


async def test_a_page_without_a_key_is_not_the_end(stamped: World) -> None:
    """A delta reads on behind a page of rows that have no key, for it takes the watermark over."""
    await stamped.run()
    keyless = [{"KEY": "", "STAMP": f"2023-11-14T22:00:{n:02}Z"} for n in range(30)]
    stamped.source.tables[NAME].rows += keyless
    stamped.source.put(NAME, [row(400, NAME="last", STAMP="2023-11-14T22:01:00Z")])
    assert (await stamped.run(Kind.DELTA)).u == 1
    assert await mark(stamped) == "2023-11-14T22:01:00Z"


async def test_a_stamp_far_ahead_does_not_hide_what_follows(stamped: World) -> None:
    """A record stamped in 2099 leaves the watermark where it can be believed, from the first sweep on."""
    stamped.source.put(NAME, [row(10, STAMP="2099-01-01T00:00:00Z")])
    await stamped.run()
    assert await mark(stamped) == "2023-11-14T21:40:00Z"
    stamped.source.put(NAME, [row(20, STAMP="2023-11-14T22:00:00Z"), row(30, STAMP="2099-01-01T00:00:00Z")])
    assert (await stamped.run(Kind.DELTA)).u == 2
    assert await mark(stamped) == "2023-11-14T22:00:00Z"


async def test_a_clock_that_is_set_back_costs_no_more_than_a_sweep(stamped: World) -> None:
    """Put back by less than the overlap, deltas miss nothing; by more, they go on from the newest stamp that a sweep
    finds once the records stamped ahead were changed again."""
    await stamped.run()
    stamped.source.put(NAME, [row(10, NAME="back", STAMP="2023-11-14T21:31:00Z")])
    assert (await stamped.run(Kind.DELTA)).u == 1
    stamped.source.put(NAME, [row(10 * n, NAME="far back", STAMP=f"2023-11-14T20:{n:02}:00Z") for n in range(1, 41)])
    assert (await stamped.run(Kind.DELTA)).u == 0
    assert (await stamped.run()).u == 40
    assert await mark(stamped) == "2023-11-14T20:40:00Z"
    stamped.source.put(NAME, [row(10, NAME="again", STAMP="2023-11-14T20:41:00Z")])
    assert (await stamped.run(Kind.DELTA)).u == 1


async def test_a_reading_that_fails_moves_nothing(stamped: World) -> None:
    """The watermark is taken over with the last page, or not at all."""
    await stamped.run()
    stamped.source.put(NAME, [row(n, STAMP="2023-11-14T22:00:00Z") for n in range(15)])

    def fail(_name: str, query: object) -> None:
        if isinstance(query, Query) and (query.next or query.after):
            raise SourceError(Reason.CONNECTION_RESET, "no answer")

    stamped.source.faults = fail
    assert (await stamped.run(Kind.DELTA)).outcome == "failed"
    assert (await stamped.run()).outcome == "failed"
    assert await mark(stamped) == "2023-11-14T21:40:00Z"
    stamped.source.faults = lambda _name, _asked: None
    assert (await stamped.run(Kind.DELTA)).c == 14


async def test_a_tenant_that_refuses_the_order_is_read_without(stamped: World) -> None:
    """Where the watermark cannot be selected by, sweep and delta say so and go on; an earlier watermark stays."""

    def refuse(_name: str, query: object) -> None:
        if isinstance(query, Query) and query.by_stamp:
            raise SourceError(Reason.SERVER_ERROR, "answers 500")

    await stamped.run()
    stamped.source.faults = refuse
    stamped.source.put(NAME, [row(9000, STAMP="2023-11-14T22:00:00Z")])
    for kind, created in ((Kind.DELTA, 1), (Kind.SWEEP, 0)):
        report = await stamped.run(kind)
        assert (report.outcome, report.c) == ("ok", created)
        assert "STAMP" in " ".join(report.notes)
        assert await mark(stamped) == "2023-11-14T21:40:00Z"


async def test_one_page_is_swept_without_a_word_about_stamps() -> None:
    """A resource that one page holds has no deltas: its sweeps cost no request for the watermark, but the first."""
    world = World.of(0, STAMPED)
    world.source.put(NAME, [row(10 * n, STAMP="2023-11-14T22:00:00Z") for n in range(1, 6)])
    assert (await world.run()).requests == 2
    assert (await world.run()).requests == 1
    assert await mark(world) == "2023-11-14T22:00:00Z"


async def test_by_descending_key_new_numbers_of_an_earlier_type_are_not_at_the_end() -> None:
    """Under a key of two parts the newest keys show nothing of other types: such a delta is one page, and proves
    nothing; the sweep finds what is new."""
    resource: Resource = replace(MASTER, key=("TYP", "KEY"))
    source = FakeSource({NAME: FakeTable(("TYP", "KEY"))})
    world = World(resource, source)
    source.put(NAME, [row(n, TYP=typ) for typ in ("BUY", "SELL") for n in range(100)])
    await world.run()
    source.put(NAME, [row(n, TYP="BUY") for n in range(100, 120)])
    delta = await world.run(Kind.DELTA)
    assert (delta.c, delta.requests) == (0, 1)
    source.put(NAME, [row(n, TYP="SELL") for n in range(100, 120)])
    delta = await world.run(Kind.DELTA)
    assert (delta.c, delta.requests) == (10, 2)  # one to see that what is known is still there, as all ten are new
    assert (await world.run()).c == 30
