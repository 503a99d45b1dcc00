"""``driftd check config``: every mistake, or what the configuration means and costs."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from driftd.cli.options import config_option, configured, format_option
from driftd.cli.tables import console, show_table
from driftd.errors import ConfigError

if TYPE_CHECKING:
    from driftd.config import Config, ConnectionConfig


@click.group("check", short_help="Check the configuration.")
def command() -> None:
    """Check what can be checked without a tenant."""


@command.command("config")
@config_option
@format_option
def check_config(config_path: Path | None, form: str) -> None:
    """Print every mistake of the configuration, or its plan: who is polled, how often, at what cost a day."""
    config = configured(config_path)
    notes = [*_notes(config)]
    if form == "json":
        connections = [_as_json(each) for each in config.connections]
        click.echo(json.dumps({"ok": True, "connections": connections, "notes": notes}))
        return
    if config.connections:
        _show(config)
    else:
        click.echo("the configuration names no connection: add one with [[connections]]")
    for note in notes:
        console(stderr=True).print(f"note: {note}", soft_wrap=True)


def _notes(config: "Config") -> list[str]:
    notes = [f"{each.path} is not in force yet: {each.message}" for each in config.not_in_force]
    for connection in config.connections:
        secret = connection.auth.secret
        try:
            secret.read()
        except ConfigError as error:
            notes += [f"{each.path}: {each.message}" for each in error.mistakes]
        if connection.ca_file and not connection.ca_file.is_file():
            notes.append(f'ca_file of "{connection.name}": the file "{connection.ca_file}" does not exist')
    return notes


def _show(config: "Config") -> None:
    from driftd.config import plan

    rows = []
    for connection in config.connections:
        for each in connection.classes:
            reckoned, settings = plan(each), each.settings
            rows.append(
                (
                    connection.name,
                    each.resource.name,
                    _span(settings.probe),
                    _span(settings.delta),
                    settings.sweep_cron or _span(settings.sweep),
                    str(reckoned.requests),
                    f"≤ {reckoned.details}" if reckoned.details else "-",
                )
            )
    columns = ("connection", "resource", "probe", "delta", "sweep", "requests a day", "details a day")
    show_table(columns, rows, columns[5:])
    for connection in config.connections:
        total = sum(plan(each).requests for each in connection.classes)
        limit = connection.settings.requests_per_day
        click.echo(f"{connection.name}: {total} requests a day of at most {limit} for probes and deltas")
    click.echo("a sweep costs one request a page_size of records: known once a resource was read")


def _as_json(connection: "ConnectionConfig") -> dict[str, object]:
    from driftd.config import plan

    return {
        "connection": connection.name,
        "base_url": connection.base_url,
        "folder": connection.folder,
        "requests_per_day": connection.settings.requests_per_day,
        "resources": [
            {
                "resource": each.resource.name,
                "probe": each.settings.probe,
                "delta": each.settings.delta,
                "sweep": each.settings.sweep_cron or each.settings.sweep,
                "requests_a_day": plan(each).requests,
                "details_a_day_at_most": plan(each).details,
            }
            for each in connection.classes
        ],
    }


def _span(seconds: float) -> str:
    for unit, length in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds >= length and seconds % length == 0:
            return f"{seconds / length:g}{unit}"
    return f"{seconds:g}s"
