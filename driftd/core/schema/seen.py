"""What one cycle's changed records show, apart from all that is stored: the evidence by which a form may move."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from driftd.core.schema.columns import LEAST
from driftd.core.schema.counts import Counts, Marks, Shown, above
from driftd.core.schema.marks import ARRAY, BARE, OBJECT, PRESENT, RAGGED, VALUE_MARKS, Mark
from driftd.core.schema.model import FieldForm, Presence
from driftd.core.schema.rename import Samples

_ALL: frozenset[Presence] = frozenset({Presence.ALWAYS, Presence.UNJUDGED})


class Seen:
    """After-images of the records that a cycle created and updated."""

    def __init__(self, form: Mapping[str, FieldForm], counts: Counts) -> None:
        self._form = form
        self._counts = counts
        """All that is stored; it says of which facet a member is."""
        self.fresh = Counts()
        """Records that are new, or complete for the first time."""
        self.moved = Counts()
        """Of updated records, the members that differ."""
        self.same: Counter[str] = Counter()
        """Of updated records, how often a member stayed as it was."""
        self.lost: Counter[str] = Counter()
        """Updated records that no longer have a path, or no longer in all lines."""
        self.lacking: Counter[str] = Counter()
        """New records that are like others but for this one member."""
        self.swaps: dict[str, Counter[tuple[Mark, Mark]]] = {}
        """Of each menu: how often one value became another."""
        self.turned: Counter[tuple[str, Mark]] = Counter()
        """Updated records of a menu that turned to a value, but for those that only counted on."""
        self.alone: Counter[str] = Counter()
        """Updates in which nothing but menus changed, by menu."""
        self.samples = Samples()
        self._usual = frozenset(
            path for path, field in form.items() if not above(path) and path[-2:] != "[]" and field.presence in _ALL
        )

    @property
    def records(self) -> int:
        """Return how many records were created or updated."""
        return self.fresh.records + self.moved.records

    def created(self, records: Sequence[Mapping[str, Any]], *, complete: bool) -> None:
        """Count new records, or such as got their details, here and among all."""
        if len(records) >= LEAST:
            self._counts.observe(records, complete=complete)
            self.fresh.observe(records, complete=complete)
        else:
            for record in records:
                shown = self._counts.shown(record)
                self._counts.observe_shown(record, shown, complete=complete)
                self.fresh.observe_shown(record, shown, complete=complete)
        if not self._usual:
            return
        for names, count in Counter(map(frozenset, records)).items():
            usual = self._usual if complete else {path for path in self._usual if self._bare(path)}
            missing = usual - names
            if len(missing) == 1 and all(name in self._form for name in names):
                self.lacking[next(iter(missing))] += count

    def updated(
        self, names: Iterable[str], before: Shown, after: Shown, *, complete: bool, resized: bool = False
    ) -> None:
        """Note one updated record: the `names` that stayed, and what the others showed and show.

        Where it is `resized`, a collection has more lines or fewer, and may have other values for that.
        """
        self.moved.records += 1
        self.moved.complete += complete
        self.same.update(names)
        for path, marks in after.items():
            self.moved.one(path, marks, 1)
        for path, marks in before.items():
            now = after.get(path)
            if now is None:
                if self._possible(path, after):
                    self.lost[path] += 1
            elif RAGGED in now and RAGGED not in marks:
                self.lost[path] += 1
        if not resized:
            self._swapped(before, after)

    def marks(self, path: str) -> Marks:
        """Return what the after-images show at a path."""
        one, other = self.fresh.paths.get(path), self.moved.paths.get(path)
        if one is None or other is None:
            return one or other or {}
        return {mark: one.get(mark, 0) + other.get(mark, 0) for mark in one.keys() | other.keys()}

    def still(self, path: str) -> int:
        """Return in how many updated records the member that a path lies in stayed as it was."""
        return self.same[top(path)]

    def possible(self, path: str) -> int:
        """Return in how many after-images a path could appear, but for members that stayed as they were."""
        parent = above(path)
        if parent:
            return self.marks(parent).get(ARRAY if path.endswith("[]") else OBJECT, 0)
        bare = self._bare(path)
        n = sum(each.records if bare else each.complete for each in (self.fresh, self.moved))
        return max(0, n - self.same[path])

    def missing(self, path: str) -> int:
        """Return in how many after-images a path is missing where it could be."""
        marks = self.marks(path)
        return max(0, self.possible(path) - marks.get(PRESENT, 0)) + marks.get(RAGGED, 0)

    def _bare(self, path: str) -> bool:
        held = self._counts.paths.get(path) or self.fresh.paths.get(path) or {}
        return BARE in held or BARE in self.fresh.paths.get(path, {})

    def _possible(self, path: str, after: Shown) -> bool:
        parent = above(path)
        return not parent or (ARRAY if path.endswith("[]") else OBJECT) in after.get(parent, ())

    def _swapped(self, before: Shown, after: Shown) -> None:
        menus = []
        for path, marks in before.items():
            field = self._form.get(path)
            if field is None or field.values is None or path not in after:
                continue
            old, new = _values(marks), _values(after[path])
            if len(old) == len(new) == 1 and old != new:
                self.swaps.setdefault(path, Counter())[next(iter(old)), next(iter(new))] += 1
                menus.append(path)
            self.turned.update((path, mark) for mark in new - old if _turned(old, new, mark))
        if len(menus) == len(before.keys() | after.keys()):
            self.alone.update(menus)


def _turned(old: set[Mark], new: set[Mark], to: Mark) -> bool:
    """Tell whether a record turned to a value; one above what it left, or what it had most, is only counted on."""
    if isinstance(to, str):
        return True
    left = (old - new) or set(sorted(old, key=_rank)[-1:])
    return any(mark != to - 1 for mark in left)


def _rank(mark: Mark) -> int:
    return mark if isinstance(mark, int) else -1


def top(path: str) -> str:
    """Return the member of the record itself that a path lies in."""
    return path.partition(".")[0].partition("[")[0]


def _values(marks: Iterable[Mark]) -> set[Mark]:
    return {mark for mark in marks if isinstance(mark, str) or mark in VALUE_MARKS}
