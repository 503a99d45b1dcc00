"""What a tenant says, printed by the command line: on a terminal it is shown, and does nothing."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from msgspec.structs import replace

from driftd.cli import alarmed, saying, steps
from driftd.cli.tables import show_table
from driftd.config import parse
from driftd.core.casefile import Case
from driftd.core.trial import Check, Step, StepOutcome
from driftd.simulator import Fault
from tests.cli.conftest import Driftd, Site, driftd, site  # noqa: F401 - fixtures
from tests.faces import views
from tests.hostile.texts import NASTY, TEXTS, harmless

CONFIG = parse("")
ONCE = settings(
    max_examples=8, derandomize=True, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@ONCE
@given(TEXTS)
def test_alerts_and_checks_are_shown_and_do_nothing(capfd: pytest.CaptureFixture[str], text: str) -> None:
    """Tables, an alert with all of it, and a live check hold a tenant's words as letters; markup is no markup."""
    drift = views.drift(field=text, expected=text, seen=text, rule=text, hint=text, samples=(text,))
    alert = views.alert(told=drift)
    case = Case(alert, views.HISTORY, [replace(views.DEED, reason=text, by=text)], 3, text)
    step = Step(Check.READ, text, StepOutcome.FAILED, 0.1, text, hint=text, facts={"answer": text})
    capfd.readouterr()
    alarmed.show_list(CONFIG, [alert], "table")
    alarmed.show_one(CONFIG, case, "en", "table")
    show_table(("what", "of"), [(text, text)])
    for debug in (False, True):
        steps.teller({}, debug=debug)(step)
    out, err = capfd.readouterr()
    assert harmless(out.replace("\u00a0", " ").replace("\u202f", " "))
    assert err == ""
    for form in ("list", "one"):
        alarmed.show_list(CONFIG, [alert], "json") if form == "list" else alarmed.show_one(CONFIG, case, "fr", "json")
        told = capfd.readouterr().out
        assert harmless(told.replace("\u00a0", " ").replace("\u202f", " "))
        assert json.loads(told)


class Terminal(io.TextIOWrapper):
    """An output that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@ONCE
@given(TEXTS)
@example("a\u2028b\x85c\x0bd\x1ce")
def test_records_go_to_a_terminal_as_json_that_it_shows(text: str) -> None:
    """Elsewhere their bytes are as stored; on a terminal they read back to the same."""
    line = json.dumps({"after": text}, ensure_ascii=False).encode() + b"\n"
    written, before = io.BytesIO(), sys.stdout
    for kind in (Terminal, io.TextIOWrapper):
        written = io.BytesIO()
        sys.stdout = kind(written, encoding="utf-8", write_through=True)
        try:
            saying.emit(line)
            sys.stdout.flush()
            shown = written.getvalue()
        finally:
            sys.stdout.detach()
            sys.stdout = before
        assert json.loads(shown) == {"after": text}
        assert shown == line or kind is Terminal
        assert kind is io.TextIOWrapper or harmless(shown.decode().replace("\u00a0", " ").replace("\u202f", " "))


def test_a_hostile_tenant_is_polled_and_shown(driftd: Driftd, site: Site) -> None:  # noqa: F811
    """Names, values, keys and messages that break out of where they stand: each command shows them, and none obeys."""
    tenant = next(iter(site.farm.values()))
    rows = [
        {"BPCNUM": f"C{number}{text[:100]}", "BPCNAM": text, text[:200]: number, "N": {text[:90]: [text]}}
        for number, text in enumerate(NASTY)
    ]
    page = json.dumps({"$resources": rows, "$links": {}})
    ran: list[Any] = []
    spoken = "".join(NASTY)[:900]
    for fault in (
        Fault("raw_body", resource="BPCUSTOMER", facet="$query", body=page),
        Fault("raw_body", resource="BPCUSTOMER", facet="$query", body=page.replace('"N"', '"M"')),
        Fault("diagnoses", resource="BPCUSTOMER", facet="$query", body=spoken),
    ):
        tenant.faults[:] = [fault]
        ran.append(poll(driftd, site.config, tenant.name))
    commands = (
        ["status"], ["status", tenant.name], ["status", "--format", "json"], ["explain", tenant.name],
        ["explain", tenant.name, "--format", "json"], ["history", tenant.name],
        ["history", tenant.name, "--format", "json"],
        ["alerts", "list"], ["drift", "list", "--format", "json"],
        ["drift", "versions", "--connection", tenant.name, "--resource", "BPCUSTOMER"],
    )  # fmt: skip
    ran += [driftd(*command, "--config", site.config) for command in commands]
    for each in ran:
        assert harmless((each.out + each.err).replace("\u00a0", " ").replace("\u202f", " ")), each
    records = driftd("records", "--config", site.config, "--connection", tenant.name, "--resource", "BPCUSTOMER").out
    assert len([json.loads(line) for line in records.split("\n") if line]) == len(NASTY)


def poll(driftd_: Driftd, config: Path, name: str) -> Any:
    """Sweep the customers of a tenant."""
    return driftd_("poll", "--full", "--config", config, "--connection", name, "--resource", "BPCUSTOMER")
