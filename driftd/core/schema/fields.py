"""Two forms of one field → the kinds of change between them.

What is no change: knowledge that is missing on one side (None, `Presence.UNJUDGED`), and a length in a learnt form: the
longest value seen is no limit.
"""

from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from msgspec.structs import replace

from driftd.core.drift import SchemaKind
from driftd.core.schema.model import FieldForm, Presence, Source, ValueKind

_DATES: Final = frozenset({ValueKind.DATE, ValueKind.DATE_OTHER, ValueKind.DATETIME, ValueKind.DATETIME_LOCAL})
_STRUCTURE: Final = frozenset({ValueKind.OBJECT, ValueKind.ARRAY})
_ZONED: Final = frozenset({ValueKind.DATETIME, ValueKind.DATETIME_LOCAL})
_NUMERIC: Final = frozenset({ValueKind.INTEGER, ValueKind.NUMBER})
_JUDGED: Final = frozenset({Presence.ALWAYS, Presence.SOMETIMES})

_VALUE: Final = ("kinds", "type", "scale", "values", "format", "max_length", "key")
_TAKEN_WITH_STRUCTURE: Final = (*_VALUE, "mandatory")
"""Whether a value must be given is said of its own place: where it became an object, of a member of that."""
_PRESENCE: Final = ("presence", "mandatory", "nullable")
_ASPECTS: Final[Mapping[SchemaKind, tuple[str, ...]]] = MappingProxyType(
    {
        SchemaKind.FIELD_ADDED_OPTIONAL: ("excluded",),
        SchemaKind.FIELD_REMOVED_SOMETIMES: ("excluded",),
        SchemaKind.REQUIRED_TO_OPTIONAL: _PRESENCE,
        SchemaKind.OPTIONAL_TO_REQUIRED: _PRESENCE,
        SchemaKind.BECAME_NULLABLE: ("nullable",),
        SchemaKind.BECAME_NOT_NULL: ("nullable",),
        SchemaKind.PRECISION_CHANGED: ("scale", "format"),
        SchemaKind.MEANING_SUSPECTED: ("meaning",),
        SchemaKind.LIMIT_LOOSENED: ("max_length", "format"),
        SchemaKind.LIMIT_TIGHTENED: ("max_length", "format"),
        SchemaKind.LIMIT_SET: ("max_length", "format"),
        SchemaKind.PATTERN_ADDED: ("format",),
        SchemaKind.TEXT_ONLY_CHANGED: ("capabilities",),
    }
)
"""What of a field's form each kind of change is about; of a type, it is all that `_VALUE` names."""
_OF_VALUES: Final = frozenset({SchemaKind.ENUM_VALUE_ADDED, SchemaKind.ENUM_VALUE_REMOVED})
_KNOWLEDGE: Final = (
    ("kinds", ()),
    ("presence", Presence.UNJUDGED),
    ("nullable", None),
    ("scale", None),
    ("values", None),
)
"""What a learnt form says of a field, with what stands for not knowing."""


def structure(form: FieldForm) -> frozenset[ValueKind]:
    """Return whether a field holds objects or arrays; it is empty where it holds values."""
    return _STRUCTURE.intersection(form.kinds)


def restructured(before: FieldForm, after: FieldForm) -> bool:
    """Tell whether a value became an object or array, or ceased to be one: its members then go with it."""
    known = bool(before.kinds and after.kinds)
    return known and structure(before) != structure(after)


def differences(before: FieldForm, after: FieldForm, source: Source) -> tuple[SchemaKind, ...]:
    """Return the kinds of change between two forms of one field; one cause has one kind."""
    of_type = _type(before, after)
    found = list(_presence(before, after)) if source is Source.LEARNT or not restructured(before, after) else []
    if of_type is not None:
        found.insert(0, of_type)
    else:
        found += (*_values(before, after), *_scale(before, after))
    if source is Source.DECLARED:
        found += () if of_type is not None else _limits(before, after)
        found += _flags(before, after)
    if of_type is None and bool(before.key) != bool(after.key):
        found.append(SchemaKind.KEY_CHANGED)
    return tuple(dict.fromkeys(found))


def taken(kind: SchemaKind, before: FieldForm, after: FieldForm) -> FieldForm:
    """Return `before` with that of `after` which a change of `kind` is about, and nothing else."""
    if kind in _OF_VALUES:
        return replace(before, values=_values_taken(kind, before.values or (), after.values or ()))
    if kind is SchemaKind.KEY_CHANGED and before.key != after.key and _type(before, after) is None:
        names: tuple[str, ...] = ("key",)
    elif kind is _type(before, after) or kind not in _ASPECTS:
        names = _TAKEN_WITH_STRUCTURE if restructured(before, after) else _VALUE
    elif kind is SchemaKind.TEXT_ONLY_CHANGED and after.format is None:
        names = ("capabilities", "format")
    else:
        names = _ASPECTS[kind]
    unknown = dict(_KNOWLEDGE) if names is _PRESENCE else {}
    news = {name: getattr(after, name) for name in names}
    return replace(
        before, **{name: value for name, value in news.items() if name not in unknown or value != unknown[name]}
    )


