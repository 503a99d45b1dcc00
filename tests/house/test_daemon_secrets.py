"""No secret leaves the daemon by any way but the requests that need it."""

import base64
import secrets
from pathlib import Path
from urllib.parse import quote

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
