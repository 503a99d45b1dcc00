"""Connections are brought to a daemon that runs, by people and programs, and leave it again."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.house.brought import PATH, put, table, vendor
from tests.house.process import running
from tests.house.test_daemon_secrets import shown_as


def rows(folder: Path, query: str) -> list[tuple[Any, ...]]:
    """Ask the database."""
    with closing(sqlite3.connect(folder / "data" / "driftd.db")) as db:
        return db.execute(query).fetchall()


def test_a_connection_that_is_brought_is_polled_and_lives_on(tmp_path: Path) -> None:
    """It is checked, stored with its secret sealed, and polled at once, beside one of the file that goes on; the same
    again changes nothing; after a restart it is there as before."""
    with vendor(tmp_path) as site:
        _, borough = site.tenants
        body = table(borough, site.served.url, environment="test", reason="new customer", by="jo")
        with running(tmp_path) as daemon:
            daemon.becomes("aldgate", "ok")
            since = daemon.get(f"{PATH}/aldgate").json()["since"]
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
            listed = daemon.get(PATH).json()["connections"]
            assert [(each["connection"], each["source"]) for each in listed] == [
                ("aldgate", "file"),
                ("borough", "stored"),
            ]
            assert daemon.get(f"{PATH}/aldgate").json()["since"] == since
            assert daemon.end() == 0
        assert [row[:2] for row in rows(tmp_path, 'SELECT action, "by", reason FROM deeds')] == [
            ("add_connection", "jo")
        ]
        with running(tmp_path) as daemon:
            daemon.becomes("borough", "ok")
            assert daemon.end() == 0
            seen = daemon.log.read_bytes()
        seen += made.content + b"".join(each.read_bytes() for each in (tmp_path / "data").rglob("*") if each.is_file())
        assert not [each for each in shown_as(borough.client_secret) if each in seen]
