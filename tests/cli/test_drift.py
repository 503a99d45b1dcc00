"""What departs is listed, shown and decided of, whether a daemon runs or not; and every wrong word has its answer."""

import json
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from driftd.adapters.sqlite.files import LOCK
from driftd.adapters.sqlite.lock import held
from driftd.cli.simulated import configuration
from driftd.simulator import Farm, serving
from driftd.simulator.patches import Patch
from driftd.simulator.tenant import Tenant
from tests.cli.conftest import Driftd, Ran, Started

NAME = "BPCUSTOMER"
WHERE = ("--connection", "aldgate", "--resource", NAME)


@dataclass(frozen=True)
class Patched:
    """A tenant of one class whose name field became a number, and the configuration that reads it."""

    tenant: Tenant
    config: Path
    driftd: Driftd

    def __call__(self, *words: str) -> Ran:
        """Run a command."""
        return self.driftd(*words, "-c", self.config)

    def json(self, *words: str) -> Any:
        """Run a command; return the document that it prints."""
        return json.loads(self(*words, "--format", "json").out)

    @property
    def id(self) -> str:
        """The id of the drift."""
        (found,) = self.json("drift", "list")["alerts"]
        return str(found["id"])

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.config.parent / "data"


@pytest.fixture
def patched(tmp_path: Path, driftd: Driftd) -> Iterator[Patched]:
    """Give a tenant that was polled before a patch and twice after it."""
    farm = Farm.build(tenants=1, records=40, only=[NAME])
    with serving(farm) as served, socket.create_server(("127.0.0.1", 0)) as free:
        listen = f"127.0.0.1:{free.getsockname()[1]}"
        free.close()
        tenant = farm["aldgate"]
        (tmp_path / "secret").write_text(tenant.client_secret)
        text = configuration(
            farm,
            served.url,
            secret=lambda _: '{ file = "secret" }',
            tables={"daemon": {"data_dir": "data"}, "web": {"listen": listen}, "defaults": {"second_look": "0.1s"}},
            only=[NAME],
        )
        (tmp_path / "driftd.toml").write_text(text)
        made = Patched(tenant, tmp_path / "driftd.toml", driftd)
        assert made("poll", "--full").code == 0
        tenant.patch(Patch(NAME, "retype", "BPCNAM", "integer"))
        made("poll", "--full")
        made("poll", "--full")
        yield made


def test_before_anything_departs_there_is_nothing_to_list(site: Any, driftd: Driftd) -> None:
    """Nor is it an error to ask, before the first poll."""
    for group in ("drift", "alerts"):
        ran = driftd(group, "list", "-c", site.config)
        assert (ran.code, ran.out, ran.err) == (0, "none\n", "")
        assert driftd(group, "show", "0123456789abcdef", "-c", site.config).code == 1
    ran = driftd("drift", "versions", *WHERE, "-c", site.config)
    assert (ran.code, ran.out) == (0, "nothing was learnt of it yet\n")


def test_what_departs_is_listed_shown_and_accepted(patched: Patched) -> None:
    """Both forms, the rule, who acts, what to say, which versions to compare; then it is the baseline."""
    listed = patched("drift", "list")
    assert listed.code == 1
    assert re.search(r"firing +\w+ +aldgate +BPCUSTOMER +type_changed +BPCNAM", listed.out)
    assert patched("alerts", "list").out == listed.out
    shown = patched("drift", "show", patched.id[:4])
    assert shown.code == 1
    for row in (
        "expected",
        "seen",
        "rule",
        "who acts",
        "tell the customer",
        "how to fix",
        "numbers",
        "schema versions",
    ):
        assert re.search(rf"^{row} ", shown.out, re.MULTILINE), row
    assert "text" in shown.out
    assert "integer" in shown.out
    assert not [line for line in shown.out.splitlines() if line != line.rstrip()]
    (command,) = re.findall(r"`driftd (drift versions [^`]*)`", " ".join(shown.out.split()))
    compared = patched(*command.split())
    assert compared.code == 0
    assert re.search(r"BPCNAM +type_changed +text.* integer", compared.out)
    id_ = patched.id
    done = patched("drift", "accept", id_, "--reason", "adapted", "--by", "jo")
    assert (done.code, done.err) == (0, "")
    assert f"{id_} is accepted" in done.out
    assert patched("drift", "list").out == "none\n"
    (over,) = patched.json("drift", "list", "--all")["alerts"]
    assert (over["id"], over["state"]) == (id_, "resolved")
    (deed,) = patched.json("drift", "show", id_)["deeds"]
    assert (deed["by"], deed["action"], deed["reason"]) == ("jo", "accept", "adapted")
    assert "accept (jo): adapted" in patched("drift", "show", id_).out


def test_it_is_shown_in_french(patched: Patched) -> None:
    shown = patched("alerts", "show", patched.id, "--lang", "fr").out
    assert "à dire au client" in shown
    assert "ont changé de type" in shown


