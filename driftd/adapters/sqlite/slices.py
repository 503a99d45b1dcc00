"""How much of what was staged goes into one transaction."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeVar

from driftd.adapters.sqlite.encoding import Staged
from driftd.core.model import Change, Contents, Row, Segment

T = TypeVar("T")
_ROWS: Final = 2_000
"""Rows, changes or segments written ahead in one transaction."""
_BYTES: Final = 8_000_000
"""Bytes of bodies or contents in one transaction."""


def cut(staged: Staged) -> Iterator[Staged]:
    """Cut what was staged into parts for one transaction each: as a whole where it fits."""
    if _fits(staged):
        yield staged
        return
    for rows in _parts(staged.rows, _row):
        yield Staged(rows=rows)
    for changes in _parts(staged.changes, _change):
        yield Staged(changes=changes)
    for segments in _parts(staged.segments, _segment):
        yield Staged(segments=segments)


def weight(staged: Staged) -> int:
    """Return about how many bytes of bodies and contents were staged."""
    return sum(map(_row, staged.rows)) + sum(map(_change, staged.changes)) + sum(map(_segment, staged.segments))


def _fits(staged: Staged) -> bool:
    return len(staged.rows) + len(staged.changes) + len(staged.segments) <= _ROWS and weight(staged) <= _BYTES


def _parts(whole: Sequence[T], weigh: Callable[[T], int]) -> Iterator[Sequence[T]]:
    first = bytes_ = 0
    for last, one in enumerate(whole):
        bytes_ += weigh(one)
        if last - first == _ROWS or (bytes_ > _BYTES and last > first):
            yield whole[first:last]
            first, bytes_ = last, weigh(one)
    if first < len(whole):
        yield whole[first:]


def _row(row: Row) -> int:
    return len(row.body) + len(row.details or b"")


def _change(change: Change) -> int:
    return len(change.before or b"") + len(change.after or b"")


def _segment(segment: tuple[Segment, Contents]) -> int:
    contents = segment[1]
    return len(contents.raw) + sum(map(len, contents.keys))