def _values_taken(kind: SchemaKind, before: Collection[str], after: Collection[str]) -> tuple[str, ...]:
    added = kind is SchemaKind.ENUM_VALUE_ADDED
    return tuple(sorted({*before, *after} if added else set(before).intersection(after)))


def grown(before: FieldForm, after: FieldForm) -> FieldForm:
    """Return the learnt form `before` with what `after` knows in addition; a field that differs stays as it is."""
    if differences(before, after, Source.LEARNT):
        return before
    news = {name: getattr(after, name) for name, unknown in _KNOWLEDGE if getattr(before, name) == unknown}
    length = max((each for each in (before.max_length, after.max_length) if each is not None), default=None)
    return replace(before, **news, max_length=length)


def _type(before: FieldForm, after: FieldForm) -> SchemaKind | None:
    old, new = _plain(before), _plain(after)
    if before.type != after.type:
        return SchemaKind.TYPE_CHANGED
    if not old or not new or old == new:
        return None
    if restructured(before, after):
        return SchemaKind.TYPE_CHANGED
    if old | new <= _DATES and not new <= old:
        return _of_dates(old, new)
    if _holds(new, old):
        return SchemaKind.TYPE_WIDENED
    return SchemaKind.TYPE_NARROWED if _holds(old, new) else SchemaKind.TYPE_CHANGED


def _of_dates(old: frozenset[ValueKind], new: frozenset[ValueKind]) -> SchemaKind:
    """A zone gained is more precise; any other form of a date breaks who reads it."""
    gained = new - old
    if gained == {ValueKind.DATETIME} and old | new <= _ZONED:
        return SchemaKind.PRECISION_CHANGED
    return SchemaKind.DATE_FORMAT_CHANGED


def _plain(form: FieldForm) -> frozenset[ValueKind]:
    """Return the kinds; a field of numbers with a fraction holds whole ones as well."""
    kinds = frozenset(form.kinds)
    return kinds - {ValueKind.INTEGER} if ValueKind.NUMBER in kinds else kinds


def _holds(wide: frozenset[ValueKind], narrow: frozenset[ValueKind]) -> bool:
    return narrow <= (wide | {ValueKind.INTEGER} if ValueKind.NUMBER in wide else wide)


def _presence(before: FieldForm, after: FieldForm) -> Iterator[SchemaKind]:
    """An absent field is empty as well: that its form became nullable is the same cause."""
    judged = before.presence in _JUDGED and after.presence in _JUDGED
    was, is_ = bool(before.mandatory), bool(after.mandatory)
    if was != is_:
        yield SchemaKind.OPTIONAL_TO_REQUIRED if is_ else SchemaKind.REQUIRED_TO_OPTIONAL
    elif judged and before.presence is not after.presence:
        always = after.presence is Presence.ALWAYS
        yield SchemaKind.OPTIONAL_TO_REQUIRED if always else SchemaKind.REQUIRED_TO_OPTIONAL
    elif None not in (before.nullable, after.nullable) and before.nullable != after.nullable:
        yield SchemaKind.BECAME_NULLABLE if after.nullable else SchemaKind.BECAME_NOT_NULL


def _values(before: FieldForm, after: FieldForm) -> Iterator[SchemaKind]:
    if before.meaning != after.meaning:
        yield SchemaKind.MEANING_SUSPECTED
    if before.values is not None and after.values is not None:
        old, new = frozenset(before.values), frozenset(after.values)
        if new - old:
            yield SchemaKind.ENUM_VALUE_ADDED
        if old - new:
            yield SchemaKind.ENUM_VALUE_REMOVED


def _scale(before: FieldForm, after: FieldForm) -> Iterator[SchemaKind]:
    if None not in (before.scale, after.scale) and before.scale != after.scale:
        yield SchemaKind.PRECISION_CHANGED


def _limits(before: FieldForm, after: FieldForm) -> Iterator[SchemaKind]:
    """A format tells the length as well (``K:20c``): where both changed, the limit names it."""
    old, new = before.max_length, after.max_length
    if old != new:
        if old is None:
            yield SchemaKind.LIMIT_SET
        else:
            looser = new is None or new > old
            yield SchemaKind.LIMIT_LOOSENED if looser else SchemaKind.LIMIT_TIGHTENED
    elif before.format != after.format:
        yield _of_format(before, after)


def _of_format(before: FieldForm, after: FieldForm) -> SchemaKind:
    """A format that went binds nobody any more."""
    if after.format is None:
        return SchemaKind.TEXT_ONLY_CHANGED
    numeric = before.format is not None and not _NUMERIC.isdisjoint(before.kinds)
    return SchemaKind.PRECISION_CHANGED if numeric else SchemaKind.PATTERN_ADDED


def _flags(before: FieldForm, after: FieldForm) -> Iterator[SchemaKind]:
    if bool(before.excluded) != bool(after.excluded):
        yield SchemaKind.FIELD_REMOVED_SOMETIMES if after.excluded else SchemaKind.FIELD_ADDED_OPTIONAL
    if before.capabilities != after.capabilities:
        yield SchemaKind.TEXT_ONLY_CHANGED
