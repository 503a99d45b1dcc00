"""Same name, same type, other meaning: the values of a menu were exchanged for others at one stroke.

Business moves a record from one value to the next, and back at times; it does not exchange values both ways in dozens
of records at once, nor empty a value by an update of nothing else, nor move records on from every value there is, the
last one to a value that there never was.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Final, TypeAlias

from driftd.core.schema.counts import Counts
from driftd.core.schema.judge import named
from driftd.core.schema.marks import Mark
from driftd.core.schema.model import FieldForm
from driftd.core.schema.seen import Seen

PAIRS: Final = 30
"""Records that must have changed by the law."""
_ONE_WAY: Final = 0.95
"""Share of the records that left a value for the same other one."""
_ALONE: Final = 0.9
"""Share of the records in which nothing but menus changed."""

Law: TypeAlias = Mapping[str, str]


def exchanged(
    seen: Seen, now: Counts, held: Mapping[str, FieldForm], *, whole: bool
) -> dict[str, tuple[Law, int, int]]:
    """Return menus whose values were exchanged: path → which value became which, in how many of how many records.

    `held` is what was accepted before, by path.
    """
    found: dict[str, tuple[Law, int, int]] = {}
    for path, swaps in seen.swaps.items():
        law = _law(swaps)
        if len(set(law.values())) < len(law):
            continue
        many = sum(count for (old, new), count in swaps.items() if law.get(old) == new)
        m = swaps.total()
        if many < PAIRS or many < _ONE_WAY * m or seen.alone[path] < _ALONE * m:
            continue
        told = {named(old) or "": named(new) or "" for old, new in law.items()}
        values = held.get(path, FieldForm()).values or ()
        renumbered = whole and (_emptied(law, now.paths.get(path, {})) or _all_moved(told, values))
        if renumbered or _both_ways(law):
            found[path] = (told, many, m)
    return found


def undoes(law: Law, earlier: Law) -> bool:
    """Tell whether an exchange takes an earlier one back."""
    return {new: old for old, new in law.items()} == dict(earlier)


def _law(swaps: Counter[tuple[Mark, Mark]]) -> dict[Mark, Mark]:
    """Return where most records of each value went."""
    law: dict[Mark, Mark] = {}
    for (old, new), _ in swaps.most_common():
        law.setdefault(old, new)
    return law


def _both_ways(law: Mapping[Mark, Mark]) -> bool:
    """Tell whether the law leads back to some value that it starts from."""
    for start in law:
        at, steps = law[start], 1
        while at != start and at in law and steps <= len(law):
            at, steps = law[at], steps + 1
        if at == start:
            return True
    return False


def _emptied(law: Mapping[Mark, Mark], marks: Mapping[Mark, int]) -> bool:
    """Tell whether no record has a value any more that is not itself where others went."""
    left = [value for value in law if value not in law.values()]
    return bool(left) and not any(marks.get(value) for value in left)


def _all_moved(law: Law, accepted: Collection[str]) -> bool:
    """Tell whether records of every accepted value moved on, some to one that was never accepted."""
    return bool(accepted) and law.keys() >= set(accepted) and not set(law.values()) <= set(accepted)
