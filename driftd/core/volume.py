"""Silence and mass: what a cycle as a whole says about a resource, as drifts."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from driftd.core.drift import Check, Drift, DriftKind, Severity
from driftd.core.model import KeyBytes, Kind, Resource
from driftd.core.reasons import Actor
from driftd.core.rhythm import Late
from driftd.core.scale import Shift
from driftd.errors import Reason

MASS: Final = 0.5
"""Share of a resource's records above which the updates of one sweep are one finding."""
FEW: Final = 50
"""A resource of fewer records has no mass."""
USUAL: Final = 3.0
"""How many times the greatest share of the sweeps before a mass update is."""
LEARNT: Final = 5
"""Complete sweeps that there have to be before."""
KEPT: Final = 10
"""Sweeps with changes of which the share is kept."""
SAMPLES: Final = 20
OF_SWEEPS: Final = frozenset(
    {Check.EMPTY_ANSWER, Check.MASS_DELETE, Check.MASS_UPDATE, Check.DUPLICATE_KEYS}
)  # fmt: skip
"""Checks that only a sweep can find, and only a sweep end."""
_DOUBTED: Final[Mapping[Reason, Check]] = MappingProxyType(
    {
        Reason.EMPTY_ANSWER: Check.EMPTY_ANSWER,
        Reason.SUSPECT_MASS_DELETE: Check.MASS_DELETE,
        Reason.KEY_NOT_UNIQUE: Check.DUPLICATE_KEYS,
    }
)


class Doubt(Struct, frozen=True):
    """Why a cycle is not wholly trusted, in words without values."""

    reason: Reason
    message: str


class Swept(Struct, frozen=True):
    """What one cycle was, as volume judges it."""

    kind: Kind
    id: str = ""
    """The cycle's id."""
    doubts: tuple[Doubt, ...] = ()
    trusted: int = 0
    """Records before it."""
    sweeps: int = 0
    """Complete sweeps before it."""
    seen: int = 0
    """Records it saw."""
    changed: int = 0
    """Records it found changed; those that differ only by their structure are not among them."""
    held: int = 0
    """Records whose delete it held."""
    samples: tuple[KeyBytes, ...] = ()
    """Some of these."""


def doubted(resource: Resource, swept: Swept) -> list[Drift]:
    """Return the drifts that a cycle's own doubts are: a silent empty, a mass delete, keys that are not unique.

    A second look was taken where there can be one. Each ends by itself with the next sweep that has no such doubt.
    """
    found = {_DOUBTED[each.reason]: each for each in swept.doubts if each.reason in _DOUBTED}
    return [_TELL[check](resource, swept, doubt) for check, doubt in found.items()]


def mass_update(resource: Resource, swept: Swept, churn: Sequence[float], shifts: Sequence[Shift]) -> list[Drift]:
    """Most records of a resource changed between two sweeps, and that is not usual for it.

    A mass update in X3, an import, or a change of rules or rounding. The changes are captured as ever; a shift of scale
    that explains them is told instead. `churn` is what share changed in the latest sweeps that saw changes.
    """
    if swept.kind is not Kind.SWEEP or swept.trusted < FEW or swept.sweeps < LEARNT:
        return []
    share, usual = swept.changed / swept.trusted, max(churn, default=0.0)
    if share <= max(MASS, USUAL * usual) or any(each.m >= MASS * swept.changed for each in shifts):
        return []
    return [
        Drift(
            resource.connection,
            DriftKind.VOLUME,
            Check.MASS_UPDATE,
            Severity.WARNING,
            Actor.X3_ADMIN,
            resource.name,
            expected=f"at most half of {swept.trusted} records change between two sweeps; usually {usual:.0%} or fewer",
            seen=f"{swept.changed} changed",
            rule=f"changed / records = {share:.2f} > max({MASS}, {USUAL:g} × {usual:.2f})",
            n=swept.trusted,
            m=swept.seen,
            affected=swept.changed,
            evidence={"cycle": swept.id},
            certain=True,
        )
    ]


def churned(churn: Sequence[float], swept: Swept) -> tuple[float, ...]:
    """Return the shares that changed in the latest sweeps that saw changes, with this one."""
    if swept.kind is not Kind.SWEEP or not swept.trusted or not swept.changed:
        return tuple(churn)
    return (*churn, round(swept.changed / swept.trusted, 3))[-KEPT:]


