"""A daemon with a web configuration: TLS, certificates of clients and users, changed while it runs."""

import re
import shutil
import ssl
import textwrap
from pathlib import Path

import bcrypt
import httpx
import pytest

from tests.adapters.web.issuing import DNS, authority, certificate, key_pem
from tests.adapters.web.issuing import client as issued
from tests.adapters.x3.asking import CERTIFICATES
from tests.house.process import Daemon, Estate, connection, estate, head, running

PASSWORD = "correct horse"
USERS = f"basic_auth_users:\n  jo: {bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(5)).decode()}\n"
TLS = "tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\n"
CLIENTS = "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: authority.pem\n"


def configure(site: Estate, text: str, **web: str) -> Path:
    for name, source in (
        ("cert.pem", "good.pem"),
        ("key.pem", "key.pem"),
        ("authority.pem", "authority.pem"),
        ("server.pem", "server.pem"),
    ):
        shutil.copy(CERTIFICATES / source, site.folder / name)
    (site.folder / "web.yml").write_text(text)
    known = head(web={"listen": "127.0.0.1:0", "web_config_file": "web.yml"} | web)
    site.place.write_text(known + "".join(connection(each, site.served.url) for each in site.tenants))
    return site.folder / "web.yml"


def place(daemon: Daemon) -> str:
    """Return where it listens, by a name that its certificate has."""
    found = daemon.until(lambda: re.search(r"https?://127\.0\.0\.1:(\d+)", daemon.text()))
    return f"https://localhost:{found[1]}"


def asks(url: str, path: str = "/metrics", client: bool = False, **how: object) -> int | str:
    """Return the status that a client is answered, or how the connection failed."""
    trusting = ssl.create_default_context(cafile=str(CERTIFICATES / "good.pem"))
    trusting.load_verify_locations(CERTIFICATES / "authority.pem")
    if client:
        trusting.load_cert_chain(CERTIFICATES / "client.pem", CERTIFICATES / "client-key.pem")
    try:
        with httpx.Client(verify=trusting, trust_env=False, timeout=30) as asking:
            return asking.get(url + path, **how).status_code  # type: ignore[arg-type]
    except httpx.TransportError as error:
        return type(error).__name__


def test_users_come_in_over_tls_and_commands_need_neither(tmp_path: Path) -> None:
    """As soon as the file has them, without a restart; a file that cannot be used changes nothing, and says why."""
    with estate(tmp_path) as site:
        file = configure(site, TLS)
        with running(tmp_path) as daemon:
            url = place(daemon)
            daemon.until(lambda: asks(url, "/-/ready") == 200)
            assert asks(url) == 200
            assert asks(url.replace("https", "http"), "/-/healthy") != 200
            assert site.run("healthcheck").code == 0
            file.write_text(TLS + USERS)
            daemon.until(lambda: asks(url) == 401)
            auth = ("jo", PASSWORD)
            assert [asks(url, auth=auth), asks(url, auth=("jo", "wrong")), asks(url, "/-/healthy")] == [200, 401, 200]
            file.write_text(TLS + USERS + "zzz: 1\n")
            daemon.until(lambda: daemon.lines("web configuration refused"))
            assert "is not known" in daemon.lines("web configuration refused")[0]["mistake"]
            assert asks(url, auth=auth) == 200
            made = site.run("tokens create grafana --scope read")
            assert made.code == 0, made.err
            assert asks(url, headers={"authorization": f"Bearer {made.out.strip()}"}) == 200
            file.write_text(TLS)
            daemon.until(lambda: asks(url, auth=auth) == 401)
            assert site.run("tokens revoke grafana").code == 0
            assert asks(url) == 200
            assert daemon.end() == 0
            seen = daemon.log.read_bytes()
            assert PASSWORD.encode() not in seen
            assert b"$2b$" not in seen


