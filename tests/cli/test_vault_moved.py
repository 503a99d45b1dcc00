"""A database that is copied, a key that is lost, rows that are swapped, bits that flip: told, with nothing written."""

import io
import re
import shutil
import sqlite3
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeAlias

import pytest

from driftd.adapters.vault.making import add_to_file, make_file
from tests.cli.conftest import Driftd, Ran, Site

NAMES = ("aldgate", "borough")
Given: TypeAlias = Callable[[Path, str, str], Ran]


@pytest.fixture
def given(driftd: Driftd, monkeypatch: pytest.MonkeyPatch) -> Given:
    """Give the secret of a connection on standard input."""

    def call(config: Path, name: str, secret: str) -> Ran:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(secret.encode())))
        return driftd("connections", "rotate", name, "-c", config, "--secret-stdin")

    return call


@pytest.fixture
def vault(site: Site, given: Given) -> Site:
    """A site whose secrets are driftd's to keep, and kept."""
    text = re.sub(r'client_secret = \{ file = "\w+" \}\n?', "", site.config.read_text())
    site.config.write_text(f'[vault]\nkey_file = "key"\n{text}')
    make_file(site.config.parent / "key")
    for name in NAMES:
        assert given(site.config, name, site.farm[name].client_secret).code == 0
    return site


def probe(driftd: Driftd, config: Path, *more: str) -> Ran:
    return driftd("poll", "-c", config, "--probe", "--resource", "BPCUSTOMER", *more)


def written(folder: Path) -> dict[str, bytes]:
    """Return the files of a data directory; who only reads may leave an empty log, and an index of it."""
    found = {each.name: each.read_bytes() for each in folder.iterdir() if each.is_file()}
    return {name: content for name, content in found.items() if content and not name.endswith("-shm")}


def blobs(config: Path, change: Callable[[Sequence[tuple[str, bytes]]], Sequence[tuple[str, bytes]]]) -> None:
    """Change what is kept behind driftd's back, by connection."""
    with closing(sqlite3.connect(config.parent / "data" / "driftd.db")) as db:
        for name, blob in change(db.execute("SELECT connection, blob FROM sealed ORDER BY 1").fetchall()):
            db.execute("UPDATE sealed SET blob = ? WHERE connection = ?", (blob, name))
        db.commit()


def copied(site: Site, folder: Path, *, key: bool) -> Path:
    """Copy configuration and database to another machine, with the key or without; return the configuration there."""
    folder.mkdir()
    shutil.copy(site.config, folder)
    shutil.copytree(site.config.parent / "data", folder / "data")
    if key:
        shutil.copy(site.config.parent / "key", folder)
    return folder / site.config.name


def asked(site: Site) -> int:
    """Return how often any tenant was asked for a token."""
    return sum(each.requests[each.token_path] for each in site.farm.values())


def test_a_copy_on_another_machine_opens_with_the_key_alone(driftd: Driftd, vault: Site, tmp_path: Path) -> None:
    """Without it a start is refused before a byte is written or a tenant asked, and says which key to bring."""
    here = copied(vault, tmp_path / "with", key=True)
    assert driftd("keys", "verify", "-c", here).code == 0
    assert probe(driftd, here).code == 0
    there = copied(vault, tmp_path / "without", key=False)
    before, tokens = written(there.parent / "data"), asked(vault)
    for command in (["poll"], ["run"], ["keys", "rotate"]):
        ran = driftd(*command, "-c", there)
        assert (ran.code, ran.out) == (2, ""), command
        assert 'key" does not exist: put it back' in ran.err
    ran = driftd("poll", "-c", there)
    assert re.search(r'the key "[0-9a-f]{16}" is missing, with which the secret of "aldgate", "borough" was', ran.err)
    assert (written(there.parent / "data"), asked(vault)) == (before, tokens)


