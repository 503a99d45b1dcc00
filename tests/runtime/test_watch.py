"""The watch: what it finds is filed, told once, and costs little where nothing is new."""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from driftd.core.alerts.model import Alert
from driftd.core.drift import Check, Drift, DriftKind, Scope
from driftd.core.health import Aside, ConnectionHealth, Pause, Trouble, Window
from driftd.core.reasons import MEANINGS, State
from driftd.core.status import ConnectionStatus
from driftd.errors import FencedError, Reason, StoreError
from driftd.ports import Filing
from driftd.runtime.alarms import Alarms, Checked
from driftd.runtime.watch import GROUP, Sight, Watch
from tests.core.alerts.drifts import DAY, INTERVAL, certain, mute
from tests.core.statuses import NOW, status, trouble
from tests.fakes.log import Line, Told
from tests.fakes.memory_casebook import MemoryCasebook
from tests.fakes.memory_store import MemoryStore
from tests.runtime.world import FakeClock

HOLD = 2 * 3600.0 + 30.0


class Stubborn(MemoryCasebook):
    """Counts what is filed, and refuses it as often as it is told to."""

    refusals = 0

    def __init__(self) -> None:
        super().__init__(MemoryStore())
        self.filings: list[Filing] = []

    async def file(self, filing: Filing) -> None:
        if self.refusals:
            self.refusals -= 1
            raise StoreError("the disk is full")
        self.filings.append(filing)
        await super().file(filing)


class Tower:
    """A watch over connections whose statuses the test sets."""

    def __init__(self, *statuses: ConnectionStatus) -> None:
        self.clock = FakeClock()
        self.clock.ms = NOW
        self.casebook = Stubborn()
        self.lines: list[Line] = []
        self.statuses: list[ConnectionStatus] | None = list(statuses)
        self.credentials: list[Drift] = []
        self.begin()

    def begin(self) -> None:
        self.alarms = Alarms(Told(self.lines))
        sight = Sight(lambda: self.statuses, lambda _: self.credentials)
        self.watch = Watch(self.alarms, self.casebook, self.clock, Told(self.lines), sight)

    async def restart(self) -> None:
        """Begin anew with what was filed."""
        self.begin()
        await self.alarms.load(self.casebook, self.clock.now())

    async def look(self, *statuses: ConnectionStatus, after: float = 15.0) -> None:
        self.statuses = list(statuses) or self.statuses
        self.clock.ms += round(after * 1000)
        await self.watch.look()

    async def told(self) -> Sequence[str]:
        return [str(each.notice.telling) for each in await self.casebook.notices(0, 1000)]

    @property
    def events(self) -> list[str]:
        return [event for _, event, _ in self.lines]

    @property
    def open(self) -> list[Alert]:
        return [each for each in self.alarms.all.values() if each.open]


def well(name: str = "aldgate", host: str = "a") -> ConnectionStatus:
    return replace(status(), name=name, host=host)


def down(name: str = "aldgate", host: str = "a", found: Trouble | None = None) -> ConnectionStatus:
    found = found or trouble(Reason.CONNECT_TIMEOUT)
    health = ConnectionHealth(outage=found)
    return replace(status(MEANINGS[found.reason].state, health=health, trouble=found), name=name, host=host)


async def test_an_outage_is_filed_with_its_notice_and_so_is_its_end() -> None:
    """One line in the log each."""
    tower = Tower()
    await tower.look(down())
    (alert,) = tower.open
    assert (alert.firing, alert.drift.finding) == (True, "connect_timeout")
    assert await tower.casebook.alerts() == [alert]
    await tower.look(well())
    await tower.look(after=HOLD)
    assert await tower.told() == ["firing", "resolved"]
    assert tower.events == ["alert fires", "alert ended"]
    facts = tower.lines[0][2]
    assert (facts["connection"], facts["kind"], facts["severity"]) == ("aldgate", "freshness", "critical")


async def test_a_host_with_eighty_connections_that_goes_and_comes_back_is_told_twice() -> None:
    """The members are filed after the host, so that none of them speaks after a crash."""
    tower = Tower(*(well(f"c{n}") for n in range(80)))
    await tower.look()
    await tower.look(*(down(f"c{n}") for n in range(80)))
    (group,) = tower.alarms.groups
    assert (group.scope, group.scope_id) == (Scope.HOST, "a")
    assert tower.casebook.filings[0].alerts[0] == group
    await tower.look(*(well(f"c{n}") for n in range(80)))
    for _ in range(3):
        await tower.look(after=HOLD)
    assert await tower.told() == ["firing", "resolved"]
    assert tower.open == []


