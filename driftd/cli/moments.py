"""Moments for people: in the viewer's own zone, and how long before or after the present they are."""

from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from driftd.core.words import Units


def local(at: int, *, seconds: bool = False) -> str:
    """Return a moment (epoch ms) in the viewer's zone."""
    shown = datetime.fromtimestamp(at / 1000).astimezone()
    return f"{shown:%Y-%m-%d %H:%M:%S %Z}" if seconds else f"{shown:%Y-%m-%d %H:%M %Z}"


def moment(at: int | None, now: int, units: "Units", never: str) -> str:
    """Return a moment both ways: ``2026-09-21 16:13 CEST, 3 h ago``."""
    from driftd.core.words import relative

    return never if at is None else f"{local(at)}, {relative(at, now, units)}"


def brief(at: int | None, now: int, units: "Units", never: str = "-") -> str:
    """Return only how long before or after `now` a moment is."""
    from driftd.core.words import relative

    return never if at is None else relative(at, now, units)


def read_moment(ctx: click.Context, parameter: click.Parameter, value: str | None) -> int | None:
    """Read an option: ``24h`` ago, a day, or a day and a time in the viewer's zone; returns epoch ms."""
    from driftd import app
    from driftd.config.values import duration_or_zero

    if value is None:
        return None
    with suppress(ValueError, OverflowError, OSError):
        return round(datetime.fromisoformat(value).astimezone().timestamp() * 1000)
    with suppress(ValueError):
        return app.now() - round(duration_or_zero(value) * 1000)
    message = f'"{value}" is no moment: give a span such as 24h, or a time such as 2026-11-25T08:00'
    raise click.BadParameter(message, ctx, parameter)
