"""A key that gained a part: records of one key come several times, and a new member tells them apart.

Records that come twice by accident, because a page moved while it was read, are the same but for what was changed
meanwhile; and such are few.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, TypeAlias

from driftd.core.schema.rarity import LEAST, SHARE

Twins: TypeAlias = tuple[Mapping[str, Any], Mapping[str, Any]]
"""Two decoded records of the same key, from one cycle."""

SAMPLED: Final = 200
"""Pairs that are looked at in one cycle."""
_MOST: Final = 0.95


def parted(twins: Sequence[Twins], new: Collection[str], rows: int) -> dict[str, int]:
    """Return which of the `new` members tell apart what came twice among `rows`, and how many pairs."""
    if len(twins) < max(LEAST, min(SHARE * rows, SAMPLED)):
        return {}
    differ = {path: sum(_differ(one, other, path) for one, other in twins) for path in new}
    return {path: told for path, told in differ.items() if told >= _MOST * len(twins)}


def _differ(one: Mapping[str, Any], other: Mapping[str, Any], path: str) -> bool:
    first, second = one.get(path), other.get(path)
    return first not in (None, "") and second not in (None, "") and first != second
