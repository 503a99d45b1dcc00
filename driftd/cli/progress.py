"""The progress bar of a poll: on stderr, and only on a terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from driftd.cli.tables import console

if TYPE_CHECKING:
    from rich.progress import TaskID

    from driftd.app import Progress


@contextmanager
def progress_bar() -> Iterator["Callable[[Progress], None] | None"]:
    """Give a function that shows the running totals of each resource; None where nobody watches."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bars(*columns, console=console(stderr=True), transient=True) as bars:
        rows: dict[tuple[str, str], TaskID] = {}

        def show(progress: "Progress") -> None:
            name = (progress.connection, progress.resource)
            if name not in rows:
                rows[name] = bars.add_task(" ".join(name), total=None)
            total = progress.records if progress.done else progress.expected
            bars.update(rows[name], completed=progress.records, total=total)

        yield show
