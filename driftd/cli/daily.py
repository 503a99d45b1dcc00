"""``driftd db daily``: how many events each day had."""

from datetime import date
from pathlib import Path
from typing import Final

import click

from driftd.cli.options import check_selection, config_option, configured, format_option
from driftd.cli.saying import tell

_EPOCH: Final = date(1970, 1, 1).toordinal()
_WORDS: Final = ("day", "connection", "resource", "created", "updated", "deleted")


@click.command("daily", short_help="Show how many change events each day had.")
@config_option
@click.option("--connection", metavar="C", help="Only this connection.")
@click.option("--resource", metavar="R", help="Only this resource.")
@format_option
def command(config_path: Path | None, connection: str | None, resource: str | None, form: str) -> None:
    """Show how many change events each day (UTC) had, also of those that are no longer kept."""
    from driftd.app import keeping
    from driftd.cli.loop import run
    from driftd.cli.tables import show_table

    config = configured(config_path)
    check_selection(config, connection, resource)
    rows = [
        (
            str(date.fromordinal(_EPOCH + each.day)),
            each.connection,
            each.resource,
            each.created,
            each.updated,
            each.deleted,
        )
        for each in run(keeping.days, config, 0, connection, resource)
    ]
    if form == "json":
        tell({"days": [dict(zip(_WORDS, row, strict=True)) for row in rows]})
    else:
        show_table(_WORDS, [tuple(map(str, row)) for row in rows], _WORDS[3:])
