"""``driftd check config``: every mistake, or what the configuration means and costs."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from driftd.cli.options import config_option, configured, format_option
from driftd.cli.saying import say, tell
from driftd.errors import ConfigError, StoreError

if TYPE_CHECKING:
    from driftd.config import Config, ConnectionConfig, Plan, SecretRef, Sizes


_NAMED = 3
"""Connections that a note names."""


@click.group("check", short_help="Check the configuration.")
def command() -> None:
    """Check what can be checked without a tenant."""


@command.command("config")
@config_option
@format_option
def check_config(config_path: Path | None, form: str) -> None:
    """Print every mistake of the configuration, or its plan: who is polled, how often, at what cost a day.

    Sizes are those that the database of data_dir remembers; before the first sweep of a resource only what is certain
    is counted. A plan above requests_per_day or bytes_per_day is a mistake.
    """
    from driftd import app
    from driftd.cli import plans
    from driftd.cli.loop import leave_no_core
    from driftd.config import above_limits, plan

    leave_no_core()
    config = configured(config_path)
    if unusable := app.unusable(config):
        raise ConfigError(unusable)
    sizes, unread = _sizes(config)
    if above := [each for connection in config.connections for each in above_limits(connection, sizes)]:
        raise ConfigError(above)
    reckoned = plan(config, sizes)
    notes = [*_notes(config), *unread, *_details(reckoned), *_personal(config)]
    if form == "json":
        tell({"ok": True, **plans.as_json(reckoned), "notes": notes})
        return
    if config.connections:
        plans.show(reckoned)
    else:
        say("the configuration names no connection: add one with [[connections]]")
    for note in notes:
        say(f"note: {note}", err=True)


def _sizes(config: "Config") -> "tuple[Sizes, list[str]]":
    """Return what was measured, and a note where something is in the way of it."""
    from driftd import app
    from driftd.cli.loop import run

    if not config.connections or not config.data_dir.exists():
        return {}, []
    try:
        return run(app.sizes, config), []
    except StoreError as error:
        return {}, [f"sizes are not known: {error}"]


def _notes(config: "Config") -> list[str]:
    notes = [f"{each.path} is not in force yet: {each.message}" for each in config.not_in_force]
    for connection in config.connections:
        for secret in connection.secrets:
            try:
                _ = secret.field or secret.read()
            except ConfigError as error:
                notes += [f"{each.path}: {each.message}" for each in error.mistakes]
    return [*notes, *_kept(config)]


def _kept(config: "Config") -> list[str]:
    """Note what is wrong with secrets that driftd keeps, and with their keys."""
    from driftd.app.keys import verified
    from driftd.cli.loop import run

    found = [(each, secret) for each in config.connections for secret in each.secrets if secret.field]
    places = {(each.kept_as, secret.field): (each, secret) for each, secret in reversed(found)}
    if not places:
        return []
    try:
        looked = run(verified, config)
    except ConfigError as error:
        return [f"{each.path}: {each.message}" for each in error.mistakes]
    except StoreError as error:
        return [f"secrets that driftd keeps are not known: {error}"]
    wrong = [(*places[each.connection, each.field], each.condition) for each in looked if each.needed and not each.fine]
    return [
        f"{secret.path}: {condition}: run `driftd connections rotate {connection.name}{_which(connection, secret)}`"
        for connection, secret, condition in wrong
    ]


def _which(connection: "ConnectionConfig", secret: "SecretRef") -> str:
    """Return the option that says which secret is meant, where it is not the first one."""
    return "" if secret is connection.secrets[0] else f" --field {secret.field}"


def _personal(config: "Config") -> list[str]:
    """Note which members that usually tell of persons are polled without a rule for them."""
    notes: dict[str, list[str]] = {}
    for connection in config.connections:
        for each in connection.classes:
            if each.personal:
                notes.setdefault(f"{each.resource.name}: {', '.join(each.personal)}", []).append(connection.name)
    return [
        f"{what} usually tell of persons, and private says nothing of them for "
        f'{", ".join(names[:_NAMED])}{f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""}: "keep" is an'
        " answer too (docs/privacy.md)"
        for what, names in notes.items()
    ]


def _details(plan: "Plan") -> list[str]:
    """Note where the limits leave less room for details than their own budget does."""
    notes = []
    for each in plan.connections:
        settings, cycles, details = each.connection.settings, each.total, each.details
        left = settings.requests_per_day - cycles.requests
        if details.requests > left:
            notes.append(
                f'details of "{each.connection.name}" may take up to {details.requests:.0f} requests a day, and its '
                f"cycles leave {left:.0f} of requests_per_day: lower details_per_hour, or raise the limit"
            )
    return notes
