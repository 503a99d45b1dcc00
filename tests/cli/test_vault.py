"""Secrets that driftd keeps, from the command line, where no daemon runs."""

import io
import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from driftd.simulator import Tenant
from tests.cli.conftest import Driftd, Ran, Site

Given: TypeAlias = Callable[..., Ran]
PLANTED = "planted-secret-of-nobody"


@pytest.fixture
def vault(driftd: Driftd, site: Site) -> Site:
    """A site whose first tenant's secret is driftd's to keep, with a key."""
    text = re.sub(r'client_secret = \{ file = "aldgate" \}\n?', "", site.config.read_text())
    site.config.write_text(f'[vault]\nkey_file = "key"\n{text}')
    assert driftd("keys", "generate", "-c", site.config).code == 0
    return site


@pytest.fixture
def given(driftd: Driftd, vault: Site, monkeypatch: pytest.MonkeyPatch) -> Given:
    """Give aldgate's secret on standard input."""

    def call(secret: str, *more: str) -> Ran:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(secret.encode("utf-8", "surrogateescape"))))
        return driftd("connections", "rotate", "aldgate", "-c", vault.config, "--secret-stdin", *more)

    return call


def tenant(site: Site) -> Tenant:
    return site.farm["aldgate"]


def looked(driftd: Driftd, site: Site) -> tuple[int, list[dict[str, Any]]]:
    ran = driftd("keys", "verify", "-c", site.config, "--format", "json")
    return ran.code, json.loads(ran.out)["secrets"]


def deeds(site: Site) -> list[tuple[str, str, str]]:
    with closing(sqlite3.connect(site.config.parent / "data" / "driftd.db")) as db:
        return db.execute("SELECT action, subject, reason FROM deeds ORDER BY id").fetchall()


def keys_of(site: Site) -> list[tuple[str, str]]:
    """Return the ids of the keys that each deed's secrets were under before, and are after."""
    with closing(sqlite3.connect(site.config.parent / "data" / "driftd.db")) as db:
        return db.execute("SELECT before, after FROM deeds ORDER BY id").fetchall()


def bytes_of(folder: Path) -> bytes:
    return b"".join(each.read_bytes() for each in folder.rglob("*") if each.is_file())


def probe(driftd: Driftd, site: Site) -> Ran:
    return driftd("poll", "-c", site.config, "--probe", "--connection", "aldgate", "--resource", "BPCUSTOMER")


def test_a_secret_is_kept_and_used(driftd: Driftd, vault: Site, given: Given) -> None:
    """It is asked for by its connection alone, before the first poll or later; in clear it stands nowhere."""
    before = probe(driftd, vault)
    assert before.code == 1
    assert "driftd keeps none for it yet" in before.out
    assert "next: store it with `driftd connections rotate aldgate`" in before.out
    assert looked(driftd, vault)[0] == 1
    noted = "connections[0].auth.client_secret: not stored yet: run `driftd connections rotate aldgate`"
    assert noted in driftd("check", "config", "-c", vault.config).err
    ran = given(tenant(vault).client_secret + "\n", "--by", "jo", "--reason", "request 17")
    assert (ran.code, ran.out) == (0, 'the client_secret of "aldgate" is kept: it is the 1st one\n'), ran.err
    assert probe(driftd, vault).code == 0
    code, ((row),) = looked(driftd, vault)
    assert (code, row["condition"], row["number"], row["needed"]) == (0, "good", 1, True)
    assert driftd("connections", "test", "aldgate", "-c", vault.config).code == 0
    assert deeds(vault) == [("keep_secret", "client_secret 1", "request 17")]
    assert tenant(vault).client_secret.encode() not in bytes_of(vault.config.parent / "data")
    assert "client_secret" not in driftd("check", "config", "-c", vault.config).err


def test_the_secret_that_is_kept_already_changes_nothing(vault: Site, given: Given) -> None:
    """Given again it is not tried, and stands in no row of the audit log."""
    assert given(tenant(vault).client_secret).code == 0
    again = given(tenant(vault).client_secret, "--reason", "again")
    assert (again.code, again.out) == (0, 'the client_secret of "aldgate" is kept already: nothing was changed\n')
    assert deeds(vault) == [("keep_secret", "client_secret 1", "a new secret")]


def test_the_first_secret_comes_before_the_first_poll(vault: Site, given: Given) -> None:
    """It makes the database, where there is none."""
    assert not (vault.config.parent / "data").exists()
    assert given(tenant(vault).client_secret).code == 0
    assert deeds(vault) == [("keep_secret", "client_secret 1", "a new secret")]


