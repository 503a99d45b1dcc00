"""What a daemon needs to start, what it says where it is missing, and that a large configuration is no trouble."""

import os
import socket
from pathlib import Path

import pytest

from tests.house.process import connection, crowd, estate, head, running

CROWD = 2_000 if os.environ.get("DRIFTD_HEAVY") == "short" else 10_000


@pytest.mark.parametrize(
    ("table", "key", "value", "code", "told"),
    [
        ("daemon", "data_dir", "file", 1, "check owner and permissions"),
        ("daemon", "data_dir", "/proc/driftd", 1, "check owner and permissions"),
        ("web", "listen", "127.0.0.1:{port}", 2, "is in use: stop what listens there"),
        ("web", "listen", "0.0.0.0:0", 2, "must be a loopback address"),
    ],
    ids=["data_dir is a file", "data_dir cannot be written", "port in use", "not loopback"],
)
def test_what_cannot_be_had_is_told_in_a_line(
    table: str, key: str, value: str, code: int, told: str, tmp_path: Path
) -> None:
    """The daemon does not start: a line that names the thing and the next step, no traceback, its own exit code."""
    (tmp_path / "file").touch()
    with socket.socket() as taken, estate(tmp_path) as site:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        given = value.format(port=taken.getsockname()[1])
        site.write(**{table: {key: given}})
        ran = site.run("run")
        assert not site.served.requests
    assert (ran.code, ran.out) == (code, ""), ran.err
    assert told in ran.err
    assert given in ran.err
    assert len([line for line in ran.err.splitlines() if not line.startswith("time=")]) == 1, ran.err


def test_a_missing_secret_is_one_connections_trouble(tmp_path: Path) -> None:
    """A variable that is not set, and a file that is not there yet: those connections say so, the others are polled;
    once the file is there its connection recovers by itself."""
    with estate(tmp_path, tenants=3) as site:
        aldgate, borough, camden = site.tenants
        token = f'token_url = "{site.served.url}{borough.token_path}"\nclient_id = "driftd"\n'
        auth = f'{token}client_secret = {{ env = "GONE" }}\n'
        site.place.write_text(
            head()
            + connection(aldgate, site.served.url)
            + connection(borough, site.served.url, auth=auth)
            + connection(camden, site.served.url)
        )
        (tmp_path / "camden.secret").unlink()
        with running(tmp_path) as daemon:
            daemon.becomes("aldgate", "ok")
            daemon.becomes("borough", "config_error")
            daemon.becomes("camden", "config_error")
            errors = {
                line["connection"]: line["error"]
                for line in daemon.lines("connection state changed")
                if line["state"] == "config_error"
            }
            assert "GONE" in errors["borough"]
            assert "camden.secret" in errors["camden"]
            (tmp_path / "camden.secret").write_text(camden.client_secret)
            daemon.becomes("camden", "ok")
            assert daemon.state("borough") == "config_error"
            assert daemon.get("/-/ready").status_code == 200
            assert not [each for each in site.served.requests if each.tenant == "borough"]


@pytest.mark.heavy
def test_ten_thousand_connections_are_checked_and_run(tmp_path: Path) -> None:
    """`check config` accepts 10,000 connections (``DRIFTD_HEAVY=short``: 2,000); the daemon becomes ready though no
    tenant answers, shows them all, and ends in order."""
    with estate(tmp_path) as site:
        site.write([], probe="1h", delta="1h", sweep="24h")
        crowd(tmp_path / "conf.d", CROWD)
        checked = site.run("check config -c driftd.toml")
        assert checked.code == 0, checked.err
        with running(tmp_path, environ={"CROWD_SECRET": "s3cret"}) as daemon:
            daemon.ready()
            daemon.until(lambda: daemon.lines("connection state changed"), "tenants are tried")
            assert daemon.get("/metrics").text.count("\ndriftd_connection_info{") == CROWD
            assert daemon.end(120) == 0
            assert len(daemon.lines("driftd ended")) == 1
            assert not [line for line in daemon.lines() if line.get("level") == "error"], daemon.text()[:2000]
