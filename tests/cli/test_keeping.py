"""``driftd changes --cursor``, ``driftd cursors`` and ``driftd db``: the log is followed, pruned and counted."""

import json
import re
import sqlite3
import tomllib
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.conftest import Driftd, Started, Stocked

DAY = 86_400_000
OURS = {"x-driftd": "1"}


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def age(where: Stocked, days: int) -> None:
    """Make every commit so much older."""
    with closing(sqlite3.connect(where.database)) as db, db:
        db.execute("UPDATE generations SET published_at = published_at - ?", (days * DAY,))


def cursors(driftd: Driftd, where: Stocked) -> dict[str, dict[str, Any]]:
    told = json.loads(driftd("cursors", "list", "-c", where.config, "--format", "json").out)
    return {each["name"]: each for each in told["cursors"]}


def test_a_cursor_goes_on_where_it_was(driftd: Driftd, changed: Stocked) -> None:
    every = lines(driftd("changes", "-c", changed.config).out)
    reading = ("changes", "-c", changed.config, "--cursor", "warehouse")
    first = lines(driftd(*reading, "--limit", "3").out)
    assert first == every[:3]
    assert cursors(driftd, changed)["warehouse"]["after"] == 3
    assert lines(driftd(*reading).out) == every[3:]
    assert driftd(*reading).out == ""
    assert lines(driftd(*reading, "--after", "5", "--limit", "1").out) == every[5:6]
    assert cursors(driftd, changed)["warehouse"]["live"]
    assert driftd("cursors", "list", "-c", changed.config).out.split()[-1] == "yes"


def test_a_cursor_reads_what_it_was_made_for(driftd: Driftd, changed: Stocked) -> None:
    """It is behind what concerns others as soon as it has read to the end, so that it holds nothing back."""
    reading = ("changes", "-c", changed.config, "--cursor", "orders", "--connection", "acme")
    last = lines(driftd("changes", "-c", changed.config).out)[-1]
    assert last["source"]["connection"] == "globex"
    assert {each["source"]["connection"] for each in lines(driftd(*reading).out)} == {"acme"}
    assert cursors(driftd, changed)["orders"]["after"] == last["seq"]
    ran = driftd(*reading[:-2])
    assert (ran.code, ran.out) == (2, "")
    assert 'cursor "orders" reads acme, every resource: ask for the same' in ran.err
    assert driftd("changes", "-c", changed.config, "--cursor", "no good").code == 2


def test_a_reader_whose_place_is_gone_is_told_first(driftd: Driftd, changed: Stocked) -> None:
    """Then come the events that there are; with a cursor once only, as it has moved on."""
    every = lines(driftd("changes", "-c", changed.config).out)
    with closing(sqlite3.connect(changed.database)) as db, db:
        db.execute("UPDATE generations SET published_at = published_at - ? WHERE base_seq = 1", (91 * DAY,))
    dry = json.loads(driftd("db", "prune", "-c", changed.config, "--dry-run", "--format", "json").out)
    assert (dry["events"], dry["dry_run"]) == (2, True)
    assert lines(driftd("changes", "-c", changed.config).out) == every
    ran = json.loads(driftd("db", "prune", "-c", changed.config, "--format", "json").out)
    assert ran == dry | {"dry_run": False, "bytes_given_back": ran["bytes_given_back"]}
    marker, *rest = lines(driftd("changes", "-c", changed.config).out)
    assert marker == {
        "schema": "driftd.truncated/1",
        "truncated_before": 3,
        "after": 0,
        "next": marker["next"],
    }
    assert rest == every[2:]
    assert lines(driftd("changes", "-c", changed.config, "--after", str(2)).out) == rest
    reading = ("changes", "-c", changed.config, "--cursor", "warehouse")
    assert lines(driftd(*reading, "--limit", "1").out) == [marker, rest[0]]
    assert lines(driftd(*reading).out) == rest[1:]
    beyond = lines(driftd("changes", "-c", changed.config, "--after", "100000").out)
    assert [each["truncated_before"] for each in beyond] == [every[-1]["seq"] + 1]


def test_a_prune_says_what_went(driftd: Driftd, changed: Stocked) -> None:
    ran = driftd("db", "prune", "-c", changed.config)
    assert (ran.out, ran.err) == ("nothing gone\n", "")
    assert driftd("db", "prune", "-c", changed.config, "--dry-run").out == "nothing would go\n"
    every = lines(driftd("changes", "-c", changed.config).out)
    age(changed, 31)
    bodies = f"{len(every)} bodies of events ("
    dry = driftd("db", "prune", "-c", changed.config, "--dry-run")
    assert (dry.out.startswith(f"would go: {bodies}"), dry.err) == (True, "")
    ran = driftd("db", "prune", "-c", changed.config)
    assert ran.out.startswith(f"gone: {bodies}")
    assert re.match(rf"by the clock of this machine, 20\d\d-[\dT:-]+Z: will go: {re.escape(bodies)}", ran.err)
    assert all(each["compacted"] for each in lines(driftd("changes", "-c", changed.config).out))
    daily = json.loads(driftd("db", "daily", "-c", changed.config, "--format", "json").out)["days"]
    assert sum(each["created"] + each["updated"] + each["deleted"] for each in daily) == len(every)
    only = ("--connection", "acme", "--resource", "SORDER")
    (row,) = driftd("db", "daily", "-c", changed.config, *only).out.splitlines()[2:]
    assert row.split()[1:3] == ["acme", "SORDER"]


