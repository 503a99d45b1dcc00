"""``driftd connections add``: a connection is asked for, or given as options; tried live; and stored."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

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
    ("--auth-type", "TYPE", "client_credentials (default), basic, connected_app or pairing."),
    ("--token-url", "URL", "Where tokens are issued; of client_credentials and pairing."),
    ("--client-id", "TEXT", "Of all but basic. Default: driftd."),
    ("--scope", "TEXT", "Of client_credentials, where tokens are not issued without one."),
    ("--username", "TEXT", "Of basic and connected_app. Default: driftd."),
    ("--audience", "URL", "Of connected_app: its URL exactly as X3 shows it."),
    ("--token-life", "SPAN", "Of connected_app. Default: 5m."),
    ("--pair", "NAME", "Of pairing: the customer's pair, where several connections share it."),
    ("--secret-expires", "DAY", "When the secret ends, such as 2027-03-31."),
)
_BROKEN_OFF: Final = (
    "broken off: `driftd connections list` shows whether it is stored; if not, give the same refresh token again"
)
_OF_AUTH: Final = ("token_url", "client_id", "scope", "username", "audience", "token_life", "pair", "secret_expires")


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

    Of pairing there are two, on a line each: client_secret, then refresh_token; of a pair that another connection
    shares already, none. A refresh token is used up by trying it, and its successor kept.
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
    new: _New | None = None
    try:
        new = _answers(config, _table(given), word, asks=asks, stdin=stdin)
        trial, says = (None, "") if untried else _tried(new, quiet=form == "json")
        stored = trial is None or trial.valid or keep_invalid or (asks and _insists())
    except (KeyboardInterrupt, click.Abort):
        say(err=True)
        say(_BROKEN_OFF if new is not None and new.paired else "nothing was stored", err=True)
        raise
    if stored and (trial is None or not trial.valid or not new.paired):
        says = _stored(new)
    table, says = new.table, says or "nothing was stored"
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


class _New(NamedTuple):
    """A connection that is to be."""

    config: "Config"
    table: "Table"
    kept: "Sequence[Kept]"
    """Its secrets, sealed."""
    word: "Word"
    paired: bool
    """Whether it signs in by a pair."""


def _answers(config: "Config", table: "Table", word: "Word", *, asks: bool, stdin: bool) -> _New:
    """Return the whole table and the secrets, sealed; a name that cannot be is refused before anything is asked."""
    from driftd.app import adding
    from driftd.cli import wizard
    from driftd.cli.hidden import secrets_given
    from driftd.cli.loop import run
    from driftd.config import Pairing, read_stored
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
    fields = run(adding.lacking, whole, table)
    secrets = dict(zip(fields, secrets_given(str(table["name"]), fields, stdin=stdin), strict=True))
    kept = run(adding.sealed, whole, table, secrets)
    return _New(config, table, kept, word, isinstance(read_stored(whole, table).auth, Pairing))


def _tried(new: _New, *, quiet: bool) -> "tuple[Trial | None, str]":
    """Try it live, each step printed as it is taken; one that signs in by a pair is stored with that where it is valid.

    Returns the check, and what is said of what was stored, or of what was not.
    """
    from driftd.app import adding
    from driftd.cli import brought
    from driftd.cli.loop import run

    tell, says = (lambda _: None) if quiet else steps.teller(_names(new.config, new.table)), ""
    if new.paired:
        put = brought.brought(new.config, new.table, new.kept, new.word, check=True)
        trial, says = put.trial, put.says
        for step in trial.steps if trial else ():
            tell(step)
    else:
        trial = run(adding.tried, new.config, new.table, new.kept, tell)
    if trial is not None and not quiet:
        say(steps.verdict(trial))
    return trial, says


def _names(config: "Config", table: "Table") -> "dict[str, str]":
    from driftd.config import read_stored

    return dict(steps.named(read_stored(config, table)))


def _insists() -> bool:
    return click.confirm("store it all the same?", default=False, err=True)


def _stored(new: _New) -> str:
    """Store it through the daemon where one runs, and by ourselves where none does."""
    from driftd.cli import brought

    return brought.brought(new.config, new.table, new.kept, new.word, check=False).says
