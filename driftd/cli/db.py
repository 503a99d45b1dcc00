"""``driftd db``: the database itself."""

import click

from driftd.cli import erase


@click.group("db", short_help="Back the database up, restore and check it.")
def command() -> None:
    """Look after the database."""


command.add_command(erase.command)