def shifted(resource: Resource, shift: Shift) -> Drift:
    """Values of a field were multiplied by one constant: another unit, currency or sign.

    Prices in cents, weights in grams, or a sign turned round, by a patch, an import or a changed setting. Whoever reads
    the field is off by this factor. It stays open until the inverse shift is seen, or until it is accepted.
    """
    whose = "prices of new documents against the last of the same product" if shift.new else "changed values"
    return Drift(
        resource.connection,
        DriftKind.DATA,
        Check.SCALE_SHIFT,
        Severity.CRITICAL,
        Actor.X3_ADMIN,
        resource.name,
        shift.fields[0],
        expected="values that change do so each by itself",
        seen=f"{shift.m} of {shift.n} {whose} were multiplied by {shift.factor}",
        rule=f"at least 5 values, 90 % by one factor: {shift.m}/{shift.n} = {shift.m / shift.n:.2f}",
        n=shift.n,
        m=shift.n,
        affected=shift.m,
        samples=names(shift.samples),
        evidence={"factor": shift.factor, "fields": list(shift.fields[:SAMPLES])},
        certain=True,
        since=shift.at,
    )


def stopped_changing(resource: Resource, late: Late) -> Drift:
    """A resource that changes regularly has not changed for more than two of its working days.

    Nobody worked, or what fills it stopped: an import, an interface, a batch. It may be a holiday.
    """
    return Drift(
        resource.connection,
        DriftKind.FRESHNESS,
        Check.STOPPED_CHANGING,
        Severity.INFO,
        Actor.X3_ADMIN,
        resource.name,
        expected=f"a change within {late.allowed} of the hours that had one in each of the last {late.weeks} weeks",
        seen=f"none for {late.missed} such hours",
        rule=f"missed busy hours {late.missed} > {late.allowed} (two days of them)",
        n=late.weeks,
        affected=late.missed,
        since=late.since,
    )


def names(keys: Sequence[KeyBytes]) -> tuple[str, ...]:
    """Return some keys as they are shown."""
    return tuple(key.decode() for key in keys[:SAMPLES])


def empty_answer(resource: Resource, swept: Swept, doubt: Doubt) -> Drift:
    """A resource that had records answers successfully with none.

    The role or the rights of the web-service user were changed, or the folder. The snapshot stays as it was, and no
    delete is told.
    """
    return _volume(resource, Check.EMPTY_ANSWER, swept, doubt, "seen = 0 where at least 5 were trusted, twice")


def mass_delete(resource: Resource, swept: Swept, doubt: Doubt) -> Drift:
    """So many records are missing at once that their deletes are held.

    A filter on the role of the web-service user hides them, or they were purged. The snapshot keeps them until a person
    releases or keeps them, or a sweep shows them again.
    """
    guards = resource.guards
    limit = max(3, min(guards.ratio * swept.trusted, guards.limit))
    rule = f"missing {swept.held} > max(3, min({guards.ratio:g} × {swept.trusted}, {guards.limit})) = {limit:g}, or all"
    return _volume(resource, Check.MASS_DELETE, swept, doubt, rule)


def duplicate_keys(resource: Resource, swept: Swept, doubt: Doubt) -> Drift:
    """Records with different content share a key, or have none.

    Which of them is right cannot be told, and no delete of this resource is believed meanwhile. The key that driftd
    uses may not be the key of this representation.
    """
    return _volume(resource, Check.DUPLICATE_KEYS, swept, doubt, "each key once in a sweep")


_TELL: Final = MappingProxyType(
    {Check.EMPTY_ANSWER: empty_answer, Check.MASS_DELETE: mass_delete, Check.DUPLICATE_KEYS: duplicate_keys}
)


def _volume(resource: Resource, check: Check, swept: Swept, doubt: Doubt, rule: str) -> Drift:
    unique = check is Check.DUPLICATE_KEYS
    return Drift(
        resource.connection,
        DriftKind.INVARIANT if unique else DriftKind.VOLUME,
        check,
        Severity.WARNING if unique else Severity.CRITICAL,
        Actor.OPERATOR if check is Check.MASS_DELETE else Actor.X3_ADMIN,
        resource.name,
        expected="keys that are unique" if unique else f"about {swept.trusted} records",
        seen=doubt.message,
        rule=rule,
        n=swept.trusted,
        m=swept.seen,
        affected=swept.trusted if check is Check.EMPTY_ANSWER else swept.held,
        samples=names(swept.samples),
        evidence={"cycle": swept.id, "reason": str(doubt.reason)},
        certain=True,
    )
