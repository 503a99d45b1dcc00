"""``driftd connections rotate``: a connection's secret is given to driftd, which keeps it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from driftd.cli.hidden import secret_given
from driftd.cli.options import TEXT, check_selection, config_option, configured
from driftd.cli.saying import say

if TYPE_CHECKING:
    from driftd.config import Config, ConnectionConfig
    from driftd.core.decision import Word
    from driftd.core.sealed import Kept


@click.command("rotate", short_help="Give driftd a connection's secret to keep.")
@click.argument("name", metavar="NAME")
@config_option
@click.option("--secret-stdin", "stdin", is_flag=True, help="Read the secret from standard input, not from a prompt.")
@click.option("--unchecked", is_flag=True, help="Keep it without trying it.")
@click.option("--reason", type=TEXT, default="a new secret", show_default=True, metavar="TEXT", help="Why.")
@click.option("--by", type=TEXT, metavar="NAME", help="Who decides. Default: the user who runs the command.")
def command(name: str, config_path: Path | None, reason: str, by: str | None, *, stdin: bool, unchecked: bool) -> int:
    """Give driftd the secret of the connection NAME: it is tried live, sealed, and kept in the place of the one before.

    A daemon that runs uses it at once. It leaves this process sealed only, so the command needs the key of [vault] as
    the daemon does. One that is not valid (exit code 1) is not kept.
    """
    from driftd.app import keys
    from driftd.cli.deciding import who
    from driftd.cli.loop import leave_no_core, run
    from driftd.core.decision import Word, check_word

    leave_no_core()
    config, word = configured(config_path), Word(who(by), reason)
    check_word(word)
    check_selection(config, name, None)
    connection = next(each for each in config.connections if each.name == name)
    if not connection.auth.secret.field:
        raise click.UsageError(_elsewhere(connection))
    secret = secret_given(f'{connection.auth.secret.field} of "{connection.name}"', stdin=stdin)
    kept = run(keys.sealed, config, connection, secret)
    if not unchecked and not _valid(config, connection, kept):
        say("the secret was not kept: give another, or --unchecked where the tenant is not to be asked", err=True)
        return 1
    say(_kept(config, kept, word))
    return 0


def _elsewhere(connection: "ConnectionConfig") -> str:
    secret = connection.auth.secret
    place = f'the variable "{secret.env}"' if secret.env is not None else f'the file "{secret.file}"'
    return f'the secret of "{connection.name}" stands in {place}: change it there, or take {secret.path} away'


def _valid(config: "Config", connection: "ConnectionConfig", kept: "Kept") -> bool:
    """Try the secret at the tenant, and tell what does not go."""
    from driftd.app import keys
    from driftd.cli.loop import run
    from driftd.core.trial import StepOutcome

    trial = run(keys.tried, config, connection, kept)
    for step in trial.steps:
        if step.outcome is StepOutcome.FAILED:
            say(f"{step.check} {step.subject}: {step.message}", err=True)
            if step.hint:
                say(f"next: {step.hint}", err=True)
    return trial.valid


def _kept(config: "Config", kept: "Kept", word: "Word") -> str:
    """Keep it through the daemon where one runs, and by ourselves where none does."""
    from driftd import app
    from driftd.app import keys
    from driftd.cli.asking import posted
    from driftd.cli.loop import run

    if app.running(config):
        return posted(config, "/api/v1/vault/secrets", _body(kept, word))
    return run(keys.keep, config, kept, word)


def _body(kept: "Kept", word: "Word") -> dict[str, Any]:
    import base64

    place = {"connection": kept.place.connection, "field": kept.place.field, "store": kept.place.store}
    blob = base64.b64encode(kept.blob).decode()
    said = {"by": word.by, "reason": word.reason, "unchecked": True}  # it was tried here, where it was to be
    return {**place, "number": kept.number, "blob": blob, "at": kept.at, **said}
