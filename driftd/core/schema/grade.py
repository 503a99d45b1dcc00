"""The taxonomy: what each kind of change does to readers and to writers, and what of it matters to whom.

Read levels follow oasdiff's rules for responses, write levels its rules for requests, except: `optional_to_required`,
`became_not_null`, `precision_changed`, `date_format_changed`, renames, moves, `key_changed`, `cursor_lost`,
`custom_field_added`, `meaning_suspected` and `order_changed`, which are driftd's own.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from msgspec import Struct

from driftd.core.drift import Impact, SchemaKind, Severity, severity_of
from driftd.core.model import Policy, Resource
from driftd.core.schema.model import SchemaChange
from driftd.core.schema.paths import last, within

_BREAKING, _WARNING, _INFO, _NONE = Impact.BREAKING, Impact.WARNING, Impact.INFO, Impact.NONE


class Impacts(NamedTuple):
    """What a kind of change does."""

    read: Impact
    write: Impact


IMPACTS: Final[Mapping[SchemaKind, Impacts]] = MappingProxyType(
    {
        SchemaKind.FIELD_ADDED_OPTIONAL: Impacts(_INFO, _INFO),
        SchemaKind.FIELD_ADDED_REQUIRED: Impacts(_INFO, _BREAKING),
        SchemaKind.FIELD_REMOVED_ALWAYS: Impacts(_BREAKING, _WARNING),
        SchemaKind.FIELD_REMOVED_SOMETIMES: Impacts(_WARNING, _WARNING),
        SchemaKind.REQUIRED_TO_OPTIONAL: Impacts(_BREAKING, _INFO),
        SchemaKind.BECAME_NULLABLE: Impacts(_BREAKING, _INFO),
        SchemaKind.OPTIONAL_TO_REQUIRED: Impacts(_INFO, _BREAKING),
        SchemaKind.BECAME_NOT_NULL: Impacts(_INFO, _BREAKING),
        SchemaKind.TYPE_CHANGED: Impacts(_BREAKING, _BREAKING),
        SchemaKind.TYPE_WIDENED: Impacts(_BREAKING, _INFO),
        SchemaKind.TYPE_NARROWED: Impacts(_INFO, _BREAKING),
        SchemaKind.ENUM_VALUE_ADDED: Impacts(_WARNING, _INFO),
        SchemaKind.ENUM_VALUE_REMOVED: Impacts(_INFO, _BREAKING),
        SchemaKind.LIMIT_LOOSENED: Impacts(_BREAKING, _INFO),
        SchemaKind.LIMIT_TIGHTENED: Impacts(_NONE, _BREAKING),
        SchemaKind.LIMIT_SET: Impacts(_NONE, _WARNING),
        SchemaKind.PATTERN_ADDED: Impacts(_INFO, _BREAKING),
        SchemaKind.PRECISION_CHANGED: Impacts(_WARNING, _WARNING),
        SchemaKind.DATE_FORMAT_CHANGED: Impacts(_BREAKING, _BREAKING),
        SchemaKind.TEXT_ONLY_CHANGED: Impacts(_NONE, _NONE),
        SchemaKind.FIELD_RENAMED: Impacts(_BREAKING, _BREAKING),
        SchemaKind.FIELD_MOVED: Impacts(_BREAKING, _BREAKING),
        SchemaKind.COLLECTION_RENAMED: Impacts(_BREAKING, _BREAKING),
        SchemaKind.KEY_CHANGED: Impacts(_BREAKING, _BREAKING),
        SchemaKind.CURSOR_LOST: Impacts(_BREAKING, _NONE),
        SchemaKind.RESOURCE_REMOVED: Impacts(_BREAKING, _BREAKING),
        SchemaKind.RESOURCE_ADDED: Impacts(_INFO, _NONE),
        SchemaKind.CUSTOM_FIELD_ADDED: Impacts(_INFO, _INFO),
        SchemaKind.MEANING_SUSPECTED: Impacts(_WARNING, _WARNING),
        SchemaKind.ORDER_CHANGED: Impacts(_NONE, _NONE),
    }
)

_OF_ALL: Final = frozenset({SchemaKind.KEY_CHANGED, SchemaKind.CURSOR_LOST})
_SEVERITIES: Final = MappingProxyType(
    {_BREAKING: Severity.CRITICAL, _WARNING: Severity.WARNING, _INFO: Severity.INFO, _NONE: None}
)


class Override(Struct, frozen=True):
    """A person's own level for changes that match all that is given; no cap applies to it."""

    level: Impact
    """`Impact.NONE` says that it is no finding."""
    kind: SchemaKind | None = None
    resource: str | None = None
    field: str | None = None


class Rating(Struct, frozen=True):
    """All besides the change itself that its severity follows from."""

    used: Collection[str] = frozenset()
    """Paths that are key, watermark, reference, in a rule or configured: see `uses`."""
    policy: Policy = Policy.WARN
    overrides: Sequence[Override] = ()


def uses(resource: Resource, paths: Iterable[str], also: Iterable[str] = ()) -> frozenset[str]:
    """Return what driftd itself uses of a resource: its key, watermark, line keys and references; and `also`.

    `paths` are those of its accepted forms: a reference is known by its name, at whatever depth.
    """
    lines = (f"{name}[].{member}" for name, members in resource.lines.items() for member in members)
    stamp = () if resource.watermark is None else (resource.watermark,)
    references = (path for path in paths if last(path) in resource.references)
    return frozenset((*resource.key, *stamp, *lines, *references, *also))


def is_used(change: SchemaChange, used: Collection[str]) -> bool:
    """Tell whether a change touches something used, at its place or below.

    What has no field is of the whole resource; so are its key and its watermark, by whatever member they changed.
    """
    if change.field is None or change.kind in _OF_ALL:
        return True
    places = [change.field] if change.to is None else [change.field, change.to]
    return any(within(use, place) for place in places for use in used)


def severity(change: SchemaChange, resource: str, rating: Rating) -> Severity | None:
    """Return how much a change matters; None where it is none to tell of.

    Breaking is critical only where the field is used. The policy ``evolve`` makes all else info.
    """
    override = _override(change, resource, rating.overrides)
    if override is not None:
        return _SEVERITIES[override.level]
    if change.read_impact is _NONE and change.write_impact is _NONE:
        return None
    level = severity_of(change.read_impact, change.write_impact, used=is_used(change, rating.used))
    if rating.policy is Policy.EVOLVE and level is not Severity.CRITICAL:
        return Severity.INFO
    return level


def _override(change: SchemaChange, resource: str, overrides: Iterable[Override]) -> Override | None:
    """Return the one that names most; of equals, the later."""
    found = [each for each in overrides if _applies(each, change, resource)]
    return max(enumerate(found), key=lambda each: (_named(each[1]), each[0]))[1] if found else None


def _applies(override: Override, change: SchemaChange, resource: str) -> bool:
    return (
        override.kind in (None, change.kind)
        and override.resource in (None, resource)
        and override.field in (None, change.field)
    )


def _named(override: Override) -> int:
    return sum(each is not None for each in (override.kind, override.resource, override.field))
