"""The cloud gateway gives a new pair for each refresh token, and says as Sage does why it gives none."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from driftd.simulator import Farm
from tests.simulator.reader import Clock, Reader, reading


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock(1000.0)


@pytest.fixture(scope="module")
def served(clock: Clock) -> Iterator[Reader]:
    farm = Farm.build(tenants=1, records=5)
    farm.clock = clock
    with reading(farm) as reader:
        yield reader


def use(reader: Reader, token: str, **changed: str | None) -> httpx.Response:
    tenant = reader.tenant
    asked: dict[str, Any] = {
        "grant_type": "refresh_token",
        "client_id": tenant.client_id,
        "client_secret": tenant.client_secret,
        "refresh_token": token,
    } | changed
    return reader.client.post(tenant.pair_path, json={name: value for name, value in asked.items() if value})


def test_each_use_gives_a_new_pair(reader: Reader) -> None:
    """Its access token opens api1, its refresh token is good once, and pairing anew ends it."""
    token = reader.tenant.pair()
    for _ in range(3):
        answer = use(reader, token).json()
        assert set(answer) == {"access_token", "refresh_token", "token_type", "expires_in"}
        assert answer["expires_in"] == 300
        assert reader.client.get(
            f"/api1/x3/erp/{reader.tenant.endpoint}/SORDER?representation=SORDER.$query",
            headers={"Authorization": f"Bearer {answer['access_token']}", "X-Sage-Folder": reader.tenant.folder},
        ).is_success
        assert use(reader, token).status_code == 401
        token = answer["refresh_token"]
    reader.tenant.pair()
    assert use(reader, token).status_code == 401


def test_the_one_before_may_be_good_once_more(reader: Reader) -> None:
    """With `pairing_reuse` at `accepted`, until its successor or itself is used."""
    reader.tenant.switches.move({"pairing_reuse": "accepted"})
    first = reader.tenant.pair()
    use(reader, first)
    second = use(reader, first).json()["refresh_token"]
    assert use(reader, first).status_code == 401
    third = use(reader, second).json()["refresh_token"]
    assert use(reader, third).is_success
    assert use(reader, second).status_code == 401


def test_an_unused_one_ends(reader: Reader, clock: Clock) -> None:
    """30 days after it was given; each use gives another 30."""
    token = reader.tenant.pair()
    clock.now += 2_591_999
    token = use(reader, token).json()["refresh_token"]
    clock.now += 2_591_999
    assert use(reader, token).is_success
    token = reader.tenant.pair()
    clock.now += 2_592_000
    assert use(reader, token).status_code == 401


@pytest.mark.parametrize(
    ("switches", "changed", "told"),
    [
        ({}, {"refresh_token": None}, (400, "Missing required request parameters")),
        ({}, {"grant_type": "client_credentials"}, (400, "Invalid grant type")),
        ({}, {"client_secret": "wrong"}, (401, "Unauthorised")),
        ({}, {"client_id": "wrong"}, (404, "Could not associate the values with an active application")),
        ({"pairing": "disabled"}, {}, (403, "The application registered on Sage Business Cloud is disabled")),
        ({"pairing": "not_accepted"}, {}, (403, "The pairing request has not been accepted.")),
        ({"pairing": "expired"}, {}, (403, "The request has expired.")),
        ({"pairing": "not_found"}, {}, (403, "Pairing request not found")),
        ({"pairing_ended": "expired"}, {"refresh_token": "spent"}, (403, "The request has expired.")),
        ({"pairing_ended": "not_found"}, {"refresh_token": "spent"}, (403, "Pairing request not found")),
    ],
)
def test_a_refusal_is_told_as_sage_does(
    reader: Reader, switches: dict[str, object], changed: dict[str, str | None], told: tuple[int, str]
) -> None:
    """And costs no refresh token."""
    token = reader.tenant.pair()
    reader.tenant.switches.move(switches)
    answer = use(reader, token, **changed)
    assert (answer.status_code, answer.json()) == (told[0], {"message": told[1]})
    reader.tenant.switches.move({"pairing": "accepted"})
    assert use(reader, token).is_success


def test_it_is_worked_from_outside(reader: Reader) -> None:
    """A person pairs anew and revokes by the control API."""
    control = f"/control/tenants/{reader.tenant.name}"
    token = reader.client.post(f"{control}/pair").json()["refresh_token"]
    token = use(reader, token).json()["refresh_token"]
    reader.client.post(f"{control}/unpair")
    assert use(reader, token).status_code == 401
