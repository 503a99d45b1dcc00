"""``driftd keys``: the keys under which driftd keeps secrets."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from driftd.cli.options import FILE, TEXT, config_option, configured, format_option
from driftd.cli.saying import say, tell
from driftd.cli.tables import show_table

if TYPE_CHECKING:
    from driftd.app.keys import Looked
    from driftd.config import Config

_BY = click.option("--by", type=TEXT, metavar="NAME", help="Who decides. Default: the user who runs the command.")


@click.group("keys", short_help="Make, change and check the keys under which driftd keeps secrets.")
def command() -> None:
    """Look after the keys under which driftd keeps secrets."""


@command.command("generate", short_help="Make a key.")
@config_option
@click.option("--to", "target", type=FILE, metavar="FILE", help="Default: key_file of [vault].")
@click.option("--add", is_flag=True, help="Put it before the keys that the file holds already; they stay.")
@click.option("--print", "printed", is_flag=True, help="Print it instead, for another program to keep.")
def generate(config_path: Path | None, target: Path | None, *, add: bool, printed: bool) -> int:
    """Make a key, and write it to a file that is readable by its owner alone: run it as the user that runs driftd.

    No file is overwritten. The first key of a file encrypts, all decrypt. With --print, the key goes to a program or a
    file, never to a terminal: driftd keys generate --print | systemd-creds encrypt --name=kek - kek.cred
    """
    from driftd.cli.loop import leave_no_core

    leave_no_core()
    if printed:
        return _print(alone=target is None and not add)
    from driftd.app.keys import add_to_file, make_file

    path = target or _configured(config_path)
    key = add_to_file(path) if add else make_file(path)
    say(f'"{path}" holds the key "{key.id.hex()}": keep a copy where the backups of the database are not')
    if add:
        say("next: driftd keys rotate")
    return 0


def _print(*, alone: bool) -> int:
    if not alone:
        raise click.UsageError("--print writes no file: give it without --to and --add")
    if sys.stdout.isatty():
        raise click.UsageError("a key is shown on no terminal: pipe it to the program that keeps it")
    from driftd.app.keys import made

    key, text = made()
    say(text)
    say(f'the key is "{key.id.hex()}"', err=True)
    return 0


def _configured(config_path: Path | None) -> Path:
    path = configured(config_path, stored=False).vault.key_file
    if path is None:
        raise click.UsageError("the configuration has no key_file under [vault]: give --to FILE, or --print")
    return path


@command.command("rotate", short_help="Have all secrets under the first key.")
@config_option
@click.option("--reason", type=TEXT, default="keys rotated", show_default=True, metavar="TEXT", help="Why.")
@_BY
def rotate(config_path: Path | None, reason: str, by: str | None) -> int:
    """Have every secret that driftd keeps under the first of its keys, while the daemon runs or not.

    Only the keys of secrets are wrapped anew, one secret after the other: interrupted anywhere, each can be read, and
    the next rotation goes on. Then the older keys may go.
    """
    from driftd.app import keys
    from driftd.cli.deciding import who
    from driftd.cli.loop import run
    from driftd.core.decision import Word

    config, word = configured(config_path), Word(who(by), reason)
    body = {"by": word.by, "reason": word.reason}
    say(_posted(config, "rotate", body) or run(keys.rotate, config, word))
    return 0


@command.command("shred", short_help="Remove what is kept of a connection that is gone.")
@click.argument("connection", metavar="CONNECTION", type=TEXT)
@config_option
@click.option("--reason", type=TEXT, required=True, metavar="TEXT", help="Why; it stands in the audit log.")
@_BY
def shred(connection: str, config_path: Path | None, reason: str, by: str | None) -> int:
    """Remove the secrets of CONNECTION, which the configuration needs no more, and their data keys.

    Nothing is left of them in the database; backups hold them, sealed, until they go.
    """
    from driftd.app import keys
    from driftd.cli.deciding import who
    from driftd.cli.loop import run
    from driftd.core.decision import Word

    config, word = configured(config_path), Word(who(by), reason)
    body = {"connection": connection, "by": word.by, "reason": word.reason}
    say(_posted(config, "shred", body) or run(keys.shred, config, connection, word))
    return 0


def _posted(config: "Config", deed: str, body: dict[str, Any]) -> str:
    """Have the daemon do it where one runs; return what it says, nothing where none does."""
    from driftd import app
    from driftd.cli.asking import posted

    return posted(config, f"/api/v1/vault/{deed}", body, seconds=600.0) if app.running(config) else ""


@command.command("verify", short_help="Open every secret that driftd keeps.")
@config_option
@format_option
def verify(config_path: Path | None, form: str) -> int:
    """Open every secret that driftd keeps with the keys that there are, and show none.

    Exit code 1 where one does not open, or is not stored yet. Secrets of connections that the configuration does not
    know, or that have another place for them, are named: `driftd keys shred` removes them.
    """
    from driftd.app.keys import verified
    from driftd.cli.loop import run

    looked = run(verified, configured(config_path))
    if form == "json":
        tell({"ok": all(each.fine for each in looked), "secrets": [_row(each) for each in looked]})
    else:
        _show(looked)
    return 0 if all(each.fine for each in looked) else 1


def _row(each: "Looked") -> dict[str, object]:
    from msgspec.structs import asdict

    return {**asdict(each), "condition": str(each.condition)}


def _show(looked: "Sequence[Looked]") -> None:
    if not looked:
        say("driftd keeps no secret")
        return
    columns = ("connection", "field", "number", "key", "condition", "needed")
    rows = [
        (each.connection, each.field, str(each.number or ""), each.key or "", each.condition, _yes(each.needed))
        for each in looked
    ]
    show_table(columns, rows, ("number",))
    for each in looked:
        if each.number is None and each.needed:
            say(f"next: driftd connections rotate {each.connection}")
        elif not each.needed:
            say(f"next: driftd keys shred {each.connection}, where it is not to come back")


def _yes(needed: bool) -> str:  # noqa: FBT001 - its text
    return "yes" if needed else "no"
