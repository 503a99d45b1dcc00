"""Connections are put aside from the command line where no daemon runs, and the audit log says who did what."""

import json
from typing import Any

import pytest

from tests.cli.conftest import Driftd, Ran, Site, Stocked


def connections(driftd: Driftd, site: Site, *arguments: str) -> Ran:
    return driftd("connections", *arguments, "--by", "jo", "-c", site.config)


def shown(driftd: Driftd, site: Site, *command: str) -> Any:
    ran = driftd(*command, "-c", site.config, "--format", "json")
    assert ran.err == ""
    return json.loads(ran.out)


def test_a_paused_connection_is_not_polled_and_shown_with_who_until_when_and_why(driftd: Driftd, site: Site) -> None:
    """By poll, status, card; the others are polled. Resumed, it is as before; all that was done stands in the log."""
    probe = ("poll", "--probe", "--resource", "BPCUSTOMER", "-c", site.config)
    assert driftd(*probe).code == 0
    ran = connections(driftd, site, "pause", "aldgate", "--for", "2d", "--reason", "they move")
    assert (ran.code, ran.out[:21]) == (0, '"aldgate" is paused u'), ran.err
    polled = driftd(*probe)
    assert polled.code == 0
    assert 'note: "aldgate" is paused by jo until 20' in polled.err
    assert "they move: not polled" in polled.err
    assert not [line for line in polled.out.splitlines() if line.startswith("aldgate")]
    refused = driftd(*probe, "--connection", "aldgate")
    assert (refused.code, "next: poll it then, or resume it" in refused.err) == (1, True)
    status = driftd("status", "-c", site.config)
    assert status.code == 0
    assert "aldgate is paused by jo until " in status.out
    assert ": they move" in status.out
    aldgate, borough = sorted(shown(driftd, site, "status")["connections"], key=lambda each: str(each["connection"]))
    assert (aldgate["state"], borough["state"], borough["pause"]) == ("paused", "ok", None)
    assert (aldgate["pause"]["by"], aldgate["pause"]["reason"]) == ("jo", "they move")
    card = shown(driftd, site, "explain", "aldgate")
    assert any("paused by jo (they move)" in each["text"] and each["at"] for each in card["meanwhile"])
    assert connections(driftd, site, "resume", "aldgate").out == '"aldgate" is polled again\n'
    again = connections(driftd, site, "resume", "aldgate", "--reason", "once more")
    assert (again.code, again.out) == (0, '"aldgate" was not paused\n')
    assert driftd(*probe, "--connection", "aldgate").code == 0
    log = shown(driftd, site, "audit")["audit"]
    assert [(each["action"], each["by"], each["reason"]) for each in log] == [
        ("resume", "jo", "resumed"),
        ("pause", "jo", "they move"),
    ]
    assert (log[0]["before"], log[0]["after"]) == (log[1]["after"], log[1]["before"])
    assert shown(driftd, site, "audit", "--connection", "borough") == {"audit": []}
    assert len(shown(driftd, site, "audit", "--connection", "aldgate", "--limit", "1")["audit"]) == 1
    table = driftd("audit", "--since", "1h", "-c", site.config).out
    assert "they move" in table
    assert table.index("resume") < table.index("pause ")


def test_a_window_of_maintenance_is_planned_shown_and_cancelled(driftd: Driftd, site: Site) -> None:
    """While it runs polls go on; one to come is announced."""
    probe = ("poll", "--probe", "--resource", "BPCUSTOMER", "--connection", "aldgate", "-c", site.config)
    assert driftd(*probe).code == 0
    ran = connections(driftd, site, "maintenance", "aldgate", "--for", "2h", "--reason", "upgrade")
    assert (ran.code, "what fails meanwhile does not count" in ran.out) == (0, True), ran.err
    assert driftd(*probe).code == 0
    assert "aldgate is in maintenance until " in driftd("status", "-c", site.config).out
    aldgate = shown(driftd, site, "status", "aldgate")["connections"][0]
    assert (aldgate["state"], aldgate["maintenance"]["runs"], aldgate["down"]) == ("maintenance", True, False)
    cancelled = connections(driftd, site, "maintenance", "aldgate", "--cancel", "--reason", "done early")
    assert cancelled.out == '"aldgate" is in maintenance no more\n'
    later = str(aldgate["maintenance"]["until"])
    ran = connections(driftd, site, "maintenance", "aldgate", "--from", later, "--for", "30m", "--reason", "once more")
    assert ran.code == 0, ran.err
    assert "aldgate goes into maintenance at " in driftd("status", "-c", site.config).out
    card = shown(driftd, site, "explain", "aldgate")
    assert any("maintenance, ordered by jo (once more), begins" in each["text"] for each in card["ahead"])
    ran = connections(driftd, site, "maintenance", "aldgate", "--cancel", "--reason", "not at all")
    assert ran.out == '"aldgate" is not to be in maintenance any more\n'
    ran = connections(driftd, site, "maintenance", "aldgate", "--cancel", "--reason", "not at all")
    assert ran.out == '"aldgate" has no window of maintenance\n'
    assert len(shown(driftd, site, "audit")["audit"]) == 4


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("pause", "aldgat", "--for", "1h", "--reason", "x"), 'no connection is named "aldgat": did you mean aldgate'),
        (("pause", "aldgate", "--for", "1h"), "Missing option '--reason'"),
        (("pause", "aldgate", "--for", "1h", "--reason", " "), "a decision needs a reason"),
        (("pause", "aldgate", "--reason", "x"), "give --until TIME or --for SPAN"),
        (("pause", "aldgate", "--for", "1h", "--until", "2027-01-01", "--reason", "x"), "give --until TIME or --for"),
        (("pause", "aldgate", "--until", "2020-01-01", "--reason", "x"), "needs an end that is still to come"),
        (("pause", "aldgate", "--until", "monday", "--reason", "x"), '"monday" is no time'),
        (("pause", "aldgate", "--for", "31d", "--reason", "x"), "within 30 days"),
        (("pause", "aldgate", "--for", "-1h", "--reason", "x"), "must not be negative"),
        (("maintenance", "aldgate", "--for", "8d", "--reason", "x"), "7 days at most"),
        (("maintenance", "aldgate", "--cancel", "--for", "1h", "--reason", "x"), "--cancel goes without"),
    ],
)
def test_what_cannot_be_ordered_is_refused_and_nothing_is_stored(
    driftd: Driftd, site: Site, arguments: tuple[str, ...], said: str
) -> None:
    """In words that say what would be right, with exit code 2."""
    ran = connections(driftd, site, *arguments)
    assert (ran.code, said in ran.err.replace("\n", " ")) == (2, True), ran.err
    assert not (site.config.parent / "data").exists()


def test_where_nothing_was_stored_there_is_nothing_to_pause_and_nobody_did_anything(
    driftd: Driftd, empty: Stocked
) -> None:
    """The first names the next step."""
    ran = driftd("connections", "pause", "acme", "--for", "1h", "--reason", "x", "-c", empty.config)
    assert (ran.code, "run `driftd poll` first" in ran.err) == (1, True)
    ran = driftd("audit", "-c", empty.config)
    assert (ran.code, ran.out) == (0, "nobody did anything that is kept\n")