async def test_looking_again_at_what_did_not_change_files_nothing() -> None:
    """An outage that goes on is written with each failure, not with each look."""
    tower = Tower()
    others = [down(f"c{n}", "b") for n in range(5)]
    await tower.look(down(), *others)
    filed = len(tower.casebook.filings)
    for _ in range(5):
        await tower.look()
    assert len(tower.casebook.filings) == filed
    await tower.look(down(found=trouble(Reason.CONNECT_TIMEOUT, times=10, at=1)), *others)
    assert [each.drift.connection for each in tower.casebook.filings[-1].alerts] == ["aldgate"]


async def test_what_could_not_be_filed_is_filed_the_next_time() -> None:
    """The failure is told once, and so is its end; nobody is told of what is not filed."""
    tower = Tower()
    tower.casebook.refusals = 2
    await tower.look(down())
    await tower.look()
    assert (tower.open, tower.watch.failing) == ([], True)
    await tower.look()
    assert len(tower.open) == 1
    assert not tower.watch.failing
    assert sorted(tower.events) == ["alert fires", "alerts are filed again", "alerts cannot be filed"]
    assert await tower.told() == ["firing"]


async def test_a_store_that_another_process_owns_ends_the_watch() -> None:
    tower = Tower(down())
    tower.casebook._store.fenced = True
    with pytest.raises(FencedError):
        await tower.look()


async def test_a_restart_neither_loses_nor_repeats_an_alert() -> None:
    """At any look."""
    tower = Tower()
    steps = [(down(), 15.0), (down(), 60.0), (well(), 15.0), (well(), 60.0), (well(), HOLD), (down(), 60.0)]
    for found, after in steps:
        await tower.look(found, after=after)
        await tower.restart()
    assert await tower.told() == ["firing", "resolved", "firing"]


async def test_a_mute_that_ends_is_told_of_what_still_fires() -> None:
    """Of a cycle's alert too."""
    tower = Tower(well())
    checked = Checked("aldgate", "SORDER", [DriftKind.VOLUME], INTERVAL, [certain()])
    judged = tower.alarms.evaluate(checked, tower.clock.now())
    muted = replace(judged.alerts[0], told=None, mute=mute(tower.clock.now() + 60_000, tower.clock.now()))
    tower.alarms.took(replace(judged, alerts=(muted,), notices=()))
    await tower.look()
    assert await tower.told() == []
    await tower.look(after=60.0)
    assert await tower.told() == ["firing"]


async def test_alerts_of_what_is_no_longer_configured_end() -> None:
    """Of a connection, and of a resource; a class that is new to the tenant need not be configured."""
    tower = Tower(well(), well("other"))
    added = certain(kind=DriftKind.SCHEMA, finding="resource_added", resource="ZNEW")
    found = [certain(), certain(resource="GONE"), added, replace(certain(), connection="other")]
    tower.alarms.took(
        tower.alarms.evaluate(Checked("aldgate", "SORDER", [DriftKind.VOLUME], INTERVAL, found), tower.clock.now())
    )
    await tower.look(well())
    assert sorted((each.drift.connection, each.drift.resource) for each in tower.open) == [
        ("aldgate", "SORDER"),
        ("aldgate", "ZNEW"),
    ]


async def test_nothing_ends_while_no_connection_is_known_yet() -> None:
    """A daemon that is just starting."""
    tower = Tower()
    await tower.look(down())
    tower.statuses = None
    await tower.watch.look()
    assert len(tower.open) == 1


async def test_the_alerts_of_the_last_connection_end_with_it() -> None:
    """Where none is left, none of them is; those of the host that several had in common neither."""
    tower = Tower()
    await tower.look(*(down(f"c{n}", "h") for n in range(12)))
    await tower.look(after=HOLD)
    assert any(each.group for each in tower.open)
    tower.statuses = []
    for _ in range(3):
        await tower.look(after=HOLD)
    assert tower.open == []
    assert "resolved" in await tower.told()


