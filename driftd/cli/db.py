"""``driftd db``: the database."""

import click

from driftd.cli import daily, migrate, prune


@click.group("db", short_help="Prune or migrate the database.")
def command() -> None:
    """Look after the database."""


command.add_command(prune.command)
command.add_command(daily.command)
command.add_command(migrate.command)
