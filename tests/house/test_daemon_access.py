"""A daemon whose API takes tokens: at once, for programs; and its own user needs none."""

import json
import os
import stat
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.house.brought import PATH, delete, put, table, vendor
from tests.house.process import Daemon, Estate, connection, estate, head, running


def made(site: Estate, *words: str) -> dict[str, str]:
    """Make a token and return the header that it is sent by."""
    ran = site.run("tokens create", *words)
    assert ran.code == 0, ran.err
    return {"authorization": f"Bearer {ran.out.strip()}"}


def listed(site: Estate) -> dict[str, dict[str, Any]]:
    """Return what is told of each token."""
    return {each["name"]: each for each in json.loads(site.run("tokens list --format json").out)["tokens"]}


def codes(daemon: Daemon, path: str, *headers: dict[str, str]) -> list[int]:
    return [daemon.get(path, **each).status_code for each in headers]


def test_tokens_count_from_their_making_to_their_revocation(tmp_path: Path) -> None:
    """Each sees and does what its scope and its connection let it, beside a daemon that runs; commands of its own user
    go on without one, over a socket that nobody else may open; and no token is anywhere in files or log."""
    with estate(tmp_path, tenants=2) as site, running(tmp_path) as daemon:
        daemon.becomes("aldgate", "ok")
        daemon.becomes("borough", "ok")
        mode = (tmp_path / "data" / "driftd.sock").stat().st_mode
        assert (stat.S_ISSOCK(mode), stat.S_IMODE(mode)) == (True, 0o600)
        read = made(site, "grafana --scope read")
        mine = made(site, "vendor --scope operate --connection aldgate --expires 1d")
        assert codes(daemon, "/metrics", {}, read, mine) == [401, 200, 200]
        assert codes(daemon, "/-/healthy", {}) == codes(daemon, "/-/ready", {}) == [200]
        assert "borough" in daemon.get("/metrics", **read).text
        assert "borough" not in daemon.get("/metrics", **mine).text
        assert 'driftd_connection_up{connection="aldgate"} 1' in daemon.get("/metrics", **mine).text
        path = "/api/v1/cursors/warehouse"
        assert daemon.client.post(daemon.url + path, json={"after": 1}, headers=read).status_code == 403
        own = {"after": 1, "connection": "aldgate"}
        assert daemon.client.post(daemon.url + path, json=own, headers=mine).status_code == 200
        assert site.run("cursors forget warehouse").code == 0
        assert set(listed(site)) == {"grafana", "vendor"}
        assert site.run("tokens revoke grafana").code == 0
        assert codes(daemon, "/metrics", read, mine) == [401, 200]
        assert daemon.end() == 0
        assert not (tmp_path / "data" / "driftd.sock").exists()
        assert listed(site)["vendor"]["used_at"]
        texts = [each["authorization"].removeprefix("Bearer ").encode() for each in (read, mine)]
        everything = [each.read_bytes() for each in (tmp_path / "data").rglob("*") if each.is_file()]
        assert not any(text in each for text in texts for each in [*everything, daemon.log.read_bytes()])
    with running(tmp_path) as daemon:
        daemon.ready()
        assert codes(daemon, "/metrics", {}, read, mine) == [401, 401, 200]
        assert daemon.lines("credentials travel unencrypted") == []


