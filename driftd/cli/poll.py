"""``driftd poll``: one cycle of each named resource, a progress bar while it runs, a summary after it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from driftd.cli.options import check_selection, config_option, configured, format_option
from driftd.cli.saying import say, tell
from driftd.cli.tables import show_table

if TYPE_CHECKING:
    from driftd.app import CycleReport, Report
    from driftd.config import Config

_WORDS = ("connection", "resource", "kind", "outcome")


@click.command("poll", short_help="Run one cycle of each resource.")
@config_option
@click.option("--connection", metavar="C", help="Only this connection.")
@click.option("--resource", metavar="R", help="Only this resource.")
@click.option("--probe", is_flag=True, help="Read one small page of each.")
@click.option("--delta", is_flag=True, help="Read what is new of each.")
@click.option("--full", is_flag=True, help="Sweep: read each completely.")
@format_option
def command(
    config_path: Path | None,
    connection: str | None,
    resource: str | None,
    form: str,
    *,
    probe: bool,
    delta: bool,
    full: bool,
) -> int:
    """Run one cycle of each resource: what is due, or the kind asked for.

    Waits for the second look where a delete or an empty answer needs one. Exit code 1 if a cycle was not wholly fine.
    """
    kinds = [name for name, asked in (("probe", probe), ("delta", delta), ("sweep", full)) if asked]
    if len(kinds) > 1:
        raise click.UsageError("--probe, --delta and --full exclude each other: give one, or none for what is due")
    config = configured(config_path)
    check_selection(config, connection, resource)
    report = _poll(config, connection, resource, kinds[0] if kinds else None)
    for each in report.paused:
        say(f"note: {each}: not polled", err=True)
    if form == "json":
        tell(report.to_json())
    else:
        _show(report)
    return 0 if report.ok else 1


def _poll(config: "Config", connection: str | None, resource: str | None, kind: str | None) -> "Report":
    from driftd import app
    from driftd.cli.loop import run
    from driftd.cli.progress import progress_bar
    from driftd.core.model import Kind

    selection = app.Selection(connection, resource, Kind(kind) if kind else None)
    _warn(config)
    with progress_bar() as progress:
        return run(app.poll, config, selection, progress)


def _warn(config: "Config") -> None:
    names = sorted({each.path.rsplit(".")[-1] for each in config.not_in_force})
    if names:
        say(f'note: not in force yet: {", ".join(names)} ("driftd check config" tells more)', err=True)


def _show(report: "Report") -> None:
    if not report.cycles:
        say(f"nothing is due{_until(report.next_due)}: ask for a kind with --probe, --delta or --full")
        return
    absent = ("pending", "held") if any(each.pending or each.held for each in report.cycles) else ()
    numbers = ("records", "r", "c", "u", "d", *absent)
    rows = [_row(each, numbers) for each in report.cycles]
    show_table((*_WORDS, *numbers, "seconds"), rows, (*numbers, "seconds"))
    for (connection, why, hint), resources in _troubles(report).items():
        say(f"{connection} {', '.join(resources)}: {why}")
        if hint:
            say(f"  next: {hint}")
    for each in report.cycles:
        if each.drifts:
            say(f"{each.connection} {each.resource} departs: {', '.join(each.drifts)}")
        for note in each.notes:
            say(f"{each.connection} {each.resource}: {note}")
    if any(each.drifts for each in report.cycles):
        say('  next: what departs for good becomes an alert, which "driftd drift list" shows')
    say(_cost(report.cycles))
    counts = {name: sum(each.outcome == name for each in report.cycles) for name in ("ok", "partial", "failed")}
    summary = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    say(f"{_counted(len(report.cycles), 'cycle')} in {report.seconds:.1f} s: {summary}")


def _until(due: int | None) -> str:
    from datetime import datetime

    if due is None:
        return ""
    return f" before {datetime.fromtimestamp(due / 1000).astimezone():%Y-%m-%d %H:%M:%S %Z}"


def _troubles(report: "Report") -> dict[tuple[str, str, str], list[str]]:
    """Return connection, reason and hint of what did not go well, each once with the resources it struck."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for each in report.cycles:
        if each.outcome != "ok":
            why = f"{each.reason}: {each.message}" if each.reason else each.message
            found.setdefault((each.connection, why, each.hint), []).append(each.resource)
    return found


def _cost(cycles: "Sequence[CycleReport]") -> str:
    pages, unchanged = sum(each.pages for each in cycles), sum(each.pages_unchanged for each in cycles)
    decoded, details = sum(each.records_decoded for each in cycles), sum(each.details for each in cycles)
    requests, size = sum(each.requests for each in cycles), sum(each.bytes for each in cycles)
    return (
        f"{_counted(requests, 'request')}, {size / 1e6:.1f} MB: {_counted(pages, 'page')} ({unchanged} unchanged), "
        f"{_counted(decoded, 'record')} decoded, {details} completed from details"
    )


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _row(each: "CycleReport", numbers: Sequence[str]) -> tuple[str, ...]:
    words = (each.connection, each.resource, each.kind.value, each.outcome)
    return (*words, *(str(getattr(each, name)) for name in numbers), f"{each.seconds:.2f}")
