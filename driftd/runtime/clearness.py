"""Which resources have nothing left to be judged again: a cycle of theirs that sees nothing new then costs nothing."""

from collections import Counter
from typing import Final, TypeAlias

Names: TypeAlias = tuple[str, str]
"""Connection and resource."""
NEVER: Final = 2**63 - 1
"""Epoch ms that do not come."""


class Clearness:
    """Known of each resource, in memory: after a start each is judged once more.

    The cycle of one class may find what another one has to judge while that other's own cycle concludes. What the other
    read before is then no ground to call it clear: it says what it knew when it began to read.
    """

    def __init__(self) -> None:
        self._until: dict[Names, int] = {}
        self._stirred = Counter[Names]()

    def holds(self, names: Names, now: int) -> bool:
        """Tell whether nothing is left to be judged again at `now` (epoch ms)."""
        return now < self._until.get(names, 0)

    def known(self, names: Names) -> int:
        """Return what `rest` is to be told, from before anything is read of what is left."""
        return self._stirred[names]

    def rest(self, names: Names, until: int, known: int) -> None:
        """Have a resource be clear until then, epoch ms, unless it was stirred since `known`."""
        self._until[names] = until if known == self._stirred[names] else 0

    def stir(self, names: Names) -> None:
        """Have a resource be judged again: there is something new, and it can be read by now."""
        self._stirred[names] += 1
        self._until.pop(names, None)

    def drop(self, connection: str) -> None:
        """Keep nothing of a connection that is gone."""
        known: tuple[dict[Names, int], ...] = (self._until, self._stirred)
        for each in known:
            for names in [names for names in each if names[0] == connection]:
                del each[names]
