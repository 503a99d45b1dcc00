"""One decoded record → the marks that it shows, path by path."""

from collections import Counter
from collections.abc import Container, Mapping
from typing import Final, TypeAlias

from driftd.core.schema.marks import ARRAY, OBJECT, PRESENT, RAGGED, Mark, scalar, widest

Sketch: TypeAlias = dict[str, set[Mark]]

DEEPEST: Final = 8
"""Levels that are looked into; what lies deeper is known by its kind alone."""


def sketch(record: Mapping[str, object], closed: Container[str] = ()) -> Sketch:
    """Return what a record shows: path → marks. Objects at a path in `closed` are not looked into."""
    found = _Found(closed)
    found.members(record, "", DEEPEST)
    return found.finished()


class _Found:
    def __init__(self, closed: Container[str]) -> None:
        self._closed = closed
        self._marks: Sketch = {}
        self._objects: Counter[str] = Counter()
        """Of each path in an array: how many objects stand there."""
        self._held: Counter[str] = Counter()
        """Of each path in an array: how many of these have it."""
        self._above: dict[str, str] = {}

    def members(self, record: Mapping[str, object], at: str, depth: int) -> None:
        """Note the members of an object at the path `at`."""
        lines = "[]" in at
        if lines:
            self._objects[at] += 1
        for name, value in record.items():
            path = f"{at}.{name}" if at else name
            if lines:
                self._held[path] += 1
                self._above[path] = at
            self._value(value, path, depth)

    def _value(self, value: object, path: str, depth: int) -> None:
        marks = self._marks.setdefault(path, {PRESENT})
        if isinstance(value, dict):
            marks.add(OBJECT)
            if depth > 1 and path not in self._closed:
                self.members(value, path, depth - 1)
        elif isinstance(value, list):
            marks.add(ARRAY)
            if depth > 1 and path not in self._closed:
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
