"""Tenants replace what is signed in by while sweeps of all of them run: no sweep is lost, and who must act is told."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from driftd.errors import StoreError
from driftd.simulator import Tenant
from tests.house.planting import found
from tests.house.process import Daemon, amiss, equal, read
from tests.house.rig import Rig
from tests.house.rotating import IN_FILES, WAYS, Town, alerts, audit, polled, town

SHORT = os.environ.get("DRIFTD_HEAVY") == "short"
MANY = 4 if SHORT else 20
RECORDS = 60
EACH = pytest.mark.parametrize(
    ("way", "many"),
    [pytest.param("basic", 2, id="some"), *(pytest.param(way, MANY, id=way, marks=pytest.mark.heavy) for way in WAYS)],
)


def begun(town: Town, daemon: Daemon) -> dict[str, Rig]:
    """Wait until all is captured once, and have tenants go on with their business while they are swept."""
    for tenant in town.tenants:
        daemon.becomes(tenant.name, "ok")
        captured(town, daemon, tenant)
    first = {each.name: read(town.site.folder, each) for each in town.tenants}
    town.slow()
    busy(town)
    return first


def captured(town: Town, daemon: Daemon, tenant: Tenant) -> None:
    """Wait until what is stored of a tenant is the tenant."""

    def looked() -> bool:
        with suppress(StoreError):  # one of its classes was not read yet, well as the other one is
            return amiss(read(town.site.folder, tenant)) == (0, 0)
        return False

    daemon.until(looked, f"{tenant.name} is captured")


def busy(town: Town) -> None:
    """Have each tenant create, change and delete."""
    for tenant in town.tenants:
        for name in ("BPCUSTOMER", "ITMMASTER"):
            tenant.advance(create=3, update=5, delete=1, resource=name)


def followed(town: Town, daemon: Daemon, first: dict[str, Rig]) -> None:
    """Assert that in the end the log tells each tenant's changes, each once and in order, and the snapshot is it."""
    for tenant in town.tenants:
        captured(town, daemon, tenant)
        equal(read(town.site.folder, tenant, first[tenant.name]))


def hidden(town: Town, daemon: Daemon, *said: str) -> None:
    """Assert that no secret is to be seen anywhere."""
    texts: dict[str, bytes | str] = {path: daemon.get(path).content for path in ("/metrics", "/api/v1/alerts?all=1")}
    texts |= {each.name: each.read_bytes() for each in (town.site.folder / "data").iterdir() if each.is_file()}
    texts |= {"log": daemon.log.read_bytes(), "commands": "\n".join(said)}
    assert found(town.secrets, texts) == set()


def alerted(daemon: Daemon, name: str, state: str) -> dict[str, Any]:
    """Wait until the one alert about a connection's credentials is in a state, and return it."""
    daemon.until(lambda: [each["state"] for each in alerts(daemon, name)] == [state], f"the alert of {name} is {state}")
    (alert,) = alerts(daemon, name)
    return alert


def told(town: Town, daemon: Daemon) -> None:
    """Wait until each refusal is told to whoever must act; then the tenant is left alone."""
    for tenant in town.tenants:
        daemon.becomes(tenant.name, "auth_failed")
        alert = alerted(daemon, tenant.name, "firing")
        assert (alert["finding"] in town.way.told, alert["actor"]) == (True, "customer_x3_admin")
    daemon.until(lambda: daemon.value("driftd_polls_in_progress") == 0, "what was under way has ended")
    for tenant in town.tenants:
        assert town.way.least <= town.asked[tenant.name] <= town.way.attempts, (tenant.name, town.asked)


def well_again(town: Town, daemon: Daemon) -> None:
    """Wait until each is polled again, and its alert has ended; what was is still known."""
    for tenant in town.tenants:
        daemon.becomes(tenant.name, "ok")
        assert alerted(daemon, tenant.name, "resolved")["reopened"] == 0


