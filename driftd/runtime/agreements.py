"""Where the sums of two classes do not agree: what a cycle's changed sums break, of its own records or of others'."""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from driftd.core.drift import Check
from driftd.core.invariants.crossing import compared, state_of
from driftd.core.invariants.model import SumKey, Sums
from driftd.core.invariants.reading import Record
from driftd.core.invariants.sums import broken, contribution, covered, record_key, spelt_of
from driftd.core.model import KeyBytes, Resource
from driftd.core.rules import Agreement
from driftd.runtime.counterparts import Counterparts

MOST: Final = 10_000
"""Records found at once at most."""


class Disagreement(NamedTuple):
    """A record whose sum does not agree."""

    resource: str
    check: Check
    field: str
    key: KeyBytes


async def disagreements(
    resource: Resource, changed: Sums, counterparts: Counterparts, *, complete: Mapping[str, bool]
) -> list[Disagreement]:
    """Return what the sums of `resource` that changed break now; `complete` says which of its own know all records."""
    found: dict[Disagreement, None] = {}
    for rule in resource.rules.agreements:
        own, (other, name) = _sides(rule, resource.name)
        if await counterparts.standing(other) is None or not await _judgeable(rule, counterparts, complete, own):
            continue
        keys = [key for key in changed if key.name == own and key != covered(own)]
        theirs = await counterparts.sums(other, [SumKey(name, key.value) for key in keys])
        for key in keys:
            pair = changed[key], theirs.get(SumKey(name, key.value))
            if broken(rule, *(pair if own == rule.whole else pair[::-1])) and len(found) < MOST:
                found[Disagreement(rule.of, Check(rule.check), rule.field, record_key(rule, key))] = None
    return list(found)


async def disagrees(
    rule: Agreement, resource: Resource, record: Record, counterparts: Counterparts
) -> tuple[bool, bytes] | None:
    """Judge one record of the class that breaks a rule: whether it does, and a fingerprint of both sides.

    None where that cannot be told: its lines are not known, or the other class is not known completely.
    """
    own = contribution(record, resource.rules, zeros=True)
    if covered(rule.whole) not in own or await counterparts.standing(rule.by) is None:
        return None
    if rule.equal and not await counterparts.complete(rule.by, rule.parts):
        return None
    whole = spelt_of(own, rule.whole)
    other = await counterparts.sums(rule.by, [SumKey(rule.parts, key.value) for key in whole])
    return compared(rule, whole, other), state_of(whole, other)


def rule_of(resource: Resource, check: Check, field: str) -> Agreement | None:
    """Return the agreement that a breach of `resource` is of."""
    rules: Iterable[Agreement] = resource.rules.agreements
    return next((each for each in rules if (each.check, each.field, each.of) == (check, field, resource.name)), None)


def _sides(rule: Agreement, name: str) -> tuple[str, tuple[str, str]]:
    """Return the sum of the class called `name`, then the other class with its sum."""
    return (rule.whole, (rule.by, rule.parts)) if name == rule.of else (rule.parts, (rule.of, rule.whole))


async def _judgeable(rule: Agreement, counterparts: Counterparts, complete: Mapping[str, bool], own: str) -> bool:
    if not rule.equal:
        return True
    return complete.get(own, False) if own == rule.parts else await counterparts.complete(rule.by, rule.parts)
