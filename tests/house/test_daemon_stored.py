"""Connections are brought to a daemon that runs, by people and programs, and leave it again."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from subprocess import PIPE
from typing import Any

import httpx
import pytest

from tests.house.brought import PATH, put, table, vendor
from tests.house.process import connection, running
from tests.house.test_daemon_secrets import shown_as


def rows(folder: Path, query: str) -> list[tuple[Any, ...]]:
    """Ask the database."""
    with closing(sqlite3.connect(folder / "data" / "driftd.db")) as db:
        return db.execute(query).fetchall()


def of(folder: Path, name: str) -> dict[str, int]:
    """Count what was captured of a connection."""
    query = "SELECT count(*) FROM {} AS x JOIN resources AS r ON r.id = x.resource_id WHERE r.connection = '{}'"
    return {each: rows(folder, query.format(each, name))[0][0] for each in ("records", "segments", "generations")}


def test_a_new_secret_is_taken_over_http(tmp_path: Path) -> None:
    """One that the tenant refuses stays outside, with each step; the right one is used at once, the same again changes
    nothing, and a secret that stands elsewhere is changed there. None of them shows anywhere."""
    with vendor(tmp_path) as site, running(tmp_path) as daemon:
        _, borough = site.tenants
        assert put(daemon, "borough", table(borough, site.served.url)).status_code == 201
        daemon.becomes("borough", "ok")
        first, fresh = borough.client_secret, borough.rotate_secret()
        borough.revoke_tokens()
        daemon.client.post(f"{daemon.url}{PATH}/borough/poll")
        daemon.becomes("borough", "auth_failed")

        def given(secret: str, name: str = "borough", **more: object) -> httpx.Response:
            return daemon.client.post(f"{daemon.url}{PATH}/{name}/rotate", json={"secret": secret, **more})

        wrong = given("planted-in-vain", reason="rotated", by="jo")
        assert (wrong.status_code, wrong.json()["detail"]) == (
            422,
            "the client_secret is not valid: that of before stays",
        )
        failed = [each["reason"] for each in wrong.json()["check"]["steps"] if each["outcome"] == "failed"]
        assert failed == ["oauth_invalid_client"]
        right = given(fresh, reason="rotated", by="jo")
        assert (right.status_code, right.json()["change"], right.json()["check"]["valid"]) == (200, "changed", True)
        daemon.becomes("borough", "ok")
        assert given(fresh).json()["change"] == "unchanged"
        elsewhere = given(fresh, name="aldgate")
        assert (elsewhere.status_code, "stands in the" in elsewhere.json()["detail"]) == (409, True)
        assert [given(fresh, name="nobody").status_code, given(fresh, field="x").status_code] == [404, 400]
        blank = given("blank at its end ")
        assert blank.status_code == 422
        assert [each["outcome"] for each in blank.json()["check"]["steps"] if each["check"] == "secret"] == ["warned"]
        assert daemon.end() == 0
        query = 'SELECT action, subject, "by", reason FROM deeds ORDER BY id DESC LIMIT 1'
        assert rows(tmp_path, query) == [("keep_secret", "client_secret 2", "jo", "rotated")]
        seen = daemon.log.read_bytes() + wrong.content + right.content + elsewhere.content
        seen += b"".join(each.read_bytes() for each in (tmp_path / "data").rglob("*") if each.is_file())
        assert not [each for secret in (first, fresh, "planted-in-vain") for each in shown_as(secret) if each in seen]


def test_a_connection_that_is_brought_is_polled_and_lives_on(tmp_path: Path) -> None:
    """It is checked, stored with its secret sealed, and polled at once, beside one of the file; the same again changes
    nothing; after a restart it is there as before. Removed, it takes along all that was captured."""
    with vendor(tmp_path) as site:
        _, borough = site.tenants
        body = table(borough, site.served.url, environment="test", reason="new customer", by="jo")
        with running(tmp_path) as daemon:
            daemon.becomes("aldgate", "ok")
            made = put(daemon, "borough", body)
            assert (made.status_code, made.json()["change"]) == (201, "created"), made.text
            assert made.headers["location"] == f"{PATH}/borough"
            assert [each["outcome"] for each in made.json()["check"]["steps"] if each["check"] == "token"] == ["ok"]
            daemon.becomes("borough", "ok")
            again = put(daemon, "borough", body)
            assert (again.status_code, again.json()["change"]) == (200, "unchanged")
            shown = daemon.get(f"{PATH}/borough").json()
            assert (shown["source"], shown["environment"], shown["made"]["by"]) == ("stored", "test", "jo")
            assert shown["settings"]["auth"] == {"client_id": borough.client_id, "token_url": body["auth"]["token_url"]}
            assert daemon.end() == 0
        assert rows(tmp_path, 'SELECT action, "by", reason FROM deeds') == [("add_connection", "jo", "new customer")]
        seen = made.content + b"".join(each.read_bytes() for each in (tmp_path / "data").rglob("*") if each.is_file())
        with running(tmp_path) as daemon:
            daemon.becomes("borough", "ok")
            found = json.loads(site.run("connections list --format json").out)["connections"]
            assert [(each["connection"], each["source"]) for each in found] == [
                ("aldgate", "file"),
                ("borough", "stored"),
            ]
            ran = site.run("connections remove borough --erase-data --reason 'the customer left' --by jo")
            assert (ran.code, "erased" in ran.out) == (0, True), ran.err
            assert (daemon.state("borough"), daemon.get(f"{PATH}/borough").status_code) == ("", 404)
            daemon.becomes("aldgate", "ok")
            assert daemon.end() == 0
        seen += daemon.log.read_bytes() + ran.out.encode()
        assert not [each for each in shown_as(borough.client_secret) if each in seen]
        gone = rows(tmp_path, 'SELECT connection, action, "by", reason FROM deeds ORDER BY id')[1:]
        assert gone == [("borough", "erase_connection", "jo", "the customer left")]
        for each in ("connections", "sealed", "clearing"):
            assert rows(tmp_path, f"SELECT count(*) FROM {each}") == [(0,)]
        for each in ("connection_health", "flips", "polls", "alerts", "notices"):
            assert not rows(tmp_path, f"SELECT 1 FROM {each} WHERE connection = 'borough'")
        assert (set(of(tmp_path, "borough").values()), min(of(tmp_path, "aldgate").values())) == ({0}, 0)
        assert of(tmp_path, "aldgate")["records"] > 0


@pytest.mark.heavy
def test_what_does_not_go_is_told_and_changes_nothing(tmp_path: Path) -> None:
    """A name of the file, a secret that the tenant refuses, a reload that brings a name of the database: each says what
    is next, nothing of it is stored, and who is polled is polled on."""
    with vendor(tmp_path) as site:
        aldgate, borough = site.tenants
        body = table(borough, site.served.url)
        wrong = {**body, "auth": {**body["auth"], "client_secret": "planted-wrong"}}
        with running(tmp_path) as daemon:
            daemon.becomes("aldgate", "ok")
            taken = put(daemon, "aldgate", table(aldgate, site.served.url))
            assert (taken.status_code, "at connections[0]" in taken.json()["detail"]) == (409, True)
            refused = put(daemon, "borough", wrong)
            assert refused.status_code == 422
            failed = [each for each in refused.json()["check"]["steps"] if each["outcome"] == "failed"]
            assert [(each["check"], each["reason"]) for each in failed] == [("token", "oauth_invalid_client")]
            assert failed[0]["tell_the_customer"]
            mistaken = put(daemon, "borough", {**body, "base_url": "https://169.254.169.254", "folder": 7}).json()
            assert [each["path"] for each in mistaken["mistakes"]] == [
                "stored: connections.borough.folder",
                "stored: connections.borough.base_url",
            ]
            for table_ in ("connections", "sealed", "deeds"):
                assert rows(tmp_path, f"SELECT count(*) FROM {table_}") == [(0,)]
            unchecked = put(daemon, "borough", wrong, "?validate=false")
            assert (unchecked.status_code, unchecked.json()["check"]) == (201, None)
            daemon.becomes("borough", "auth_failed")
            moved = put(daemon, "borough", {**body, "base_url": "http://127.0.0.1:1", "auth": {"client_id": "x"}})
            assert moved.status_code == 422
            assert put(daemon, "borough", body).json()["change"] == "changed"
            daemon.becomes("borough", "ok")
            alone = site.place.read_text()
            site.place.write_text(alone + connection(borough, site.served.url))
            daemon.reloads()
            (line,) = daemon.lines("configuration refused")
            assert (line["path"], "stands in the database already" in line["mistake"]) == ("connections[1].name", True)
            site.place.write_text(alone)
            daemon.reloads()
            daemon.becomes("aldgate", "ok")
            daemon.becomes("borough", "ok")
            assert daemon.end() == 0
        assert b"planted-wrong" not in daemon.log.read_bytes()


CLIENT = """
import http.client, sys
client = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=60)
client.request("PUT", sys.argv[2], sys.stdin.buffer.read(), {"Content-Type": "application/json", "X-Driftd": "1"})
print(client.getresponse().status)
"""


@pytest.mark.heavy
def test_twenty_processes_that_bring_the_same_bring_it_once(tmp_path: Path) -> None:
    """One connection, one row of the audit log, one live check of the tenant; the others hear that it is there
    (``DRIFTD_HEAVY=short``: five)."""
    many = 5 if os.environ.get("DRIFTD_HEAVY") == "short" else 20
    with vendor(tmp_path, named=0, tenants=1) as site:
        (tenant,) = site.tenants
        body = json.dumps(table(tenant, site.served.url)).encode()
        with running(tmp_path) as daemon:
            line = [sys.executable, "-S", "-c", CLIENT, daemon.url.rpartition(":")[2], f"{PATH}/aldgate"]
            clients = [subprocess.Popen(line, stdin=PIPE, stdout=PIPE) for _ in range(many)]
            said = [each.communicate(body, timeout=60)[0].split()[0] for each in clients]
            assert sorted(said) == [b"200"] * (many - 1) + [b"201"]
            assert rows(tmp_path, "SELECT name, made_by FROM connections") == [("aldgate", "api")]
            assert rows(tmp_path, "SELECT action FROM deeds") == [("add_connection",)]
            daemon.becomes("aldgate", "ok")
            assert site.run("connections remove aldgate --keep-data --reason over").code == 0
            assert daemon.state("aldgate") == ""
            assert daemon.end() == 0
        assert of(tmp_path, "aldgate")["records"] > 0
