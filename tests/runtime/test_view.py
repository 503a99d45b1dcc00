"""The status of one connection: what is configured, what is remembered, and what goes on."""

from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from driftd.config import ClientCredentials, ConnectionConfig, ResourceConfig, SecretRef
from driftd.config.model import Settings
from driftd.core.budget import Usage
from driftd.core.credential import Credential
from driftd.core.health import ConnectionHealth, ResourceHealth
from driftd.core.model import Resource
from driftd.core.reasons import State
from driftd.core.status import ConnectionStatus
from driftd.runtime.view import Known, Present, connection_status, interval
from tests.core.health import HOUR, MINUTE, START, poll, scene

NOW = START + 20 * MINUTE


def connection(**more: Any) -> ConnectionConfig:
    """Return a connection with two resources, one of them polled less often."""
    settings = Settings(timezone="Europe/Paris", requests_per_day=500)
    slow = replace(settings, probe=3600.0, delta=1800.0)
    filled: dict[str, Any] = {
        "name": "aldgate",
        "base_url": "https://x3.aldgate.example",
        "folder": "ALDGATE",
        "endpoint": "ALDGATE",
        "auth": ClientCredentials("https://x3.aldgate.example/token", "driftd", SecretRef("p", env="S")),
        "settings": settings,
        "classes": (_class("SORDER", settings), _class("BPCUSTOMER", slow)),
    }
    return ConnectionConfig(**{**filled, **more})


def _class(name: str, settings: Settings) -> ResourceConfig:
    return ResourceConfig(Resource("aldgate", name, name, ("KEY",)), settings)


def known(health: ConnectionHealth | None = None, usage: Usage | None = None) -> Known:
    """Return what two good polls leave."""
    resources = scene([(name, poll(NOW - MINUTE)) for name in ("SORDER", "BPCUSTOMER")]).resources
    return Known(health or ConnectionHealth(), usage or Usage(), resources)


def status(what: Known | None = None, present: Present | None = None, **more: Any) -> ConnectionStatus:
    return connection_status(connection(**more), "x3.aldgate.example", what or known(), present or Present(START), NOW)


def test_resources_stand_as_configured_with_what_is_remembered_of_them() -> None:
    """One that was never polled has an empty history; one that is no longer enabled is left out."""
    remembered = replace(
        known(), resources={"SORDER": ResourceHealth(polls=4, last_poll=NOW), "GONE": ResourceHealth()}
    )
    found = status(remembered, Present(START, {"SORDER": NOW + 1}, {"SORDER": NOW + 2}))
    assert [(each.name, each.health.polls) for each in found.resources] == [("SORDER", 4), ("BPCUSTOMER", 0)]
    assert [(each.next_poll, each.next_sweep) for each in found.resources] == [(NOW + 1, NOW + 2), (None, None)]
    assert [(each.interval, each.sweep_interval) for each in found.resources] == [(300.0, 86400.0), (1800.0, 86400.0)]


def test_the_interval_is_that_of_the_most_frequent_cycle() -> None:
    """Whichever of probe and delta that is."""
    assert [interval(each) for each in connection().classes] == [300.0, 1800.0]


@given(st.sampled_from(State), st.integers(1, NOW))
def test_a_state_that_stays_keeps_its_beginning_and_another_begins_now(state: State, since: int) -> None:
    """What is remembered of the state is compared with what the evidence gives."""
    found = status(known(ConnectionHealth(state, since)))
    assert found.state is State.OK
    assert found.since == (since if state is State.OK else NOW)


def test_a_budget_is_that_of_the_tenants_day() -> None:
    """Yesterday's usage is gone, today's counts, and it begins anew at the tenant's midnight."""
    today = status().budget.day(NOW)
    used = Usage(today, 7, 9)
    assert status(known(usage=used)).usage == used
    assert status(known(usage=Usage("2001-01-01", 7, 9))).usage == Usage(today)
    found = status()
    assert (found.budget.requests, found.budget.timezone) == (500, "Europe/Paris")
    assert found.budget.day(found.resumes - 1) == today < found.budget.day(found.resumes)


def test_what_ends_one_day_is_known_by_its_best_evidence() -> None:
    """The secret by the configuration, the token by its answer; what nobody knows is left out."""
    assert status().expiry == {}
    auth = replace(connection().auth, secret_expires=date(2027, 3, 31))
    found = status(known(ConnectionHealth(token_ends=NOW + HOUR)), auth=auth)
    assert found.expiry == {Credential.CLIENT_SECRET: 1_806_451_200_000, Credential.ACCESS_TOKEN: NOW + HOUR}


def test_the_status_says_where_it_belongs_and_what_holds_it_back() -> None:
    """Names are the configuration's, the waits the daemon's."""
    found = status(
        present=Present(START, held_until=NOW + 3, breaker_open_until=NOW + 4), customer="Aldgate", environment="test"
    )
    assert (found.name, found.host, found.folder) == ("aldgate", "x3.aldgate.example", "ALDGATE")
    assert (found.customer, found.environment) == ("Aldgate", "test")
    assert (found.held_until, found.breaker_open_until) == (NOW + 3, NOW + 4)
    ports = {"https://x3.example": 443, "http://x3.example": 80, "https://x3.example:8124/erp": 8124}
    assert {url: status(base_url=url).port for url in ports} == ports


def test_progress_and_due_times_are_judged() -> None:
    """A running cycle that gets on is not stalled."""
    overdue = Present(START - HOUR, {"SORDER": NOW - 11 * MINUTE})
    assert status(present=overdue).state is State.STALLED
    assert status(present=replace(overdue, progress={"SORDER": NOW - MINUTE})).state is State.OK


def test_sweeps_by_a_calendar_are_as_far_apart_as_it_says() -> None:
    """Nightly on weekdays: a day, and over the weekend three; an interval is what it is."""
    by_interval = {each.name: each.sweep_interval for each in status().resources}
    assert set(by_interval.values()) == {86_400.0}
    settings = Settings(sweep_cron="30 2 * * mon-fri")
    monday = 1_764_547_200_000  # 2025-12-01T00:00Z
    gaps = []
    for day in range(5):
        now = monday + day * 24 * HOUR
        found = connection_status(connection(classes=(_class("SORDER", settings),)), "h", known(), Present(now), now)
        gaps.append(found.resources[0].sweep_interval)
    assert gaps == [86_400.0] * 4 + [3 * 86_400.0]
