"""``driftd status``: the state of every connection, worst first."""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from driftd.cli.moments import brief, moment
from driftd.cli.options import check_selection, config_option, configured, format_option
from driftd.cli.saying import say, tell
from driftd.cli.tables import console, show_table, style_of
from driftd.core.visible import visible

if TYPE_CHECKING:
    from driftd.config import Config
    from driftd.core.reasons import Actor
    from driftd.core.status import ConnectionStatus, Rebased, Status
    from driftd.core.words import Units

_ROWS: Final = 50
"""Connections that are shown without ``--all``."""
_SECONDS: Final = 2.0
"""Between looks."""
_FINE: Final = 2
"""The first rank that is not failing: see `_rank`."""
_NEWS: Final = 7 * 86_400_000
"""Milliseconds for which it is shown that the log began anew."""
_COLUMNS: Final = ("connection", "state", "since", "reason", "who acts", "stalest", "next poll", "budget")
_WIDE: Final = 110
"""Columns of a terminal that has room for the whole table."""
_NARROW: Final = 6
"""Columns of the table that fit any."""
_RESOURCES: Final = ("resource", "reason", "last read", "last change", "next poll", "records", "pending", "held")


class Selection(NamedTuple):
    """What of the status is shown, and how."""

    connection: str | None = None
    failing: bool = False
    every: bool = False
    form: str = "table"


@click.command("status", short_help="Show the state of every connection.")
@config_option
@click.argument("connection", required=False)
@click.option("--failing", is_flag=True, help="Only what is not ok; paused and in maintenance are.")
@click.option("--watch", is_flag=True, help="Look again every 2 seconds until interrupted.")
@click.option("--all", "every", is_flag=True, help=f"More than the {_ROWS} worst.")
@format_option
def command(
    config_path: Path | None, connection: str | None, form: str, *, failing: bool, watch: bool, every: bool
) -> int:
    """Show the state of every connection, or of CONNECTION with its resources.

    Exit code 1 if one of them is down: wrongly configured, refused, unreachable or stalled. With --watch the screen is
    drawn anew; where there is none, the status is printed again when a state, a reason or the alerts have changed.
    """
    from driftd import app
    from driftd.cli.loop import run

    config = configured(config_path)
    check_selection(config, connection, None)
    selection = Selection(connection, failing, every, form)
    if watch:
        run(_watch, config, selection)
    status = run(app.view, config, app.now())
    _print(status, selection)
    return int(any(each.state.down for each in _chosen(status, selection)))


def _print(status: "Status", selection: Selection) -> None:
    from driftd.core.document import of_status

    chosen = _chosen(status, selection)
    if selection.form == "json":
        tell(of_status(status, chosen))
    else:
        _show(status, chosen, selection)


async def _watch(config: "Config", selection: Selection) -> None:
    """Look again and again; ends only by an interrupt."""
    import anyio

    from driftd import app

    before: object = None
    while True:
        status = await app.view(config, app.now())
        found = [(each.name, each.state, each.reason, _alerts(each, status.at)) for each in _chosen(status, selection)]
        if sys.stdout.isatty():
            click.clear()
            _print(status, selection)
        elif found != before:
            _print(status, selection)
            sys.stdout.flush()
        before = found
        await anyio.sleep(_SECONDS)


def _chosen(status: "Status", selection: Selection) -> "Sequence[ConnectionStatus]":
    """Return the connections asked for, worst first."""
    found = [each for each in status.connections if selection.connection in {None, each.name}]
    if selection.failing:
        found = [each for each in found if _rank(each) < _FINE]
    return sorted(found, key=_rank)


def _rank(status: "ConnectionStatus") -> int:
    """Return 0 for what is down, 1 for what is not ok, 2 for what is put aside, 3 for what is ok."""
    from driftd.core.reasons import State

    if status.state.down:
        return 0
    return {State.OK: _FINE + 1, State.PAUSED: _FINE, State.MAINTENANCE: _FINE}.get(status.state, 1)


