"""Connections of file and database, from the command line, where no daemon runs."""

import json
from pathlib import Path
from typing import Any

import anyio
import pytest

from driftd.adapters.sqlite import SqliteStore
from driftd.app import alone, catalogue
from driftd.config import load
from driftd.core.decision import Word
from driftd.core.secret import Secret
from tests.cli.conftest import Driftd, Site

TABLE: dict[str, Any] = {
    "name": "acme",
    "base_url": "https://x3.acme.example",
    "folder": "ONE",
    "environment": "test",
    "auth": {"type": "basic", "username": "robot"},
}


@pytest.fixture
def both(driftd: Driftd, site: Site) -> Site:
    """A site with a connection in the database."""
    site.config.write_text(f'[vault]\nkey_file = "key"\n{site.config.read_text()}')
    assert driftd("keys", "generate", "-c", site.config).code == 0

    async def bring() -> None:
        async with alone.connections(load(site.config, catalogue())) as found:
            await found.put(TABLE, {"password": Secret("planted-secret")}, Word("jo", "new"), check=False)

    anyio.run(bring)
    return site


def deeds(folder: Path) -> list[tuple[str, str, str]]:
    async def read() -> list[tuple[str, str, str]]:
        async with SqliteStore.reading(folder / "data") as store:
            return [(each.action, each.by, each.reason) for each in await store.casebook.deeds("acme", 9)]

    return anyio.run(read)


def test_connections_are_listed_and_shown_with_where_they_stand(driftd: Driftd, both: Site) -> None:
    """Every other command knows them as well; no secret is shown, only where it is."""
    said = driftd("connections", "list", "-c", both.config, "--format", "json")
    found = {each["connection"]: (each["source"], each["environment"]) for each in json.loads(said.out)["connections"]}
    assert found == {"acme": ("stored", "test"), "aldgate": ("file", None), "borough": ("file", None)}
    assert "acme" in driftd("connections", "list", "-c", both.config).out
    shown = driftd("connections", "show", "acme", "-c", both.config)
    assert "as robot, by basic" in shown.out
    assert "password, which driftd keeps sealed" in shown.out
    assert 'the file "' in driftd("connections", "show", "aldgate", "-c", both.config).out
    one = json.loads(driftd("connections", "show", "acme", "-c", both.config, "--format", "json").out)
    assert (one["settings"], one["made"]["by"], one["state"]) == (TABLE, "jo", "unvalidated")
    assert "did you mean acme" in driftd("connections", "show", "acm", "-c", both.config).err
    assert [
        each["connection"]
        for each in json.loads(driftd("status", "-c", both.config, "--format", "json").out)["connections"]
    ].count("acme") == 1
    assert driftd("keys", "verify", "-c", both.config).code == 0


def test_a_connection_is_removed_with_its_secret(driftd: Driftd, both: Site) -> None:
    """It has to be said what becomes of its data, and why; one of the file is not touched."""
    remove = ("connections", "remove", "acme", "-c", both.config)
    for more in ((), ("--keep-data", "--erase-data")):
        assert driftd(*remove, "--reason", "x", *more).code == 2
    assert driftd(*remove, "--keep-data").code == 2
    assert driftd(*remove, "--keep-data", "--reason", " ").code == 2
    ran = driftd("connections", "remove", "aldgate", "-c", both.config, "--keep-data", "--reason", "x")
    assert (ran.code, "stands in the file already, at connections[0]" in ran.err) == (1, True)
    ran = driftd(*remove, "--erase-data", "--reason", "the customer left", "--by", "mo")
    assert (ran.code, "erased" in ran.out) == (0, True), ran.err
    assert driftd("keys", "verify", "-c", both.config).out == "driftd keeps no secret\n"
    assert deeds(both.config.parent) == [
        ("erase_connection", "mo", "the customer left"),
        ("add_connection", "jo", "new"),
    ]
    assert driftd(*remove, "--erase-data", "--reason", "x").code == 1


def test_check_config_names_a_name_that_stands_in_both(driftd: Driftd, both: Site) -> None:
    """With the way out of it, which goes although the two do not fit together."""
    site = both.config.read_text()
    both.config.write_text(site.replace('name = "borough"', 'name = "acme"'))
    checked = driftd("check", "config", "-c", both.config)
    assert (checked.code, "driftd connections remove acme --keep-data" in checked.err) == (2, True)
    remove = ("connections", "remove", "acme", "-c", both.config, "--reason", "x")
    assert driftd(*remove, "--erase-data").code == 1
    assert driftd(*remove, "--keep-data").code == 0
    assert driftd("check", "config", "-c", both.config).code == 0
