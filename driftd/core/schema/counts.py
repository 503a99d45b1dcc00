"""What all records of a resource show, counted: the learnt schema before it is judged.

Counts are a commutative monoid, and retractable: subtract a record as it was, add it as it is. All of them count
records, so a line is never more evidence than its document.

Laws: ``retract(observe(c, x), x) = c``; `merge` commutes and associates; incremental equals rebuilt. They hold but for
what is bounded, and then stays given up: a set of codes with too many members, an object with too many names.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Final, TypeAlias

import msgspec

from driftd.core.schema.columns import LEAST, column, shapes
from driftd.core.schema.marks import ARRAY, BARE, OBJECT, PRESENT, RAGGED, Mark, scalar
from driftd.core.schema.paths import LONGEST
from driftd.core.schema.sketch import sketch

VERSION: Final = 1
"""First byte of the packed form."""
MANY_CODES: Final = 24
"""Codes of one field above which none is counted any more."""
WIDEST: Final = 600
"""Members of one object above which its names are taken as dynamic."""
MOST: Final = 3000
"""Paths of one resource."""
_SHARE: Final = 0.5
"""Share of the records in which a member must be there to be kept when names are dynamic."""

Marks: TypeAlias = dict[Mark, int]
Shown: TypeAlias = Mapping[str, Iterable[Mark]]
_Number: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]
_Packed = tuple[_Number, _Number, dict[str, dict[Mark, _Number]], list[str], dict[str, list[str]]]
_DECODE: Final = msgspec.json.Decoder(list[dict[str, Any]]).decode
_UNPACK: Final = msgspec.msgpack.Decoder(_Packed).decode
_PACK: Final = msgspec.msgpack.Encoder().encode


def above(path: str) -> str:
    """Return the path that `path` lies in; ``""`` is the record itself."""
    return path[:-2] if path.endswith("[]") else path.rpartition(".")[0]


def readable(packed: bytes) -> bool:
    """Tell whether packed counts are of a release that counts as this one does."""
    return packed[:1] == bytes((VERSION,))


def decoded(bodies: Iterable[bytes]) -> list[dict[str, Any]]:
    """Decode many records at once; numbers beyond a float come as infinity."""
    array = b"[" + b",".join(bodies) + b"]"
    try:
        return _DECODE(array)
    except msgspec.ValidationError:
        import json

        found: list[dict[str, Any]] = json.loads(array)
        return found


class Counts:
    """How many records show each mark at each path."""

    __slots__ = ("_widths", "closed", "complete", "open", "paths", "records", "refused")

    def __init__(self) -> None:
        self.records = 0
        self.complete = 0
        """Records whose details were read; all of a resource that has none."""
        self.paths: dict[str, Marks] = {}
        self.open: set[str] = set()
        """Paths whose texts are too many to be codes."""
        self.closed: dict[str, frozenset[str]] = {}
        """Objects with too many names: which of the paths below are kept."""
        self._widths: dict[str, int] = {}
        self.refused = False
        """Whether a path was too long to be counted, since these counts were made."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Counts) and self._all() == other._all()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<Counts of {self.records} records, {len(self.paths)} paths>"

    def observe(self, records: Sequence[Mapping[str, Any]], *, complete: bool = True) -> None:
        """Add decoded records, all of them with details read, or without."""
        self._count(records, 1, complete=complete)

    def observe_shown(self, names: Iterable[str], shown: Shown, *, complete: bool = True) -> None:
        """Add one record by what it shows; `names` are its members."""
        self.records += 1
        self.complete += complete
        for path, marks in shown.items():
            self.one(path, marks, 1)
        for name in () if complete else names:
            self.bare(name, 1)

    def retract(self, records: Sequence[Mapping[str, Any]], *, complete: bool = True) -> None:
        """Take records back that were observed in the same way."""
        self._count(records, -1, complete=complete)

    def shown(self, members: Mapping[str, Any]) -> dict[str, Iterable[Mark]]:
        """Return what some members of a record show: path → marks."""
        found: dict[str, Iterable[Mark]] = {}
        nested = {}
        kept = self.closed.get("")
        for name, value in members.items():
            if kept is not None and name not in kept:
                continue
            if type(value) is dict or type(value) is list:
                nested[name] = value
            else:
                found[name] = (PRESENT, *scalar(value))
        if nested:
            found |= sketch(nested, self.closed)
        return found

    def bare(self, path: str, weight: int) -> None:
        """Count that a record shows a member without its details having been read."""
        self.one(path, (BARE,), weight)

    def dynamic(self, path: str) -> bool:
        """Tell whether a path is too long, or one of too many names, none of which counts."""
        kept = self.closed.get(above(path))
        return len(path) > LONGEST or (kept is not None and path not in kept)

    def merge(self, other: "Counts") -> "Counts":
        """Return the counts of both."""
        made = Counts()
        made.open = self.open | other.open
        made.closed = {
            path: self.closed.get(path, other.closed.get(path, frozenset()))
            & other.closed.get(path, self.closed.get(path, frozenset()))
            for path in self.closed.keys() | other.closed.keys()
        }
        for each in (self, other):
            made.records += each.records
            made.complete += each.complete
            for path, marks in each.paths.items():
                made.add(path, marks, 1)
        return made

    def n(self, path: str) -> int:
        """Return in how many records a path could appear: those that have an object where it lies."""
        parent = above(path)
        if parent:
            return self.paths.get(parent, {}).get(ARRAY if path.endswith("[]") else OBJECT, 0)
        return self.records if self.paths.get(path, {}).get(BARE) else self.complete

    def present(self, path: str) -> int:
        """Return how many records have a path."""
        return self.paths.get(path, {}).get(PRESENT, 0)

    def missing(self, path: str) -> int:
        """Return how many records lack a path where they could have it, in all lines or in some."""
        marks = self.paths.get(path, {})
        return max(0, self.n(path) - marks.get(PRESENT, 0)) + marks.get(RAGGED, 0)

    def pack(self) -> bytes:
        """Return the counts as bytes; equal counts give equal bytes."""
        paths = {path: dict(sorted(self.paths[path].items(), key=_order)) for path in sorted(self.paths)}
        closed = {path: sorted(self.closed[path]) for path in sorted(self.closed)}
        return bytes((VERSION,)) + _PACK((self.records, self.complete, paths, sorted(self.open), closed))

    @classmethod
    def unpack(cls, packed: bytes) -> "Counts":
        """Return counts from their bytes; none where these are empty, damaged, or of another way to count."""
        made = cls()
        if not readable(packed):
            return made
        try:
            made.records, made.complete, made.paths, opened, closed = _UNPACK(packed[1:])
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return cls()
        made.open = set(opened)
        made.closed = {path: frozenset(kept) for path, kept in closed.items()}
        for path in made.paths:
            made._widen(path, 1)
        return made

    def drop(self, paths: Iterable[str]) -> None:
        """Forget paths."""
        for path in paths:
            if self.paths.pop(path, None) is not None:
                self._widen(path, -1)

    def add(self, path: str, marks: Mapping[Mark, int], weight: int) -> None:
        """Count `marks` at a path `weight` times; below nothing is nothing."""
        held = self.paths.get(path)
        if held is None:
            if weight < 0 or not self._room(path):
                return
            held = self.paths[path] = {}
            self._widen(path, 1)
        opened = path in self.open
        for mark, count in marks.items():
            if opened and isinstance(mark, str):
                continue
            now = held.get(mark, 0) + weight * count
            if now > 0:
                held[mark] = now
            else:
                held.pop(mark, None)
        if not opened and len(held) > MANY_CODES:
            self._open(path, held)
        if not held.get(PRESENT):
            self.drop([path])

    def _count(self, records: Sequence[Mapping[str, Any]], weight: int, *, complete: bool) -> None:
        self.records += weight * len(records)
        self.complete += weight * len(records) * complete
        self.records, self.complete = max(0, self.records), max(0, self.complete)
        for names, alike in shapes(records):
            if len(alike) < LEAST:
                for record in alike:
                    self._part(record, weight)
            else:
                self._columns(names, alike, weight)
            if not complete:
                for name in names:
                    self.add(name, {BARE: len(alike)}, weight)

    def _columns(self, names: Sequence[str], records: Sequence[Mapping[str, Any]], weight: int) -> None:
        for name, values in zip(names, zip(*map(dict.values, records), strict=True), strict=True):  # type: ignore[arg-type]
            marks = column(values)
            if marks is not None:
                self.add(name, marks, weight)
            else:
                for value in values:
                    self._part({name: value}, weight)

    def _part(self, members: Mapping[str, Any], weight: int) -> None:
        for path, marks in self.shown(members).items():
            self.one(path, marks, weight)

    def one(self, path: str, marks: Iterable[Mark], weight: int) -> None:
        """Count each of `marks` `weight` times, as `add` does."""
        held = self.paths.get(path)
        if held is None or path in self.open:
            self.add(path, dict.fromkeys(marks, 1), weight)
            return
        for mark in marks:
            now = held.get(mark, 0) + weight
            if now > 0:
                held[mark] = now
            elif mark in held:
                del held[mark]
        if len(held) > MANY_CODES:
            self._open(path, held)
        if PRESENT not in held:
            self.drop([path])

    def _open(self, path: str, held: Marks) -> None:
        codes = [mark for mark in held if isinstance(mark, str)]
        if len(codes) > MANY_CODES:
            self.open.add(path)
            for code in codes:
                del held[code]

    def _room(self, path: str) -> bool:
        """Tell whether a path may be counted that was never seen."""
        if len(path) > LONGEST:
            self.refused = True
            return False
        parent = above(path)
        if parent not in self.closed and self._widths.get(parent, 0) >= WIDEST:
            self._close(parent)
        kept = self.closed.get(parent)
        return (kept is None or path in kept) and len(self.paths) < MOST

    def _close(self, parent: str) -> None:
        """Give up the names of an object's members that are not there in most records."""
        children = [path for path in self.paths if above(path) == parent and path != parent]
        enough = _SHARE * max((self.present(path) for path in children), default=0)
        kept = frozenset(path for path in children if self.present(path) >= max(enough, LEAST))
        self.closed[parent] = kept
        gone = set(children) - kept
        self.drop(
            [path for path in self.paths if path in gone or any(path.startswith((g + ".", g + "[")) for g in gone)]
        )

    def _widen(self, path: str, by: int) -> None:
        parent = above(path)
        self._widths[parent] = self._widths.get(parent, 0) + by

    def _all(self) -> tuple[object, ...]:
        return self.records, self.complete, self.paths, self.open, self.closed


def total(parts: Iterable[Counts]) -> Counts:
    """Return the counts of all parts."""
    made = Counts()
    for part in parts:
        made = made.merge(part)
    return made


def _order(entry: tuple[Mark, int]) -> tuple[bool, int, str]:
    mark = entry[0]
    return (True, 0, mark) if isinstance(mark, str) else (False, mark, "")
