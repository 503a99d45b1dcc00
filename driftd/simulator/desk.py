"""Where one advance or step of business is made: records looked up, picked, changed, entered and deleted.

Each record is touched once, and none that a late transaction holds.
"""

from collections.abc import Callable, Collection
from dataclasses import replace
from random import Random

from driftd.simulator.class_model import Edits, Key
from driftd.simulator.journal import Change
from driftd.simulator.json_values import Record
from driftd.simulator.ledger import Ledger
from driftd.simulator.rows import Row

_TRIES = 40
_LATELY = 40


class BusyError(Exception):
    """A record that is needed has been touched already, or stock that is needed is not there."""


class Desk:
    """Makes changes of one state, to be applied together."""

    def __init__(self, ledger: Ledger, chance: Random, stamp: int, held: Collection[tuple[str, Key]]) -> None:
        self.ledger, self.chance = ledger, chance
        self._stamp = stamp
        self._held = held
        self._touched = set(held)

    def cleared(self) -> "Desk":
        """Return this desk with nothing touched yet but what is held."""
        return Desk(self.ledger, self.chance, self._stamp, self._held)

    def serves(self, *resources: str) -> bool:
        """Say whether all these classes are there."""
        return all(resource in self.ledger.models for resource in resources)

    def content(self, resource: str, row: Row) -> Record:
        """Return a record as it is, with its lines."""
        origin = self.ledger.renderers[resource].origin(row)
        return self.ledger.models[resource].draw(origin, self.ledger, row.edits, "$details")

    def row(self, resource: str, key: Key) -> Row | None:
        """Return the row under a key; None where there is none. Raises `BusyError` for one touched or put."""
        row = self.ledger.tables[resource].get(key)
        if (resource, key) in self._touched or (row is not None and row.literal is not None):
            raise BusyError
        return row

    def change(self, resource: str, row: Row, edits: Edits, *, header: bool = True) -> Change:
        """Change a record; `header` says whether more than lines change."""
        after = replace(
            row,
            edits=(row.edits or {}) | edits,
            stamp=self._stamp,
            header_stamp=self._stamp if header else row.header_stamp,
            rendered=None,
        )
        return self._touch(Change(resource, row, after))

    def enter(
        self, resource: str, edits: Edits | None = None, fits: Callable[[int], bool] = lambda _ordinal: True
    ) -> Change:
        """Enter a record under the next number that fits; the numbers passed over stay unused."""
        model, table = self.ledger.models[resource], self.ledger.tables[resource]
        while True:
            ordinal = self.number(resource)
            key = model.key_of(ordinal)
            if fits(ordinal) and table.get(key) is None:
                return self.enter_as(resource, key, ordinal, edits)

    def number(self, resource: str) -> int:
        """Take the next number of a class."""
        ordinal = self.ledger.next_ordinal[resource]
        self.ledger.next_ordinal[resource] += 1
        return ordinal

    def enter_as(self, resource: str, key: Key, ordinal: int, edits: Edits | None) -> Change:
        """Enter a record under a key of its own."""
        return self._touch(Change(resource, None, Row(key, ordinal, self._stamp, self._stamp, edits)))

    def delete(self, resource: str, row: Row) -> Change:
        """Delete a record."""
        return self._touch(Change(resource, row, None))

    def pick(self, resource: str, fits: Callable[[int], bool] = lambda _ordinal: True) -> Row | None:
        """Return a record that was not touched, by chance over the numbers given so far."""
        last = self.ledger.next_ordinal[resource]
        for _ in range(_TRIES if last else 0):
            row = self._free(resource, self.chance.randrange(last), fits)
            if row is not None:
                return row
        live = sorted(row.ordinal for row in self.ledger.tables[resource] if row.ordinal >= 0)
        free = (self._free(resource, ordinal, fits) for ordinal in live)  # few of many numbers are left, or none fits
        candidates = [row for row in free if row is not None]
        return self.chance.choice(candidates) if candidates else None

    def find(self, resource: str, fits: Callable[[Record], bool]) -> tuple[Row, Record] | None:
        """Return a record of that content which others may build on, of the latest as a rule; None where few fit."""
        last = self.ledger.next_ordinal[resource]
        for _ in range(_TRIES // 2 if last else 0):
            start = max(last - _LATELY, 0) if self.chance.random() < 0.7 else 0
            row = self._free(resource, self.chance.randrange(start, last), lambda ordinal: ordinal % 3 > 0 or last == 1)
            if row is not None and fits(content := self.content(resource, row)):
                return row, content
        return None

    def _free(self, resource: str, ordinal: int, fits: Callable[[int], bool]) -> Row | None:
        if not fits(ordinal):
            return None
        row = self.ledger.tables[resource].get(self.ledger.models[resource].key_of(ordinal))
        if row is None or row.ordinal != ordinal or (resource, row.key) in self._touched:
            return None
        return row

    def _touch(self, change: Change) -> Change:
        self._touched.add((change.resource, change.place[0]))
        return change
