"""``driftd changes``: the log of change events as JSON lines."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from driftd.cli.options import COUNTS, CURSOR, SEQS, check_selection, config_option, configured
from driftd.cli.saying import emit
from driftd.errors import StoreError

if TYPE_CHECKING:
    from driftd.cli.place import Place
    from driftd.config import Config
    from driftd.runtime.feed import Portion, Wanted

BATCH = 1000


@click.command("changes", short_help="Print change events as JSON lines.")
@config_option
@click.option("--connection", metavar="C", help="Only this connection.")
@click.option("--resource", metavar="R", help="Only this resource.")
@click.option("--after", type=SEQS, metavar="SEQ", help="Only events after this seq.")
@click.option(
    "--cursor", type=CURSOR, metavar="NAME", help="Go on where this cursor is, and move it behind what was printed."
)
@click.option("--limit", type=COUNTS, metavar="N", help="At most so many events.")
@click.option("--follow", is_flag=True, help="Wait for more until interrupted.")
def command(
    config_path: Path | None,
    connection: str | None,
    resource: str | None,
    after: int | None,
    cursor: str | None,
    limit: int | None,
    *,
    follow: bool,
) -> None:
    """Print change events, one JSON object a line, oldest first.

    The seq of the last line is where to go on: give it as --after, or have a --cursor remember it, which also keeps
    what it has not read yet. A line of schema driftd.truncated/1 says that events before it are gone: read the
    snapshot ("driftd records") again, and go on after its as_of_seq.
    """
    from driftd.cli.loop import run
    from driftd.runtime.feed import Wanted

    config = configured(config_path)
    check_selection(config, connection, resource)
    wanted = Wanted(connection, resource)
    place = _place(config, wanted, after, cursor)
    place.patient = follow
    run(_follow if follow else _print, config, place, limit)


def _place(config: "Config", wanted: "Wanted", after: int | None, cursor: str | None) -> "Place":
    from driftd.cli.place import NamedPlace, Place

    return Place(wanted, after or 0) if cursor is None else NamedPlace.found(config, cursor, wanted, after)


async def _print(config: "Config", place: "Place", limit: int | None) -> None:
    """Print what there is."""
    left = limit
    while left is None or left > 0:
        printed = await _printed(config, place, left)
        if printed is None:
            return
        left = None if left is None else left - printed


async def _follow(config: "Config", place: "Place", limit: int | None) -> None:
    """Print what comes, also while another database takes the place of the one that is read."""
    import anyio

    from driftd.cli.patience import SECONDS, Patience

    left, patience = limit, Patience()
    await _next(config, place, 1)  # what is wrong to begin with is told at once
    while left is None or left > 0:
        try:
            printed = await _printed(config, place, left)
            patience.renew()
        except StoreError as error:
            if not patience.bears(error):
                raise
            printed = None
        if printed is None:
            await anyio.sleep(SECONDS)
        elif left is not None:
            left -= printed


async def _printed(config: "Config", place: "Place", limit: int | None) -> int | None:
    """Print what comes next, and return how many events that is; None: there is nothing."""
    following = await _next(config, place, BATCH if limit is None else min(limit, BATCH))
    _write(following, place.after)
    await place.move(following.after)
    return len(following.events) if following.events or following.truncated else None


async def _next(config: "Config", place: "Place", size: int) -> "Portion":
    """Return what follows, out of the database that is in place now: 2.6 ms to open it each time (measured).

    It is closed before a place is written down: opening it for that makes the system forget the locks of a reader in
    the same process (fcntl(2)), which then reads what no longer counts.
    """
    from driftd import app
    from driftd.runtime.feed import portion

    async with app.reading(config) as store:
        return await portion(store, store.changelog, place.after, size, place.wanted)


def _write(following: "Portion", after: int) -> None:
    from driftd.core.envelope import truncated

    lines = [each.envelope for each in following.events]
    if following.truncated is not None:
        lines = [truncated(following.truncated, after)]
    emit(b"".join(each + b"\n" for each in lines))
