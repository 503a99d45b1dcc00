"""``driftd db migrate``: bring the database to this release's schema without polling."""

from pathlib import Path

import click

from driftd.cli.options import config_option, configured
from driftd.cli.saying import say


@click.command("migrate", short_help="Bring the database to this release's schema.")
@config_option
def command(config_path: Path | None) -> None:
    """Bring the database to the schema of this release, as each start of the daemon does; nothing is polled.

    A copy of the database as it was stays beside it.
    """
    from driftd.app import keeping
    from driftd.cli.loop import run

    before, after = run(keeping.migrate, configured(config_path, stored=False))
    if before == after:
        say(f"the database has schema {after} already")
    else:
        say(f"the database had schema {before} and has {after} now; a copy of it as it was stays beside it")
