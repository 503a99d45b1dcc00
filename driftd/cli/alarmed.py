"""Alerts for people and for programs."""

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import click

from driftd.cli.moments import brief, moment
from driftd.cli.tables import console, show_table

if TYPE_CHECKING:
    from driftd.config import Config
    from driftd.core.alerts.model import Alert
    from driftd.core.explained import Place

_COLUMNS: Final = ("id", "state", "severity", "connection", "resource", "finding", "field", "since", "who acts")
_STYLES: Final = {"critical": "bold red", "warning": "yellow", "info": "blue"}
_LABEL: Final = 20
_WIDE: Final = 100


def show_list(config: "Config", found: "Sequence[Alert]", form: str) -> None:
    """Print alerts, the gravest first."""
    from driftd import app
    from driftd.core.document import of_alert
    from driftd.core.words import PHRASES, Language

    now = app.now()
    if form == "json":
        click.echo(json.dumps({"alerts": [of_alert(each, place(config, each), now) for each in found]}))
        return
    units = PHRASES[Language.ENGLISH].units
    rows = [
        (
            each.id,
            f"{each.state}{', muted' if each.muted(now) else ''}{', flapping' if each.flapping else ''}",
            each.drift.severity,
            each.drift.connection or each.scope_id,
            each.drift.resource or "-",
            each.drift.finding,
            each.drift.field or "-",
            brief(each.first_incident, now, units),
            each.drift.actor.replace("_", " "),
        )
        for each in found
    ]
    if rows:
        show_table(
            _COLUMNS, rows, styles={"severity": lambda cell: _STYLES.get(cell, "")}, folded=("field", "who acts")
        )
    else:
        click.echo("none")


def show_one(config: "Config", alert: "Alert", lang: str, form: str) -> None:
    """Print one alert with all that it rests on."""
    from rich.text import Text

    from driftd import app
    from driftd.core.document import of_alert
    from driftd.core.words import Language

    now = app.now()
    if form == "json":
        click.echo(json.dumps(of_alert(alert, place(config, alert), now), ensure_ascii=False))
        return
    out = console()
    for label, text in _rows(alert, place(config, alert), now, Language(lang)):
        for number, line in enumerate(_wrapped(text)):
            shown = "" if number else label
            out.print(Text.assemble((shown.ljust(_LABEL), "bold"), line), soft_wrap=True)


def place(config: "Config", alert: "Alert") -> "Place":
    """Return where an alert is, as the configuration has it."""
    from driftd.core.explained import Place, place_of

    return place_of(alert, {each.name: Place(each.host, each.folder, each.port) for each in config.connections})


def _rows(alert: "Alert", where: "Place", now: int, language: str) -> Iterator[tuple[str, str]]:
    from driftd.core.explained import explained
    from driftd.core.words import PHRASES, Language
    from driftd.core.words.filling import one_line

    phrases, drift = PHRASES[Language(language)], alert.drift
    labels, units, said = phrases.labels, phrases.units, explained(alert, where, Language(language))
    yield alert.id, f"{alert.state}, {drift.severity}, {drift.kind}: {drift.finding}"
    yield "", said.clause
    yield labels.since, moment(alert.first_incident, now, units, "-")
    yield labels.scope, f"{alert.scope} {alert.scope_id}" + (f", {drift.resource}" if drift.resource else "")
    if drift.field:
        yield "field", one_line(drift.field)
    for label, text in (("expected", drift.expected), ("seen", drift.seen), ("rule", drift.rule), ("hint", drift.hint)):
        if text:
            yield label, one_line(text)
    yield "impact", f"read {drift.read_impact}, write {drift.write_impact}"
    yield "numbers", f"affected {drift.affected} of {drift.m}, expectation from {drift.n}; evaluations {alert.count}"
    if drift.samples:
        yield "keys", ", ".join(map(one_line, drift.samples))
    if alert.mute and alert.muted(now):
        yield "muted", f"{alert.mute.reason} ({alert.mute.by}), {moment(alert.mute.until, now, units, '-')}"
    yield labels.actor, said.actor
    yield labels.tell, said.tell
    for number, step in enumerate(said.fix, 1):
        yield labels.fix if number == 1 else "", f"{number}. {step}"


def _wrapped(text: str) -> list[str]:
    from textwrap import wrap

    return wrap(text, _WIDE - _LABEL, break_on_hyphens=False) or [""]
