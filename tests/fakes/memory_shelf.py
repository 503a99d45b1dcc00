"""What the memory store remembers of one resource."""

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from msgspec.structs import replace

from driftd.core.envelope import Context
from driftd.core.model import Absence, Change, Contents, KeyBytes, Segment, Standing, Stored

if TYPE_CHECKING:
    from tests.fakes.memory_cycle import MemoryCycle


@dataclass
class Shelf:
    """All that is remembered of one resource."""

    standing: Standing = field(default_factory=Standing)
    records: dict[KeyBytes, Stored] = field(default_factory=dict)
    layout: list[int] = field(default_factory=list)
    segments: dict[int, tuple[Segment, Contents]] = field(default_factory=dict)
    cycles: int = 0
    withholds: bool = False
    withheld: list[list[tuple[Change, Context]]] = field(default_factory=list)
    """Of each commit."""
    released: int = 0
    """The seq of the last event that was released late."""
    forgotten: int = 0
    forgets: int = 0
    """Up to which number tombstones go once `forgets_at` sweeps are complete."""
    forgets_at: int | None = None
    open: "MemoryCycle | None" = None
    erased: set[bytes] = field(default_factory=set)
    unfinished: dict[bytes, tuple[KeyBytes, bool]] = field(default_factory=dict)
    """What stands for records whose erasure is not over, and whether they are to be forgotten."""

    @property
    def placed(self) -> Standing:
        """The checkpoint as it is read."""
        return replace(self.standing, forgotten=self.forgotten)

    def live(self) -> list[Stored]:
        """Records that are no tombstones, in the order of key bytes."""
        return [self.records[key] for key in sorted(self.records) if self.records[key].deleted_at is None]

    def forget(self, first: int) -> int:
        """Remove tombstones, or find those that may go next; return how many went. The log begins at `first`."""
        tombstones = [key for key, each in self.records.items() if each.deleted_at is not None]
        if self.forgets_at is None:
            late = self.withheld or self.released >= first
            if not late and any(self.records[key].seq < first for key in tombstones):
                self.forgets, self.forgets_at = first - 1, self.standing.sweeps + 2
                self.forgotten = max(self.forgotten, self.forgets)
            return 0
        if self.standing.sweeps < self.forgets_at:
            return 0
        gone = [key for key in tombstones if self.records[key].seq <= self.forgets]
        for key in gone:
            del self.records[key]
        self.forgets_at = None
        return len(gone)


def absences(shelf: Shelf) -> dict[Absence, int]:
    """Count the live records that are absent, by how."""
    return dict(Counter(stored.absent for stored in shelf.live() if stored.absent is not None))
