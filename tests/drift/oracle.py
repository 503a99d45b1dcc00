"""The verdict on one patch, from the patch and from the tenant's own records before and after.

It shares no code with the detector and knows nothing of how that works. Each thing that happened to a path is given the
name of a case of `expected`, where the sections that decide it stand:

- *always* is presence in all of at least 300 records (drift 3.2); where only the lines are that many, either answer
  is right. Under 30 records nothing about what is usual is claimed (the floor of drift 3.4 and 4.3).
- A value says something only of what the cycles since the patch have shown: the query facet by pages, the details facet
  by single reads. What nobody read, nobody need find; a part that was read may be told as a part (*glimpsed*).
- A change that so few records show that it may have been rare all along is *unproven* (`evidence.proven`).
- Types are those of JSON (x3 2.4): empties have none, so that a field that is emptied has not changed its type.
- A path inside a new, a vanished or a retyped one is no drift of its own: one cause is one drift (issue).
- A rename is demanded where all records meet drift 3.4, allowed where their lines alone do or where only a part was
  shown, and wrong where it cannot be shown: under 5 distinct values, booleans, under 30 pairs.
- The prototype is read by a probe and by a sweep (issue: a probe finds a patch though no record was touched); whether
  a delta reads it is left open, so that there it counts where it was asked for.
- A key that was struck is told as that; where nothing can be listed by it any more, the class may be told as gone, a
  class without records too: it answers no more than others do.
- Where records and prototype tell of one cause, the records' word is the one to be told; the prototype's may stand
  beside it where the records have followed in part only, and goes before it where it alone can say *required*; what
  was mandatory was always there by contract, so that under 300 records either word is right.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from tests.drift.beside import CHECKS, USED, VALUES
from tests.drift.evidence import Evidence, Patched
from tests.drift.expected import Finding
from tests.drift.happenings import Expected, Happening, Told, Ways, at, beside, one, ways
from tests.drift.learnt import FEW, learnt
from tests.drift.prototypes import Declared, declared

PRECISE: Final = frozenset({"finer", "finer, unproven", "integer to number", "integer to number, unproven", "coarser"})
"""Cases of values that stay where they are, of which the prototype may have a word of its own: a format."""
SILENCE: Ways = frozenset({frozenset()})


@dataclass(frozen=True)
class Ground:
    """What else the verdict needs of the class and of its polling."""

    watermark: str | None = None
    used: frozenset[str] = frozenset()
    """Paths that the configuration or the catalogue names: key, line keys, references, watermark."""
    declared: tuple[Declared, Declared] = field(default_factory=lambda: ({}, {}))
    """The prototype before and after, as far as it was read since."""
    withheld: bool = False


@dataclass(frozen=True)
class Verdict:
    """Which answers are right."""

    cases: tuple[str, ...]
    ways: Ways
    beside: frozenset[Expected] = frozenset()
    used: frozenset[str] = frozenset()
    """Paths whose break is critical, because something rests on them (drift 3.3)."""

    @property
    def silent(self) -> bool:
        """Whether silence is right."""
        return frozenset() in self.ways

    @property
    def null(self) -> bool:
        """Whether nothing may be found."""
        return self.ways == SILENCE and not self.beside


def verdict(patched: Patched, evidence: Evidence, ground: Ground) -> Verdict:
    """Return which findings are right after a patch."""
    if ground.withheld:
        return _made(patched, evidence, ground, [one(Happening("resource gone"))], [])
    seen, said = learnt(patched, evidence), declared(patched, *ground.declared)
    if ground.watermark and seen and ground.watermark in {patched.field, patched.to}:
        return _made(patched, evidence, ground, [one(Happening("cursor", ground.watermark))], [])
    if _touches(patched, evidence.key) and (seen or said or not evidence.shown):
        return _key(patched, evidence, ground, seen, said)
    return _made(patched, evidence, ground, seen, said)


def _key(patched: Patched, evidence: Evidence, ground: Ground, seen: list[Told], said: list[Told]) -> Verdict:
    """Return what is right where a member of the key was struck: it goes before all that it brings about."""
    key = Happening("key", patched.field, _targets([*seen, *said]))
    if evidence.before.keys and not evidence.shown:
        return _made(patched, evidence, ground, [one(key._replace(case="key, unreadable"))], [])
    if seen:
        whole = evidence.kind == "sweep" and len(evidence.before.keys) >= FEW
        return _made(patched, evidence, ground, [one(key if whole else key._replace(case="key, unproven"))], [])
    plain = _made(patched, evidence, ground, seen, said)
    also = ways([one(key)], evidence.key)
    if not evidence.before.keys and patched.side != "prototype":
        also |= ways([one(key._replace(case="key, unreadable"))], evidence.key)
    return Verdict((*plain.cases, "key"), plain.ways | also, plain.beside | frozenset(beside([one(key)])), plain.used)


def _touches(patched: Patched, names: Iterable[str]) -> bool:
    return patched.change == "key_part" or bool({patched.field, patched.to} & {*names})


def _targets(events: Iterable[Told]) -> tuple[str, ...]:
    return tuple(path for event in events for alternative in event for each in alternative for path in each.to)


def _made(patched: Patched, evidence: Evidence, ground: Ground, seen: list[Told], said: list[Told]) -> Verdict:
    chosen = _together(seen, said, evidence.key)
    happened = [each for event in (*seen, *said) for alternative in event for each in alternative]
    also = [*beside(seen, evidence.key), *beside(said, evidence.key), *_consequences(patched)]
    used = ground.used | {*evidence.key} | _checked(patched.resource)
    return Verdict(tuple(dict.fromkeys(each.case for each in happened)), chosen, frozenset(also), used)


def _together(seen: list[Told], said: list[Told], key: tuple[str, ...]) -> Ways:
    """Return the ways to tell of one cause that records and prototype show."""
    by_records, by_prototype = ways(seen, key), ways(said, key)
    if not seen or not said:
        return by_records if seen else by_prototype
    happened = [each for event in seen for alternative in event for each in alternative]
    if any(each.case == "declared added required" for event in said for way in event for each in way):
        return by_prototype
    chosen = by_records - SILENCE
    contract = [each for event in said for alternative in event for each in alternative]
    if any(each.part for each in happened) or any(each.required for each in contract):
        chosen |= by_prototype
    if any(each.part or each.case in PRECISE for each in happened):
        chosen |= {_joined(one_, other) for one_ in _still(by_records) for other in _still(by_prototype)}
    if by_records >= SILENCE:
        chosen |= by_prototype
    return chosen


def _joined(seen: frozenset[Expected], said: frozenset[Expected]) -> frozenset[Expected]:
    """Return both words, each finding once."""

    def told(each: Expected) -> bool:
        return any(one_.name == each.name and (one_.paths or set()) & (each.paths or set()) for one_ in seen)

    return seen | {each for each in said if not told(each)}


def _still(told: Ways) -> Ways:
    """Return the ways that tell of no move: only these can stand beside another."""
    return frozenset(
        way
        for way in told
        if not any(each.name in {"field_renamed", "field_moved", "collection_renamed"} for each in way)
    )


def _consequences(patched: Patched) -> frozenset[Expected]:
    """Return what a change of values does to exact checks in truth."""
    if patched.change not in VALUES:
        return frozenset()
    path = f"{patched.resource}.{patched.field}"
    names = [check.name for check in CHECKS if path in check.fields]
    more = ["mass_update"] + (["scale_errors"] if patched.change in {"scale", "multiply"} else [])
    return at(tuple(Finding(name, shape=False) for name in (*names, *more)), Happening("nothing"))


def _checked(resource: str) -> frozenset[str]:
    return frozenset(name.removeprefix(f"{resource}.") for name in USED if name.startswith(f"{resource}."))
