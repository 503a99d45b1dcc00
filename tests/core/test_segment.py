"""Segments hold every row once, in the server's order, and end with a usable key."""

from hypothesis import given
from hypothesis import strategies as st

from driftd.core.fingerprint import RAW_SIZE
from driftd.core.lines import Line, Lines
from driftd.core.model import Segment
from driftd.core.segment import GROWN, known, pieces, plan, segment

usable = st.booleans()


def rows_of(flags: list[bool]) -> list[Line]:
    return [
        Line(b"{}", number.to_bytes(RAW_SIZE, "big"), b"[%d]" % number if flag else b"")
        for number, flag in enumerate(flags)
    ]


def lines(flags: list[bool]) -> Lines:
    return Lines.of(rows_of(flags))


@given(st.lists(usable, max_size=300), st.integers(1, 50))
def test_pieces_cover_all_up_to_the_last_usable_key(flags: list[bool], page_size: int) -> None:
    """Pieces are the rows up to the last usable key, in order; each ends with one and none is much over a page."""
    parts = pieces(lines(flags), page_size)
    last = max((i + 1 for i, flag in enumerate(flags) if flag), default=0)
    assert [row for part in parts for row in part.unknown()] == rows_of(flags)[:last]
    for part in parts:
        assert part.keys[-1]
        trailing = part.keys.count(b"")
        assert len(part) <= GROWN * page_size + trailing


@given(st.lists(usable, min_size=1, max_size=60).filter(any))
def test_a_segment_knows_its_rows(flags: list[bool]) -> None:
    """A segment counts its rows, names its last key, and finds each key by the hash of its bytes."""
    part = pieces(lines(flags), 100)[0]
    rows = part.unknown()
    made, contents = segment(part, b"d" * 16)
    assert made.n == len(rows)
    assert made.boundary == rows[-1].key
    assert made.keyless == sum(1 for row in rows if not row.key)
    assert known(contents, frozenset()) == {row.raw: row.key for row in rows}


def test_loose_keys_are_not_known() -> None:
    """A record that a delta changed since is not known by what the segment says of it."""
    _, contents = segment(lines([True, True]), b"d" * 16)
    assert set(known(contents, frozenset({b"[0]"})).values()) == {b"[1]"}


def test_different_rows_under_one_key_are_counted() -> None:
    """The same row twice is one; two rows under one key are a duplicate."""
    a, b = rows_of([True, True])
    assert segment(Lines.of([a, a]), b"d" * 16)[0].duplicates == 0
    assert segment(Lines.of([a, b._replace(key=a.key)]), b"d" * 16)[0].duplicates == 1


def test_small_neighbours_are_read_as_one() -> None:
    """A segment that shrank is read together with its neighbour; the last one asks for what may have come."""
    stored = [Segment(b"[%d]" % i, n, b"") for i, n in enumerate((10, 90, 100, 40))]
    assert plan(stored, 0, 100).covers == 2
    assert plan(stored, 1, 100).covers == 1
    assert plan(stored, 3, 100).count == 100
