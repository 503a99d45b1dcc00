"""Tables for people: as wide as the terminal, or as wide as they need where there is none."""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from driftd.core.visible import visible

if TYPE_CHECKING:
    from rich.console import Console, JustifyMethod

_WIDE = 400
_STYLES = {
    "ok": "green",
    "paused": "blue",
    "maintenance": "blue",
    "config_error": "bold red",
    "auth_failed": "bold red",
    "unreachable": "bold red",
    "stalled": "bold red",
}


def console(*, stderr: bool = False) -> "Console":
    """Return a console that colours only on a terminal, honours ``NO_COLOR`` and cuts nothing off elsewhere."""
    from rich.console import Console

    class Quiet(Console):
        """Leaves it to the command line to say nothing where its reader has gone; rich would end it with 1."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    terminal = (sys.stderr if stderr else sys.stdout).isatty()
    return Quiet(stderr=stderr, width=None if terminal else _WIDE, highlight=False, emoji=False, markup=False)


def style_of(state: str) -> str:
    """Return the colour of a connection's state: what is down stands out, what is put aside steps back."""
    return _STYLES.get(state, "yellow")


def show_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    numbers: Iterable[str] = (),
    styles: Mapping[str, Callable[[str], str]] | None = None,
    folded: Iterable[str] | None = None,
) -> None:
    """Print a table: the columns named in `numbers` stand to the right, the cells of those in `styles` in a colour.

    Where it is too narrow, only the columns in `folded` take several lines (default: every one).
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    right, painted, narrow = set(numbers), styles or {}, set(columns if folded is None else folded)
    for column in columns:
        side: JustifyMethod = "right" if column in right else "left"
        table.add_column(column, justify=side, overflow="fold", no_wrap=column not in narrow)
    for row in rows:
        cells = zip(columns, row, strict=True)
        table.add_row(
            *(Text(visible(cell), painted[column](cell) if column in painted else "") for column, cell in cells)
        )
    console().print(table)
