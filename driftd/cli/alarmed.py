"""Alerts for people and for programs."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from driftd.cli.moments import brief, local, moment
from driftd.cli.saying import say, tell
from driftd.cli.tables import console, show_table
from driftd.cli.wrapping import wrapped
from driftd.core.visible import visible

if TYPE_CHECKING:
    from driftd.config import Config, ConnectionConfig
    from driftd.core.alerts.model import Alert
    from driftd.core.casefile import Case
    from driftd.core.explained import Place
    from driftd.core.words import Labels, Language, Phrases

_COLUMNS: Final = ("id", "state", "severity", "connection", "resource", "finding", "field", "since", "who acts")
_STYLES: Final = {"critical": "bold red", "warning": "yellow", "info": "blue"}
_LABEL: Final = 20
_WIDE: Final = 100
_SHOWN: Final = 6
"""Versions, and deeds, that are listed with an alert."""


def show_list(config: "Config", found: "Sequence[Alert]", form: str) -> None:
    """Print alerts, the gravest first."""
    from driftd import app
    from driftd.core.casefile import of_alert
    from driftd.core.words import PHRASES, Language
    from driftd.core.words.filling import one_line

    now = app.now()
    if form == "json":
        tell({"alerts": [of_alert(each, place(config, each), now) for each in found]})
        return
    units = PHRASES[Language.ENGLISH].units
    rows = [
        (
            each.id,
            f"{each.state}{', muted' if each.muted(now) else ''}{', flapping' if each.flapping else ''}",
            each.drift.severity,
            each.drift.connection or f"{each.scope} {each.scope_id}",
            each.drift.resource or "-",
            each.drift.finding,
            one_line(each.drift.field or "-"),
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
        say("none")


def show_one(config: "Config", case: "Case", lang: str, form: str) -> None:
    """Print one alert with all that it rests on."""
    from rich.text import Text

    from driftd import app
    from driftd.core.casefile import of_case
    from driftd.core.words import Language

    now, where = app.now(), place(config, case.alert)
    if form == "json":
        tell(of_case(case, where, now, Language(lang)))
        return
    out = console()
    for label, said in _rows(case, where, now, Language(lang)):
        for number, line in enumerate(wrapped(said, _WIDE - _LABEL) or [""]):
            shown = "" if number else label
            text = Text.assemble((shown.ljust(_LABEL), "bold"), visible(line)) if shown or line else Text()
            out.print(text, soft_wrap=True)


def place(config: "Config", alert: "Alert") -> "Place":
    """Return where an alert is, as the configuration has it."""
    from driftd.core.explained import place_of

    homes = {each.name: _home(each) for each in config.connections}
    return place_of(alert, homes)


def _home(connection: "ConnectionConfig") -> "Place":
    from driftd.core.explained import Place

    return Place(
        connection.host,
        connection.folder,
        connection.port,
        connection.settings.timezone,
        kept=bool(connection.secrets[0].field),
        stored=connection.stored,
    )


def _rows(case: "Case", where: "Place", now: int, language: "Language") -> Iterator[tuple[str, str]]:
    from driftd.core.explained import explained
    from driftd.core.words import PHRASES

    alert, phrases = case.alert, PHRASES[language]
    labels, said = phrases.labels, explained(alert, where, language)
    yield alert.id, f"{alert.state}, {alert.drift.severity}, {alert.drift.kind}: {alert.drift.finding}"
    yield "", said.clause
    yield "", ""
    yield labels.since, moment(alert.first_incident, now, phrases.units, "-")
    yield labels.scope, _scope(alert)
    yield labels.actor, said.actor
    yield "", ""
    yield labels.tell, said.tell
    yield "", ""
    for number, step in enumerate(said.fix, 1):
        yield labels.fix if number == 1 else "", f"{number}. {step}"
    yield "", ""
    if alert.members:
        yield labels.members, ", ".join(alert.members)
    yield from _facts(alert, labels)
    yield from _history(case, now, phrases)


def _scope(alert: "Alert") -> str:
    drift = alert.drift
    return f"{alert.scope} {alert.scope_id}" + (f", {drift.resource}" if drift.resource else "")


def _facts(alert: "Alert", labels: "Labels") -> Iterator[tuple[str, str]]:
    """Yield what the verdict rests on."""
    from driftd.core.words.filling import one_line

    drift = alert.drift
    pairs = (
        (labels.field, drift.field or ""),
        (labels.expected, drift.expected),
        (labels.seen, drift.seen),
        (labels.rule, drift.rule),
        (labels.hint, drift.hint),
        (labels.impact, labels.impacts.format(read=drift.read_impact, write=drift.write_impact)),
        (labels.numbers, _numbers(alert, labels)),
        (labels.keys, ", ".join(drift.samples)),
    )
    yield from ((label, one_line(text)) for label, text in pairs if text)


def _numbers(alert: "Alert", labels: "Labels") -> str:
    drift = alert.drift
    known = drift.m or drift.n or drift.affected
    counted = labels.counted.format(affected=drift.affected, m=drift.m, n=drift.n) if known else ""
    return "; ".join(part for part in (counted, labels.times.format(count=alert.count)) if part)


def _history(case: "Case", now: int, phrases: "Phrases") -> Iterator[tuple[str, str]]:
    """Yield what is held, which schemas there were, and what persons did."""
    from driftd.core.words.filling import one_line

    labels, units, alert = phrases.labels, phrases.units, case.alert
    if case.held:
        yield labels.held, labels.candidates.format(count=case.held, hash=case.candidates)
    if case.versions:
        shown = [f"{each.source} {each.number} ({local(each.at)})" for each in case.versions[-_SHOWN:]]
        yield labels.versions, phrases.between.join(shown)
        yield "", _compare(case)
    if alert.mute and alert.muted(now):
        text = f"{one_line(alert.mute.reason)} ({one_line(alert.mute.by)})"
        yield labels.muted, f"{text}{phrases.colon} {moment(alert.mute.until, now, units, '-')}"
    for number, deed in enumerate(case.deeds[:_SHOWN]):
        text = f"{deed.action} ({one_line(deed.by)}){phrases.colon} {one_line(deed.reason)}, {local(deed.at)}"
        yield "" if number else labels.deeds, text


def _compare(case: "Case") -> str:
    """Return the command that compares the two latest versions of the schema that changed."""
    drift = case.alert.drift
    source = str(drift.evidence.get("source", "learnt"))
    numbers = [each.number for each in case.versions if each.source == source][-2:]
    pair = f" --between {numbers[0]} {numbers[-1]}" if len(numbers) > 1 else ""
    other = "" if source == "learnt" else f" --source {source}"
    return f"`driftd drift versions --connection {drift.connection} --resource {drift.resource}{pair}{other}`"
