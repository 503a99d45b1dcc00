"""Counts → form: what may be said of each path, with confidence."""

from collections.abc import Iterable
from typing import Final

from msgspec import json

from driftd.core.schema.counts import Counts, Marks
from driftd.core.schema.marks import (
    BEYOND,
    EMPTINESS,
    INTEGER,
    KIND_MARKS,
    NUMBER,
    SCALE_MARKS,
    TEXT,
    VALUE_MARKS,
    WORDS,
    Mark,
    is_length,
    kind_of,
    length_of,
    scale_of,
    value_of,
)
from driftd.core.schema.model import FieldForm, Form, Presence, ValueKind
from driftd.core.schema.rarity import ENOUGH

FEW: Final = 12
"""Values of the largest set that is taken as closed."""
_SEEN: Final = 3
"""Records in which each value of a closed set was seen: a set with rare members has unseen ones (Good and Turing)."""
_EACH: Final = 25
"""Records for each value of a closed set."""
_SOME: Final = 30
"""Numbers from which on a scale is said."""
DATES: Final = frozenset({ValueKind.DATE, ValueKind.DATE_OTHER, ValueKind.DATETIME, ValueKind.DATETIME_LOCAL})
ANY: Final = ".*"


def judged(counts: Counts) -> Form:
    """Return the form that records of these counts have."""
    fields = {path: field(counts, path) for path in sorted(counts.paths)}
    fields |= {
        f"{path}{ANY}" if path else "*": FieldForm(presence=Presence.SOMETIMES) for path in sorted(counts.closed)
    }
    return Form(fields=fields)


def field(counts: Counts, path: str) -> FieldForm:
    """Return one path's form."""
    marks = counts.paths[path]
    n, missing = counts.n(path), counts.missing(path)
    element = path.endswith("[]")
    presence = Presence.ALWAYS if n >= ENOUGH else Presence.UNJUDGED
    if missing or element:
        presence = Presence.SOMETIMES
    empty = (bool(missing) and not element) or any(mark in marks for mark in EMPTINESS)
    return FieldForm(
        kinds=normal(kind_of(mark) for mark in KIND_MARKS if mark in marks),
        presence=presence,
        nullable=True if empty else False if n >= ENOUGH else None,
        max_length=max((length_of(mark) for mark in marks if isinstance(mark, int) and is_length(mark)), default=None),
        scale=finest(marks) if numbers(marks) >= _SOME else None,
        values=_values(marks),
    )


def normal(kinds: Iterable[ValueKind]) -> tuple[ValueKind, ...]:
    """Return kinds sorted, without those that another holds: numbers hold whole ones, texts hold dates."""
    found = set(kinds)
    if ValueKind.NUMBER in found:
        found.discard(ValueKind.INTEGER)
    if ValueKind.TEXT in found:
        found -= DATES
    return tuple(sorted(found))


def allows(kinds: Iterable[ValueKind], kind: ValueKind) -> bool:
    """Tell whether a field of `kinds` may hold one of `kind`."""
    held = tuple(kinds)
    return normal((*held, kind)) == normal(held)


def typed(marks: Marks) -> int:
    """Return in how many records a value that is not empty was seen, at least."""
    seen = [marks.get(mark, 0) for mark in KIND_MARKS]
    return max(*seen, min(sum(seen), marks.get(0, 0)))


def numbers(marks: Marks) -> int:
    """Return in how many records a number was seen, at least."""
    return max(marks.get(NUMBER, 0), marks.get(INTEGER, 0)) if NUMBER in marks else 0


def finest(marks: Marks) -> int | None:
    """Return the most digits behind a point."""
    return max((scale_of(int(mark)) for mark in marks if mark in SCALE_MARKS), default=None)


def named(mark: Mark) -> str | None:
    """Return the value that a mark stands for, as JSON; None for what stands for none."""
    if isinstance(mark, str):
        return json.encode(mark).decode()
    return str(value_of(mark)) if mark in VALUE_MARKS else None


def values_in(marks: Marks) -> dict[str, int]:
    """Return the values that were counted, as JSON, with the records that show each."""
    found = {named(mark): count for mark, count in marks.items() if isinstance(mark, str) or mark in VALUE_MARKS}
    return {value: count for value, count in found.items() if value is not None}


def _values(marks: Marks) -> tuple[str, ...] | None:
    """Return the closed set of a field that holds whole numbers and nothing else, or short codes and nothing else."""
    kinds = {mark for mark in KIND_MARKS if mark in marks}
    found = values_in(marks)
    closed = (kinds == {INTEGER} and BEYOND not in marks) or (kinds == {TEXT} and WORDS not in marks)
    if not closed or not found or len(found) > FEW or min(found.values()) < _SEEN:
        return None
    enough = sum(found.values()) >= max(ENOUGH, _EACH * len(found))
    return tuple(sorted(found)) if enough else None
