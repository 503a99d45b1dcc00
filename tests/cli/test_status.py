"""``driftd status``, ``driftd explain`` and ``driftd history``: what support sees, from the logbook alone."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import termios
from collections.abc import Callable
from typing import Any, TypeAlias

import anyio
import pytest
from msgspec.structs import replace

from driftd import app
from driftd.adapters.sqlite import SqliteStore
from driftd.adapters.sqlite.lock import held
from driftd.core.budget import Usage
from driftd.core.document import moment
from driftd.core.health import (
    ConnectionHealth,
    Flip,
    Poll,
    ResourceHealth,
    Result,
    connection_polled,
    resource_polled,
)
from driftd.core.model import Op
from driftd.core.reasons import State
from driftd.core.words import PHRASES, Language
from driftd.errors import Reason
from driftd.ports import Entries, Polled
from tests.cli.conftest import Driftd, Site
from tests.core.health import HOUR, MINUTE, poll

RESOURCES = tuple(app.catalogue())
Write: TypeAlias = Callable[[Entries], None]


@pytest.fixture
def write(site: Site) -> Write:
    """Write entries into the logbook that the commands read."""
    return lambda entries: anyio.run(written, site, entries)


async def written(site: Site, entries: Entries) -> None:
    async with SqliteStore.open(site.config.parent / "data", clock_now=app.now) as store:
        await store.logbook.write(entries)


def polled(connection: str, polls: list[tuple[str, Poll]], **more: Any) -> Entries:
    """Return the entries that polls of a connection leave."""
    health = ConnectionHealth(**more)
    resources = {name: ResourceHealth() for name in RESOURCES}
    for name, each in polls:
        health, resources[name] = connection_polled(health, each), resource_polled(resources[name], each)
    return Entries(
        connections={connection: health},
        resources={(connection, name): each for name, each in resources.items() if each.polls},
        polls=[Polled(connection, name, each) for name, each in polls],
    )


def good(at: int) -> list[tuple[str, Poll]]:
    return [(name, poll(at)) for name in RESOURCES]


def down(at: int, reason: Reason = Reason.CONNECT_TIMEOUT) -> list[tuple[str, Poll]]:
    """Return polls that were good two hours ago and have failed since."""
    failed = [("SORDER", poll(at - (3 - n) * MINUTE, reason, message="no answer", hint="wait")) for n in range(4)]
    return [*good(at - 2 * HOUR), *failed]


def told(driftd: Driftd, *arguments: Any) -> tuple[int, Any]:
    ran = driftd(*arguments, "--format", "json")
    assert ran.err == ""
    return ran.code, json.loads(ran.out)


def test_before_the_first_poll_every_connection_is_unvalidated(driftd: Driftd, site: Site) -> None:
    """Nothing stored is no failure, whatever is asked."""
    code, status = told(driftd, "status", "-c", site.config)
    assert (code, status["counts"]) == (0, {"unvalidated": 2})
    assert [each["connection"] for each in status["connections"]] == ["aldgate", "borough"]
    code, card = told(driftd, "explain", "aldgate", "-c", site.config)
    assert (code, card["state"], card["since"]) == (1, "unvalidated", None)
    assert told(driftd, "history", "aldgate", "-c", site.config) == (0, {"connection": "aldgate", "events": []})
    assert 'nothing is recorded of "aldgate"' in driftd("history", "aldgate", "-c", site.config).out


def test_the_worst_come_first_and_what_is_down_is_exit_code_1(driftd: Driftd, site: Site, write: Write) -> None:
    """The columns say who acts, since when data is missing, and how much of the budget is used."""
    now = app.now()
    write(polled("aldgate", good(now - MINUTE)))
    write(polled("borough", down(now - MINUTE)))
    ran = driftd("status", "-c", site.config)
    assert ran.code == 1
    lines = [re.split(r"\s{2,}", line.strip()) for line in ran.out.splitlines()]
    assert [line[0].split()[0] for line in lines[2:4]] == ["borough", "aldgate"]
    assert "unreachable" in ran.out
    assert "connect_timeout" in ran.out
    assert "customer network admin" in ran.out
    assert "2\u00a0h" in ran.out
    assert ran.out.splitlines()[-1] == "2 connections: 1 unreachable, 1 ok"
    code, status = told(driftd, "status", "-c", site.config)
    assert code == 1
    assert [each["state"] for each in status["connections"]] == ["unreachable", "ok"]
    assert driftd("status", "aldgate", "-c", site.config).code == 0


def test_only_what_is_not_ok_is_shown_on_request(driftd: Driftd, site: Site, write: Write) -> None:
    """What a person has put aside is not failing; the counts are still of all."""
    now = app.now()
    write(polled("aldgate", good(now - MINUTE)))
    paused = ("connections", "pause", "aldgate", "--for", "1h", "--reason", "stocktaking", "-c", site.config)
    assert driftd(*paused).code == 0
    write(polled("borough", [*good(now - 9 * MINUTE), ("SORDER", poll(now - MINUTE, Reason.TIMEOUT))]))
    code, status = told(driftd, "status", "--failing", "-c", site.config)
    assert code == 0
    assert [(each["connection"], each["state"]) for each in status["connections"]] == [("borough", "retrying")]
    assert status["counts"] == {"paused": 1, "retrying": 1}


def test_a_connection_named_is_shown_with_its_resources(driftd: Driftd, site: Site, write: Write) -> None:
    """Each with what it was last read, and why not."""
    now = app.now()
    failing = [("SORDER", poll(now - (3 - n) * MINUTE, Reason.FORBIDDEN)) for n in range(3)]
    write(polled("aldgate", [*good(now - MINUTE), *failing]))
    ran = driftd("status", "aldgate", "-c", site.config)
    assert ran.code == 0
    assert "degraded" in ran.out
    (row,) = (line for line in ran.out.splitlines() if line.startswith("SORDER"))
    assert "forbidden" in row
    _, status = told(driftd, "status", "aldgate", "-c", site.config)
    (connection,) = status["connections"]
    assert connection["resource"] == "SORDER"
    assert [each["resource"] for each in connection["resources"]] == list(RESOURCES)


@pytest.mark.parametrize("arguments", [["status", "algate"], ["explain", "algate"], ["history", "algate"]])
def test_an_unknown_connection_is_a_usage_error_with_the_nearest_name(
    driftd: Driftd, site: Site, arguments: list[str]
) -> None:
    """And exit code 2."""
    ran = driftd(*arguments, "-c", site.config)
    assert (ran.code, ran.out) == (2, "")
    assert 'no connection is named "algate": did you mean aldgate?' in ran.err


def test_the_state_is_the_same_whether_a_daemon_runs_or_not_while_evidence_is_young(
    driftd: Driftd, site: Site, write: Write
) -> None:
    """Old evidence is unknown both ways; with a daemon, the next poll is known."""
    now = app.now()
    write(polled("aldgate", good(now - MINUTE)))
    write(polled("borough", good(now - HOUR)))
    _, without = told(driftd, "status", "-c", site.config)
    with held(site.config.parent / "data" / "driftd.lock"):
        _, within = told(driftd, "status", "-c", site.config)
    for status in (without, within):
        assert {each["connection"]: each["state"] for each in status["connections"]} == {
            "aldgate": "ok",
            "borough": "unknown",
        }
    due = {each["connection"]: each["next_poll"] for each in within["connections"]}
    assert due["aldgate"] is not None
    assert {each["next_poll"] for each in without["connections"]} == {None}


@pytest.mark.parametrize("state", [State.STALLED, State.RETRYING])
def test_what_only_the_daemon_knows_is_taken_from_its_word(
    driftd: Driftd, site: Site, write: Write, state: State
) -> None:
    """What is late follows from its schedule; its word counts while it runs, and not against newer evidence."""
    now = app.now()
    write(polled("aldgate", good(now - MINUTE), state=state, since=now - HOUR))
    write(polled("borough", down(now - MINUTE), state=state, since=now - HOUR))
    with held(site.config.parent / "data" / "driftd.lock"):
        _, status = told(driftd, "status", "-c", site.config)
    assert {each["connection"]: each["state"] for each in status["connections"]} == {
        "aldgate": str(state),
        "borough": "unreachable",
    }
    _, status = told(driftd, "status", "aldgate", "-c", site.config)
    assert status["connections"][0]["state"] == "ok"


@pytest.mark.parametrize("language", list(Language))
def test_a_card_is_laid_out_for_eighty_columns(driftd: Driftd, site: Site, write: Write, language: Language) -> None:
    """Every row has its label, and no line is longer."""
    now = app.now()
    write(polled("aldgate", down(now - MINUTE)))
    write(Entries(flips=[Flip("aldgate", State.OK, State.UNREACHABLE, now - MINUTE, Reason.CONNECT_TIMEOUT, "")]))
    ran = driftd("explain", "aldgate", "--lang", language.value, "-c", site.config)
    assert (ran.code, ran.err) == (1, "")
    assert max(len(line.rstrip()) for line in ran.out.splitlines()) <= 80
    labels = PHRASES[language].labels
    for label in (labels.since, labels.reason, labels.scope, labels.actor, labels.tell, labels.fix, labels.data):
        assert re.search(rf"^{label}\s", ran.out, re.MULTILINE), label
    flowing = " ".join(ran.out.split())
    assert "driftd connections test aldgate" in flowing
    assert "connect_timeout" in flowing
    assert "\x1b" not in ran.out


def test_a_card_for_programs_has_the_same(driftd: Driftd, site: Site, write: Write) -> None:
    """And the exit code 0 where nothing is the matter."""
    now = app.now()
    write(polled("aldgate", down(now - MINUTE)))
    write(polled("borough", good(now - MINUTE)))
    write(Entries(flips=[Flip("aldgate", State.OK, State.UNREACHABLE, now - n * MINUTE, None, "") for n in range(3)]))
    code, card = told(driftd, "explain", "aldgate", "--lang", "fr", "-c", site.config)
    assert (code, card["language"], card["reason"]) == (1, "fr", "connect_timeout")
    assert "3" in card["before"][0]["text"]
    assert card["tell_the_customer"].startswith("Depuis le ")
    assert told(driftd, "explain", "borough", "-c", site.config)[0] == 0
    paused = ("connections", "pause", "borough", "--for", "1h", "--reason", "stocktaking", "-c", site.config)
    assert driftd(*paused).code == 0
    assert told(driftd, "explain", "borough", "-c", site.config)[0] == 0


def test_history_tells_flips_failures_and_hours_newest_first(driftd: Driftd, site: Site, write: Write) -> None:
    """What went well is told hour by hour, unless only failures are asked for; limits and times cut."""
    now = app.now()
    changed = replace(poll(now - 3 * HOUR), changes={Op.CREATE: 2, Op.UPDATE: 1})
    partial = poll(now - 2 * HOUR, Reason.SUSPECT_MASS_DELETE, result=Result.PARTIAL)
    write(polled("aldgate", [("SORDER", changed), ("SORDER", partial), *down(now - MINUTE)[len(RESOURCES) :]]))
    write(Entries(flips=[Flip("aldgate", State.OK, State.UNREACHABLE, now - 1000, Reason.CONNECT_TIMEOUT, "gone")]))
    write(polled("borough", good(now - MINUTE)))
    _, all_of_it = told(driftd, "history", "aldgate", "-c", site.config)
    events = all_of_it["events"]
    assert [each["at"] for each in events] == sorted((each["at"] for each in events), reverse=True)
    assert [each["type"] for each in events] == ["state", "poll", "poll", "poll", "poll", "poll", "hour"]
    assert (events[0]["before"], events[0]["after"], events[0]["reason"]) == ("ok", "unreachable", "connect_timeout")
    assert (events[-1]["polls"], events[-1]["changes"]) == (1, 3)
    _, failures = told(driftd, "history", "aldgate", "--failures", "-c", site.config)
    assert failures["events"] == events[:-1]
    _, few = told(driftd, "history", "aldgate", "--limit", "2", "-c", site.config)
    assert few["events"] == events[:2]
    _, old = told(driftd, "history", "aldgate", "--until", "1h", "-c", site.config)
    assert old["events"] == events[-2:]
    _, new = told(driftd, "history", "aldgate", "--since", "1h", "-c", site.config)
    assert new["events"] == events[:-2]
    shown = driftd("history", "aldgate", "-c", site.config).out
    assert "ok → unreachable" in shown
    assert "1 poll in the hour" in shown
    assert "suspect_mass_delete" in shown


@pytest.mark.parametrize("text", ["yesterday", "-1h", "2026-13-40"])
def test_a_time_that_cannot_be_read_says_what_would_be_right(driftd: Driftd, site: Site, text: str) -> None:
    """As does a span that ends before it begins."""
    ran = driftd("history", "aldgate", f"--since={text}", "-c", site.config)
    assert ran.code == 2
    assert f'"{text}" is no moment: give a span such as 24h' in " ".join(ran.err.split())
    ran = driftd("history", "aldgate", "--since", "1h", "--until", "2h", "-c", site.config)
    assert ran.code == 2
    assert "--since is not before --until" in ran.err


def test_a_long_list_shows_the_worst_and_how_many_more(driftd: Driftd, site: Site, write: Write) -> None:
    """And everything on request, and to programs."""
    text = site.config.read_text()
    head, first, _ = re.split(r"(?=\[\[connections\]\])", text, maxsplit=2)
    many = [first.replace('name = "aldgate"', f'name = "c{number}"') for number in range(60)]
    site.config.write_text(head + "\n".join(many))
    now = app.now()
    for number in range(60):
        write(polled(f"c{number}", down(now - MINUTE) if number == 33 else good(now - MINUTE)))
    ran = driftd("status", "-c", site.config)
    assert ran.code == 1
    lines = ran.out.splitlines()
    assert lines[2].startswith("c33 ")
    assert sum(line.startswith("c") for line in lines) == 51  # 50 and the names of the columns
    assert lines[-2] == "10 more, all of them ok or put aside: --all shows them"
    assert sum(line.startswith("c") for line in driftd("status", "--all", "-c", site.config).out.splitlines()) == 61
    assert len(told(driftd, "status", "-c", site.config)[1]["connections"]) == 60


def test_the_share_of_the_budget_is_that_of_the_scarcer(driftd: Driftd, site: Site, write: Write) -> None:
    """Requests or bytes, whichever is used up first."""
    now = app.now()
    write(polled("aldgate", good(now - MINUTE)))
    write(polled("borough", good(now - MINUTE)))
    day = "2999-01-01"  # a day that is not over
    write(Entries(usage={"aldgate": Usage(day, 5000, 0), "borough": Usage(day, 0, 1_000_000_000)}))
    rows = {line.split()[0]: line.split()[-1] for line in driftd("status", "-c", site.config).out.splitlines() if line}
    assert (rows["aldgate"], rows["borough"]) == ("25%", "50%")


def test_a_state_that_nobody_wrote_down_began_with_its_trouble(driftd: Driftd, site: Site, write: Write) -> None:
    """Not when somebody looks; what the daemon wrote down counts."""
    now = app.now()
    write(polled("aldgate", down(now - MINUTE)))
    write(polled("borough", down(now - MINUTE), state=State.UNREACHABLE, since=now - 5 * HOUR))
    _, status = told(driftd, "status", "-c", site.config)
    since = {each["connection"]: each["since"] for each in status["connections"]}
    assert since == {"aldgate": moment(now - 4 * MINUTE), "borough": moment(now - 5 * HOUR)}


@pytest.mark.parametrize("colourless", [False, True])
def test_a_terminal_of_eighty_columns_shows_whole_lines_and_colours(site: Site, colourless: bool) -> None:
    """Colours only there, and not where ``NO_COLOR`` is set."""
    environment = {**os.environ, "TERM": "xterm-256color"}
    environment.pop("NO_COLOR", None)
    if colourless:
        environment["NO_COLOR"] = "1"
    command = [sys.executable, "-m", "driftd", "status", "-c", str(site.config)]
    shown = _on_a_terminal(command, environment)
    assert bool(re.search(r"\x1b\[[0-9;]*3[0-9]", shown)) != colourless
    lines = re.sub(r"\x1b\[[0-9;]*m", "", shown).splitlines()
    assert max(len(line) for line in lines) <= 80
    assert any(re.match(r"aldgate +unvalidated ", line) for line in lines)
    assert lines[-1] == "2 connections: 2 unvalidated"


def _on_a_terminal(command: list[str], environment: dict[str, str]) -> str:
    """Run a command on a terminal of 80 columns and return all that it shows."""
    ours, theirs = os.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    with subprocess.Popen(command, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):  # the end of a terminal
            while part := os.read(ours, 4096):
                shown += part
        os.close(ours)
        assert process.wait() == 0
    return shown.decode().replace("\r\n", "\n")


def test_watching_on_a_terminal_draws_until_it_is_interrupted(site: Site) -> None:
    """Ctrl-C ends it without a word."""
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "driftd", "status", "--watch", "-c", str(site.config)]
    with subprocess.Popen(command, stdout=theirs, stderr=subprocess.PIPE) as process:
        os.close(theirs)
        shown = b""
        while b"2 connections: 2 unvalidated" not in shown:
            shown += os.read(ours, 4096)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert process.stderr.read().strip() == b""
        assert process.wait() == 130
    os.close(ours)


def test_watching_prints_again_when_something_has_changed(
    driftd: Driftd, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is no screen to draw anew, one look more than the changes prints nothing more."""
    now = app.now()
    looks = iter([good(now - MINUTE), good(now - MINUTE), down(now), None])

    async def look_again(seconds: float) -> None:
        assert seconds == 2
        polls = next(looks)
        if polls is None:
            raise KeyboardInterrupt
        await written(site, polled("aldgate", polls))

    monkeypatch.setattr(anyio, "sleep", look_again)
    ran = driftd("status", "aldgate", "--watch", "--format", "json", "-c", site.config)
    states = [json.loads(line)["connections"][0]["state"] for line in ran.out.splitlines()]
    assert (ran.code, states) == (130, ["unvalidated", "ok", "unreachable"])