@pytest.mark.heavy
def test_clients_prove_who_they_are_by_a_certificate(tmp_path: Path) -> None:
    """Who shows none is turned away before anything is asked; others may then be served without users or tokens, and
    no longer once the file does not ask for certificates any more. A certificate that is renewed is shown at once."""
    with estate(tmp_path) as site:
        file = configure(site, TLS + CLIENTS, listen="0.0.0.0:0")
        with running(tmp_path) as daemon:
            found = daemon.until(lambda: re.search(r"https://0\.0\.0\.0:(\d+)", daemon.text()))
            url = f"https://localhost:{found[1]}"
            daemon.until(lambda: asks(url, "/-/ready", client=True) == 200)
            assert asks(url, client=True) == 200
            assert not isinstance(asks(url), int)
            assert site.run("tokens create grafana --scope read").code == 0
            assert asks(url, client=True) == 401
            assert site.run("tokens revoke grafana").code == 0
            (tmp_path / "server.pem").replace(tmp_path / "cert.pem")
            file.touch()
            shown = (CERTIFICATES / "server.pem").read_text()
            port = int(found[1])
            daemon.until(
                lambda: (
                    ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(("127.0.0.1", port)))
                    == ssl.PEM_cert_to_DER_cert(shown[shown.index("-----BEGIN") :])
                )
            )
            file.write_text(TLS)
            daemon.until(lambda: asks(url) == 401)
            assert daemon.end() == 0


@pytest.mark.heavy
def test_a_start_with_a_file_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    """With every mistake and its path, by `check config` as well, before anything is made; so is a reload."""
    with estate(tmp_path) as site:
        file = configure(site, "tls_server_config: {cert_file: none.pem}\nbasic_auth_users: {jo: secret}\n")
        for command in ("run", "check config"):
            refused = site.run(command)
            assert refused.code == 2
            assert "web.yml: tls_server_config.key_file: is missing" in refused.err
            assert "web.yml: basic_auth_users.jo: must be a bcrypt hash" in refused.err
            assert "secret" not in refused.err
        assert not (tmp_path / "data" / "driftd.db").exists()
        file.write_text(USERS)
        with running(tmp_path) as daemon:
            daemon.ready()
            assert daemon.get("/metrics").status_code == 401
            site.place.write_text(site.place.read_text().replace("web.yml", "none.yml"))
            daemon.reloads()
            assert [each["path"] for each in daemon.lines("configuration refused")] == ["web.web_config_file"]
            assert daemon.get("/metrics").status_code == 401
            assert daemon.end() == 0


@pytest.mark.heavy
def test_only_clients_of_some_names_are_let_in(tmp_path: Path) -> None:
    """Certificates and key may stand in the file itself, and the names that clients must have one of; both are in force
    once they change, and the key is in no log."""
    with estate(tmp_path) as site:
        key = key_pem()
        parts = {"cert": certificate("driftd"), "key": key, "client_ca": authority()}
        text = "tls_server_config:\n" + "".join(
            f"  {name}: |\n{textwrap.indent(pem, '    ')}" for name, pem in parts.items()
        )
        text += "  client_auth_type: RequireAndVerifyClientCert\n  curve_preferences: [X25519]\n"
        file = configure(site, text + "  client_allowed_sans: [scraper.example]\n", listen="0.0.0.0:0")
        mine, other = (issued(tmp_path, [DNS(name)]) for name in ("scraper.example", "other.example"))
        with running(tmp_path) as daemon:
            found = daemon.until(lambda: re.search(r"https://0\.0\.0\.0:(\d+)", daemon.text()))
            url = f"https://127.0.0.1:{found[1]}/metrics"

            def answered(who: ssl.SSLContext) -> bool:
                try:
                    return httpx.get(url, verify=who, trust_env=False, timeout=30).status_code == 200
                except httpx.TransportError:
                    return False

            daemon.until(lambda: answered(mine))
            assert not answered(other)
            file.write_text(text + "  client_allowed_sans: [other.example]\n")
            daemon.until(lambda: answered(other))
            assert not answered(mine)
            file.write_text(text.replace(key.splitlines()[1], "planted"))
            daemon.until(lambda: daemon.lines("web configuration refused"))
            (line,) = daemon.lines("web configuration refused")
            assert line["path"].strip('"') == "web.yml: tls_server_config.key"
            assert answered(other)
            assert daemon.lines("credentials travel unencrypted") == []
            file.write_text(USERS)
            daemon.until(lambda: daemon.lines("credentials travel unencrypted"))
            assert daemon.end() == 0
            assert key.splitlines()[1] not in daemon.text()
            assert "planted" not in daemon.text()
