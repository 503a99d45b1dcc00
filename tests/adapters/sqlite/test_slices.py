"""How much goes into one transaction."""

from hypothesis import given
from hypothesis import strategies as st

from driftd.adapters.sqlite import slices
from driftd.adapters.sqlite.encoding import Staged
from driftd.core.model import Contents, Op, Row, Segment
from tests.contracts.staged import change

sizes = st.integers(0, 5_000) | st.integers(0, 20)


@given(sizes, sizes, sizes, st.sampled_from([0, 10, 3_000, 9_000_000]))
def test_parts_hold_everything_once_within_limits(rows: int, changes: int, segments: int, bulk: int) -> None:
    """In order; at most 2,000 rows and 8 MB a part, but for one thing that is larger alone."""
    one = Row(b"k", bytes(16), bytes(17), bytes(bulk))
    cut = (Segment(b"k", 1, bytes(16)), Contents(bytes(16), (b"k",)))
    staged = Staged([one] * rows, [change(Op.UPDATE, "a")] * changes, [cut] * segments)
    parts = list(slices.cut(staged))
    assert [each for part in parts for each in part.rows] == staged.rows
    assert [each for part in parts for each in part.changes] == staged.changes
    assert [each for part in parts for each in part.segments] == staged.segments
    for part in parts:
        number = len(part.rows) + len(part.changes) + len(part.segments)
        assert number <= 2_000
        assert slices.weight(part) <= 8_000_000 or number == 1
