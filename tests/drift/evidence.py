"""What was done to a tenant, what there was of it, and what was shown of it since."""

from dataclasses import dataclass
from math import comb
from typing import Any, Final, NamedTuple

from tests.drift.facts import Key, Place, Survey

LEAST: Final = 3


class Patched(NamedTuple):
    """What was done to a tenant."""

    resource: str
    change: str
    """As the patch calls it; ``withhold`` for a class taken away; else the name of a null patch."""
    field: str = ""
    to: str | None = None
    share: float = 1.0
    side: str = "both"
    undone: bool = False
    """Whether the patch stood before, and was taken back."""


@dataclass(frozen=True)
class Evidence:
    """What there was of a class, and what was shown of it since."""

    key: tuple[str, ...]
    before: Survey
    after: Survey
    shown: frozenset[Key]
    """Records read by page since the patch."""
    detailed: frozenset[Key] = frozenset()
    """Records whose details were read since."""
    paged: frozenset[str] = frozenset()
    """Members that pages show; all others come with the details alone."""
    kind: str = "sweep"

    def visible(self, path: str) -> frozenset[Key]:
        """Return the records that were shown since with what stands at a path."""
        paged = path.split(".", 1)[0].removesuffix("[]") in self.paged
        return self.after.keys & (self.detailed | self.shown if paged else self.detailed)

    def seen(self, path: str) -> dict[Place, Any]:
        """Return what was shown since at a path."""
        visible = self.visible(path)
        return {place: value for place, value in self.after.at(path).items() if place[0] in visible}

    def whole(self, path: str) -> bool:
        """Tell whether that was every record."""
        return self.visible(path) == self.after.keys


def proven(k: int, m: int, n: int) -> bool:
    """Tell whether `k` of `m` records say that what none of `n` did is no rarity any more.

    What was never seen in n has a rate of at most 3/n (drift 3.2); the exact tail at that rate must be under 0.001 and
    the difference above 3 percentage points, as for any rate (drift 4.3). One or two records are a slip of the pen.
    """
    if k < LEAST or k <= 0.03 * m:
        return False
    rate = min(1.0, 3 / n) if n else 1.0
    return 1 - sum(comb(m, i) * rate**i * (1 - rate) ** (m - i) for i in range(k)) < 0.001
