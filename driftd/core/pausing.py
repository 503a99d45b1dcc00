"""What a person orders of a connection's polling × what was ordered before × now → how it is put aside.

A pause has an end and a reason, and so has a window of maintenance; each connection has one of either at a time. What
was ordered already changes nothing, so that whoever asks twice has asked once.
"""

from enum import StrEnum
from typing import Final, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from driftd.core.alerts.model import Deed
from driftd.core.decision import Word, check_word
from driftd.core.document import moment
from driftd.core.health import Aside, Pause, Window
from driftd.errors import DecisionError

DAY: Final = 86_400_000
LONGEST_PAUSE: Final = 30 * DAY
"""How far ahead a pause may end, ms."""
LONGEST_WINDOW: Final = 7 * DAY
"""How long a window of maintenance may be, ms."""
FARTHEST: Final = 90 * DAY
"""How far ahead a window may begin, ms."""
T = TypeVar("T", Pause, Window)


class Turn(StrEnum):
    """What can be ordered, as the audit log names it."""

    PAUSE = "pause"
    RESUME = "resume"
    MAINTENANCE = "maintenance"
    CANCEL = "cancel_maintenance"


class Directive(Struct, frozen=True):
    """One order."""

    turn: Turn
    word: Word
    until: int | None = None
    """When a pause or window ends, epoch ms."""
    since: int | None = None
    """When a window begins, epoch ms; None: at once."""


def directed(before: Aside, order: Directive, now: int) -> Aside:
    """Return how a connection is put aside once an order is taken at `now` (epoch ms): as before where it was so.

    Raises `DecisionError` for an order that cannot be taken.
    """
    check_word(order.word)
    match order.turn:
        case Turn.PAUSE:
            return replace(before, pause=_paused(before.pause, order, now))
        case Turn.RESUME:
            return replace(before, pause=_ended(before.pause, now))
        case Turn.MAINTENANCE:
            return replace(before, maintenance=_planned(before.maintenance, order, now))
        case Turn.CANCEL:
            return replace(before, maintenance=_ended(before.maintenance, now))


def _paused(before: Pause | None, order: Directive, now: int) -> Pause:
    until = _end(order.until, now, "a pause")
    if until > now + LONGEST_PAUSE:
        raise _invalid("a pause ends within 30 days", "pause it again then, or take it out of the configuration")
    begun = before.since if before is not None and before.runs(now) else now
    pause = Pause(order.word.reason.strip(), order.word.by.strip(), until, begun)
    return _as_before(before, pause, now)


def _planned(before: Window | None, order: Directive, now: int) -> Window:
    until, since = _end(order.until, now, "a window"), max(order.since or now, now)
    if until <= since:
        raise _invalid("the window ends before it begins", "say when it begins and, later, when it ends")
    if until > since + LONGEST_WINDOW:
        raise _invalid("a window lasts 7 days at most", "pause the connection if it is not to be polled for longer")
    if since > now + FARTHEST:
        raise _invalid("a window begins within 90 days", "order it when the day is nearer")
    if before is not None and before.runs(now):
        if since > now:
            hint = "wait for its end, or cancel it: `driftd connections maintenance NAME --cancel`"
            raise DecisionError(f"a window runs until {moment(before.until)}: no other can be planned", hint=hint)
        since = before.since
    window = Window(since, until, order.word.reason.strip(), order.word.by.strip())
    return _as_before(before, window, now)


def _as_before(before: T | None, after: T, now: int) -> T:
    """Return what was ordered already, by whomever, where it is the same."""
    if before is None or before.ended is not None or before.until <= now:
        return after
    same = (before.since, before.until, before.reason) == (after.since, after.until, after.reason)
    return before if same else after


def _ended(before: T | None, now: int) -> T | None:
    if before is None or before.ended is not None or before.until <= now:
        return before
    return replace(before, ended=now)


def _end(until: int | None, now: int, what: str) -> int:
    if until is None or until <= now:
        raise _invalid(f"{what} needs an end that is still to come", "say until when, or for how long, such as 2h")
    return until


def deed(connection: str, order: Directive, before: Aside, after: Aside, now: int) -> Deed:
    """Return the row of the audit log for an order that changed something at `now` (epoch ms)."""
    pausing = order.turn in {Turn.PAUSE, Turn.RESUME}
    told = _told_pause if pausing else _told_window
    word = order.word
    by, reason = word.by.strip(), word.reason.strip()
    return Deed(now, by, order.turn, connection, None, connection, reason, told(before, now), told(after, now))


def _told_pause(aside: Aside, now: int) -> str:
    pause = aside.pause
    return f"paused until {moment(pause.until)}" if pause is not None and pause.runs(now) else ""


def _told_window(aside: Aside, now: int) -> str:
    window = aside.maintenance
    if window is None or window.ended is not None or window.until <= now:
        return ""
    return f"maintenance {moment(window.since)}/{moment(window.until)}"


def says(connection: str, order: Directive, before: Aside, after: Aside, now: int) -> str:
    """Return in one line what came of an order."""
    changed = before != after
    pause, window = after.pause, after.maintenance
    if order.turn is Turn.PAUSE and pause is not None:
        return f'"{connection}" is paused until {moment(pause.until)}{_already(changed)}, and then goes on by itself'
    if order.turn is Turn.MAINTENANCE and window is not None:
        span = f"from {moment(window.since)} until {moment(window.until)}"
        return f'"{connection}" is in maintenance {span}{_already(changed)}: what fails meanwhile does not count'
    if order.turn is Turn.RESUME:
        return f'"{connection}" is polled again' if changed else f'"{connection}" was not paused'
    coming = changed and before.maintenance is not None and before.maintenance.coming(now)
    said = "is not to be in maintenance any more" if coming else "is in maintenance no more"
    return f'"{connection}" {said}' if changed else f'"{connection}" has no window of maintenance'


def _already(changed: bool) -> str:  # noqa: FBT001 - its word
    return "" if changed else " already"


def told(aside: Aside, now: int) -> str:
    """Return in a few words why and until when a connection is put aside at `now` (epoch ms); empty where it is not."""
    pause, window = aside.pause, aside.maintenance
    if pause is not None and pause.runs(now):
        return f"paused by {pause.by} until {moment(pause.until)}: {pause.reason}"
    if window is not None and window.runs(now):
        return f"in maintenance by {window.by} until {moment(window.until)}: {window.reason}"
    return ""


def _invalid(message: str, hint: str) -> DecisionError:
    return DecisionError(message, hint=hint, invalid=True)
