"""``driftd audit``: what persons did, newest first."""

from pathlib import Path

import click

from driftd.cli.moments import local, read_moment
from driftd.cli.options import COUNTS, TEXT, config_option, configured, format_option
from driftd.cli.saying import say, tell
from driftd.cli.tables import show_table

_COLUMNS = ("time", "who", "did", "connection", "resource", "what", "before", "after", "reason")


@click.command("audit", short_help="Show who did what, when and why.")
@config_option
@click.option("--connection", type=TEXT, metavar="C", help="Only what was done to this connection, there or gone.")
@click.option("--since", metavar="TIME", callback=read_moment, help="Not before. Default: all that is kept, 400 days.")
@click.option("--limit", type=COUNTS, default=100, show_default=True, metavar="N", help="At most so many.")
@format_option
def command(config_path: Path | None, connection: str | None, since: int | None, limit: int, form: str) -> None:
    """Show what persons did to connections, drifts, alerts, records and secrets, newest first.

    TIME is a span such as 24h, so long ago, or a time such as 2026-11-25 or 2026-11-25T08:00.
    """
    from driftd.app import pausing
    from driftd.cli.loop import run
    from driftd.core.casefile import of_deed
    from driftd.ports import Pages

    pages = Pages(limit, connection, max(0, since or 0))
    deeds = [each.deed for each in run(pausing.audit, configured(config_path), pages)]
    if form == "json":
        tell({"audit": [of_deed(each) for each in deeds]})
        return
    if not deeds:
        say("nobody did anything that is kept")
        return
    rows = [
        (
            local(each.at, seconds=True),
            each.by,
            each.action,
            each.connection or "all",
            each.resource or "-",
            each.subject,
            each.before or "-",
            each.after or "-",
            each.reason,
        )
        for each in deeds
    ]
    show_table(_COLUMNS, rows)
