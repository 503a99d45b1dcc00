"""Rows by column are the rows: what a list of them would give."""

from hypothesis import given
from hypothesis import strategies as st

from driftd.core.lines import Line, Lines

rows = st.lists(st.tuples(st.binary(max_size=3), st.booleans()), max_size=30)


def columns(flags: list[tuple[bytes, bool]]) -> tuple[Lines, list[tuple[bytes, bytes, bytes, bool]]]:
    """Return rows by column, and the same as record, raw, key and whether it is known."""
    listed = [(b"%d" % at, b"raw%d" % at, key, known) for at, (key, known) in enumerate(flags)]
    known = {raw: key for _, raw, key, here in listed if here}
    lines = Lines([record for record, *_ in listed], [raw for _, raw, _, _ in listed], known)
    lines.name([key for _, _, key, here in listed if not here])
    return lines, listed


@given(rows, st.integers(0, 30), st.integers(0, 30))
def test_a_part_is_a_slice(flags: list[tuple[bytes, bool]], start: int, stop: int) -> None:
    """Records, keys and what is not known of a part are those of the slice of the list."""
    lines, listed = columns(flags)
    part, wanted = lines.part(start, stop), listed[start:stop]
    assert len(part) == len(wanted)
    assert list(zip(part.records, part.raws, part.keys, strict=True)) == [row[:3] for row in wanted]
    assert part.unknown() == [Line(*row[:3]) for row in wanted if not row[3]]
    assert part.unnamed() == [row[0] for row in wanted if not row[3]]


@given(rows, rows)
def test_extending_is_concatenation(first: list[tuple[bytes, bool]], second: list[tuple[bytes, bool]]) -> None:
    """Rows put behind others keep their order and what is known of them."""
    lines, listed = columns(first)
    more, added = columns(second)
    lines.extend(more)
    assert lines.unknown() == [Line(*row[:3]) for row in [*listed, *added] if not row[3]]
    assert lines.keys == [row[2] for row in [*listed, *added]]
    assert lines.last_key() == next((row[2] for row in reversed([*listed, *added]) if row[2]), None)
