"""Many alerts of one cause are one: at the smallest scope that covers them, without a word of its members."""

from collections.abc import Iterable
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driftd.core.alerts.census import Census, Home
from driftd.core.alerts.correlation import NAMED, Correlated, correlate
from driftd.core.alerts.identity import Place, identity
from driftd.core.alerts.lifecycle import Evaluation, Look, evaluate, every, settle
from driftd.core.alerts.model import Alert
from driftd.core.drift import Drift, DriftKind, Scope, Severity
from driftd.core.reasons import Actor
from tests.core.alerts.drifts import CYCLE, HOUR, INTERVAL, MINUTE, Life, drift

RESOURCES = ("BPCUSTOMER", "ITMMASTER", "SORDER", "SDELIVERY")
HOLD = 2 * HOUR + CYCLE
DOWN = "connect_timeout"


def homes(**hosts: int) -> dict[str, Home]:
    """Return so many connections on each host, each with a folder of its own."""
    return {
        f"{host}{number}": Home(host, f"F{number}", RESOURCES, INTERVAL)
        for host, many in hosts.items()
        for number in range(many)
    }


def down(connection: str, **more: Any) -> Drift:
    """Return the drift of a connection that is not reached."""
    filled = {"connection": connection, "resource": None, "certain": True, "own_grace": True}
    return drift(DriftKind.FRESHNESS, more.pop("finding", DOWN), **{**filled, **more})


def patched(connection: str, resource: str = "SORDER", field: str = "BPCORD") -> Drift:
    """Return the drift of a field that is gone."""
    filled = {"connection": connection, "resource": resource, "field": field, "severity": Severity.CRITICAL}
    return drift(DriftKind.SCHEMA, "field_removed_always", certain=True, actor=Actor.X3_ADMIN, **filled)