def test_status_and_card_name_what_departs(patched: Patched) -> None:
    """A column that is there only while something fires; the card lists it with its id."""
    assert re.search(r"alerts *\n", patched("status").out)
    assert re.search(r"1 (critical|warning)", patched("status").out)
    (told,) = patched.json("status")["connections"][0]["alerts"]
    assert (told["id"], told["finding"], told["muted"]) == (patched.id, "type_changed", False)
    assert patched.id in patched("explain", "aldgate").out
    patched("drift", "accept", patched.id, "--reason", "x")
    assert "alerts" not in patched("status").out
    assert "alerts" not in patched("explain", "aldgate").out


def test_an_acceptance_is_undone_and_a_mute_ends(patched: Patched) -> None:
    id_ = patched.id
    assert patched("drift", "mute", id_, "--for", "2d", "--reason", "known").code == 0
    assert "firing, muted" in patched("alerts", "list").out
    assert patched.json("alerts", "show", id_)["muted"]["reason"] == "known"
    assert patched("drift", "accept", id_, "--reason", "x").code == 0
    assert patched("drift", "undo", id_, "--reason", "a mistake").code == 0
    patched("poll", "--full")
    patched("poll", "--full")
    assert patched.id == id_


def test_the_versions_of_a_schema_are_listed(patched: Patched) -> None:
    """Learnt and declared ones, with their fingerprints; what is not there is said."""
    rows = patched("drift", "versions", *WHERE).out.splitlines()[2:]
    assert [row.split()[:2] for row in rows] == [["learnt", "1"], ["learnt", "2"], ["declared", "1"], ["declared", "2"]]
    assert patched("drift", "versions", *WHERE, "--between", "1", "1").out == "they do not differ\n"
    document = patched.json("drift", "versions", *WHERE, "--between", "2", "1", "--source", "declared")
    assert (document["from"], document["to"], document["source"]) == (2, 1, "declared")
    assert {each["field"] for each in document["differences"]} == {"BPCNAM"}
    for numbers in (("1", "9"), ("0", "1"), ("-1", "1")):
        assert patched("drift", "versions", *WHERE, "--between", *numbers).code == 1
    assert patched("drift", "versions", "--connection", "aldgate", "--resource", "NOTHING").code == 2


def test_held_deletes_are_released_or_kept(patched: Patched) -> None:
    """Shown with the name of their set; another set is refused."""
    patched("drift", "accept", patched.id, "--reason", "x")
    for key in list(patched.tenant.records(NAME))[:30]:
        patched.tenant.remove(NAME, key)
    patched("poll", "--full")
    id_ = patched.id
    shown = patched.json("drift", "show", id_)
    assert shown["held"]["deletes"] == 30
    assert f"30 deletes, as a set {shown['held']['candidates']}" in patched("drift", "show", id_).out
    refused = patched("drift", "release", id_, "--candidates", "00ff", "--reason", "x")
    assert refused.code == 1
    assert "next: look at them again" in refused.err
    released = patched("drift", "release", id_, "--candidates", shown["held"]["candidates"], "--reason", "purged")
    assert (released.code, released.out) == (0, "30 deletes are released as change events\n")
    assert patched("changes", *WHERE).out.count('"op":"d"') == 30
    assert "release" in patched("drift", "show", id_).out


WRONG = (
    (["accept", "ffffffff", "--reason", "x"], 1, "there is no alert"),
    (["accept", "fff", "--reason", "x"], 2, "too short"),
    (["accept", "", "--reason", "x"], 2, "too short"),
    (["accept", "ID", "--reason", " "], 2, "needs a reason"),
    (["accept", "ID", "--reason", "x" * 501], 2, "501 characters"),
    (["accept", "ID", "--reason", "x", "--by", ""], 2, "by"),
    (["accept", "ID"], 2, "--reason"),
    (["accept"], 2, "ID"),
    (["mute", "ID", "--reason", "x"], 2, "--for"),
    (["mute", "ID", "--for", "91d", "--reason", "x"], 2, "90 days"),
    (["mute", "ID", "--for", "soon", "--reason", "x"], 2, "--for"),
    (["mute", "ID", "--for", "-1h", "--reason", "x"], 2, "--for"),
    (["release", "ID", "--reason", "x"], 1, "holds no deletes"),
    (["keep", "ID", "--reason", "x"], 1, "holds no deletes"),
    (["undo", "ID", "--reason", "x"], 1, "no acceptance"),
    (["show", "ffffffff"], 1, "there is no alert"),
    (["show", "zz"], 2, "too short"),
    (["list", "--connection", "aldgat"], 2, "did you mean aldgate"),
    (["list", "--resource", "BPCUSTOMERS"], 2, "did you mean"),
)


def test_what_is_asked_wrongly_is_said_with_the_next_step(patched: Patched) -> None:
    """Nothing is decided, nothing of Python is shown."""
    id_ = patched.id
    for words, code, says in WRONG:
        ran = patched("drift", *(id_ if word == "ID" else word for word in words))
        assert (ran.code, ran.out) == (code, ""), words
        assert says in ran.err, words
        assert "Traceback" not in ran.err
    assert patched.json("drift", "show", id_)["deeds"] == []