def test_a_secret_that_the_tenant_refuses_is_not_kept(driftd: Driftd, vault: Site, given: Given) -> None:
    """The one before stays in use; unchecked it is kept, and in neither case is it shown."""
    assert given(tenant(vault).client_secret).code == 0
    ran = given(PLANTED)
    assert (ran.code, ran.out) == (1, "")
    assert "the secret was not kept" in ran.err
    assert "oauth_invalid_client" in ran.err or "secret" in ran.err
    assert probe(driftd, vault).code == 0
    again = given(PLANTED, "--unchecked")
    assert (again.code, "it is the 2nd one" in again.out) == (0, True)
    assert probe(driftd, vault).code == 1
    (_, own), (before, after) = keys_of(vault)
    assert (own, before, after) == (after, after, own)
    assert PLANTED not in ran.err + again.out + again.err
    assert PLANTED.encode() not in bytes_of(vault.config.parent)


def test_a_secret_is_asked_for_at_a_terminal_that_does_not_show_it(vault: Site) -> None:
    """Typed once it is asked for, it is kept and tried, and stands nowhere on the screen."""
    terminal = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"
    line = [sys.executable, "-c", terminal, sys.executable, "-m", "driftd", "connections", "rotate", "aldgate"]
    with subprocess.Popen(line, cwd=vault.config.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        shown = b""
        while not shown.endswith(b'client_secret of "aldgate": '):
            more = os.read(process.stdout.fileno(), 4096)
            assert more, shown
            shown += more
        process.stdin.write(tenant(vault).client_secret.encode() + b"\n")
        process.stdin.flush()
        shown += process.stdout.read()
        assert process.wait() == 0, shown
    assert b'the client_secret of "aldgate" is kept' in shown
    assert tenant(vault).client_secret.encode() not in shown


@pytest.mark.parametrize(
    ("secret", "why"),
    [("", "is empty"), ("\n", "is empty"), ("x" * 20_000, "longer than"), ("\udcff", "is not UTF-8 text")],
    ids=["empty", "a line end", "long", "bytes"],
)
def test_what_is_no_secret_is_refused(vault: Site, given: Given, secret: str, why: str) -> None:
    """Before anybody is asked, and nothing is made."""
    ran = given(secret)
    assert ran.code in {1, 2}
    assert why in ran.err
    assert "x" * 20 not in ran.err
    assert not (vault.config.parent / "data").exists()


def test_a_secret_that_stands_elsewhere_is_changed_there(driftd: Driftd, vault: Site) -> None:
    ran = driftd("connections", "rotate", "borough", "-c", vault.config, "--secret-stdin")
    assert ran.code == 2
    assert 'the secret of "borough" stands in the file' in ran.err
    assert "take connections[1].auth.client_secret away" in ran.err


def test_without_a_terminal_nobody_is_asked(driftd: Driftd, vault: Site) -> None:
    ran = driftd("connections", "rotate", "aldgate", "-c", vault.config)
    assert (ran.code, "give --secret-stdin" in ran.err) == (2, True)


def test_without_a_key_a_connection_needs_its_secret_elsewhere(driftd: Driftd, vault: Site) -> None:
    """An empty table is none."""
    vault.config.write_text(vault.config.read_text().replace('key_file = "key"\n', "", 1))
    ran = driftd("check", "config", "-c", vault.config)
    assert ran.code == 2
    assert "connections[0].auth.client_secret: is missing: give" in ran.err


@pytest.mark.parametrize("wrong", [None, "ab" * 32], ids=["gone", "another"])
def test_a_missing_key_is_told_before_anything_is_written(
    driftd: Driftd, vault: Site, given: Given, wrong: str | None
) -> None:
    """By its id, with what to do; no byte of the database is another one. With the secret given anew, all goes on."""
    assert given(tenant(vault).client_secret).code == 0
    _, (row,) = looked(driftd, vault)
    key, data = vault.config.parent / "key", vault.config.parent / "data"
    key.unlink()
    if wrong:
        key.write_text(wrong)
        key.chmod(0o600)
    before = {each.name: each.read_bytes() for each in data.iterdir()}
    checked = driftd("check", "config", "-c", vault.config)
    assert checked.code == 0
    assert ("its key is missing" if wrong else "`driftd keys generate`") in checked.err
    for command in (["poll"], ["run"], ["connections", "test", "aldgate"]):
        ran = driftd(*command, "-c", vault.config)
        assert (ran.code, ran.out) == (2, "")
        assert "vault.key_file: " in ran.err
        assert wrong or "does not exist: put it back" in ran.err
        if wrong or command[0] != "connections":
            assert f'the key "{row["key"]}" is missing, with which the secret of "aldgate" was sealed' in ran.err
            assert "`driftd connections rotate aldgate`" in ran.err
    assert {each.name: each.read_bytes() for each in data.iterdir()} == before
    if wrong:
        assert looked(driftd, vault)[1][0]["condition"] == "its key is missing"
        assert given(tenant(vault).client_secret).code == 0
        assert probe(driftd, vault).code == 0


def test_no_key_is_needed_while_no_secret_is_kept(driftd: Driftd, vault: Site, site: Site) -> None:
    """Whatever [vault] says, where every secret stands in a variable or a file."""
    (vault.config.parent / "key").unlink()
    text = vault.config.read_text()
    place = text.index("[connections.auth]\n") + len("[connections.auth]\n")
    vault.config.write_text(f'{text[:place]}client_secret = {{ file = "aldgate" }}\n{text[place:]}')
    assert probe(driftd, site).code == 0


def test_keys_are_rotated_and_the_older_ones_may_go(driftd: Driftd, vault: Site, given: Given) -> None:
    """The new key comes first; each secret is under it afterwards, and the number of the secret stays."""
    assert given(tenant(vault).client_secret).code == 0
    _, (before,) = looked(driftd, vault)
    assert driftd("keys", "generate", "-c", vault.config, "--add").code == 0
    assert looked(driftd, vault)[1][0]["condition"] == "under an older key"
    assert probe(driftd, vault).code == 0
    ran = driftd("keys", "rotate", "-c", vault.config, "--reason", "the yearly one", "--by", "jo")
    assert (ran.code, ran.out.endswith(": 1 secret rewrapped\n")) == (0, True), ran.err
    _, (after,) = looked(driftd, vault)
    assert (after["condition"], after["number"]) == ("good", before["number"])
    assert after["key"] != before["key"]
    assert driftd("keys", "rotate", "-c", vault.config).out.endswith(": 0 secrets rewrapped\n")
    assert deeds(vault)[1:] == [("rewrap", "client_secret 1", "the yearly one")]
    key = vault.config.parent / "key"
    key.write_text(key.read_text().splitlines()[0])
    assert probe(driftd, vault).code == 0


def test_what_is_kept_of_a_connection_that_is_gone_is_shredded_by_hand(
    driftd: Driftd, vault: Site, given: Given
) -> None:
    """It is named, and starts go on meanwhile; what a connection needs is not shredded; afterwards nothing is left."""
    assert given(tenant(vault).client_secret).code == 0
    word = ("--reason", "the contract ended", "-c", vault.config)
    refused = driftd("keys", "shred", "aldgate", *word)
    assert (refused.code, "is configured, and needs what is kept" in refused.err) == (1, True)
    text = vault.config.read_text()
    head, first, second = re.split(r"(?=\[\[connections\]\])", text)
    vault.config.write_text(head + second)
    assert first
    assert driftd("poll", "-c", vault.config, "--probe").code == 0
    shown = driftd("keys", "verify", "-c", vault.config)
    assert (shown.code, "next: driftd keys shred aldgate" in shown.out) == (0, True)
    with closing(sqlite3.connect(vault.config.parent / "data" / "driftd.db")) as db:
        ((blob,),) = db.execute("SELECT blob FROM sealed").fetchall()
    assert blob in bytes_of(vault.config.parent / "data")
    ran = driftd("keys", "shred", "aldgate", *word)
    assert (ran.code, ran.out.startswith('1 secret of "aldgate" shredded')) == (0, True)
    assert blob not in bytes_of(vault.config.parent / "data")
    assert driftd("keys", "verify", "-c", vault.config).out == "driftd keeps no secret\n"
    assert driftd("keys", "shred", "aldgate", *word).code == 1
    assert [action for action, _, _ in deeds(vault)] == ["keep_secret", "shred"]


def test_a_row_that_was_moved_or_damaged_is_one_connections_trouble(driftd: Driftd, vault: Site, given: Given) -> None:
    """It does not open for another connection; the others are polled, and rotating keys leaves it as it is."""
    text = vault.config.read_text().replace('client_secret = { file = "borough" }', "")
    assert given(tenant(vault).client_secret).code == 0
    vault.config.write_text(text)
    with closing(sqlite3.connect(vault.config.parent / "data" / "driftd.db")) as db:
        db.execute("INSERT INTO sealed SELECT 'borough', field, number, blob, at, given FROM sealed")
        db.commit()
    ran = driftd("poll", "-c", vault.config, "--probe", "--resource", "BPCUSTOMER")
    assert "borough BPCUSTOMER: " in ran.out
    assert "damaged, or belongs to another connection or database" in ran.out
    assert probe(driftd, vault).code == 0
    assert [each["condition"] for each in looked(driftd, vault)[1]] == ["good", "damaged"]
    assert driftd("keys", "generate", "-c", vault.config, "--add").code == 0
    turned = driftd("keys", "rotate", "-c", vault.config)
    assert turned.code == 1
    assert '1 secret rewrapped; what is kept of "borough" does not open' in turned.err


def test_what_needs_no_secret_of_ours_loads_no_cipher() -> None:
    """Neither the daemon's composition nor a command, before a secret is opened."""
    code = "import sys\nimport driftd.app.daemon, driftd.app.keys, driftd.cli.connections, driftd.cli.keys\n"
    code += "print('cryptography' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