@pytest.mark.heavy
def test_a_token_goes_with_the_connection_that_it_is_bound_to(tmp_path: Path) -> None:
    """Where that is removed from the database, at once and for good: another of the same name is not seen by it. One of
    the file that is taken out of it hides what is its own, and shows it again once the file has it again."""
    with vendor(tmp_path) as site:
        _, borough = site.tenants
        body = table(borough, site.served.url)
        named = site.place.read_text()
        with running(tmp_path) as daemon:
            daemon.becomes("aldgate", "ok")
            all_ = made(site, "all --scope admin")
            daemon.client.headers.update(all_)
            assert put(daemon, "borough", body).status_code == 201
            stored = made(site, "stored --scope operate --connection borough")
            filed = made(site, "filed --scope read --connection aldgate")
            assert codes(daemon, f"{PATH}/borough", stored) == codes(daemon, f"{PATH}/aldgate", filed) == [200]
            gone = delete(daemon, "borough", "keep")
            assert gone.json()["says"].endswith('tokens bound to it let nobody in any more: "stored"')
            assert set(listed(site)) == {"all", "filed"}
            assert put(daemon, "borough", body).status_code == 201
            assert codes(daemon, f"{PATH}/borough", stored, all_) == [401, 200]
            site.place.write_text(named[: named.index("[[connections]]")])
            daemon.reloads()
            assert codes(daemon, f"{PATH}/aldgate", filed) == [404]
            assert daemon.get(PATH, **filed).json()["connections"] == []
            assert "aldgate" not in daemon.get("/metrics", **filed).text
            site.place.write_text(named)
            daemon.reloads()
            assert codes(daemon, f"{PATH}/aldgate", filed) == [200]
            told = daemon.get("/api/v1/audit?connection=borough").json()["audit"]
            assert [
                (each["action"], each["subject"], each["reason"]) for each in told if "token" in each["action"]
            ] == [
                ("revoke_token", "stored", "removed with its connection"),
                ("make_token", "stored", told[-2]["reason"]),
            ]
            assert daemon.end() == 0
        with running(tmp_path) as daemon:
            daemon.ready()
            assert codes(daemon, f"{PATH}/borough", stored, all_) == [401, 200]


def test_others_are_served_once_there_is_a_token(tmp_path: Path) -> None:
    """Without, a start that would serve them is refused with the next step; with one they are let in by it, and when
    the last is revoked nobody is: a door that others can reach is never open."""
    with estate(tmp_path) as site:
        text = head(web={"listen": "0.0.0.0:0"})
        site.place.write_text(text + "".join(connection(each, site.served.url) for each in site.tenants))
        refused = site.run("run")
        assert refused.code == 2
        assert "web.listen: must be a loopback address" in refused.err
        assert "driftd tokens create" in refused.err
        token = made(site, "grafana --scope read")
        with running(tmp_path) as daemon:
            url = str(daemon.until(lambda: [each["url"] for each in daemon.lines("driftd runs")])[0])
            port = url.rpartition(":")[2]
            place = f"http://127.0.0.1:{port}/metrics"
            asked = [httpx.get(place, headers=each, trust_env=False, verify=False).status_code for each in ({}, token)]
            assert asked == [401, 200]
            (line,) = daemon.lines("credentials travel unencrypted")
            assert ("web_config_file" in line["hint"], line["listen"]) == (True, f"0.0.0.0:{port}")
            assert site.run("tokens revoke grafana").code == 0
            asked = [httpx.get(place, headers=each, trust_env=False, verify=False).status_code for each in ({}, token)]
            assert asked == [401, 401]
            assert daemon.end() == 0


@pytest.mark.heavy
def test_a_deep_data_directory_has_its_socket_all_the_same(tmp_path: Path) -> None:
    """The system takes short addresses only; and one that a killed daemon left is in nobody's way."""
    inner = "/".join(["d" * 60] * 3)
    deep = tmp_path / inner
    with estate(tmp_path) as site:
        text = head(daemon={"data_dir": inner})
        site.place.write_text(text + "".join(connection(each, site.served.url) for each in site.tenants))
        with running(tmp_path) as daemon:
            daemon.ready()
            assert site.run("tokens create x --scope read").code == 0
            daemon.process.kill()
            daemon.process.wait()
        assert (deep / "driftd.sock").exists()
        assert site.run("tokens revoke x").code == 0
        with running(tmp_path) as daemon:
            daemon.ready()
            assert site.run("tokens create y --scope read").code == 0
            assert os.path.exists(deep / "driftd.sock")  # noqa: PTH110
