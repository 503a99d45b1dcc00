"""``driftd history``: what happened to a connection, newest first."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

import click

from driftd.cli.moments import local, read_moment
from driftd.cli.options import COUNTS, check_selection, config_option, configured, format_option
from driftd.cli.saying import say, tell
from driftd.cli.tables import show_table

if TYPE_CHECKING:
    from driftd.core.health import Flip
    from driftd.ports import Hour, Polled

Event: TypeAlias = "Flip | Polled | Hour"
_DAYS: Final = 7
_WORDS: Final = ("time", "what", "resource", "outcome", "reason", "seconds", "changes", "message")


@click.command("history", short_help="Show what happened to a connection.")
@config_option
@click.argument("connection")
@click.option("--since", metavar="TIME", callback=read_moment, help=f"Not before. Default: {_DAYS} days ago.")
@click.option("--until", metavar="TIME", callback=read_moment, help="Only before. Default: now.")
@click.option("--failures", is_flag=True, help="Leave out the hours in which all went well.")
@click.option("--limit", type=COUNTS, default=100, show_default=True, metavar="N", help="At most so many.")
@format_option
def command(
    config_path: Path | None,
    connection: str,
    since: int | None,
    until: int | None,
    limit: int,
    form: str,
    *,
    failures: bool,
) -> None:
    """Show the changes of state and the polls of CONNECTION, newest first.

    A failed poll has a row of its own; those that went well are told hour by hour. TIME is a span such as 24h, so long
    ago, or a time such as 2026-11-25 or 2026-11-25T08:00.
    """
    from driftd import app
    from driftd.cli.loop import run

    config = configured(config_path)
    check_selection(config, connection, None)
    end = app.now() + 1 if until is None else until
    begin = end - _DAYS * 86_400_000 if since is None else since
    if begin >= end:
        raise click.UsageError("--since is not before --until: exchange the two")
    read = partial(app.history, config, connection, since=begin, until=end, limit=limit, failures=failures)
    events = run(read)
    if form == "json":
        from driftd.faces.history import of_event

        tell({"connection": connection, "events": [of_event(each) for each in events]})
    elif events:
        show_table(_WORDS, [_row(each) for each in events], _WORDS[5:7])
    else:
        say(f'nothing is recorded of "{connection}" from {local(begin)} to {local(end)}')


def _row(event: Event) -> tuple[str, ...]:
    from driftd.core.health import Flip
    from driftd.core.words.filling import one_line
    from driftd.ports import Hour

    if isinstance(event, Flip):
        what = f"{event.before} → {event.after}"
        return (local(event.at, seconds=True), what, "", "", event.reason or "", "", "", one_line(event.message))
    if isinstance(event, Hour):
        cells = (event.resource, "ok", "", f"{event.seconds / max(event.polls, 1):.2f}", str(event.changes), "")
        return (
            local(event.at, seconds=True),
            f"{event.polls} poll{'' if event.polls == 1 else 's'} in the hour",
            *cells,
        )
    poll = event.poll
    changes = str(sum(poll.changes.values()))
    cells = (event.resource, poll.result, poll.reason or "", f"{poll.seconds:.2f}", changes, one_line(poll.message))
    return (local(poll.at, seconds=True), poll.kind, *cells)
