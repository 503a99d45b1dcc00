"""Rows of pages, by column: a row whose bytes are known costs no object of its own."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final, NamedTuple, Self

from driftd.core.model import KeyBytes

ERASED: Final = b"\0"
"""Stands for the key of a record that was erased: no key of a record is like it."""


class Line(NamedTuple):
    """One row whose bytes are not known."""

    record: bytes
    raw: bytes
    """Fingerprint of the bytes without volatile members."""
    key: KeyBytes
    """Empty where the record has no usable key."""


class Lines:
    """Rows in server order: bytes, raw fingerprints and keys, and which of them no stored segment knows."""

    __slots__ = ("fresh", "keys", "raws", "records")

    def __init__(
        self, records: Sequence[bytes] = (), raws: Sequence[bytes] = (), known: Mapping[bytes, KeyBytes] | None = None
    ) -> None:
        """Rows with their raw fingerprints, and the keys of those that are `known`; `name` gives the others theirs."""
        self.records = list(records)
        self.raws = list(raws)
        self.keys: list[KeyBytes] = []
        self.fresh: list[int] = []
        """Positions of the rows whose bytes are not known, ascending."""
        if known:
            found = list(map(known.get, self.raws))
            self.fresh = [position for position, key in enumerate(found) if key is None]
            self.keys = [key or b"" for key in found]
        else:
            self.fresh = list(range(len(self.records)))
            self.keys = [b""] * len(self.records)

    @classmethod
    def of(cls, lines: Iterable[Line]) -> Self:
        """Make columns of rows, none of them known."""
        made = cls()
        for line in lines:
            made.fresh.append(len(made.records))
            made.records.append(line.record)
            made.raws.append(line.raw)
            made.keys.append(line.key)
        return made

    def __len__(self) -> int:
        return len(self.records)

    def __repr__(self) -> str:
        return f"<Lines {len(self.records)}, {len(self.fresh)} of them not known>"

    def unnamed(self) -> list[bytes]:
        """Return the bytes of the rows that are not known."""
        return self.records if len(self.fresh) == len(self.records) else [self.records[at] for at in self.fresh]

    def name(self, keys: Sequence[KeyBytes]) -> None:
        """Give the rows that are not known their keys."""
        if len(self.fresh) == len(self.records):
            self.keys = list(keys)
        else:
            for at, key in zip(self.fresh, keys, strict=True):
                self.keys[at] = key

    def unknown(self) -> list[Line]:
        """Return the rows that are not known."""
        if len(self.fresh) == len(self.records):
            return list(map(Line, self.records, self.raws, self.keys))
        return [Line(self.records[at], self.raws[at], self.keys[at]) for at in self.fresh]

    def without(self, keys: Collection[KeyBytes]) -> "Lines":
        """Return the rows as they are to be remembered: without the keys of erased records."""
        if not keys:
            return self
        made = Lines()
        made.records, made.raws, made.fresh = self.records, self.raws, self.fresh
        made.keys = [ERASED if key in keys else key for key in self.keys]
        return made

    def put_off(self, keys: AbstractSet[KeyBytes]) -> set[KeyBytes]:
        """Leave rows of these keys that are not known to the next reading, and return their keys.

        They get a fingerprint that no bytes have, so that they are not known then.
        """
        again = [at for at in self.fresh if self.keys[at] in keys]
        for at in again:
            self.raws[at] = bytes(len(self.raws[at]))
        if again:
            left = set(again)
            self.fresh = [at for at in self.fresh if at not in left]
        return {self.keys[at] for at in again}

    def part(self, start: int, stop: int) -> "Lines":
        """Return the rows from `start` up to `stop`."""
        if start == 0 and stop >= len(self.records):
            return self
        made = Lines()
        made.records, made.raws, made.keys = (
            self.records[start:stop],
            self.raws[start:stop],
            self.keys[start:stop],
        )
        made.fresh = [at - start for at in self.fresh if start <= at < stop]
        return made

    def extend(self, others: "Lines") -> None:
        """Append rows."""
        base = len(self.records)
        self.fresh += [base + at for at in others.fresh]
        self.records += others.records
        self.raws += others.raws
        self.keys += others.keys

    def last_key(self) -> KeyBytes | None:
        """Return the last usable key."""
        return next((key for key in reversed(self.keys) if key), None)


def usable(key: KeyBytes) -> bool:
    """Tell whether a key may be asked for: there is one, and it is not that of an erased record."""
    return key not in (b"", ERASED)
