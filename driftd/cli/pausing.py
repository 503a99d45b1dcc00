"""``driftd connections pause·resume·maintenance``: a connection is put aside for a while."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click

from driftd.cli.options import TEXT, check_selection, config_option, configured
from driftd.cli.saying import say

if TYPE_CHECKING:
    from driftd.config import Config
    from driftd.core.pausing import Directive, Turn

_TIME = "a time such as 2026-12-01T08:00, in your zone where it names none"


def _read_time(ctx: click.Context, parameter: click.Parameter, value: str | None) -> int | None:
    """Read a time as epoch ms; the zone is the viewer's where it names none."""
    if value is None:
        return None
    try:
        return round(datetime.fromisoformat(value).astimezone().timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        raise click.BadParameter(f'"{value}" is no time: give {_TIME}', ctx, parameter) from None


def _read_span(ctx: click.Context, parameter: click.Parameter, value: str | None) -> int | None:
    """Read a span as milliseconds."""
    from driftd.config.values import duration

    if value is None:
        return None
    try:
        return round(duration(value) * 1000)
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, parameter) from None


_NAME = click.argument("name", metavar="NAME", type=TEXT)
_BY = click.option("--by", type=TEXT, metavar="NAME", help="Who decides. Default: the user who runs the command.")
_UNTIL = click.option("--until", metavar="TIME", callback=_read_time, help=f"When it ends: {_TIME}.")
_SPAN = click.option("--for", "span", metavar="SPAN", callback=_read_span, help="How long, such as 4h or 2d.")


@click.command("pause", short_help="Have a connection not polled for a while.")
@_NAME
@config_option
@_UNTIL
@_SPAN
@click.option("--reason", type=TEXT, required=True, metavar="TEXT", help="Why; it is shown, and stays in the log.")
@_BY
def pause(name: str, config_path: Path | None, until: int | None, span: int | None, reason: str, by: str | None) -> int:
    """Have the connection NAME not polled, until a time or for a span of 30 days at most; then it goes on by itself.

    A cycle that runs ends after its page, and nothing of it is lost. It is not down, and none of its alerts fires anew;
    those that are open stay as they are.
    """
    from driftd.core.pausing import Turn

    return _directed(configured(config_path), name, (Turn.PAUSE, reason, by), until=_end(until, span))


@click.command("resume", short_help="Have a paused connection polled again.")
@_NAME
@config_option
@click.option("--reason", type=TEXT, default="resumed", show_default=True, metavar="TEXT", help="Why.")
@_BY
def resume(name: str, config_path: Path | None, reason: str, by: str | None) -> int:
    """Have the connection NAME polled again at once, before its pause ends by itself."""
    from driftd.core.pausing import Turn

    return _directed(configured(config_path), name, (Turn.RESUME, reason, by))


@click.command("maintenance", short_help="Say when a tenant is being worked on.")
@_NAME
@config_option
@click.option("--from", "since", metavar="TIME", callback=_read_time, help=f"When it begins: {_TIME}. Default: now.")
@_UNTIL
@_SPAN
@click.option("--cancel", is_flag=True, help="End the window that runs, or have none that is to come.")
@click.option("--reason", type=TEXT, required=True, metavar="TEXT", help="Why; it is shown, and stays in the log.")
@_BY
def maintenance(  # noqa: PLR0913 - one parameter an option
    name: str,
    config_path: Path | None,
    since: int | None,
    until: int | None,
    span: int | None,
    reason: str,
    by: str | None,
    *,
    cancel: bool,
) -> int:
    """Say that the tenant of the connection NAME is being worked on, from a time until another, 7 days at most.

    Polls go on as configured. What fails meanwhile is no outage, and no alert begins to fire; what still departs when
    it is over has its whole grace again. A connection has one window: a new one takes the place of one to come.
    """
    from driftd.core.pausing import Turn

    config = configured(config_path)
    if cancel:
        if (since, until, span) != (None, None, None):
            raise click.UsageError("--cancel goes without --from, --until and --for")
        return _directed(config, name, (Turn.CANCEL, reason, by))
    end = _end(until, span, since)
    return _directed(config, name, (Turn.MAINTENANCE, reason, by), until=end, since=since)


def _end(until: int | None, span: int | None, since: int | None = None) -> int:
    """Return when it ends, epoch ms."""
    from driftd import app

    if (until is None) == (span is None):
        raise click.UsageError("say when it ends: give --until TIME or --for SPAN")
    return until if until is not None else (app.now() if since is None else since) + (span or 0)


def _directed(
    config: "Config",
    name: str,
    said: "tuple[Turn, str, str | None]",
    *,
    until: int | None = None,
    since: int | None = None,
) -> int:
    """Order it through the daemon where one runs, and by ourselves where none does."""
    from driftd import app
    from driftd.app import pausing
    from driftd.cli.asking import posted
    from driftd.cli.deciding import who
    from driftd.cli.loop import run
    from driftd.core.decision import Word
    from driftd.core.health import NOT_ASIDE
    from driftd.core.pausing import Directive, directed

    turn, reason, by = said
    order = Directive(turn, Word(who(by), reason), until, since)
    directed(NOT_ASIDE, order, app.now())
    if app.running(config):
        say(posted(config, *_request(name, order)))
    else:
        check_selection(config, name, None)
        say(run(pausing.direct, config, name, order))
    return 0


def _request(name: str, order: "Directive") -> tuple[str, dict[str, Any]]:
    """Return the path and the body by which a daemon is asked for it."""
    from driftd.core.pausing import Turn

    word = {"reason": order.word.reason, "by": order.word.by}
    paths = {Turn.PAUSE: "pause", Turn.RESUME: "resume"}
    path = f"/api/v1/connections/{quote(name, safe='')}/{paths.get(order.turn, 'maintenance')}"
    if order.turn is Turn.CANCEL:
        return path, {**word, "cancel": True}
    times = {"from": order.since, "until": order.until}
    return path, {**word, **{each: _utc(at) for each, at in times.items() if at is not None}}


def _utc(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).isoformat()
