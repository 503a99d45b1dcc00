"""``driftd db``: the database itself."""

import click


@click.group("db", short_help="Back the database up, restore and check it.")
def command() -> None:
    """Look after the database."""
