"""``driftd connections rotate``: a connection's secret is given to driftd, which keeps it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from driftd.cli.hidden import secret_given
from driftd.cli.options import TEXT, check_selection, config_option, configured
from driftd.cli.saying import say

if TYPE_CHECKING:
    from driftd.config import Config, ConnectionConfig
    from driftd.core.decision import Word
    from driftd.core.sealed import Kept


_SECONDS: Final = 90.0
"""For which the daemon is waited for: longer than it waits for a gateway."""


@click.command("rotate", short_help="Give driftd a connection's secret to keep.")
@click.argument("name", metavar="NAME")
@config_option
@click.option("--secret-stdin", "stdin", is_flag=True, help="Read the secret from standard input, not from a prompt.")
@click.option("--field", metavar="KEY", help="Which secret, where driftd keeps several. Default: refresh_token.")
@click.option("--unchecked", is_flag=True, help="Keep it without trying it.")
@click.option("--reason", type=TEXT, default="a new secret", show_default=True, metavar="TEXT", help="Why.")
@click.option("--by", type=TEXT, metavar="NAME", help="Who decides. Default: the user who runs the command.")
def command(
    name: str,
    config_path: Path | None,
    field: str | None,
    reason: str,
    by: str | None,
    *,
    stdin: bool,
    unchecked: bool,
) -> int:
    """Give driftd the secret of the connection NAME: it is tried live, sealed, and kept in the place of the one before.

    A daemon that runs uses it at once. It leaves this process sealed only, so the command needs the key of [vault] as
    the daemon does. One that is not valid (exit code 1) is not kept.

    Of a pair it is the refresh token; with --field client_secret the other one.
    """
    from driftd.app import keys
    from driftd.app.renewal import chosen
    from driftd.cli.deciding import who
    from driftd.cli.loop import leave_no_core, run
    from driftd.core.decision import Word, check_word
    from driftd.errors import DecisionError

    leave_no_core()
    config, word = configured(config_path), Word(who(by), reason)
    check_word(word)
    check_selection(config, name, None)
    connection = next(each for each in config.connections if each.name == name)
    try:
        field = chosen(connection, field)
    except DecisionError as error:
        raise click.UsageError(f"{error}: {error.hint}") from None
    secret = secret_given(f'{field} of "{connection.name}"', stdin=stdin)
    kept = run(keys.sealed, config, connection, secret, field)
    tried_there = len(connection.secrets) > 1  # whoever keeps a pair must try it: each use replaces it
    if not unchecked and not tried_there and not _valid(config, connection, kept):
        say("the secret was not kept: give another, or --unchecked where the tenant is not to be asked", err=True)
        return 1
    say(_kept(config, kept, word, unchecked=unchecked or not tried_there))
    return 0


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


def _kept(config: "Config", kept: "Kept", word: "Word", *, unchecked: bool) -> str:
    """Keep it through the daemon where one runs, and by ourselves where none does."""
    from functools import partial

    from driftd import app
    from driftd.app import keys
    from driftd.cli.asking import posted
    from driftd.cli.loop import run

    if app.running(config):
        body = {**_body(kept, word), "unchecked": unchecked}
        return posted(config, "/api/v1/vault/secrets", body, seconds=_SECONDS)
    return run(partial(keys.keep, unchecked=unchecked), config, kept, word)


def _body(kept: "Kept", word: "Word") -> dict[str, Any]:
    import base64

    place = {"connection": kept.place.connection, "field": kept.place.field, "store": kept.place.store}
    blob = base64.b64encode(kept.blob).decode()
    said = {"by": word.by, "reason": word.reason, "unchecked": True}  # it was tried here, where it was to be
    return {**place, "number": kept.number, "blob": blob, "at": kept.at, **said}
