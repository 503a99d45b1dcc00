"""No secret leaves the daemon by any way but the requests that need it."""

import base64
import secrets
from pathlib import Path
from urllib.parse import quote

import pytest

from driftd.simulator import Fault
from tests.house.process import connection, estate, head, running


def shown_as(secret: str) -> set[bytes]:
    """Return a secret as it would be written."""
    return {secret.encode(), quote(secret, "").encode(), base64.b64encode(secret.encode()).rstrip(b"=")}


def test_no_secret_is_to_be_seen_anywhere(tmp_path: Path) -> None:
    """Client secrets, refused ones too, tokens and passwords stand in no log at level debug, no answer, no byte of the
    database and no command line, through polls, failures, live checks and a reload."""
    with estate(tmp_path, tenants=3) as site:
        aldgate, borough, camden = site.tenants
        wrong = "wrong-" + secrets.token_urlsafe(24)
        basic = f'type = "basic"\nusername = "{borough.username}"\npassword = {{ env = "BOROUGH_PASSWORD" }}\n'
        site.place.write_text(
            head(daemon={"log_level": "debug"}, web={"metrics_detail": "full", "enable_reload": True})
            + connection(aldgate, site.served.url)
            + connection(borough, site.served.url, auth=basic)
            + connection(camden, site.served.url)
        )
        (tmp_path / "camden.secret").write_text(wrong)
        with running(tmp_path, environ={"BOROUGH_PASSWORD": borough.password}) as daemon:
            daemon.becomes("aldgate", "ok")
            daemon.becomes("borough", "ok")
            daemon.becomes("camden", "auth_failed")
            given = set(aldgate.credentials.tokens)
            aldgate.revoke_tokens()
            aldgate.faults.append(Fault("malformed", resource="BPCUSTOMER"))
            daemon.until(lambda: daemon.lines("poll failed"))
            probes = [f"/probe?target={each}&debug=true&fresh=1" for each in site.farm]
            answers = [daemon.get(path).content for path in ("/metrics", "/api/v1/sd", "/", *probes)]
            answers.append(daemon.client.post(daemon.url + "/-/reload").content)
            commandline = Path(f"/proc/{daemon.process.pid}/cmdline").read_bytes()
            given |= set(aldgate.credentials.tokens)
            stored = [each.read_bytes() for each in (tmp_path / "data").iterdir() if each.is_file()]
            assert daemon.end() == 0
            stored += [each.read_bytes() for each in (tmp_path / "data").iterdir() if each.is_file()]
            seen = [daemon.log.read_bytes(), commandline, *answers, *stored]
        assert len(given) > 1
        planted = {aldgate.client_secret, wrong, borough.password, f"{borough.username}:{borough.password}"} | given
        found = {each for secret in planted for each in shown_as(secret) if any(each in text for text in seen)}
        assert not found
        assert any(b"aldgate" in text for text in stored)


@pytest.mark.heavy
def test_folders_that_share_a_client_show_a_refused_secret_as_often_as_one(tmp_path: Path) -> None:
    """It is looked at twice for all of them together, so that no lockout is caused; the new one is taken up by each.

    Those that ask while the first is not answered yet are not held back: each of the eight once, at worst.
    """
    refused: list[bool] = []
    with estate(tmp_path, tenants=1) as site:
        (tenant,) = site.tenants
        secret = tmp_path / f"{tenant.name}.secret"
        names = [f"aldgate-{number}" for number in range(8)]
        site.place.write_text(head() + "".join(connection(tenant, site.served.url, name=each) for each in names))
        with running(tmp_path) as daemon:
            for each in names:
                daemon.becomes(each, "ok")
            fresh = tenant.rotate_secret()
            tenant.on_request = lambda request: refused.append(request.path.endswith("token"))
            tenant.revoke_tokens()
            for each in names:
                daemon.becomes(each, "auth_failed")
            shown = sum(refused)
            secret.write_text(fresh)
            for each in names:
                daemon.becomes(each, "ok")
            assert daemon.end() == 0
    assert 2 <= shown <= len(names) + 2
