"""``driftd keys``: the keys under which driftd keeps secrets."""

import sys
from pathlib import Path

import click

from driftd.cli.options import FILE, config_option, configured
from driftd.cli.saying import say


@click.group("keys", short_help="Make the keys under which driftd keeps secrets.")
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
    if printed:
        return _print(alone=target is None and not add)
    from driftd.app.vault import add_to_file, make_file

    path = target or _configured(config_path)
    key = add_to_file(path) if add else make_file(path)
    say(f'"{path}" holds the key "{key.id.hex()}": keep a copy where the backups of the database are not')
    return 0


def _print(*, alone: bool) -> int:
    if not alone:
        raise click.UsageError("--print writes no file: give it without --to and --add")
    if sys.stdout.isatty():
        raise click.UsageError("a key is shown on no terminal: pipe it to the program that keeps it")
    from driftd.app.vault import made

    key, text = made()
    say(text)
    say(f'the key is "{key.id.hex()}"', err=True)
    return 0


def _configured(config_path: Path | None) -> Path:
    path = configured(config_path).vault.key_file
    if path is None:
        raise click.UsageError("the configuration has no key_file under [vault]: give --to FILE, or --print")
    return path
