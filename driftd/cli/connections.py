"""``driftd connections``: the life of a connection. So far its live check, and its secret."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from driftd.cli import renewal
from driftd.cli.options import PATH, check_selection, config_option, configured, format_option
from driftd.cli.saying import say, tell
from driftd.cli.tables import show_table
from driftd.errors import DecisionError

if TYPE_CHECKING:
    from driftd.app.trial import Recording
    from driftd.config import Config, ConnectionConfig
    from driftd.core.trial import Step, Trial

_WIDTH = 14


@click.group("connections", short_help="Test a connection, or give driftd its secret.")
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

    config = configured(config_path)
    check_selection(config, name, None)
    recording = _recording(file, records, values=values, force=force)
    connection = next(each for each in config.connections if each.name == name)
    _check_alone(config, connection)
    named = {"connection": name, "host": connection.host, "folder": connection.folder}
    try:
        trial = run(app.examined_here, config, connection, recording)
    except OSError as error:
        raise _no_place(file, error) from None
    if form == "json":
        tell(_as_json(trial, recording, named))
    else:
        _show(trial, named, debug=debug)
        if recording is not None:
            say(_recorded(recording))
    return 0 if trial.valid else 1


command.add_command(renewal.command)


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


def _show(trial: "Trial", named: Mapping[str, str], *, debug: bool) -> None:
    if debug:
        for step in trial.steps:
            _tell(step, named)
    else:
        rows = [(step.check, step.subject, step.outcome, f"{step.seconds:.2f}", step.message) for step in trial.steps]
        show_table(("step", "of", "outcome", "seconds", "found"), rows, ("seconds",))
        for step in trial.steps:
            if told := _advice(step, named):
                say(f"{step.check} {step.subject}:")
            for label, text in told:
                say(f"  {label}: {text}")
    requests = "1 request" if trial.requests == 1 else f"{trial.requests} requests"
    verdict = "is valid" if trial.valid else "is not valid"
    cost = f"{requests}, {trial.wire_bytes / 1e3:.1f} kB, {trial.seconds:.1f} s"
    say(f'connection "{trial.connection}" {verdict}: {cost}')


def _tell(step: "Step", named: Mapping[str, str]) -> None:
    """Print one step with all that it saw."""
    say(f"{step.check:<10} {step.subject:<24} {step.outcome:<8} {step.seconds:>7.3f} s  {step.message}")
    for name, fact in step.facts.items():
        say(f"    {name:<{_WIDTH}} {fact}")
    for label, text in _advice(step, named):
        say(f"    {label:<{_WIDTH}} {text}")


def _advice(step: "Step", named: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return what to do about a step: reason, next step, who acts, and for a failure what to tell the customer."""
    from driftd.core.card import advice
    from driftd.core.trial import StepOutcome

    told = [("reason", str(step.reason))] if step.reason else []
    told += [("next", step.hint)] if step.hint else []
    if step.outcome is StepOutcome.FAILED and step.reason is not None:
        actor, tell = advice(step.reason, {**named, "resources": step.subject})
        told += [("who acts", actor), ("tell them", tell)]
    return told


def _as_json(trial: "Trial", recording: "Recording | None", named: Mapping[str, str]) -> dict[str, object]:
    from msgspec import to_builtins

    steps = [{**to_builtins(step), "advice": dict(_advice(step, named))} for step in trial.steps]
    cost = {"requests": trial.requests, "bytes": trial.wire_bytes, "seconds": round(trial.seconds, 6)}
    recorded = str(recording.file) if recording is not None else None
    return {"connection": trial.connection, "valid": trial.valid, **cost, "recorded": recorded, "steps": steps}