def test_before_the_first_poll_there_is_nothing_to_prune(driftd: Driftd, empty: Stocked) -> None:
    for arguments in (["prune"], ["prune", "--dry-run"], ["migrate"], ["daily"]):
        ran = driftd("db", *arguments, "-c", empty.config)
        assert (ran.code, ran.out) == (1, "")
        assert "driftd poll" in ran.err
    assert not empty.database.exists()
    assert json.loads(driftd("cursors", "list", "-c", empty.config, "--format", "json").out) == {"cursors": []}


WRITING = (
    ("changes", "--cursor", "warehouse"),
    ("cursors", "forget", "warehouse"),
    ("db", "prune"),
    ("db", "migrate"),
    ("db", "backup"),
    ("db", "erase", "--connection", "acme", "--resource", "BPCUSTOMER", "--key", "C001", "--reason", "request 4"),
    *(("drift", word, "0123", "--reason", "x") for word in ("accept", "undo", "release", "keep")),
    *((group, "mute", "0123", "--for", "4h", "--reason", "x") for group in ("drift", "alerts")),
)


@pytest.mark.parametrize("there", [False, True], ids=["missing", "empty"])
@pytest.mark.parametrize("arguments", WRITING, ids=" ".join)
def test_a_mistyped_data_directory_is_left_as_it_was(
    driftd: Driftd, empty: Stocked, arguments: tuple[str, ...], *, there: bool
) -> None:
    """No command but a poll and a restore makes a database: it says that nothing is stored there."""
    if there:
        empty.data_dir.mkdir()
    ran = driftd(*arguments, "-c", empty.config)
    assert (ran.code, ran.out) == (1, "")
    assert f'nothing is stored in "{empty.data_dir}" yet' in ran.err
    assert set(empty.config.parent.rglob("*")) == {empty.config, *([empty.data_dir] if there else [])}


def test_a_cursor_is_forgotten_once(driftd: Driftd, changed: Stocked) -> None:
    driftd("changes", "-c", changed.config, "--cursor", "warehouse")
    assert driftd("cursors", "forget", "warehouse", "-c", changed.config).code == 0
    ran = driftd("cursors", "forget", "warehouse", "-c", changed.config)
    assert (ran.code, ran.out) == (1, "")
    assert 'there is no cursor "warehouse"' in ran.err


def test_a_database_is_migrated_without_a_poll(driftd: Driftd, empty: Stocked) -> None:
    released = Path(__file__).parents[1] / "adapters" / "sqlite" / "released" / "schema-3.sql"
    empty.database.parent.mkdir()
    with closing(sqlite3.connect(empty.database)) as db:
        db.executescript(released.read_text("utf-8"))
    assert "was written by an older driftd" in driftd("changes", "-c", empty.config).err
    assert driftd("db", "migrate", "-c", empty.config).out.startswith("the database had schema 3 and has ")
    assert len(lines(driftd("changes", "-c", empty.config).out)) == 7
    assert driftd("db", "migrate", "-c", empty.config).out.endswith(" already\n")
    assert empty.database.with_name("driftd.db.schema-3").exists()


def test_a_cursor_stays_where_what_it_printed_went_nowhere(driftd: Driftd, start: Started, changed: Stocked) -> None:
    """It is moved once all has left: who reads it again hears all of it."""
    process = start("changes", "-c", changed.config, "--cursor", "warehouse")
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(timeout=30) == 0
    assert cursors(driftd, changed)["warehouse"]["after"] == 0


def test_a_running_daemon_does_the_writing(driftd: Driftd, start: Started, changed: Stocked) -> None:
    """Cursors are made, moved and forgotten, and the log is pruned, while it owns the database."""
    with closing(sqlite3.connect(changed.database)) as db, db:
        db.execute("UPDATE generations SET published_at = published_at - ? WHERE base_seq = 1", (91 * DAY,))
    every = lines(driftd("changes", "-c", changed.config).out)
    process = start("run", "-c", changed.config)
    assert process.stderr is not None
    said = ""
    while "driftd runs" not in said:
        assert process.poll() is None, said
        said += process.stderr.readline()
    assert driftd("db", "prune", "-c", changed.config).out.startswith("gone: 2 events")
    reading = ("changes", "-c", changed.config, "--cursor", "warehouse")
    marker, *read = lines(driftd(*reading, "--limit", "3").out)
    assert (marker["truncated_before"], read) == (3, every[2:5])
    assert cursors(driftd, changed)["warehouse"]["after"] == 5
    listen = tomllib.loads(changed.config.read_text())["web"]["listen"]
    wrong: dict[str, Any]
    for wrong in ({"connection": "nope\u0000"}, {"resource": "NOPE"}, {"connection": "acme", "resource": "NOPE"}):
        sent = {"after": 1, **wrong}
        answer = httpx.post(f"http://{listen}/api/v1/cursors/x", json=sent, headers=OURS, trust_env=False)
        assert (answer.status_code, "configured" in answer.json()["detail"]) == (400, True)
    reads = {"after": 1, "connection": "globex", "resource": "BPCUSTOMER"}
    assert httpx.post(f"http://{listen}/api/v1/cursors/x", json=reads, headers=OURS, trust_env=False).status_code == 200
    assert set(cursors(driftd, changed)) == {"warehouse", "x"}
    assert driftd("db", "prune", "-c", changed.config).out == "nothing gone\n"
    assert driftd("cursors", "forget", "warehouse", "-c", changed.config).code == 0
    assert driftd("cursors", "forget", "warehouse", "-c", changed.config).code == 1
    ran = driftd("db", "migrate", "-c", changed.config)
    assert (ran.code, "is in use by" in ran.err) == (3, True)