@EACH
def test_a_secret_replaced_at_once_costs_no_record(tmp_path: Path, way: str, many: int) -> None:
    """Every sweep breaks off in its midst. Each refusal is looked at twice, told, and left alone; a wrong secret
    changes nothing; the right one, from the command line or over HTTP, is tried, ends the alert, and has all read."""
    with town(tmp_path, WAYS[way], many, RECORDS) as here, polled(here) as daemon:
        first = begun(here, daemon)
        here.rotate(daemon, overlap=False)
        here.hasten()
        busy(here)
        told(here, daemon)
        asked = dict(here.asked)
        one, *others = here.tenants
        wrong = here.post(daemon, one, "planted-wrong")
        assert (wrong.status_code, " was not kept" in wrong.json()["detail"]) == (409, True)
        assert {each.name: here.asked[each.name] for each in others} == {each.name: asked[each.name] for each in others}
        assert daemon.state(one.name) == "auth_failed"
        ran = here.give(one, here.way.known(one))
        assert (ran.code, here.way.kept in ran.out) == (0, True), ran.err
        for tenant in others:
            assert here.asked[tenant.name] == asked[tenant.name], "it is left alone until the secret is given"
            answer = here.post(daemon, tenant, here.way.known(tenant))
            assert answer.status_code == 200, answer.text
        well_again(here, daemon)
        followed(here, daemon, first)
        for tenant in here.tenants:
            first_ones = ["keep_secret"] * (1 + len(here.way.others))
            done = ["keep_secret", *(here.way.refused if tenant is one else ()), *first_ones]
            assert audit(tmp_path, tenant.name) == done
        hidden(here, daemon, ran.out, ran.err, wrong.text)
        assert daemon.end() == 0


@pytest.mark.heavy
@pytest.mark.parametrize("way", [name for name, way in WAYS.items() if way.overlaps])
def test_a_secret_replaced_in_time_is_noticed_by_nobody(tmp_path: Path, way: str) -> None:
    """While the old one is good beside it, the new one is given: each sweep that runs comes to its end, no poll fails,
    no alert fires; and when the old one ends, nothing happens either."""
    with town(tmp_path, WAYS[way], MANY, RECORDS) as here, polled(here) as daemon:
        first = begun(here, daemon)
        here.rotate(daemon, overlap=True)
        for tenant in here.tenants:
            answer = here.post(daemon, tenant, here.way.known(tenant))
            assert answer.status_code == 200, answer.text
        here.hasten()
        followed(here, daemon, first)
        here.end_overlap()
        busy(here)
        followed(here, daemon, first)
        refusals = [each for each in daemon.lines("connection state changed") if each.get("reason", "none") != "none"]
        assert refusals == []
        assert daemon.value("driftd_polls_total", result="failed") == 0
        assert [alerts(daemon, each.name) for each in here.tenants] == [[]] * MANY
        hidden(here, daemon)
        assert daemon.end() == 0


@pytest.mark.heavy
@pytest.mark.parametrize("way", IN_FILES)
def test_a_secret_in_a_file_is_taken_up_when_it_changes(tmp_path: Path, way: str) -> None:
    """Where it was refused, told, and rests for a quarter of an hour: nobody says so, and nothing is loaded anew."""
    with town(tmp_path, IN_FILES[way], MANY, RECORDS) as here:
        places = {each.name: tmp_path / f"{each.name}.txt" for each in here.tenants}
        for tenant in here.tenants:
            places[tenant.name].write_text(here.way.known(tenant))
        here.write({name: f'{{ file = "{place.name}" }}' for name, place in places.items()})
        with polled(here) as daemon:
            first = begun(here, daemon)
            here.rotate(daemon, overlap=False)
            here.hasten()
            told(here, daemon)
            busy(here)
            for tenant in here.tenants:
                places[tenant.name].write_text(here.way.known(tenant))
            well_again(here, daemon)
            followed(here, daemon, first)
            hidden(here, daemon)
            assert daemon.end() == 0
