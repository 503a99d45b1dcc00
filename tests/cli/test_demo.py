"""``driftd demo``: what it tells is what the alerts say of what was done, and nothing is left behind."""

import json
import re
import runpy
import signal
import socket
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from driftd.cli import telling
from driftd.cli.incidents import Incident, Undo, incidents
from driftd.cli.loop import run
from driftd.cli.scene import played
from driftd.cli.story import Outcome, Pace, Story, Watched
from driftd.cli.telling import ToPrograms
from driftd.core.drift import DriftKind, Scope
from driftd.ports import Filing
from driftd.simulator import Farm, Serving, serving
from tests.cli.conftest import Driftd, Started
from tests.core.alerts.drifts import CYCLE, Life, certain, drift
from tests.fakes.memory_store import MemoryStore

QUICK = Pace(reading=0.0, rest=0.0, patience=0.3)
RECORDING = runpy.run_path(str(Path(__file__).parents[2] / "docs" / "make_recording.py"))
PICTURE = RECORDING["PICTURE"].read_text()


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the one for temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    return folder


def cast(farm: Farm) -> tuple[Incident, ...]:
    """Return the incidents of a farm, without anything that they could take down."""
    server: Any = None
    return incidents(farm, "127.0.0.1", server)


# --- on the daemon


def test_each_alert_is_printed_with_who_acts_and_what_to_say(
    temporary: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Found in the casebook of a daemon that was not told of it; the tenants go on, and nothing else fires."""

    def some(farm: Farm, host: str, server: Serving) -> Sequence[Incident]:
        every = incidents(farm, host, server)
        return [every[2], every[3], every[4]]

    assert run(played, ("127.0.0.1", 0), 1000.0, None, ToPrograms(lambda: 0), some)
    out, err = capfd.readouterr()
    events = [json.loads(line) for line in out.splitlines()]
    assert (err, [*temporary.iterdir()]) == ("", [])
    assert [each["event"] for each in events][:2] == ["opening", "read"]
    told = [each for each in events if each["event"] == "alert"]
    fired = {each["incident"]: each["alert"] for each in told if each["telling"] == "firing"}
    assert {number: (each["connection"], each["finding"]) for number, each in fired.items()} == {
        1: ("camden", "scale_shift"),
        2: ("euston", "oauth_invalid_client"),
        3: ("dalston", "mass_delete"),
    }
    assert all(each["who_acts"] and each["tell_the_customer"] for each in fired.values())
    assert sorted(each["incident"] for each in told if each["telling"] == "resolved") == [1, 2, 3]
    summary = events[-1]
    assert (summary["injected"], summary["found"], summary["false"], summary["ok"]) == (3, 3, 0, True)
    assert all(delay > 0 for delay in summary["delays"].values())


@pytest.mark.heavy
def test_the_whole_story_is_found_and_nothing_else(start: Started, tmp_path: Path) -> None:
    """Eight incidents, from the command line."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    process = start("demo", "--speed", "1000", temporary=folder)
    out, err = process.communicate(timeout=300)
    assert (process.returncode, err) == (0, ""), out
    summary = r"^8 injected, 8 found, after [0-9.]+ s \(median; at most [0-9.]+ s\), 0 false$"
    assert re.search(summary, out, re.MULTILINE)
    assert [*folder.iterdir()] == []
    assert RECORDING["excerpt"](out).count("incident ") == len(RECORDING["SHOWN"])


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), pytest.param(signal.SIGTERM, 143, marks=pytest.mark.heavy)]
)
def test_an_interrupted_demo_leaves_nothing(start: Started, tmp_path: Path, number: signal.Signals, code: int) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    process = start("demo", temporary=folder)
    url = _line(process, "daemon").split()[-1]
    assert [*folder.iterdir()] != []
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err.strip()) == (code, "")
    assert [*folder.iterdir()] == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])))


@pytest.mark.heavy
def test_a_terminated_demo_leaves_nothing_where_a_script_left_it_in_the_background(
    start: Started, tmp_path: Path
) -> None:
    """SIGINT is ignored there."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        test_an_interrupted_demo_leaves_nothing(start, tmp_path, signal.SIGTERM, 143)
    finally:
        signal.signal(signal.SIGINT, before)


def _line(process: "subprocess.Popen[str]", label: str) -> str:
    """Read on to the line of a label."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.split()[:1] == [label]:
            return line
    raise AssertionError(f"the demo ended without {label}")


