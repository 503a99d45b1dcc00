"""A connection that cannot be reached, or whose folder, client or secret is wrong: it fails alone, nothing is lost."""

import socket
from pathlib import Path
from typing import Any

import pytest

from driftd.adapters.x3.settings import Basic, ClientCredentials, Proof
from driftd.core.secret import Secret
from driftd.errors import Reason
from driftd.simulator import RequestSeen, Switches
from tests.faults.observing import Observe
from tests.house.rig import joined
from tests.house.troubled import SICK, Troubled, shown, troubled


def closed_port() -> str:
    """Return an address that refuses connections: a port that was just given back."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{bound.getsockname()[1]}"


WRONG = {
    "unreachable host": Reason.CONNECTION_REFUSED,
    "unknown host": Reason.DNS_FAILURE,
    "wrong folder": Reason.FOLDER_NOT_FOUND,
    "wrong endpoint": Reason.FOLDER_NOT_FOUND,
    "wrong client": Reason.OAUTH_INVALID_CLIENT,
    "wrong secret": Reason.OAUTH_INVALID_CLIENT,
    "wrong token endpoint": Reason.OAUTH_ERROR,
    "wrong password": Reason.UNAUTHORIZED,
    "no secret to read": Reason.CONFIG_ERROR,
}


def unreadable() -> str:
    """Stand for a secret whose file is gone."""
    raise FileNotFoundError("/run/secrets/aldgate")


def wrong(what: str, house: Troubled) -> dict[str, Any]:
    """Return the settings of a connection with one thing wrong."""
    tenant, url = house.patient.tenant, house.server.url
    token, secret = url + tenant.token_path, Secret(tenant.client_secret)
    client = tenant.client_id
    settings: dict[str, dict[str, Any]] = {
        "unreachable host": {"base_url": closed_port()},
        "unknown host": {"base_url": "http://aldgate.invalid"},
        "wrong folder": {"folder": "PILOT", "endpoint": tenant.endpoint},
        "wrong endpoint": {"endpoint": "PILOT"},
        "wrong client": {"auth": ClientCredentials(token, "somebody", secret)},
        "wrong secret": {"auth": ClientCredentials(token, client, Secret("not-the-secret"))},
        "wrong token endpoint": {"auth": ClientCredentials(url + "/PILOT/auth/token", client, secret)},
        "wrong password": {"auth": Basic(tenant.username, Secret("not-the-password"))},
        "no secret to read": {"auth": ClientCredentials(token, client, unreadable)},
    }
    return settings[what]


@pytest.mark.parametrize("what", WRONG)
async def test_a_connection_that_is_wrong_fails_alone(what: str, tmp_path: Path) -> None:
    """Each resource of a connection that cannot be used fails with its reason and next step, before and after it was
    ever read; the snapshot stays, the other connection goes on, and once set right exactly what changed is captured."""
    async with troubled(tmp_path) as house:
        right = house.patient
        async with joined(right.tenant, house.server.url, house.store, right.resources, **wrong(what, house)) as bad:
            house.patient = bad
            await _fails(house, WRONG[what], records=0)
            house.patient = right
            await house.settled()
            house.advance()
            before = await shown(house.store, "aldgate", SICK)
            house.patient = bad
            await _fails(house, WRONG[what], records=60)
            assert await shown(house.store, "aldgate", SICK) == before
            assert await house.events() == []
            house.patient = right
            await house.recovers()


async def _fails(house: Troubled, reason: Reason, records: int) -> None:
    reports = await house.poll()
    for (connection, _), report in reports.items():
        if connection == "borough":
            assert report.outcome == "ok"
        else:
            assert (report.outcome, report.reason) == ("failed", reason), report.message
            assert report.hint
            assert '"aldgate"' in report.message
            assert "not-the" not in report.message + report.hint
            assert report.records == records


async def test_a_login_page_for_bad_credentials_is_not_data(tmp_path: Path) -> None:
    """Where a tenant answers bad credentials with a login page and 200, or a redirect to one, nothing is captured."""
    async with troubled(tmp_path, basic=True, proof=Proof(second_look=0.0)) as house:
        await house.settled()
        for position in Switches.positions()["bad_credentials"]:
            house.patient.tenant.switches.move({"basic_auth": "refused", "bad_credentials": position})
            reports = await house.poll()
            failed = [each for each in reports.values() if each.outcome == "failed"]
            assert {each.connection for each in failed} == {"aldgate"}
            assert len(failed) == 2
            assert {each.reason for each in failed} <= {Reason.UNAUTHORIZED, Reason.MAINTENANCE_PAGE}
        house.patient.tenant.switches.move({"basic_auth": "allowed"})
        await house.recovers()


@pytest.mark.fault(21)
@pytest.mark.parametrize("how", ["revoked", "expired"])
async def test_a_token_that_ends_between_pages_is_renewed(how: str, tmp_path: Path, observe: Observe) -> None:
    """A token that ends in the middle of a sweep costs a new one and a second try of the page, and no record."""
    async with troubled(tmp_path, observe=observe, what=f"{how} at two of six pages") as house:
        await house.settled()
        house.advance()
        tenant, ended = house.patient.tenant, []

        def act(seen: RequestSeen) -> None:
            if seen.resource == SICK and seen.page in {2, 4} and seen.page not in ended:
                ended.append(seen.page)
                if how == "revoked":
                    tenant.revoke_tokens()
                else:
                    tenant.credentials.tokens = dict.fromkeys(tenant.credentials.tokens, house.farm.clock())

        tenant.on_request = act
        asked = tenant.requests[tenant.token_path]
        await house.recovers()
        house.seen.append(f"{tenant.requests[tenant.token_path] - asked} tokens asked for, the sweep went on")
        assert ended == [2, 4]
        assert tenant.requests[tenant.token_path] == asked + 2


@pytest.mark.fault(22)
async def test_a_secret_that_was_rotated_and_restored(tmp_path: Path, observe: Observe) -> None:
    """A rotated secret stops the connection as it stands in the configuration, between two pages too; once it is put
    back, or the new one is read, exactly what changed is captured."""
    async with troubled(tmp_path, observe=observe, what="between two pages") as house:
        right, tenant, url = house.patient, house.patient.tenant, house.server.url
        await house.settled()
        old = tenant.client_secret
        auth = ClientCredentials(url + tenant.token_path, tenant.client_id, Secret(old))
        async with joined(tenant, url, house.store, right.resources[:1], auth=auth) as fixed:
            house.patient = fixed

            def rotate(seen: RequestSeen) -> None:
                if seen.page == 3 and seen.resource == SICK:
                    tenant.on_request = None
                    tenant.rotate_secret()
                    tenant.revoke_tokens()

            tenant.on_request = rotate
            report = await house.suffers(Reason.OAUTH_INVALID_CLIENT)
            assert report.pages == 2
            tenant.credentials.client_secret, new = old, tenant.client_secret
        async with joined(tenant, url, house.store, right.resources[:1], auth=auth) as restored:
            house.patient = restored
            await house.recovers()
        house.patient = right
        tenant.credentials.client_secret = new
        tenant.revoke_tokens()
        house.advance()
        await house.recovers()
