"""``driftd changes``: the log of change events as JSON lines."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from driftd.cli.options import COUNTS, SEQS, check_selection, config_option, configured
from driftd.cli.saying import emit

if TYPE_CHECKING:
    from driftd.config import Config
    from driftd.core.model import Recorded

BATCH = 1000
_SECONDS_BETWEEN_LOOKS = 1.0


@click.command("changes", short_help="Print change events as JSON lines.")
@config_option
@click.option("--connection", metavar="C", help="Only this connection.")
@click.option("--resource", metavar="R", help="Only this resource.")
@click.option("--after", type=SEQS, default=0, metavar="SEQ", help="Only events after this seq.")
@click.option("--limit", type=COUNTS, metavar="N", help="At most so many events.")
@click.option("--follow", is_flag=True, help="Wait for more until interrupted.")
def command(
    config_path: Path | None,
    connection: str | None,
    resource: str | None,
    after: int,
    limit: int | None,
    *,
    follow: bool,
) -> None:
    """Print change events, one JSON object a line, oldest first.

    The seq of the last line is the cursor: give it as --after to go on without loss or repetition.
    """
    from driftd.cli.loop import run

    config = configured(config_path)
    check_selection(config, connection, resource)
    run(partial(_print, config, (connection, resource), after, limit, follow=follow))


async def _print(
    config: "Config", selection: tuple[str | None, str | None], after: int, limit: int | None, *, follow: bool
) -> None:
    import anyio

    from driftd import app

    connection, resource = selection
    left = limit
    async with app.reading(config) as store:
        while left is None or left > 0:
            size = BATCH if left is None else min(left, BATCH)
            batch = await store.read_changes(after, size, connection=connection, resource=resource)
            if batch:
                _write(batch)
                after = batch[-1].seq
                left = None if left is None else left - len(batch)
            elif follow:
                await anyio.sleep(_SECONDS_BETWEEN_LOOKS)
            else:
                return


def _write(batch: "Sequence[Recorded]") -> None:
    emit(b"".join(each.envelope + b"\n" for each in batch))
