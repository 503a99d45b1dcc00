"""A daemon that keeps its tenants' secrets: rotated while it runs, read by nobody, and never without their key."""

import os
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from driftd.simulator import Tenant
from tests.house.process import Daemon, Estate, Ran, connection, estate, head, running
from tests.house.test_daemon_secrets import shown_as


def configure(site: Estate) -> None:
    """Have driftd keep the secrets of all tenants, and debug what it does, at a port that commands find."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        listen = f"127.0.0.1:{free.getsockname()[1]}"
    text = head(daemon={"log_level": "debug"}, web={"listen": listen, "metrics_detail": "full"})
    for tenant in site.tenants:
        auth = f'token_url = "{site.served.url}{tenant.token_path}"\nclient_id = "{tenant.client_id}"\n'
        text += connection(tenant, site.served.url, auth=auth)
        (site.folder / f"{tenant.name}.secret").unlink(missing_ok=True)
    site.place.write_text(f'[vault]\nkey_file = "key"\n{text}')
    assert site.run("keys generate").code == 0


def given(site: Estate, tenant: Tenant, secret: str, *more: str) -> Ran:
    """Give driftd a secret to keep."""
    line = [sys.executable, "-m", "driftd", "connections", "rotate", tenant.name, "--secret-stdin", *more]
    done = subprocess.run(
        line,
        cwd=site.folder,
        input=f"{secret}\n",
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def written(folder: Path) -> dict[str, bytes]:
    """Return what the files of a data directory hold; who only reads leaves an empty log, and an index of it."""
    files = [each for each in folder.iterdir() if each.is_file() and not each.name.endswith("-shm")]
    return {each.name: content for each in files if (content := each.read_bytes())}


def seen(daemon: Daemon, *ran: Ran) -> list[bytes]:
    """Return what is to be seen of a daemon: its log, answers, arguments, files, and what commands said."""
    answers = [daemon.get(path).content for path in ("/metrics", "/", "/probe?target=aldgate&debug=true&fresh=1")]
    command = Path(f"/proc/{daemon.process.pid}/cmdline").read_bytes()
    files = [each.read_bytes() for each in (daemon.folder / "data").rglob("*") if each.is_file()]
    said = [text.encode() for each in ran for text in (each.out, each.err)]
    return [daemon.log.read_bytes(), command, *answers, *files, *said]


def test_a_secret_that_is_rotated_is_used_at_once_and_shows_nowhere(tmp_path: Path) -> None:
    """Connections wait for their secret and are polled as soon as it is given; when the tenant changes it, so again,
    without a reload. One that the tenant refuses stays outside."""
    with estate(tmp_path, tenants=2) as site:
        configure(site)
        aldgate, borough = site.tenants
        with running(tmp_path) as daemon:
            daemon.becomes("aldgate", "config_error")
            first = aldgate.client_secret
            ran = [given(site, each, each.client_secret) for each in site.tenants]
            assert [each.code for each in ran] == [0, 0], ran
            daemon.becomes("aldgate", "ok")
            daemon.becomes("borough", "ok")
            second = aldgate.rotate_secret()
            aldgate.revoke_tokens()
            daemon.becomes("aldgate", "auth_failed")
            ran.append(given(site, aldgate, "planted-" + first))
            assert ran[-1].code == 1
            ran.append(given(site, aldgate, second))
            assert (ran[-1].code, "it is the 2nd one" in ran[-1].out) == (0, True), ran[-1].err
            daemon.becomes("aldgate", "ok")
            everything = seen(daemon, *ran)
            assert daemon.end() == 0
            everything += [each.read_bytes() for each in (tmp_path / "data").rglob("*") if each.is_file()]
        key = (tmp_path / "key").read_text().strip()
        planted = {first, second, borough.client_secret, key}
        found = {each for secret in planted for each in shown_as(secret) if any(each in text for text in everything)}
        assert not found
        assert not any(bytes.fromhex(key) in text for text in everything)


@pytest.mark.heavy
def test_keys_are_rotated_while_polls_run(tmp_path: Path) -> None:
    """The daemon reads the new key by itself, polls on, and the next start does without the old one; without the new
    one there is none: it says which is missing, with exit code 2, and changes no file."""
    with estate(tmp_path) as site:
        configure(site)
        (tenant,) = site.tenants
        assert given(site, tenant, tenant.client_secret).code == 0
        old = (tmp_path / "key").read_text()
        with running(tmp_path) as daemon:
            daemon.becomes("aldgate", "ok")
            assert site.run("keys generate --add").code == 0
            ran = site.run("keys rotate")
            assert (ran.code, ": 1 secret rewrapped" in ran.out) == (0, True), ran.err
            tenant.revoke_tokens()
            asked = len(tenant.credentials.tokens)
            daemon.until(lambda: len(tenant.credentials.tokens) > asked)
            assert daemon.state("aldgate") == "ok"
            assert daemon.end() == 0
        new = (tmp_path / "key").read_text().splitlines()[0]
        (tmp_path / "key").write_text(new)
        with running(tmp_path) as daemon:
            daemon.becomes("aldgate", "ok")
            assert daemon.end() == 0
        (tmp_path / "key").write_text(old)
        before = written(tmp_path / "data")
        refused = site.run("run")
        assert refused.code == 2
        assert 'is missing, with which the secret of "aldgate" was sealed: put it back' in refused.err
        assert written(tmp_path / "data") == before


@pytest.mark.heavy
def test_a_reload_without_the_key_is_refused(tmp_path: Path) -> None:
    """All stays as it was; and what is kept of a connection that goes is shredded through the daemon."""
    with estate(tmp_path) as site:
        configure(site)
        (tenant,) = site.tenants
        assert given(site, tenant, tenant.client_secret).code == 0
        with running(tmp_path) as daemon:
            daemon.becomes("aldgate", "ok")
            key = (tmp_path / "key").read_text()
            (tmp_path / "key").write_text("ab" * 32)
            daemon.reloads()
            (line,) = daemon.lines("configuration refused")
            assert "is missing, with which the secret" in line["mistake"]
            (tmp_path / "key").write_text(key)
            site.place.write_text(site.place.read_text().split("[[connections]]")[0])
            daemon.reloads()
            ran = site.run("keys shred aldgate --reason over")
            assert (ran.code, ran.out.startswith('1 secret of "aldgate" shredded')) == (0, True), ran.err
            assert site.run("keys verify").out == "driftd keeps no secret\n"