def test_a_resource_that_is_no_longer_polled_is_not_decided_of(patched: Patched) -> None:
    """It is shown as ever, and can be muted."""
    id_ = patched.id
    patched.config.write_text(patched.config.read_text().replace(NAME, "ITMMASTER"))
    refused = patched("drift", "accept", id_, "--reason", "x")
    assert refused.code == 1
    assert "is not configured any more" in refused.err
    assert patched("drift", "show", id_).code == 1
    assert patched("drift", "mute", id_, "--for", "1h", "--reason", "x").code == 0


class _Says(BaseHTTPRequestHandler):
    """A daemon in name only."""

    status, said = 200, b"{}"
    seen: list[tuple[str, Any]] = []  # noqa: RUF012 - emptied by each test

    def do_POST(self) -> None:
        """Note what is asked, and answer."""
        self.seen.append((self.path, json.loads(self.rfile.read(int(self.headers["content-length"])))))
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(self.said)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def daemon(patched: Patched) -> Iterator[type[_Says]]:
    """Hold the data directory, and answer where a daemon would."""
    listen = re.findall(r'listen = "127.0.0.1:(\d+)"', patched.config.read_text())[0]
    server = HTTPServer(("127.0.0.1", int(listen)), _Says)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    _Says.seen.clear()
    with held(patched.data / LOCK):
        yield _Says
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_daemon_that_runs_decides(patched: Patched, daemon: type[_Says]) -> None:
    """It is asked with all that was said, and its words are printed."""
    daemon.status, daemon.said = 200, b'{"alert": "x", "says": "it is done"}'
    id_ = patched.id
    for words in (
        ["accept", id_],
        ["mute", id_, "--for", "1h"],
        ["release", id_, "--candidates", "00ff"],
        ["keep", "a/../b c?d"],
    ):
        ran = patched("drift", *words, "--reason", "agreed", "--by", "jo")
        assert (ran.code, ran.out) == (0, "it is done\n")
    assert [path for path, _ in daemon.seen] == [
        f"/api/v1/drifts/{id_}/accept",
        f"/api/v1/drifts/{id_}/mute",
        f"/api/v1/drifts/{id_}/release",
        "/api/v1/drifts/a%2F..%2Fb%20c%3Fd/keep",
    ]
    bodies = [body for _, body in daemon.seen]
    assert bodies[0] == {"reason": "agreed", "by": "jo"}
    assert bodies[1]["until"].endswith("+00:00")
    assert bodies[2]["candidates"] == "00ff"


REFUSED = (
    (409, b'{"detail": "it is over", "hint": "look"}', 1, "driftd: it is over\nnext: look\n"),
    (404, b'{"detail": "there is none", "hint": "look"}', 1, "there is none"),
    (400, b'{"detail": "it is wrong", "hint": "look"}', 2, "it is wrong"),
    (503, b'{"detail": "the disk is full", "hint": "look"}', 1, "the disk is full"),
    (500, b"internal error\n", 3, "no daemon answers"),
    (200, b"<html>", 3, "no daemon answers"),
    (200, b"[]", 3, "no daemon of driftd"),
)


def test_what_a_daemon_refuses_is_said(patched: Patched, daemon: type[_Says]) -> None:
    """In its own words, or that it is none."""
    for status, said, code, says in REFUSED:
        daemon.status, daemon.said = status, said
        ran = patched("drift", "accept", patched.id, "--reason", "x")
        assert ran.code == code, said
        assert says in ran.err, said
        assert "Traceback" not in ran.err


def test_a_data_directory_that_is_taken_by_what_does_not_answer_is_left_alone(patched: Patched) -> None:
    """A poll runs, or a daemon hangs: exit code 3, and nothing is decided."""
    id_ = patched.id
    with held(patched.data / LOCK):
        ran = patched("drift", "accept", id_, "--reason", "x")
    assert ran.code == 3
    assert "if it is a poll, wait for its end" in ran.err
    assert patched.json("drift", "show", id_)["deeds"] == []


def test_decisions_go_through_the_daemon_that_runs(patched: Patched, start: Started) -> None:
    """The real one: it accepts, refuses what is over, and the store is never written beside it."""
    id_ = patched.id
    process = start("run", "-c", patched.config)
    assert process.stderr is not None
    while 'msg="driftd runs"' not in process.stderr.readline():
        assert process.poll() is None
    refused = patched("drift", "release", id_, "--reason", "x")
    assert (refused.code, "holds no deletes" in refused.err) == (1, True)
    done = patched("drift", "accept", id_, "--reason", "agreed")
    assert (done.code, done.err) == (0, "")
    again = patched("drift", "accept", id_, "--reason", "agreed")
    assert again.code == 1
    assert "is over" in again.err
    assert patched("drift", "list").code == 0
    process.terminate()
    process.communicate()
    assert process.returncode == 0
