"""One decoded record → the marks that it shows, path by path."""

from collections import Counter
from collections.abc import Container, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from driftd.core.schema.marks import ARRAY, OBJECT, PRESENT, RAGGED, Mark, scalar, widest

Sketch: TypeAlias = dict[str, set[Mark]]
Closed: TypeAlias = Mapping[str, Container[str]]
"""Objects with too many names → the paths of those that count."""

DEEPEST: Final = 8
"""Levels that are looked into; what lies deeper is known by its kind alone."""


def sketch(record: Mapping[str, object], closed: Closed = MappingProxyType({})) -> Sketch:
    """Return what a record shows: path → marks. Of an object in `closed` only the members there are looked at."""
    found = _Found(closed)
    found.members(record, "", DEEPEST)
    return found.finished()


class _Found:
    def __init__(self, closed: Closed) -> None:
        self._closed = closed
        self._marks: Sketch = {}
        self._objects: Counter[str] = Counter()
        """Of each path in an array: how many objects stand there."""
        self._held: Counter[str] = Counter()
        """Of each path in an array: how many of these have it."""
        self._above: dict[str, str] = {}

    def members(self, record: Mapping[str, object], at: str, depth: int) -> None:
        """Note the members of an object at the path `at`."""
        lines, kept = "[]" in at, self._closed.get(at)
        if lines:
            self._objects[at] += 1
        for name, value in record.items():
            path = f"{at}.{name}" if at else name
            if kept is not None and path not in kept:
                continue
            if lines:
                self._held[path] += 1
                self._above[path] = at
            self._value(value, path, depth)

    def _value(self, value: object, path: str, depth: int) -> None:
        marks = self._marks.setdefault(path, {PRESENT})
        if isinstance(value, dict):
            marks.add(OBJECT)
            if depth > 1:
                self.members(value, path, depth - 1)
        elif isinstance(value, list):
            marks.add(ARRAY)
            if depth > 1:
                for element in value:
                    self._value(element, path + "[]", depth - 1)
        else:
            marks.update(scalar(value))

    def finished(self) -> Sketch:
        """Return the marks, one of a kind for each record."""
        for path, held in self._held.items():
            if held < self._objects[self._above[path]]:
                self._marks[path].add(RAGGED)
            self._marks[path] = widest(self._marks[path])
        for path in self._marks.keys() - self._held.keys():
            if path.endswith("[]"):
                self._marks[path] = widest(self._marks[path])
        return self._marks
