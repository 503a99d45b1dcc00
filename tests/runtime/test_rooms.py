"""Places are given in order, to as many as there are, and none is lost."""

from hypothesis import given
from hypothesis import strategies as st

from driftd.runtime.rooms import Rooms

steps = st.lists(st.tuples(st.sampled_from(["enter", "leave", "forget"]), st.integers(0, 9)), max_size=200)


@given(st.integers(1, 4), steps)
def test_never_more_are_inside_than_there_are_places_and_none_is_lost(
    places: int, played: list[tuple[str, int]]
) -> None:
    """Whoever is told enters, unless it has been forgotten; in the end everybody has been in."""
    rooms, inside, told = Rooms(places), set[int](), list[int]()
    for what, who in played:
        if what == "enter" and who not in inside and rooms.enter(who, lambda who=who: told.append(who)):  # type: ignore[misc]
            inside.add(who)
        elif what == "leave" and who in inside:
            inside.remove(who)
            rooms.leave()
        elif what == "forget" and who not in inside:
            rooms.forget(who)
        assert len(inside) <= places
    for who in range(10):
        rooms.forget(who)
    for _ in tuple(inside):
        rooms.leave()
    assert [rooms.enter(who, lambda: None) for who in range(100, 100 + places)] == [True] * places
    assert not rooms.enter(999, lambda: None)
    assert rooms.waiting == 1


def test_who_came_first_enters_first() -> None:
    """A place that becomes free is kept for the one who has waited longest, whoever asks meanwhile."""
    rooms, told = Rooms(1), list[str]()
    assert rooms.enter("a", lambda: None)
    assert not rooms.enter("b", lambda: told.append("b"))
    assert not rooms.enter("c", lambda: told.append("c"))
    rooms.leave()
    assert told == ["b"]
    assert not rooms.enter("d", lambda: None)
    assert rooms.enter("b", lambda: None)
