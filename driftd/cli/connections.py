"""``driftd connections``: the life of a connection."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from driftd.cli import adding, pausing, renewal, stored
from driftd.cli.options import PATH, check_selection, config_option, configured, format_option
from driftd.cli.saying import say, tell
from driftd.cli.steps import named, teller, verdict
from driftd.errors import DecisionError

if TYPE_CHECKING:
    from driftd.app.trial import Recording
    from driftd.config import Config, ConnectionConfig


@click.group("connections", short_help="Add, list, test, pause and remove connections, or give driftd a secret.")
def command() -> None:
    """Look after connections."""


@command.command("test")
@click.argument("name", metavar="NAME")
@config_option
@click.option("--debug", is_flag=True, help="Print all that each step saw.")
@click.option("--record", "file", type=PATH, metavar="FILE", help="Write a redacted cassette.")
@click.option("--values", is_flag=True, help="Keep the values of records in the cassette; never credentials or hosts.")
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
@click.option(
    "--records",
    type=click.IntRange(0),
    default=200,
    show_default=True,
    metavar="N",
    help="Records of a class recorded with details, at most.",
)
@format_option
def test_connection(  # noqa: PLR0913 - one parameter an option
    name: str,
    config_path: Path | None,
    file: Path | None,
    records: int,
    form: str,
    *,
    debug: bool,
    values: bool,
    force: bool,
) -> int:
    """Check the connection NAME live: its host, certificate, token, folder and classes, one step after the other.

    It is valid where a token is had and BPCUSTOMER can be read in its folder: exit code 0, else 1. With --record each
    class is also read completely, as a sweep does, and written to FILE, which "driftd simulator --replay" serves.
    """
    from driftd.app import trial as app
    from driftd.cli.loop import run
    from driftd.core.document import of_trial

    config = configured(config_path)
    check_selection(config, name, None)
    recording = _recording(file, records, values=values, force=force)
    connection = next(each for each in config.connections if each.name == name)
    _check_alone(config, connection)
    told = teller(named(connection), debug=debug) if form == "table" else None
    try:
        trial = run(app.examined_here, config, connection, recording, told)
    except OSError as error:
        raise _no_place(file, error) from None
    if form == "json":
        recorded = str(recording.file) if recording is not None else None
        tell({**of_trial(trial, named(connection), facts=True), "recorded": recorded})
    else:
        say(verdict(trial))
        if recording is not None:
            say(_recorded(recording))
    return 0 if trial.valid else 1


command.add_command(adding.command)
command.add_command(renewal.command)
command.add_command(stored.listed)
command.add_command(stored.shown)
command.add_command(stored.removed)
command.add_command(pausing.pause)
command.add_command(pausing.resume)
command.add_command(pausing.maintenance)


def _check_alone(config: "Config", connection: "ConnectionConfig") -> None:
    """Refuse to use a pair beside the daemon: each use replaces it, and only one can have what replaced it."""
    from driftd import app
    from driftd.config import Pairing

    if not isinstance(connection.auth, Pairing) or not app.running(config):
        return
    live = f"http://{config.web.listen}/probe?target={connection.name}&debug=true&fresh=1"
    raise DecisionError(
        f'the daemon that runs has the pair of "{connection.name}" in use, and each use replaces the refresh token',
        hint=f"have the daemon check it live: {live}",
    )


def _recording(file: Path | None, records: int, *, values: bool, force: bool) -> "Recording | None":
    """Return what to record; a place where nothing can or may be written is refused before anything is asked."""
    from driftd.app import trial as app

    if file is None:
        if values or force:
            raise click.UsageError("--values and --force go with --record FILE")
        return None
    if file.is_dir() or not file.parent.is_dir():
        what = "is a folder" if file.is_dir() else "lies in no folder that exists"
        raise click.UsageError(f'"{file}" {what}: give --record a file to write')
    if file.exists() and not force:
        raise click.UsageError(f'"{file}" exists: give another name, or --force to replace it')
    return app.Recording(file, values=values, records=records)


def _no_place(file: Path | None, error: OSError) -> click.UsageError:
    return click.UsageError(f'"{file}" cannot be written ({error.strerror or error}): give --record another place')


def _recorded(recording: "Recording") -> str:
    kept = "with the values of records" if recording.values else "with pseudonyms in place of values"
    return f'recorded in "{recording.file}", {kept}; serve it with: driftd simulator --replay {recording.file}'
