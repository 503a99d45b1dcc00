"""`SchemaChange` → `Drift`: what it matters, who acts, and what is said of it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from driftd.core.drift import Drift, DriftKind, SchemaKind, Severity
from driftd.core.model import Json, Resource
from driftd.core.reasons import MEANINGS, Actor
from driftd.core.schema.compare import REMOVED
from driftd.core.schema.grade import IMPACTS, Rating, severity
from driftd.core.schema.model import SchemaChange, Source
from driftd.errors import Reason

MOST: Final = 200
"""Drifts of one resource's shape that are alerts of their own; a patch that changes more is one cause."""
_AT_ONCE: Final = frozenset({SchemaKind.KEY_CHANGED, SchemaKind.CURSOR_LOST})
_RULES: Final = MappingProxyType(
    {
        Source.LEARNT: "the form learnt from records differs from the accepted one",
        Source.DECLARED: "the form in $prototypes differs from the accepted one",
    }
)
_OF_ALL: Final = MappingProxyType(
    {
        SchemaKind.ORDER_CHANGED: "members in another order",
        SchemaKind.TEXT_ONLY_CHANGED: "other titles",
    }
)
_RIGHTS: Final = "the prototype still declares it: ask the customer's X3 administrator about roles and activity codes"
_ASK: Final = "ask the customer's X3 administrator"
_ADAPT: Final = "adapt what reads it, then accept the change"
_ADVICE: Final[Mapping[SchemaKind, str]] = MappingProxyType(
    {
        SchemaKind.KEY_CHANGED: "deletes are suspended: set the new key in the configuration, then accept the change",
        SchemaKind.CURSOR_LOST: "sweeps take the place of deltas: set another watermark, or accept the change",
        SchemaKind.FIELD_ADDED_REQUIRED: "whoever writes must give it: adapt what writes it, then accept the change",
        SchemaKind.OPTIONAL_TO_REQUIRED: "whoever writes must give it: adapt what writes it, then accept the change",
        SchemaKind.LIMIT_TIGHTENED: "longer values will be refused: adapt what writes it, then accept the change",
        SchemaKind.LIMIT_SET: "longer values will be refused: adapt what writes it, then accept the change",
        SchemaKind.ENUM_VALUE_ADDED: "map the new value, then accept the change",
        SchemaKind.MEANING_SUSPECTED: f"{_ASK} whether the field means something else now",
    }
)


def drifts(changes: Iterable[SchemaChange], resource: Resource, rating: Rating) -> tuple[Drift, ...]:
    """Return the drifts of a resource's open changes, graded; a change that is no finding gives none."""
    graded = ((each, severity(each, resource.name, rating)) for each in changes)
    return tuple(_drift(change, resource, level) for change, level in graded if level is not None)


def foremost(found: Sequence[Drift], told: Collection[tuple[str, str | None]]) -> tuple[Drift, ...]:
    """Return those that are told one by one: those whose finding and field were `told` already, then the gravest."""
    if len(found) <= MOST:
        return tuple(found)
    rank = tuple(Severity)
    order = sorted(found, key=lambda each: ((each.finding, each.field) not in told, rank.index(each.severity)))
    return tuple(order[:MOST])


def resource_removed(connection: str, resource: str, *, since: int | None = None) -> Drift:
    """Return the drift of a resource whose collection is lastingly answered with 404, since epoch ms."""
    meaning = MEANINGS[Reason.RESOURCE_NOT_FOUND]
    return Drift(
        connection=connection,
        kind=DriftKind.SCHEMA,
        finding=SchemaKind.RESOURCE_REMOVED,
        severity=Severity.CRITICAL,
        actor=meaning.actor,
        resource=resource,
        expected="the collection answers",
        seen="404: not found",
        rule=f"resource_not_found lasts: at least {meaning.grace} polls in a row",
        read_impact=IMPACTS[SchemaKind.RESOURCE_REMOVED].read,
        write_impact=IMPACTS[SchemaKind.RESOURCE_REMOVED].write,
        hint=f"a licence, a module or the class is gone: {_ASK}; the snapshot stays, nothing is deleted",
        since=since,
    )


def _drift(change: SchemaChange, resource: Resource, level: Severity) -> Drift:
    unasked = _vanished_from_data(change)
    advice = _ADVICE.get(change.kind, _ADAPT)
    return Drift(
        connection=resource.connection,
        kind=DriftKind.SCHEMA,
        finding=change.kind,
        severity=level,
        actor=Actor.X3_ADMIN if unasked or change.kind is SchemaKind.MEANING_SUSPECTED else Actor.OPERATOR,
        resource=resource.name,
        field=change.field,
        expected=change.before or _nothing_before(change),
        seen=f"{_seen(change)}{_where(change)}",
        rule=change.rule or _RULES[change.source],
        n=change.n,
        m=change.m,
        affected=change.affected,
        read_impact=change.read_impact,
        write_impact=change.write_impact,
        hint="; ".join(part for part in (change.hint, _RIGHTS if unasked else advice) if part),
        evidence=_evidence(change),
        certain=change.kind in _AT_ONCE and change.source is Source.LEARNT,
    )


def _vanished_from_data(change: SchemaChange) -> bool:
    """Tell whether the prototype still declares what records no longer have: no patch has removed it."""
    return change.kind in REMOVED and change.source is Source.LEARNT and change.also_declared is False


def _nothing_before(change: SchemaChange) -> str:
    return "no such field" if change.after else "as accepted"


def _seen(change: SchemaChange) -> str:
    if change.to is not None:
        return f"{change.to}: {change.after}"
    return change.after or ("gone" if change.before else _OF_ALL.get(change.kind, "changed"))


def _where(change: SchemaChange) -> str:
    """Say which of the two schemas shows it."""
    if change.also_declared:
        return " (in the records and in the prototype)"
    if change.source is Source.DECLARED:
        return " (in the prototype only)"
    return " (in the records only)" if change.also_declared is False else ""


def _evidence(change: SchemaChange) -> dict[str, Json]:
    known: dict[str, Json] = {"source": change.source.value, "also_declared": change.also_declared, "to": change.to}
    return {name: value for name, value in known.items() if value is not None}