async def test_credentials_are_looked_at_each_minute_and_written_where_something_is_new() -> None:
    """What is gone ends at once."""
    tower = Tower(well())
    ends = Drift(
        "aldgate", DriftKind.CREDENTIAL, Check.SECRET_EXPIRES, certain().severity, certain().actor, certain=True
    )
    tower.credentials = [ends, replace(ends, connection="unknown")]
    await tower.look()
    assert [each.drift for each in tower.open] == [ends]
    filed = len(tower.casebook.filings)
    for _ in range(9):
        await tower.look()
    assert len(tower.casebook.filings) == filed
    tower.credentials = []
    await tower.look(after=60.0)
    assert await tower.told() == ["firing", "resolved"]


async def test_no_filing_is_so_large_that_commits_wait_for_it() -> None:
    """Each notice goes with its alert; what was not filed follows the next time."""
    tower = Tower()
    everything = [down(f"c{n}", f"h{n // 40}") for n in range(3 * GROUP)]
    await tower.look(*everything)
    assert max(len(each.alerts) for each in tower.casebook.filings) == GROUP
    for filing in tower.casebook.filings:
        assert {each.alert.id for each in filing.notices} <= {each.id for each in filing.alerts}
    assert await tower.told() == ["firing"]
    assert len(await tower.casebook.alerts()) == 3 * GROUP + 1


async def test_paused_connections_keep_their_alerts() -> None:
    """Nobody knows whether they are well."""
    tower = Tower()
    await tower.look(down())
    for state in (State.PAUSED, State.MAINTENANCE, State.UNKNOWN):
        await tower.look(replace(well(), state=state), after=DAY / 1000)
    assert len(tower.open) == 1
    assert await tower.told() == ["firing"]


@pytest.mark.parametrize(
    "aside", [Aside(pause=Pause("moving", "jo", NOW + DAY)), Aside(maintenance=Window(NOW, NOW + DAY, "upgrade", "jo"))]
)
async def test_no_alert_begins_to_fire_while_its_connection_is_put_aside(aside: Aside) -> None:
    """Nor one of its host's, whatever fires there already, after a restart or before; each fires when that is over and
    it is still so. That the log began anew is told all the same."""
    names = ("a1", "a2", "a3")
    tower = Tower(*(well(name) for name in names))
    ends, anew = (
        Drift(name, DriftKind.CREDENTIAL, found, certain().severity, certain().actor, certain=True)
        for name, found in (("a1", Check.CERTIFICATE_EXPIRES), ("a2", Check.LOG_BEGAN_ANEW))
    )
    tower.credentials = [ends]
    await tower.look(after=60.0)
    await tower.casebook.file(Filing(asides=dict.fromkeys(names, aside)))
    await tower.restart()
    tower.credentials = [*(replace(ends, connection=name) for name in names), anew]
    for _ in range(9):
        await tower.look(after=60.0)
    fires = {(each.drift.connection, each.drift.finding) for each in tower.open if each.firing}
    assert fires == {("a1", Check.CERTIFICATE_EXPIRES), ("a2", Check.LOG_BEGAN_ANEW)}
    assert await tower.told() == ["firing"] * 2
    await tower.restart()
    await tower.look(after=60.0)
    assert len(await tower.told()) == 2
    await tower.look(after=DAY / 1000)
    await tower.look(after=3600.0)
    assert {each.drift.connection for each in tower.open if each.firing} >= set(names)
    assert len(await tower.told()) > 2


@pytest.mark.parametrize("hindered", [down(), replace(well(), state=State.PAUSED)])
async def test_what_was_due_while_nothing_could_run_is_not_late(hindered: ConnectionStatus) -> None:
    """It has two full runs' time from then on."""
    tower = Tower(hindered)
    await tower.look(after=9 * DAY / 1000)
    first, *others = well().resources
    swept = replace(first.health, last_sweep=NOW - DAY, last_success=NOW + 99 * DAY, last_evaluation=NOW + 99 * DAY)
    late = replace(well(), resources=(replace(first, health=swept, next_sweep=NOW), *others))
    await tower.look(late)
    await tower.look(after=1.5 * DAY / 1000)
    assert [each for each in tower.open if each.firing and each.drift.finding == Check.CHECK_DID_NOT_RUN] == []
    await tower.look(after=0.5 * DAY / 1000)
    assert [each for each in tower.open if each.firing and each.drift.finding == Check.CHECK_DID_NOT_RUN] != []
