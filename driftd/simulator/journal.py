"""The history of a tenant: which rows each state replaced, and so the exact truth between any two states."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from driftd.simulator.class_model import Key
from driftd.simulator.json_values import Record
from driftd.simulator.rows import Row


@dataclass(frozen=True, slots=True)
class Change:
    """One row's passage from one state to the next."""

    resource: str
    before: Row | None
    after: Row | None

    @property
    def place(self) -> tuple[Key, int]:
        """Key and twin of the row that changed."""
        row = self.after or self.before
        assert row is not None
        return row.key, row.twin


@dataclass(frozen=True, slots=True)
class TruthChange:
    """One record's net change between two states, as a reader who sees everything must report it."""

    op: Literal["c", "u", "d"]
    key: Key
    before: Record | None
    after: Record | None


class Journal:
    """States 0, 1, 2…; state n is what state n - 1 became by the changes recorded as n."""

    def __init__(self) -> None:
        self._states: list[tuple[Change, ...]] = [()]

    @property
    def state(self) -> int:
        """The number of the newest state."""
        return len(self._states) - 1

    def record(self, changes: list[Change]) -> int:
        """Add a state and return its number."""
        self._states.append(tuple(changes))
        return self.state

    def check(self, *states: int) -> None:
        """Raise `ValueError` for a state that has not been."""
        for state in states:
            if not 0 <= state <= self.state:
                raise ValueError(f"there is no state {state}: the newest is {self.state}")

    def net(self, before: int, after: int, resource: str) -> dict[tuple[Key, int], tuple[Row | None, Row | None]]:
        """Return by key and twin the rows that differ between two states: (row then, row now), `before` ≤ `after`."""
        self.check(before, after)
        if before > after:
            raise ValueError(f"state {before} is later than state {after}")
        net: dict[tuple[Key, int], tuple[Row | None, Row | None]] = {}
        for change in self._between(before, after, resource):
            place = change.place
            first = net[place][0] if place in net else change.before
            net[place] = (first, change.after)
        return {place: pair for place, pair in net.items() if pair[0] is not pair[1]}

    def _between(self, before: int, after: int, resource: str) -> Iterator[Change]:
        for state in self._states[before + 1 : after + 1]:
            yield from (change for change in state if change.resource == resource)