class Fleet(Life):
    """Connections that are evaluated, correlated and told of as the watch does it."""

    def __init__(self, where: dict[str, Home]) -> None:
        super().__init__(waits=every)
        self.census = Census(where)

    def tick(self, *drifts: Drift, after: int = CYCLE) -> "Fleet":
        """Evaluate all connections `after` ms, and look at what is common."""
        self.then(*drifts, after=after, covers=lambda alert: not alert.group)
        self.look()
        return self

    def look(self) -> Correlated:
        common = correlate(self.known.values(), self.census, self.now)
        self.take(Evaluation(common.alerts, common.notices))
        self.take(settle(self.known.values(), Look(self.now, waits=lambda alert: alert.id in common.waiting)))
        return common

    def ticks(self, ms: int, *drifts: Drift) -> "Fleet":
        for _ in range(ms // CYCLE):
            self.tick(*drifts)
        return self

    @property
    def groups(self) -> list[Alert]:
        """Alerts of scopes that fire."""
        return [each for each in self.known.values() if each.group and each.firing]

    @property
    def reached(self) -> set[tuple[Scope, str]]:
        return {(each.scope, each.scope_id) for each in self.groups}

    @property
    def speaking(self) -> set[str]:
        """What is told to fire, by its scope's name."""
        return {each.alert.scope_id for each in self.notices}


def test_the_outage_of_a_host_with_eighty_connections_is_one_notice_and_its_end_another() -> None:
    """A8; also where it is found in each at another time within two cycles."""
    names = list(homes(a=80))
    for waves in (1, 2, 7, 20):
        fleet = Fleet(homes(a=80, b=40))
        pending = [down(name, certain=False) for name in names]
        for wave in range(waves):
            struck = 1 + len(names) * (wave + 1) // waves
            sure = 1 + len(names) * wave // waves if waves > 1 else struck
            found = [*(down(name) for name in names[:sure]), *pending[sure:struck]]
            fleet.tick(*found, after=CYCLE // waves)
        fleet.ticks(HOUR, *map(down, names))
        assert fleet.told == ["firing"]
        assert fleet.reached == {(Scope.HOST, "a")}
        assert fleet.notices[0].alert.drift.n == 80
        fleet.ticks(5 * HOUR)
        assert fleet.told == ["firing", "resolved"]
        assert not any(each.open for each in fleet.known.values())


def test_members_may_come_back_one_after_the_other() -> None:
    """The group goes on until few are left, and ends after its hold; who comes back late says nothing either."""
    names = list(homes(a=80))
    fleet = Fleet(homes(a=80)).tick(*map(down, names))
    for back in range(0, 80, 8):
        fleet.tick(*map(down, names[back:]), after=MINUTE)
    fleet.ticks(5 * HOUR)
    assert fleet.told == ["firing", "resolved"]


def test_members_that_come_and_go_do_not_make_a_group_flap() -> None:
    """Between a quarter and all of them."""
    names = list(homes(a=8))
    fleet = Fleet(homes(a=8)).tick(*map(down, names))
    for _ in range(10):
        fleet.ticks(15 * MINUTE, *map(down, names[:2]))
        fleet.ticks(15 * MINUTE, *map(down, names))
    assert fleet.told == ["firing"]


def test_one_that_stays_down_after_its_host_is_back_speaks_for_itself() -> None:
    """After an interval; the end of the group is told apart, and so is its own."""
    names = list(homes(a=8))
    fleet = Fleet(homes(a=8)).tick(*map(down, names)).ticks(4 * HOUR, down("a3"))
    assert [(each.telling, each.alert.scope_id) for each in fleet.notices] == [
        ("firing", "a"),
        ("firing", "a3"),
        ("resolved", "a"),
    ]
    assert fleet.notices[1].at - fleet.notices[0].at <= 3 * CYCLE
    assert fleet.ticks(HOLD).told[3:] == ["resolved"]


@pytest.mark.parametrize(
    ("where", "struck", "reached"),
    [
        (homes(a=2, b=9), ["a0", "a1"], set()),
        (homes(a=7, b=9), ["a0", "a1", "a2"], set()),
        (homes(a=6, b=9), ["a0", "a1", "a2"], {(Scope.HOST, "a")}),
        (homes(a=6, b=9), ["a0", "a1", "a2", "b4"], {(Scope.HOST, "a")}),
        (homes(a=3, b=3), ["a0", "a1", "a2", "b0", "b1", "b2"], {(Scope.ALL, "all")}),
        (homes(a=1, b=1, c=1, d=1), ["a0", "b0", "c0"], {(Scope.ALL, "all")}),
        (homes(a=60, b=40), [*(f"a{n}" for n in range(60)), "b7"], {(Scope.HOST, "a")}),
    ],
)
def test_a_scope_is_struck_by_three_of_its_members_and_by_half(
    where: dict[str, Home], struck: list[str], reached: set[tuple[Scope, str]]
) -> None:
    """The smallest that covers them; an accident elsewhere makes it no wider."""
    assert Fleet(where).tick(*map(down, struck)).reached == reached


def test_several_connections_of_one_folder_are_the_folder_while_the_others_work() -> None:
    """Where the folder is all there is of a host, they are the host."""
    where = {f"p{n}": Home("a", "PROD", RESOURCES, INTERVAL) for n in range(3)}
    struck = list(map(down, where))
    assert Fleet(where).tick(*struck).reached == {(Scope.HOST, "a")}
    others = where | {f"t{n}": Home("a", "TEST", RESOURCES, INTERVAL) for n in range(3)}
    assert Fleet(others).tick(*struck).reached == {(Scope.FOLDER, "a/PROD")}


def test_a_field_that_goes_at_many_tenants_is_a_drift_of_the_resource() -> None:
    """Another field is another drift; on one host it is the host's."""
    where = homes(a=3, b=3, c=3)
    fleet = Fleet(where).tick(*map(patched, where))
    assert fleet.reached == {(Scope.RESOURCE, "SORDER")}
    assert fleet.told == ["firing"]
    (group,) = fleet.groups
    assert (group.drift.resource, group.drift.field, group.drift.connection) == ("SORDER", "BPCORD", "")
    assert (group.drift.severity, group.drift.actor) == (Severity.CRITICAL, Actor.X3_ADMIN)
    mixed = [patched(name, field=f"F{number}") for number, name in enumerate(where)]
    assert Fleet(where).tick(*mixed).reached == set()
    assert Fleet(where).tick(*map(patched, ["a0", "a1", "a2"])).reached == {(Scope.HOST, "a")}


def refused(connection: str, resource: str | None) -> Drift:
    filled = {"connection": connection, "resource": resource, "certain": True, "own_grace": True}
    return drift(DriftKind.CREDENTIAL, "forbidden", **filled)


def test_most_resources_of_a_connection_are_the_connection() -> None:
    """Three of four."""
    fleet = Fleet(homes(a=1, b=1)).tick(*(refused("a0", each) for each in RESOURCES[:3]))
    assert fleet.reached == {(Scope.TENANT, "a0")}
    assert (fleet.told, fleet.groups[0].drift.connection) == (["firing"], "a0")
    whole = refused("a0", None)
    assert fleet.groups[0].id != identity(Place(Scope.TENANT, "a0"), whole)


def test_the_alert_of_a_whole_connection_speaks_for_those_of_its_resources() -> None:
    """Which its outage left as they were."""
    fleet = Fleet(homes(a=1)).tick(refused("a0", "SORDER"))
    assert fleet.told == ["firing"]
    fleet.tick(*(refused("a0", each) for each in (*RESOURCES, None)))
    attached = {each.drift.resource: each.attached_to for each in fleet.known.values()}
    assert len(set(attached.values()) - {None}) == 1
    assert attached[None] is None
    assert len(fleet.told) == 2


def test_what_began_long_ago_has_another_cause() -> None:
    """Connections that fail hours apart are no trouble of their host; each is told."""
    names = list(homes(a=4))
    fleet = Fleet(homes(a=4))
    for number in range(len(names)):
        fleet.ticks(HOUR, *map(down, names[: number + 1]))
    assert fleet.reached == set()
    assert fleet.told == ["firing"] * 4


def test_an_alert_is_told_at_once_unless_others_around_it_fail_alike() -> None:
    """Then after an interval, where no scope is struck by then."""
    assert Fleet(homes(a=9)).tick(patched("a0")).told == ["firing"]
    assert Fleet(homes(a=2)).tick(down("a0")).told == ["firing"]
    fleet = Fleet(homes(a=9)).tick(down("a0"), down("a1", certain=False), after=MINUTE)
    assert fleet.told == []
    assert fleet.tick(down("a0"), down("a1", certain=False)).told == ["firing"]


def test_what_strikes_all_of_a_host_waits_for_the_others() -> None:
    """One connection may be sure of it before the others have failed at all."""
    names = list(homes(a=9))
    fleet = Fleet(homes(a=9)).tick(down("a0"), after=MINUTE)
    assert fleet.told == []
    assert fleet.tick(*map(down, names), after=MINUTE).told == ["firing"]
    assert fleet.reached == {(Scope.HOST, "a")}
    alone = Fleet(homes(a=9)).tick(down("a0"), after=MINUTE)
    assert alone.tick(down("a0")).tick(down("a0")).told == ["firing"]


def test_notices_wait_so_long_that_a_drift_is_told_within_two_intervals_of_its_fault() -> None:
    """The first of them to find it, the other for whoever may fail alike, less what a tick of the watch takes."""
    fleet = Fleet(homes(a=8)).tick(patched("a0"), patched("a1"))
    fleet.tick(patched("a0"), patched("a1"), after=CYCLE * 8 // 10)
    assert fleet.told == []
    fleet.tick(patched("a0"), patched("a1"), after=CYCLE * 3 // 20)
    assert fleet.told == ["firing", "firing"]


def test_what_only_pends_makes_no_group() -> None:
    """One that fires makes it of all."""
    pending = [down(f"a{n}", certain=False) for n in range(4)]
    fleet = Fleet(homes(a=4)).tick(*pending)
    assert (fleet.reached, fleet.told) == (set(), [])
    assert fleet.tick(down("a0"), *pending[1:]).groups[0].drift.affected == 4


def test_a_group_takes_the_gravest_severity_and_the_commonest_actor() -> None:
    """Of all scopes it is ours to look first."""
    where = homes(a=3)
    found = [down("a0", severity=Severity.CRITICAL), down("a1"), down("a2", actor=Actor.SRE)]
    (group,) = Fleet(where).tick(*found).groups
    assert (group.drift.severity, group.drift.actor) == (Severity.CRITICAL, Actor.OPERATOR)
    everywhere = homes(a=3, b=3)
    (group,) = Fleet(everywhere).tick(*map(down, everywhere)).groups
    assert group.drift.actor is Actor.SRE


def test_a_group_keeps_its_name_and_reads_whatever_way_a_host_is_down() -> None:
    """Timeouts and errors of a gateway are one outage."""
    reasons = ["timeout", "gateway_error", "gateway_error", "connection_refused"]
    fleet = Fleet(homes(a=4)).tick(*(down(f"a{n}", finding=each) for n, each in enumerate(reasons)))
    assert [each.drift.finding for each in fleet.groups] == ["gateway_error"]
    fleet.tick(*(down(f"a{n}", finding="timeout") for n in range(4)))
    assert [each.drift.finding for each in fleet.groups] == ["gateway_error"]
    assert fleet.told == ["firing"]


def test_a_group_names_a_hundred_of_its_members() -> None:
    """And counts them all."""
    where = homes(a=300)
    (group,) = Fleet(where).tick(*map(down, where)).groups
    assert (len(group.members), group.drift.affected) == (NAMED, 300)


def test_a_group_that_returns_is_the_same_alert() -> None:
    """Within a day."""
    names = list(homes(a=4))
    fleet = Fleet(homes(a=4)).tick(*map(down, names)).ticks(HOLD + HOUR).tick(*map(down, names))
    assert fleet.told == ["firing", "resolved", "firing"]
    assert len(fleet.groups[0].reopened) == 1


def test_a_look_at_what_did_not_change_changes_nothing() -> None:
    """So nothing is written every few seconds."""
    fleet = Fleet(homes(a=80)).tick(*map(down, homes(a=80)))
    fleet.now += 15_000
    assert fleet.look() == Correlated()


def alike(alerts: Iterable[Alert], where: dict[str, Home], now: int) -> Correlated:
    return correlate(alerts, Census(where), now)


@settings(max_examples=25)
@given(st.sets(st.sampled_from(sorted(homes(a=3, b=2))), min_size=1), st.randoms())
def test_the_order_of_alerts_does_not_matter(struck: set[str], chance: Any) -> None:
    """Nor that of connections."""
    where = homes(a=3, b=2)
    alerts = list(evaluate({}, map(down, struck), Look(1, waits=every)).alerts)
    shuffled = chance.sample(alerts, len(alerts))
    other = dict(chance.sample(sorted(where.items()), len(where)))
    assert alike(alerts, where, 1) == alike(shuffled, other, 1)


def test_every_order_of_three_is_one_group() -> None:
    where = homes(a=3)
    alerts = evaluate({}, map(down, where), Look(1, waits=every)).alerts
    assert len({repr(alike(order, where, 1)) for order in permutations(alerts)}) == 1
