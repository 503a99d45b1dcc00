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


def ask(reader: Reader, *, basic: bool = False, **changed: str | None) -> httpx.Response:
    form: dict[str, Any] = {"grant_type": "client_credentials"}
    auth = None
    client = reader.tenant.client_id, changed.pop("client_secret", None) or reader.tenant.client_secret
    if basic:
        auth = httpx.BasicAuth(*client)
    else:
        form |= {"client_id": client[0], "client_secret": client[1]}
    form = {name: value for name, value in (form | changed).items() if value is not None}
    return reader.client.post(reader.tenant.token_path, data=form, auth=auth or httpx.USE_CLIENT_DEFAULT)


def opens(reader: Reader, authorization: str) -> bool:
    url = f"/api1/x3/erp/{reader.tenant.endpoint}/SORDER?representation=SORDER.$query"
    headers = {"Authorization": authorization, "X-Sage-Folder": reader.tenant.folder}
    return reader.client.get(url, headers=headers).status_code == 200


@pytest.mark.parametrize("basic", [True, False])
def test_a_token_is_minted_both_ways(reader: Reader, *, basic: bool) -> None:
    """The secret in the form or in HTTP Basic gives a bearer token that opens api1."""
    answer = ask(reader, basic=basic).json()
    assert set(answer) == {"access_token", "token_type", "expires_in"}
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 300)
    assert opens(reader, f"Bearer {answer['access_token']}")


@pytest.mark.parametrize(
    ("position", "basic", "status"),
    [("form", False, 200), ("form", True, 401), ("basic", False, 401), ("basic", True, 200)],
)
def test_one_way_may_be_refused(reader: Reader, position: str, status: int, *, basic: bool) -> None:
    """With `token_auth` at one way, the other is an invalid client."""
    reader.tenant.switches.move({"token_auth": position})
    assert ask(reader, basic=basic).status_code == status


@pytest.mark.parametrize(
    ("changed", "status", "error", "message"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client", "Unauthorised"),
        ({"client_id": "wrong"}, 401, "invalid_client", "Unauthorised"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", "Invalid grant type"),
        ({"grant_type": None}, 400, "invalid_request", "Missing required request parameters"),
    ],
)
def test_token_errors(reader: Reader, changed: dict[str, Any], status: int, error: str, message: str) -> None:
    """Errors follow RFC 6749, or the gateway's messages, with the same statuses."""
    answer = ask(reader, **changed)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    reader.tenant.switches.token_errors = "gateway"
    answer = ask(reader, **changed)
    assert (answer.status_code, answer.json()) == (status, {"message": message})


def test_the_grant_may_be_refused(reader: Reader) -> None:
    """A tenant without `client_credentials` says so with 400 `Invalid grant type`."""
    reader.tenant.switches.grant = "refused"
    answer = ask(reader)
    assert answer.status_code == 400
    assert answer.json()["error_description"] == "Invalid grant type"


def test_a_token_ends_with_its_life(reader: Reader, clock: Clock) -> None:
    """A token is good until its life is over, and not an instant longer; `expires_in` may be left out."""
    reader.tenant.switches.move({"token_life": 60.0, "expires_in": "left_out"})
    answer = ask(reader).json()
    assert "expires_in" not in answer
    clock.now += 59.9
    assert opens(reader, f"Bearer {answer['access_token']}")
    clock.now += 0.1
    assert not opens(reader, f"Bearer {answer['access_token']}")


def test_tokens_can_be_revoked(reader: Reader) -> None:
    """After `revoke_tokens` no token opens anything, and a new one does."""
    token = ask(reader).json()["access_token"]
    reader.tenant.revoke_tokens()
    assert not opens(reader, f"Bearer {token}")
    assert opens(reader, f"Bearer {ask(reader).json()['access_token']}")


def test_rotation(reader: Reader, clock: Clock) -> None:
    """A new secret ends the old one at once, or after the overlap."""
    old = reader.tenant.client_secret
    assert reader.tenant.rotate_secret() == reader.tenant.client_secret != old
    assert ask(reader, client_secret=old).status_code == 401
    assert ask(reader).status_code == 200
    reader.tenant.switches.move({"rotation": "overlap", "rotation_overlap": 10.0})
    old = reader.tenant.client_secret
    reader.tenant.rotate_secret()
    assert ask(reader, client_secret=old).status_code == 200
    clock.now += 10
    assert ask(reader, client_secret=old).status_code == 401


def test_a_secret_may_expire(reader: Reader, clock: Clock) -> None:
    """With `secret_life`, the secret stops working at its date until it is replaced."""
    reader.tenant.rotate_secret()
    reader.tenant.switches.secret_life = 50
    clock.now += 50
    assert ask(reader).status_code == 401
    reader.tenant.rotate_secret()
    assert ask(reader).status_code == 200


def test_basic_on_api1(reader: Reader) -> None:
    """User and password open api1 by HTTP Basic, unless the switch refuses it; the client's own pair never does."""
    tenant = reader.tenant

    def basic(user: str, password: str) -> bool:
        request = httpx.Request("GET", "http://x")
        flow = httpx.BasicAuth(user, password).auth_flow(request)
        return opens(reader, next(flow).headers["Authorization"])

    assert basic(tenant.username, tenant.password)
    assert not basic(tenant.client_id, tenant.client_secret)
    tenant.switches.basic_auth = "refused"
    assert not basic(tenant.username, tenant.password)
