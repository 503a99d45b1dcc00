"""What the data and the prototype both say is one change.

The two schemas are never compared with each other: each has its own baseline. Only their changes are.
"""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from driftd.core.drift import SchemaKind
from driftd.core.schema.compare import ADDED, MOVED, REMOVED, regraded
from driftd.core.schema.model import Form, Presence, SchemaChange

_TYPED: Final = frozenset(
    {
        SchemaKind.TYPE_CHANGED,
        SchemaKind.TYPE_WIDENED,
        SchemaKind.TYPE_NARROWED,
        SchemaKind.DATE_FORMAT_CHANGED,
        SchemaKind.PRECISION_CHANGED,
    }
)
_LOOSER: Final = frozenset({SchemaKind.REQUIRED_TO_OPTIONAL, SchemaKind.BECAME_NULLABLE})
_REFORMED: Final = frozenset({SchemaKind.TYPE_CHANGED, SchemaKind.DATE_FORMAT_CHANGED})
"""What a declared format says as well: that of another form of dates is another pattern."""
_STRICTER: Final = frozenset({SchemaKind.OPTIONAL_TO_REQUIRED, SchemaKind.BECAME_NOT_NULL})
_LOST: Final = frozenset({SchemaKind.KEY_CHANGED, SchemaKind.CURSOR_LOST})
_GROUPS: Final = (ADDED, REMOVED, MOVED, _TYPED, _LOOSER, _STRICTER, _LOST)
"""What data and prototype can both show; a member of one group may be told of as another of it."""
_LOSES: Final = REMOVED | _TYPED | MOVED | _LOST | ADDED
"""What either may say of a key or a watermark that is lost, or of a key that gained a part."""
_LEADING: Final = (
    SchemaKind.KEY_CHANGED,
    SchemaKind.CURSOR_LOST,
    SchemaKind.COLLECTION_RENAMED,
    SchemaKind.FIELD_RENAMED,
    SchemaKind.FIELD_MOVED,
    SchemaKind.FIELD_REMOVED_ALWAYS,
    SchemaKind.FIELD_ADDED_REQUIRED,
    SchemaKind.TYPE_CHANGED,
    SchemaKind.DATE_FORMAT_CHANGED,
    SchemaKind.TYPE_WIDENED,
)
"""Where the two tell of one cause in other words, the first of these has the word; else the data."""


def agreed(
    learnt: Sequence[SchemaChange],
    declared: Sequence[SchemaChange],
    *,
    baseline: Form | None = None,
    prototype: Form | None = None,
) -> tuple[SchemaChange, ...]:
    """Return the changes of both schemas, each cause once, and say of each whether the other schema shows it too.

    `baseline` is the accepted learnt form: a member that its records always had is removed as such, although only the
    prototype tells of it so far. `prototype` is the declared form now; without it, nothing is said of declarations.
    """
    left = list(declared)
    found = []
    for change in learnt:
        twins = [each for each in left if same_cause(change, each)]
        left = [each for each in left if each not in twins]
        found.append(_joined(change, twins, prototype))
    always = frozenset() if baseline is None else _always(baseline)
    found += (_alone(each, always) for each in left)
    return tuple(sorted(found, key=lambda each: (each.field or "", each.kind, each.source)))


def same_cause(change: SchemaChange, declared: SchemaChange) -> bool:
    """Tell whether what the prototype tells of is what the data show."""
    if declared.field is None or change.field is None:
        return False
    if declared.field == change.to:
        return declared.kind in ADDED
    if declared.field != change.field:
        return False
    if change.to is not None:
        return declared.kind in REMOVED or declared.to == change.to
    return _akin(change.kind, declared.kind)


def _akin(seen: SchemaKind, said: SchemaKind) -> bool:
    """Tell whether data and prototype say one thing by these; what was removed, records may lack one by one."""
    if seen in _LOST or said in _LOST:
        return seen in _LOSES and said in _LOSES
    if seen in _REFORMED and said is SchemaKind.PATTERN_ADDED:
        return True
    return (seen in _LOOSER and said in REMOVED) or any(seen in group and said in group for group in _GROUPS)


def _joined(change: SchemaChange, twins: Sequence[SchemaChange], prototype: Form | None) -> SchemaChange:
    if not twins:
        return replace(change, also_declared=_declared(change, prototype))
    kinds = {change.kind, *(each.kind for each in twins)}
    if change.kind in _LOOSER and kinds & REMOVED:  # the records only follow, and always had it or never empty
        kinds = {SchemaKind.FIELD_REMOVED_ALWAYS}
    leading = next((kind for kind in _LEADING if kind in kinds), change.kind)
    return replace(change if leading is change.kind else regraded(change, leading), also_declared=True)


def _declared(change: SchemaChange, prototype: Form | None) -> bool | None:
    """Tell whether the prototype has long said what the data show only now; None where it says nothing of the field."""
    if prototype is None or not any(change.kind in group for group in _GROUPS):
        return None
    if change.kind in ADDED or change.to is not None:
        return (change.to or change.field) in prototype.fields
    return False if change.field in prototype.fields else None


def _always(baseline: Form) -> frozenset[str]:
    return frozenset(path for path, field in baseline.fields.items() if field.presence is Presence.ALWAYS)


def _alone(change: SchemaChange, always: frozenset[str]) -> SchemaChange:
    """Return what only the prototype tells of; data cannot show flags and limits."""
    visible = any(change.kind in group for group in (ADDED, REMOVED, MOVED, _TYPED, _LOST))
    if change.kind in REMOVED and not change.after and change.field in always:
        change = regraded(change, SchemaKind.FIELD_REMOVED_ALWAYS)
    return replace(change, also_declared=False if visible else None)
