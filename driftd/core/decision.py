"""What a person decides of a drift or an alert."""

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from msgspec import MsgspecError, Struct, json

from driftd.core.alerts.model import Alert
from driftd.core.drift import Check, DriftKind, SchemaKind
from driftd.core.model import KeyBytes, KeyPart
from driftd.errors import DecisionError

LONGEST_MUTE: Final = 90 * 86_400_000
"""How far ahead a mute may end, ms."""
LONGEST_REASON: Final = 500
LONGEST_NAME: Final = 100
"""Characters of what a decision says of itself."""
_HOLDS: Final = frozenset({Check.MASS_DELETE, Check.EMPTY_ANSWER, Check.DUPLICATE_KEYS})
"""Findings that hold deletes."""
_ITSELF: Final = "it ends by itself when that is over"


class Action(StrEnum):
    """The decisions there are."""

    ACCEPT = "accept"
    """What departs is the new baseline."""
    UNDO = "undo"
    """It is not after all: the baseline is what it was before the acceptance."""
    MUTE = "mute"
    """No notices until some time."""
    RELEASE = "release"
    """The deletes that are held were meant: they become events."""
    KEEP = "keep"
    """They were not: the candidates are dropped, and the next sweep judges afresh."""


class Decision(Struct, frozen=True):
    """One decision."""

    action: Action
    alert: str
    """Its id, or so much of the beginning as is unique."""
    by: str
    reason: str
    until: int | None = None
    """When a mute ends, epoch ms."""
    candidates: str | None = None
    """Hash of the deletes that are meant, where only these are."""


class Decided(Struct, frozen=True):
    """What came of it."""

    alert: str
    """The whole id."""
    says: str
    """In one line."""


class Word(Struct, frozen=True):
    """Who decides, and why."""

    by: str
    reason: str


class Removal(Struct, frozen=True):
    """The word that a record is to be erased."""

    connection: str
    resource: str
    keys: tuple[KeyBytes, ...]
    """What its key may be: the first that is known counts."""
    by: str
    reason: str
    forget: bool = False
    """Whether it may be seen again."""


def check_removal(removal: Removal) -> None:
    """Refuse an erasure that names no key, or whose reason names the one whom nothing is to name any more.

    Raises `DecisionError`.
    """
    _check_words(removal.by, removal.reason)
    if not removal.keys:
        raise _invalid("no key is given", "`driftd records` shows the keys of a resource")
    for key in removal.keys:
        if any(_names(removal.reason, str(part)) for part in _parts(key)):
            raise _invalid("the reason names the record", "give the number of the request instead: it stays")


def check_word(word: Word) -> None:
    """Refuse a decision without a reason or without a name; raises `DecisionError`."""
    _check_words(word.by, word.reason)


def _names(text: str, part: str) -> bool:
    """Tell whether a text has a part of a key as a word of its own: a key of 7 is not named by 17."""
    return bool(part) and re.search(rf"(?<!\w){re.escape(part)}(?!\w)", text, re.IGNORECASE) is not None


def _parts(key: KeyBytes) -> Sequence[KeyPart]:
    try:
        return json.decode(key, type=list[str | int | float | bool])
    except (MsgspecError, UnicodeDecodeError) as error:
        raise _invalid("a key is no array of texts and numbers", 'write it as ["C001"]') from error


def check(decision: Decision, now: int) -> None:
    """Refuse a decision that can be taken of no alert; raises `DecisionError`."""
    _check_words(decision.by, decision.reason)
    if decision.action is Action.MUTE:
        _check_end(decision.until, now)


def _check_words(by: str, reason: str) -> None:
    if not reason.strip():
        raise _invalid("a decision needs a reason", "say why: it stands in the audit log")
    for name, text, most in (("reason", reason, LONGEST_REASON), ("by", by, LONGEST_NAME)):
        if len(text) > most:
            raise _invalid(f'"{name}" has {len(text)} characters', f"say it in {most} at most")
    if not by.strip():
        raise _invalid('"by" is empty', "say who decides")


def _check_end(until: int | None, now: int) -> None:
    if until is None or until <= now:
        raise _invalid("a mute needs an end that is still to come", "say how long, such as 4h or 2d")
    if until > now + LONGEST_MUTE:
        raise _invalid("a mute ends within 90 days", "mute it again then, or accept what is to stay")


def check_open(alert: Alert) -> None:
    """Refuse to decide of what is over; raises `DecisionError`."""
    if not alert.open:
        raise over(alert)


def check_acceptable(alert: Alert) -> None:
    """Refuse to accept what is no departure from a baseline; raises `DecisionError`."""
    drift = alert.drift
    if holds_deletes(alert):
        hint = f"`driftd drift release {alert.id}` if they were meant, `driftd drift keep {alert.id}` if not"
        raise DecisionError(f"{alert.id} ({drift.finding}) holds deletes: there is no baseline to accept", hint=hint)
    if drift.finding == SchemaKind.RESOURCE_REMOVED:
        hint = f"take {drift.resource} out of the configuration if it is to stay away; else {_ITSELF}"
        raise DecisionError(f"{alert.id}: {drift.resource} is not served any more, which cannot be accepted", hint=hint)
    if alert.group or drift.resource is None or not (shape(alert) or _of_records(alert)):
        hint = f"mend it, or mute it: {_ITSELF}"
        raise DecisionError(f"{alert.id} ({drift.finding}) is no departure from a baseline", hint=hint)


def check_holds(alert: Alert) -> None:
    """Refuse to settle deletes of what holds none; raises `DecisionError`."""
    if not holds_deletes(alert):
        hint = "`driftd drift list` shows what does: mass_delete, empty_answer"
        raise DecisionError(f"{alert.id} ({alert.drift.finding}) holds no deletes", hint=hint)


def shape(alert: Alert) -> bool:
    """Tell whether an alert is of a change of shape."""
    return alert.drift.kind is DriftKind.SCHEMA and alert.drift.finding in set(SchemaKind)


def holds_deletes(alert: Alert) -> bool:
    """Tell whether an alert is of something that holds deletes."""
    return alert.drift.finding in _HOLDS and not alert.group


def over(alert: Alert) -> DecisionError:
    """Return the error of what has ended meanwhile."""
    return DecisionError(
        f"{alert.id} ({alert.drift.finding}) is over: there is nothing left to decide", hint="see `driftd drift list`"
    )


def _of_records(alert: Alert) -> bool:
    return alert.drift.kind is DriftKind.INVARIANT or alert.drift.finding == Check.SCALE_SHIFT


def _invalid(message: str, hint: str) -> DecisionError:
    return DecisionError(message, hint=hint, invalid=True)
