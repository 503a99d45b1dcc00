"""Room for the database: when capture pauses, and when it goes on."""

from hypothesis import given
from hypothesis import strategies as st

from driftd.core.space import Limits, Room, ample, limits, short

MIB = 2**20
BYTES = st.integers(0, 2**40)
rooms = st.builds(Room, BYTES, BYTES, BYTES, st.booleans())
marks = st.builds(Limits, BYTES, BYTES)


@given(rooms, marks, st.booleans())
def test_a_refusal_or_too_little_is_short(room: Room, marks: Limits, before: bool) -> None:
    """Whatever was before."""
    if room.refused or room.free < marks.low:
        assert short(room, marks, before=before)
    elif not before:
        assert not short(room, marks, before=before)


@given(rooms, marks)
def test_what_gives_the_ballast_back_does_not_end_it(room: Room, marks: Limits) -> None:
    """A shortage does not end because the ballast was released for it."""
    full = Room(room.size, room.free % (marks.low + 1), marks.ballast)
    released = Room(room.size, full.free + full.ballast, 0)
    if full.free < marks.low:
        assert short(released, marks, before=True)


@given(rooms, marks)
def test_once_it_ends_the_ballast_fits_and_it_does_not_begin_again(room: Room, marks: Limits) -> None:
    """Nothing flaps: after the ballast is made anew, more is free than the mark."""
    if not short(room, marks, before=True):
        assert ample(room, marks)
        made = Room(room.size, room.free - max(0, marks.ballast - room.ballast), max(marks.ballast, room.ballast))
        assert not short(made, marks, before=False)


def test_a_large_volume_has_the_whole_ballast_and_a_small_one_its_share() -> None:
    assert limits(2**40) == Limits(128 * MIB, 64 * MIB)
    assert limits(100 * MIB) == Limits(10 * MIB, 5 * MIB)
    assert limits(100 * MIB, ballast=1, low=2) == Limits(1, 2)
