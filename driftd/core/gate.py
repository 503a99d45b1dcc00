"""May these deletes be believed? Absence in a sweep is a claim, and needs proof.

`ranges` says what to read again; `judge` whether a guard stops the deletes whatever a second look says.
"""

from collections.abc import Collection, Iterable, Sequence
from enum import Enum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from driftd.core.model import Guards, KeyBytes
from driftd.errors import Reason

SILENT: Final = 5
"""A resource of so many trusted records that answers none is suspected, not believed."""
NEAR: Final = 4
"""Missing keys less than a page's so-manieth part apart are looked at by one request: it costs as much as some 300
records (measured)."""
LOOKS: Final = 50
"""Ranges that a second look may always read; a sweep of more requests allows as many as itself took."""

SHOWN: Final = 20
"""Records of a sweep's first page, at most, that are asked for again when its deletes are to be believed."""


class Verdict(Enum):
    """What a second look said of a missing key."""

    ABSENT = "absent"
    RETURNED = "returned"
    UNKNOWN = "unknown"


class Range(Struct, frozen=True):
    """A stretch to read again: from a known key, over the missing ones, to the next known key.

    ``before`` is None at the very start of the resource, ``after`` None at its very end. ``span`` is the number of
    records that stood between the two.
    """

    before: KeyBytes | None
    missing: tuple[KeyBytes, ...]
    after: KeyBytes | None
    span: int


def judge(candidates: int, trusted: int, guards: Guards, *, key_unique: bool) -> Reason | None:
    """Return why deletes are held, or None where a second look may confirm them.

    `candidates` records of `trusted` (the last trusted count) were missing in a complete sweep.
    """
    if not candidates:
        return None
    if not key_unique:
        return Reason.KEY_NOT_UNIQUE
    if candidates > max(3, min(guards.ratio * trusted, guards.limit)) or (candidates >= trusted >= 3):
        return Reason.SUSPECT_MASS_DELETE
    return None


def silent(records: int, trusted: int) -> bool:
    """Tell whether a complete, successful sweep of `records` is the look of a lost right or a wrong folder."""
    return records == 0 and trusted >= SILENT


def allowed(requests: int) -> int:
    """Return how many ranges a second look may read after a sweep of `requests`."""
    return max(LOOKS, requests)


def ranges(
    before: KeyBytes | None, order: Sequence[KeyBytes], missing: Collection[KeyBytes], page_size: int
) -> list[Range]:
    """Cut the known order of a stretch into the ranges that hold its missing keys, none longer than a page.

    `before` is the known key in front of the stretch; None: it is the start of the resource. A stretch ends with a key
    that is there, or with the resource itself.
    """
    lost = [position for position, key in enumerate(order) if key in missing]
    groups: list[list[int]] = []
    for position in lost:
        near = groups and position - groups[-1][-1] <= 1 + page_size // NEAR
        if (near and position - groups[-1][0] < page_size) or (groups and position == groups[-1][-1] + 1):
            groups[-1].append(position)
        else:
            groups.append([position])
    return [
        Range(
            before=order[group[0] - 1] if group[0] else before,
            missing=tuple(order[position] for position in group),
            after=order[group[-1] + 1] if group[-1] + 1 < len(order) else None,
            span=group[-1] - group[0] + 1,
        )
        for group in groups
    ]


def joined(ranges: Iterable[Range]) -> list[Range]:
    """Return ranges of which no two lie between the same neighbours: one look is for all that is missing there.

    So it is behind the end of a resource, of which each stored segment stood, and with keys of no known place.
    """
    known: dict[tuple[KeyBytes | None, KeyBytes | None], Range] = {}
    for each in ranges:
        before = known.get((each.before, each.after))
        if before is not None:
            each = replace(each, missing=before.missing + each.missing, span=max(before.span, each.span))
        known[each.before, each.after] = each
    return [*known.values()]
