"""The daemon as a connected application of a tenant, which signs its own tokens."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from driftd.simulator import RequestSeen, Tenant
from tests.house.planting import found, planted
from tests.house.process import Daemon, Estate, amiss, connection, equal, estate, head, read, running


def app(tenant: Tenant, **changes: str) -> str:
    """Return the table of a tenant's connected application."""
    known = {"client_id": tenant.client_id, "username": tenant.username, "audience": tenant.audience} | changes
    return 'type = "connected_app"\nclient_secret = { file = "aldgate.secret" }\n' + "".join(
        f'{name} = "{value}"\n' for name, value in known.items()
    )


def write(site: Estate, **changes: str) -> None:
    """Write the configuration, and the secret where it stands."""
    (tenant,) = site.tenants
    (site.folder / "aldgate.secret").write_text(tenant.client_secret)
    web = {"metrics_detail": "full"}
    text = connection(tenant, site.served.url, auth=app(tenant, **changes))
    site.place.write_text(head(web=web, daemon={"log_level": "debug"}) + text)


@contextmanager
def house(folder: Path) -> Iterator[tuple[Estate, Tenant, set[str]]]:
    """Give a tenant that takes such tokens, and those that it is shown."""
    with estate(folder) as site:
        (tenant,) = site.tenants
        tenant.switches.connected_app_jwt = "accepted"
        tenant.credentials.client_secret = planted("first")
        shown: set[str] = set()

        def seen(request: RequestSeen) -> None:
            shown.add(request.headers["authorization"].removeprefix("Bearer "))

        tenant.on_request = seen
        write(site)
        yield site, tenant, shown


def told(site: Estate, daemon: Daemon) -> str:
    """Wait until a refused secret is told wherever it is to be seen, and return the card."""
    daemon.becomes("aldgate", "auth_failed")
    (line,) = [line for line in daemon.lines("connection state changed") if line["state"] == "auth_failed"]
    assert line["reason"] == "oauth_invalid_client"
    card = str(daemon.until(lambda: "oauth_invalid_client" in (ran := site.run("explain aldgate")).out and ran.out))
    assert "Error 50: Invalid token" in card
    assert "X3 administrator" in card
    assert '"rejected"' in site.run("status --format json").out
    return card


def test_a_rotated_secret_is_told_taken_up_and_costs_no_record(tmp_path: Path) -> None:
    """Connect, poll, rotate, be told and resume as with `client_credentials`, without one request for a token; neither
    secret nor token is anywhere to be seen."""
    with house(tmp_path) as (site, tenant, shown), running(tmp_path) as daemon:
        daemon.becomes("aldgate", "ok")
        daemon.until(lambda: amiss(read(tmp_path, tenant)) == (0, 0), "a baseline")
        first, state, secrets = read(tmp_path, tenant), tenant.state, {"first secret": tenant.client_secret}
        tenant.rotate_secret()
        tenant.credentials.client_secret = secrets["second secret"] = planted("second")
        tenant.advance(create=4, update=6, delete=0, resource="BPCUSTOMER")
        card = told(site, daemon)
        (tmp_path / "aldgate.secret").write_text(tenant.client_secret)
        daemon.reloads()
        daemon.becomes("aldgate", "ok")
        daemon.until(lambda: amiss(read(tmp_path, tenant)) == (0, 0), "what changed meanwhile")
        paths = ("/metrics", "/probe?target=aldgate&debug=true&fresh=1", "/")
        texts: dict[str, bytes | str] = {path: daemon.get(path).content for path in paths}
        assert daemon.end() == 0
        second = read(tmp_path, tenant, first)
    equal(second)
    meant = tenant.truth(state, tenant.state, "BPCUSTOMER")
    assert sorted(key for _, _, key, _ in second.after) == sorted(each.key for each in meant)
    assert tenant.requests[tenant.token_path] == 0
    texts |= {each.name: each.read_bytes() for each in (tmp_path / "data").iterdir()}
    texts |= {"log": daemon.log.read_bytes(), "card": card}
    tokens = {f"token {number}": token for number, token in enumerate(sorted(shown))}
    assert len(tokens) > 1
    assert found(secrets | tokens, texts) == set()


@pytest.mark.heavy
def test_a_wrong_audience_is_the_configurations_and_a_live_check_says_so(tmp_path: Path) -> None:
    """A slash too many: the check names the setting, the daemon is in `config_error`, and a reload with the right one
    is enough."""
    with house(tmp_path) as (site, tenant, _):
        write(site, audience=tenant.audience + "/")
        tried = site.run("connections test aldgate")
        assert tried.code == 1
        assert "set audience to" in tried.out + tried.err
        with running(tmp_path) as daemon:
            daemon.becomes("aldgate", "config_error")
            write(site)
            daemon.reloads()
            daemon.becomes("aldgate", "ok")
            assert daemon.end() == 0
        tried = site.run("connections test aldgate")
        assert (tried.code, "eyJ" in tried.out) == (0, False)
        assert "none is asked for" in tried.out
        assert site.run("check config").code == 0
        assert tenant.requests[tenant.token_path] == 0
