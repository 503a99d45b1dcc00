"""The token of a connected application opens api1 where a switch says so; what is wrong with one has X3's number."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

import pytest

from driftd.simulator import Farm, Tenant
from tests.simulator.reader import Clock, Reader, reading

NOW = 1_800_000_000


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock(float(NOW))


@pytest.fixture(scope="module")
def served(clock: Clock) -> Iterator[Reader]:
    farm = Farm.build(tenants=1, records=5, only=("SORDER",))
    farm.clock = farm.wall = clock
    with reading(farm) as reader:
        yield reader


@pytest.fixture
def app(reader: Reader) -> Reader:
    reader.tenant.switches.connected_app_jwt = "accepted"
    return reader


def part(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def token(tenant: Tenant, secret: str | None = None, alg: str = "HS256", **changes: Any) -> str:
    claims = {"iss": tenant.client_id, "sub": tenant.username, "aud": tenant.audience, "iat": NOW - 5, "exp": NOW + 60}
    content = f"{part(json.dumps({'alg': alg}).encode())}.{part(json.dumps(claims | changes).encode())}"
    key = (tenant.client_secret if secret is None else secret).encode()
    return f"{content}.{part(hmac.new(key, content.encode(), hashlib.sha256).digest())}"


def asked(reader: Reader, bearer: str) -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {bearer}", "X-Sage-Folder": "ALDGATE"}
    url = f"/api1/x3/erp/{reader.tenant.endpoint}/SORDER?representation=SORDER.$query"
    answer = reader.client.get(url, headers=headers)
    return answer.status_code, "" if answer.status_code == 200 else answer.text


def test_it_is_refused_like_any_other_unless_the_switch_is_moved(reader: Reader) -> None:
    """By default nobody knows it; accepted, it opens api1 beside the tokens that are issued."""
    good = token(reader.tenant)
    status, text = asked(reader, good)
    assert (status, "Unauthorized" in text) == (401, True)
    reader.tenant.switches.connected_app_jwt = "accepted"
    assert asked(reader, good) == (200, "")
    assert asked(reader, reader.token()) == (200, "")


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"iat": NOW}, None),
        ({"iat": NOW + 1}, 21),
        ({"iss": "somebody"}, 41),
        ({"sub": "somebody"}, 42),
        ({"sub": "WS.ALDGATE"}, 42),
        ({"aud": "https://x3.aldgate.example:8124/xtrem/api/"}, 45),
        ({"aud": "http://x3.aldgate.example:8124/xtrem/api"}, 45),
        ({"secret": "other"}, 50),
        ({"alg": "none"}, 50),
        ({"exp": NOW}, 50),
        ({"exp": NOW + 1}, None),
        ({"exp": NOW + 595}, None),
        ({"exp": NOW + 596}, 50),
        ({"exp": "soon"}, 50),
    ],
)
def test_what_is_wrong_has_its_number(app: Reader, changes: dict[str, Any], number: int | None) -> None:
    """In plain text; the audience is compared byte for byte, and a token lives no longer than is allowed."""
    expected = (200, "") if number is None else (401, f"Error {number}: Invalid token")
    assert asked(app, token(app.tenant, **changes)) == expected


@pytest.mark.parametrize("skew", [-10, 70])
def test_the_tenants_clock_decides(app: Reader, skew: float) -> None:
    """Behind by more than the token was back-dated it is of the future; ahead by more than its life it has ended."""
    app.tenant.switches.clock_skew = skew
    assert asked(app, token(app.tenant))[1] == f"Error {21 if skew < 0 else 50}: Invalid token"


def test_a_rotated_secret_signs_nothing_any_more_unless_rotations_overlap(app: Reader, clock: Clock) -> None:
    """As at the token endpoint: at once by default, after the overlap where there is one."""
    old = app.tenant.client_secret
    new = app.tenant.rotate_secret()
    assert [asked(app, token(app.tenant, each))[0] for each in (old, new)] == [401, 200]
    app.tenant.switches.move({"rotation": "overlap", "rotation_overlap": 9.0})
    newer = app.tenant.rotate_secret()
    assert [asked(app, token(app.tenant, each))[0] for each in (old, new, newer)] == [401, 200, 200]
    clock.now += 9
    assert [asked(app, token(app.tenant, each))[0] for each in (new, newer)] == [401, 200]
    clock.now = NOW


@pytest.mark.parametrize("bearer", ["a.b.c", "e30.e30", "..", "é.é.é", "W10.W10.x", "bm8.bm8.bm8"])
def test_what_is_no_such_token_is_refused_as_ever(app: Reader, bearer: str) -> None:
    status, text = asked(app, bearer.encode("ascii", "ignore").decode())
    assert (status, "Error" in text) == (401, False)