def test_a_backup_opens_with_the_keys_of_then(driftd: Driftd, vault: Site, tmp_path: Path) -> None:
    """Also after the keys were rotated, as long as the older one stands below; with the new one alone it is refused."""
    copy = tmp_path / "copy.db"
    assert driftd("db", "backup", "-c", vault.config, "--to", copy).code == 0
    new = add_to_file(vault.config.parent / "key")
    assert driftd("keys", "rotate", "-c", vault.config).code == 0
    here = copied(vault, tmp_path / "restored", key=True)
    shutil.rmtree(here.parent / "data")
    assert driftd("db", "restore", copy, "-c", here).code == 0
    assert probe(driftd, here).code == 0
    key = here.parent / "key"
    key.write_text(key.read_text().splitlines()[0])
    before = written(here.parent / "data")
    ran = probe(driftd, here)
    assert (ran.code, "is missing, with which" in ran.err, new.id.hex() in ran.err) == (2, True, False)
    assert written(here.parent / "data") == before


def test_where_the_key_is_lost_each_secret_is_given_anew(driftd: Driftd, vault: Site, given: Given) -> None:
    """One after the other; until the last of them a start is refused, and names those that are left."""
    (vault.config.parent / "key").unlink()
    make_file(vault.config.parent / "key")
    assert given(vault.config, "aldgate", vault.farm["aldgate"].client_secret).code == 0
    ran = probe(driftd, vault.config)
    assert (ran.code, 'the secret of "borough" was sealed' in ran.err) == (2, True)
    assert driftd("keys", "rotate", "-c", vault.config).code == 1
    assert given(vault.config, "borough", vault.farm["borough"].client_secret).code == 0
    assert probe(driftd, vault.config).code == 0
    assert driftd("keys", "verify", "-c", vault.config).code == 0


def test_rows_that_were_swapped_open_for_neither(driftd: Driftd, vault: Site) -> None:
    """No tenant is shown the other one's secret; put back, both are polled."""

    def swapped(rows: Sequence[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
        (first, blob), (second, other) = rows
        return [(first, other), (second, blob)]

    blobs(vault.config, swapped)
    tokens = asked(vault)
    ran = probe(driftd, vault.config)
    assert (ran.code, ran.out.count("damaged, or belongs to another connection or database")) == (1, 2)
    assert asked(vault) == tokens
    blobs(vault.config, swapped)
    assert probe(driftd, vault.config).code == 0


PLACES = {
    "magic": 0,
    "layout": 4,
    "key": 5,
    "data key": 13,
    "number": 32,
    "nonce of the wrap": 33,
    "wrap": 50,
    "nonce": 100,
    "ciphertext": 105,
    "its end": -1,
}
"""Bytes of a blob; those that tell most are tried each time."""
EACH = [
    pytest.param(at, id=id_, marks=() if id_ in {"key", "wrap"} else pytest.mark.heavy) for id_, at in PLACES.items()
]


@pytest.mark.parametrize("at", EACH)
def test_a_bit_that_flipped_is_one_connections_trouble(driftd: Driftd, vault: Site, given: Given, at: int) -> None:
    """In any part of what is kept: it does not open, its tenant is not asked, others are polled, and a secret that is
    given anew takes its place. In the id of its key that key is missing, and no start goes by it."""

    def flipped(rows: Sequence[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
        name, blob = rows[0]
        at_ = at % len(blob)
        return [(name, blob[:at_] + bytes([blob[at_] ^ 4]) + blob[at_ + 1 :])]

    blobs(vault.config, flipped)
    aldgate = vault.farm["aldgate"]
    tokens = aldgate.requests[aldgate.token_path]
    ran = probe(driftd, vault.config)
    of_the_key = at == PLACES["key"]
    assert ran.code == (2 if of_the_key else 1)
    assert ("is missing, with which" in ran.err) if of_the_key else ("aldgate BPCUSTOMER: " in ran.out)
    assert aldgate.requests[aldgate.token_path] == tokens
    assert driftd("keys", "verify", "-c", vault.config).code == 1
    anew = given(vault.config, "aldgate", aldgate.client_secret)
    assert anew.code == 0, anew.err
    assert probe(driftd, vault.config).code == 0
