"""``driftd cursors``: who reads the log of changes, and how far."""

from pathlib import Path
from urllib.parse import quote

import click

from driftd.cli.options import CURSOR, config_option, configured, format_option
from driftd.cli.saying import say, tell


@click.group("cursors", short_help="List or forget readers of the log of changes.")
def command() -> None:
    """Look at the named cursors of "driftd changes --cursor NAME"."""


@command.command("list", short_help="List them.")
@config_option
@format_option
def listed(config_path: Path | None, form: str) -> None:
    """List who reads the log of changes and how far. What a live cursor has not read is kept."""
    from driftd import app
    from driftd.app import keeping
    from driftd.cli.loop import run
    from driftd.cli.moments import local
    from driftd.cli.tables import show_table
    from driftd.core.document import of_cursor
    from driftd.core.retention import lives

    found, now = run(keeping.cursors, configured(config_path)), app.now()
    if form == "json":
        tell({"cursors": [of_cursor(each, now) for each in found]})
        return
    rows = [
        (
            each.name,
            str(each.seq),
            each.connection or "all",
            each.resource or "all",
            local(each.used_at),
            "yes" if lives(each, now) else "no",
        )
        for each in found
    ]
    show_table(("cursor", "after", "connection", "resource", "last used", "live"), rows, ("after",))


@command.command("forget", short_help="Remove one.")
@click.argument("name", type=CURSOR)
@config_option
def forgotten(name: str, config_path: Path | None) -> int:
    """Remove the cursor NAME, so that it holds nothing back. Exit code 1 if there is none."""
    from driftd import app
    from driftd.app import keeping
    from driftd.cli.asking import sent
    from driftd.cli.loop import run
    from driftd.errors import DecisionError

    config = configured(config_path)
    if app.running(config):
        sent(config, f"/api/v1/cursors/{quote(name, safe='')}/forget", {})
    elif not run(keeping.forget, config, name):
        raise DecisionError(f'there is no cursor "{name}"', hint="driftd cursors list shows them", unknown=True)
    say(f'cursor "{name}" is forgotten')
    return 0