def _show(status: "Status", chosen: "Sequence[ConnectionStatus]", selection: Selection) -> None:
    from rich.text import Text

    from driftd.core.words import PHRASES, Language

    units = PHRASES[Language.ENGLISH].units
    shown = chosen if selection.every else chosen[:_ROWS]
    if shown:
        columns = _COLUMNS if console().width >= _WIDE else _COLUMNS[:_NARROW]
        alerts = {each.name: _alerts(each, status.at) for each in shown}
        rows = [(*_row(each, status.at, units)[: len(columns)], alerts[each.name]) for each in shown]
        if any(alerts.values()):
            columns = (*columns, "alerts")
        else:
            rows = [row[:-1] for row in rows]
        show_table(columns, rows, ("budget",), {"state": style_of}, folded=("connection", "who acts"))
    for each in shown:
        for line in _aside(each, status.at, units):
            console().print(Text(visible(line)), soft_wrap=True)
    left = len(chosen) - len(shown)
    if left:
        say(f"{left} more, {_fine(chosen[_ROWS:])}: --all shows them")
    if selection.connection:
        show_table(_RESOURCES, _resources(chosen, status.at, units), _RESOURCES[5:])
    else:
        console().print(Text(_summary(status)), soft_wrap=True)
        if status.rebased is not None and status.at - status.rebased.at < _NEWS:
            console().print(Text(_anew(status.rebased, status.at, units)), soft_wrap=True)


def _fine(rest: "Sequence[ConnectionStatus]") -> str:
    failing = sum(_rank(each) < _FINE for each in rest)
    return f"{failing} of them not ok" if failing else "all of them ok or put aside"


def _summary(status: "Status") -> str:
    from driftd.core.reasons import State
    from driftd.core.status import counted

    counts = counted(status.connections)
    told = ", ".join(f"{counts[state]} {state}" for state in State if counts.get(state))
    number = len(status.connections)
    return f"{number} connection{'' if number == 1 else 's'}{': ' if told else ''}{told}"


def _anew(rebased: "Rebased", now: int, units: "Units") -> str:
    aside = f'; what was there before is in "{rebased.aside}"' if rebased.aside else ""
    since = brief(rebased.at, now, units)
    return f"the log of changes began anew {since} ({rebased.reason}): consumers read the records again{aside}"


def _row(each: "ConnectionStatus", now: int, units: "Units") -> tuple[str, ...]:
    from driftd.core.card import behind as behind_state
    from driftd.core.document import next_poll
    from driftd.core.reasons import State

    behind = behind_state(each)
    stalest = [resource.health.last_success for resource in each.resources]
    oldest = None if None in stalest or not stalest else min(at for at in stalest if at is not None)
    return (
        each.name,
        each.state,
        "-" if each.state is State.UNVALIDATED else brief(each.since, now, units),
        each.reason or (behind.drift.finding if behind else "-"),
        _who(behind.drift.actor if behind else each.actor),
        brief(oldest, now, units, "never"),
        brief(next_poll(each), now, units),
        f"{_used(each):.0%}",
    )


def _aside(each: "ConnectionStatus", now: int, units: "Units") -> "Iterator[str]":
    """Yield how a connection is put aside, and how it is going to be."""
    pause, window = each.health.pause, each.health.maintenance
    if pause is not None and pause.runs(now):
        yield f"{each.name} is paused by {pause.by} until {moment(pause.until, now, units, '-')}: {pause.reason}"
    if window is not None and (window.runs(now) or window.coming(now)):
        verb, at = ("is in", window.until) if window.runs(now) else ("goes into", window.since)
        until = f"{'until' if window.runs(now) else 'at'} {moment(at, now, units, '-')}"
        yield f"{each.name} {verb} maintenance {until}, ordered by {window.by}: {window.reason}"


def _who(actor: "Actor | None") -> str:
    return actor.replace("_", " ") if actor else "-"


def _alerts(each: "ConnectionStatus", now: int) -> str:
    """Return how many alerts fire, by weight, muted ones left out; empty where none does."""
    from driftd.core.drift import Severity

    firing = [alert for alert in each.alerts if alert.firing and not alert.muted(now)]
    counts = Counter(alert.drift.severity for alert in firing)
    return ", ".join(f"{counts[severity]} {severity}" for severity in Severity if counts[severity])


def _used(each: "ConnectionStatus") -> float:
    """Return the share of the day's budget that is used: of requests or of bytes, whichever is greater."""
    used, limit = each.usage, each.budget
    return max(used.requests / limit.requests, used.bytes / limit.bytes)


def _resources(chosen: "Sequence[ConnectionStatus]", now: int, units: "Units") -> list[tuple[str, ...]]:
    return [
        (
            each.name,
            each.health.trouble.reason if each.health.trouble else "-",
            brief(each.health.last_success, now, units, "never"),
            brief(each.health.last_change, now, units, "never"),
            brief(each.next_poll, now, units),
            str(each.health.records),
            str(each.health.pending),
            str(each.health.held),
        )
        for one in chosen
        for each in one.resources
    ]