def test_the_demo_ends_when_told_to(driftd: Driftd, temporary: Path) -> None:
    """What was not played is no failure, and is told."""
    ran = driftd("demo", "--exit-after", "0.1")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.endswith("0 injected, 0 found, 0 false; 8 more were not played\n")
    assert [*temporary.iterdir()] == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--speed", "0"], "--speed"),
        (["--exit-after", "-1"], "--exit-after"),
        (["--format", "xml"], "--format"),
        (["--listen", "here"], "is no host and port"),
        (["--listen", "0.0.0.0:0"], "must be a loopback address"),
    ],
)
def test_wrong_input_is_told_without_a_traceback(driftd: Driftd, arguments: list[str], says: str) -> None:
    ran = driftd("demo", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert says in ran.err
    assert "Traceback" not in ran.err


def test_an_address_in_use_is_told_with_the_next_step(driftd: Driftd, temporary: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = driftd("demo", "--listen", f"127.0.0.1:{taken.getsockname()[1]}")
    assert (ran.code, ran.out) == (2, "")
    assert "is in use" in ran.err
    assert "give another --listen" in ran.err
    assert [*temporary.iterdir()] == []


# --- the story alone


class Play:
    """A story whose alerts are written by the test."""

    def __init__(self) -> None:
        self.casebook = MemoryStore().casebook
        self.life = Life()

    def incident(self, *told: Callable[[], None], finding: str = "mass_update", name: str = "aldgate") -> Incident:
        """Return an incident that has something told."""

        def strike() -> Undo:
            for each in told:
                each()
            return lambda: None

        return Incident("t", "h", "m", Scope.TENANT, name, frozenset({name}), frozenset({finding}), strike)

    def fires(self, finding: str = "mass_update", connection: str = "aldgate") -> Callable[[], None]:
        """Have an alert fire."""
        return lambda: self._file(certain(finding=finding, connection=connection))

    def ends(self) -> None:
        """Have all alerts end."""
        for _ in range(100):
            self._file()

    def _file(self, *drifts: Any) -> None:
        before = len(self.life.notices)
        self.life.then(*drifts, after=CYCLE)
        filing = Filing(alerts=[*self.life.known.values()], notices=self.life.notices[before:])
        self.casebook._tell(filing.alerts, filing.notices)

    async def outcome(self, *acts: Incident) -> Outcome:
        story = Story(Watched(tuple, self.casebook, lambda: self.life.now), acts, ToPrograms(lambda: 0), QUICK)
        await story.play()
        return story.outcome


async def test_what_no_incident_accounts_for_is_false() -> None:
    """Another finding of the same tenant, the same of another tenant."""
    for alien in ({"finding": "mass_delete"}, {"connection": "borough"}):
        play = Play()
        outcome = await play.outcome(play.incident(play.fires(), play.fires(**alien), play.ends))
        assert [each.found is not None for each in outcome.chapters] == [True]
        assert len(outcome.false) == 1
        assert not outcome.right


async def test_an_incident_of_which_nothing_is_told_is_missed() -> None:
    """And the next is played all the same."""
    play = Play()
    outcome = await play.outcome(play.incident(), play.incident(play.fires(), play.ends))
    assert [(each.found is not None, each.given_up) for each in outcome.chapters] == [(False, True), (True, False)]
    assert not outcome.right


async def test_what_was_found_and_ended_is_right() -> None:
    """An alert that was told before an incident is not what was found of it."""
    play = Play()
    outcome = await play.outcome(play.incident(play.fires(), play.ends))
    assert outcome.right
    assert [(each.delay, each.ended is not None, each.over) for each in outcome.chapters] == [(300.0, True, True)]
    early = Play()
    early.fires()()
    outcome = await early.outcome(early.incident(finding="orphans"), early.incident())
    assert [each.found for each in outcome.chapters] == [None, None]
    assert len(outcome.false) == 1


def test_a_host_as_a_whole_is_what_is_found_of_its_outage() -> None:
    """An alert of one of its connections is not: eighty of them would be eighty."""
    outage = cast(Farm.build(tenants=5, records=3))[-1]
    refused = drift(DriftKind.FRESHNESS, "connection_refused", certain=True, resource=None)
    one = Life().then(refused).one
    assert not outage.accounts_for(one)
    assert outage.accounts_for(_of_host(one, "127.0.0.1"))
    assert not outage.accounts_for(_of_host(one, "localhost"))


def _of_host(alert: Any, name: str) -> Any:
    return replace(alert, scope=Scope.HOST, scope_id=name, group=True)


def test_each_incident_undoes_what_it_did() -> None:
    """All but the last, which needs a server."""
    with serving(Farm.build(tenants=5, records=30)) as served:
        farm = served._server.application.host._farm
        for each in cast(farm)[:-1]:
            (tenant,) = (farm[name] for name in each.tenants)
            before = _looks(tenant)
            undo = each.strike()
            assert _looks(tenant) != before, each.title
            undo()
            assert _looks(tenant) == before, each.title


def _looks(tenant: Any) -> object:
    classes = ("BPCUSTOMER", "ITMMASTER", "SORDER")
    rows = [
        {key: {name: value for name, value in row.items() if name[0] != "$"} for key, row in records.items()}
        for records in (tenant.records(name) for name in classes)
    ]
    return rows, tenant.client_secret, tenant.access("PINVOICE")


# --- the picture


def test_the_picture_of_the_readme_is_of_this_demo() -> None:
    """It shows each incident, labels and columns as they are called now, and that all were found."""
    texts = "\n".join(RECORDING["shown"](PICTURE))
    acts = cast(Farm.build(tenants=5, records=3))
    words = [*(each.title for each in acts), *telling._COLUMNS, "who acts", "say", "alert ended", "mended"]
    words += [acts[number - 1].happens[:40] for number in RECORDING["SHOWN"]]
    flat = " ".join(texts.split())
    assert [each for each in words if each not in flat] == []
    assert "8 injected, 8 found, after " in flat
    assert ", 0 false" in flat
    assert "http" not in PICTURE.replace("http://www.w3.org", "").replace("http://127.0.0.1", "").replace(
        "http://localhost", ""
    )


def test_a_picture_is_drawn_of_what_was_printed() -> None:
    """Incidents are left out, never made up; colours are kept."""
    blocks = [f" 0:0{number}  incident {number}" for number in range(1, 9)]
    printed = "\n\n".join(["opening", *blocks, "\x1b[1;32m8 injected\x1b[0m"])
    drawn = RECORDING["drawn"](RECORDING["excerpt"](printed))
    shown = [each for each in RECORDING["shown"](drawn) if each.strip()]
    assert [each.strip() for each in shown] == [
        "driftd demo", "opening", "0:01  incident 1", "…", "0:05  incident 5", "…", "0:08  incident 8", "8 injected",
    ]  # fmt: skip
    assert "font-weight: bold" in drawn
