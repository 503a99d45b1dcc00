"""``driftd db``: backup, restore and check, their words and exit codes."""

import json
import os
from pathlib import Path

import pytest

from driftd.adapters.sqlite.files import LOCK
from driftd.adapters.sqlite.lock import held
from tests.cli.conftest import Driftd, Site

_RECORDS = ("records", "--connection", "aldgate", "--resource", "BPCUSTOMER")


@pytest.fixture
def data(site: Site, driftd: Driftd) -> Path:
    """A data directory with something in it."""
    assert driftd("poll", "-c", site.config).code == 0
    return site.config.parent / "data"


def spoil(path: Path) -> None:
    """Overwrite the middle of a file."""
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 3)
        file.write(b"\xff" * (path.stat().st_size // 3))


def test_a_backup_is_taken_checked_and_restored(data: Path, site: Site, driftd: Driftd, tmp_path: Path) -> None:
    """For programs each command prints one object; consumers are told that the log began anew."""
    copy = tmp_path / "copy.db"
    taken = json.loads(driftd("db", "backup", "--to", copy, "-c", site.config, "--format", "json").out)
    assert taken == {"path": str(copy), "bytes": copy.stat().st_size}
    checked = json.loads(driftd("db", "check", copy, "--full", "-c", site.config, "--format", "json").out)
    assert checked == {"path": str(copy), "full": True, "ok": True, "found": []}
    before = driftd("records", "-c", site.config, "--connection", "aldgate", "--resource", "BPCUSTOMER").out
    done = json.loads(driftd("db", "restore", copy, "-c", site.config, "--format", "json").out)
    assert (Path(done["aside"]) / "driftd.db").exists()
    log = [json.loads(line) for line in driftd("changes", "-c", site.config).out.splitlines()]
    assert {(each["op"], each["reason"]) for each in log} == {("m", "rebaseline")}
    assert [each["seq"] for each in log] == list(range(done["after_seq"] + 1, done["after_seq"] + 1 + len(log)))
    after = driftd("records", "-c", site.config, "--connection", "aldgate", "--resource", "BPCUSTOMER").out
    strip = [{**json.loads(line), "as_of_seq": 0} for line in (*before.splitlines(), *after.splitlines())]
    assert strip[: len(strip) // 2] == strip[len(strip) // 2 :]
    assert "the log of changes began anew" in driftd("status", "-c", site.config).out
    polled = json.loads(driftd("poll", "--full", "-c", site.config, "--format", "json").out)
    assert polled["ok"]
    assert not any(each[op] for each in polled["resources"] for op in "cud")


def test_backups_of_the_folder_are_those_of_the_configuration(data: Path, site: Site, driftd: Driftd) -> None:
    """By default in the data directory."""
    told = driftd("db", "backup", "-c", site.config)
    assert told.code == 0
    (backup,) = (data / "backups").iterdir()
    assert str(backup) in told.out


def test_nothing_is_restored_while_a_daemon_runs(data: Path, site: Site, driftd: Driftd, tmp_path: Path) -> None:
    """Exit code 3, and who it is; a backup can be taken all the same."""
    with held(data / LOCK):
        assert driftd("db", "backup", "--to", tmp_path / "copy.db", "-c", site.config).code == 0
        refused = driftd("db", "restore", tmp_path / "copy.db", "-c", site.config)
    assert refused.code == 3
    assert f"pid {os.getpid()}" in refused.err
    assert not (data / "quarantine").exists()


def test_damage_is_told_with_the_next_step(data: Path, site: Site, driftd: Driftd) -> None:
    """By the check, and by whoever reads or polls; nobody but the daemon, or a restore, sets anything aside."""
    spoil(data / "driftd.db")
    checked = driftd("db", "check", "-c", site.config)
    assert checked.code == 1
    assert "is damaged" in checked.out
    for command in (["db", "backup"], ["poll", "--full"]):
        ran = driftd(*command, "-c", site.config)
        assert ran.code == 1, command
        assert "driftd run" in ran.err or "db check" in ran.err
        assert "Traceback" not in ran.err
    assert not (data / "quarantine").exists()


def test_a_damaged_backup_is_not_what_a_daemon_sets_aside(
    data: Path, site: Site, driftd: Driftd, tmp_path: Path
) -> None:
    """The next step is another one than for the database."""
    copy = tmp_path / "copy.db"
    assert driftd("db", "backup", "--to", copy, "-c", site.config).code == 0
    spoil(copy)
    checked = driftd("db", "check", copy, "-c", site.config)
    assert checked.code == 1
    assert "restore another backup" in checked.out
    assert "driftd run" not in checked.out
    spoil(data / "driftd.db")
    assert "driftd run" in driftd("db", "check", "-c", site.config).out


def test_an_erasure_names_copies_of_the_database_alone(data: Path, site: Site, driftd: Driftd, tmp_path: Path) -> None:
    """A folder of backups may be one that others use, too."""
    folder = tmp_path / "backups"
    site.config.write_text(f'[store]\nbackup_dir = "{folder}"\n{site.config.read_text()}')
    assert driftd("db", "backup", "-c", site.config).code == 0
    (aside := data / "quarantine" / "20261126T093449Z").mkdir(parents=True)
    ours = {*folder.iterdir(), folder / "driftd-20261126T093449Z.db.unfinished", data / "driftd.db.schema-3"}
    ours |= {aside / "driftd.db", aside / "driftd.db-wal"}
    (folder / "etc").mkdir()
    foreign = {folder / "passwd.bak", folder / "etc" / "driftd-1.db", folder / "driftd.toml", aside / "note"}
    for each in ours | foreign:
        each.touch()
    key = json.loads(driftd(*_RECORDS, "-c", site.config).out.splitlines()[0])["key"]["BPCNUM"]
    erased = driftd("db", "erase", *_RECORDS[1:], "--key", key, "--reason", "request", "-c", site.config)
    assert erased.code == 0, erased.err
    named = {Path(line.split('"')[1]) for line in erased.out.splitlines() if "is a copy of before" in line}
    assert named == ours


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("db", "restore", "nothing.db"), 2, "does not exist"),
        (("db", "check", "nothing.db"), 2, "does not exist"),
        (("db", "check"), 1, "run `driftd poll` first"),
        (("db", "backup"), 1, "run `driftd poll` first"),
    ],
)
def test_what_is_not_there_is_named(
    arguments: tuple[str, ...], code: int, words: str, site: Site, driftd: Driftd
) -> None:
    """And no directory is made by asking."""
    ran = driftd(*arguments, "-c", site.config)
    assert ran.code == code
    assert words in ran.err
    assert not (site.config.parent / "data").exists()
