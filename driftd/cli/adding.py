"""``driftd connections add``: a connection is asked for, or given as options; tried live; and stored."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from driftd.cli import steps
from driftd.cli.options import TEXT, AnyCommand, config_option, configured, format_option
from driftd.cli.saying import say, tell

if TYPE_CHECKING:
    from driftd.config import Config
    from driftd.config.questions import Table
    from driftd.core.decision import Word
    from driftd.core.sealed import Kept
    from driftd.core.trial import Trial

_SETTINGS: Final = (
    ("--name", "NAME", "What metrics and commands call it by."),
    ("--base-url", "URL", "Address of the tenant, before /api1/."),
    ("--folder", "CODE", "X3 folder. Default: the name in capitals."),
    ("--endpoint", "CODE", "Path segment, where it differs from the folder."),
    ("--environment", "WORD", "production (default) or test."),
    ("--customer", "TEXT", "Whose it is, for people."),
    ("--ca-file", "FILE", "Certificate authorities trusted besides the public ones."),
    ("--auth-type", "TYPE", "client_credentials (default), basic or connected_app."),
    ("--token-url", "URL", "Where tokens are issued; of client_credentials."),
    ("--client-id", "TEXT", "Of client_credentials and connected_app. Default: driftd."),
    ("--scope", "TEXT", "Of client_credentials, where tokens are not issued without one."),
    ("--username", "TEXT", "Of basic and connected_app. Default: driftd."),
    ("--audience", "URL", "Of connected_app: its URL exactly as X3 shows it."),
    ("--token-life", "SPAN", "Of connected_app. Default: 5m."),
    ("--secret-expires", "DAY", "When the secret ends, such as 2027-03-31."),
)
_OF_AUTH: Final = ("token_url", "client_id", "scope", "username", "audience", "token_life", "secret_expires")


def _settings(command: AnyCommand) -> AnyCommand:
    """Add an option for each setting."""
    for name, metavar, text in reversed(_SETTINGS):
        command = click.option(name, type=TEXT, metavar=metavar, help=text)(command)
    return command


@click.command("add", short_help="Add a connection: asked for at a terminal, or given as options.")
@config_option
@_settings
@click.option("--secret-stdin", "stdin", is_flag=True, help="Read the secret from standard input, not from a prompt.")
@click.option("--no-validate", "untried", is_flag=True, help="Store it without trying it.")
@click.option("--keep-invalid", is_flag=True, help="Store it even where the live check fails.")
@click.option("--yes", is_flag=True, help="Ask nothing but the secret: what is not given is as usual.")
@click.option("--reason", type=TEXT, default="a new connection", show_default=True, metavar="TEXT", help="Why.")
@click.option("--by", type=TEXT, metavar="NAME", help="Who decides. Default: the user who runs the command.")
@format_option
def command(  # noqa: PLR0913 - one parameter an option
    config_path: Path | None, reason: str, by: str | None, form: str, *, stdin: bool, untried: bool,
    keep_invalid: bool, yes: bool, **given: str | None,
) -> int:  # fmt: skip
    """Add a connection, which is polled from then on: by the daemon that runs, or by the next that starts.

    What is not given as an option is asked for, where there is a terminal. Then it is tried live, one step after the
    other, and stored where it is valid; else nothing is (exit code 1). Its secret is typed unseen or read from standard
    input, and leaves this process sealed only, so the command needs the key of [vault] as the daemon does.
    """
    from driftd.cli import wizard
    from driftd.cli.deciding import who
    from driftd.cli.loop import leave_no_core
    from driftd.core.decision import Word, check_word
    from driftd.core.document import of_trial

    leave_no_core()
    word = Word(who(by), reason)
    check_word(word)
    config, asks = configured(config_path, stored=False), not (yes or stdin) and sys.stdin.isatty()
    try:
        table, kept = _answers(config, _table(given), asks=asks, stdin=stdin)
        trial = None if untried else _tried(config, table, kept, quiet=form == "json")
        stored = trial is None or trial.valid or keep_invalid or (asks and _insists())
    except (KeyboardInterrupt, click.Abort):
        say("\nnothing was stored", err=True)
        raise
    says = _stored(config, table, kept, word) if stored else "nothing was stored"
    if form == "json":
        check = of_trial(trial, _names(config, table), facts=True) if trial is not None else None
        tell({"connection": table["name"], "stored": stored, "says": says, "check": check})
    else:
        say(says, err=not stored)
        if asks and not stored:
            say(f"to try again: {wizard.command(table)}", err=True)
    return 0 if stored else 1


def _table(given: dict[str, str | None]) -> "Table":
    from driftd.config.questions import with_answer

    table: Table = {}
    for name, answer in given.items():
        key = "auth.type" if name == "auth_type" else f"auth.{name}" if name in _OF_AUTH else name
        if answer is not None:
            table = with_answer(table, key, answer)
    return table


def _answers(config: "Config", table: "Table", *, asks: bool, stdin: bool) -> "tuple[Table, Kept]":
    """Return the whole table and the secret, sealed; a name that cannot be is refused before anything is asked."""
    from driftd.app import adding
    from driftd.cli import wizard
    from driftd.cli.hidden import secret_given
    from driftd.cli.loop import run
    from driftd.config import read_stored
    from driftd.errors import ConfigError

    if not config.vault.named:
        raise click.UsageError(
            "driftd has no key to keep secrets with: make one with `driftd keys generate --to FILE`, and name it as"
            " key_file under [vault]"
        )
    whole = run(adding.known, config)
    table = wizard.asked(whole, table) if asks else wizard.completed(whole, table)
    if flaws := adding.flaws(whole, table):
        raise ConfigError(flaws)
    field = read_stored(whole, table).auth.secret.field
    secret = secret_given(f'{field} of "{table["name"]}"', stdin=stdin)
    return table, run(adding.sealed, whole, table, secret)


def _tried(config: "Config", table: "Table", kept: "Kept", *, quiet: bool) -> "Trial":
    """Try it live, each step printed as it is taken."""
    from driftd.app import adding
    from driftd.cli.loop import run

    told = None if quiet else steps.teller(_names(config, table))
    trial = run(adding.tried, config, table, kept, told)
    if not quiet:
        say(steps.verdict(trial))
    return trial


def _names(config: "Config", table: "Table") -> "dict[str, str]":
    from driftd.config import read_stored

    return dict(steps.named(read_stored(config, table)))


def _insists() -> bool:
    return click.confirm("store it all the same?", default=False, err=True)


def _stored(config: "Config", table: "Table", kept: "Kept", word: "Word") -> str:
    """Store it through the daemon where one runs, and by ourselves where none does."""
    from driftd import app
    from driftd.app import adding
    from driftd.cli.asking import posted
    from driftd.cli.loop import run

    if app.running(config):
        return posted(config, "/api/v1/connections?validate=false", _body(table, kept, word))
    return run(adding.added, config, table, kept, word)


def _body(table: "Table", kept: "Kept", word: "Word") -> dict[str, Any]:
    import base64

    blob = base64.b64encode(kept.blob).decode()
    sealed = {"field": kept.place.field, "store": kept.place.store, "number": kept.number, "blob": blob, "at": kept.at}
    return {**table, "sealed": sealed, "by": word.by, "reason": word.reason}
