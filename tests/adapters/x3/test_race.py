"""Several addresses of one host: the first that answers is kept, and nothing else stays open."""

import socket
from collections.abc import Awaitable, Callable

import anyio
import pytest

from driftd.adapters.x3 import race
from driftd.adapters.x3.race import Place, first, in_turn

pytestmark = pytest.mark.anyio
V4, V6 = socket.AF_INET, socket.AF_INET6
ONE, TWO, THREE = (Place(V4, f"192.0.2.{number}", 443) for number in (1, 2, 3))


class Line:
    """Opens each place as its part says; knows what was opened and what was closed."""

    def __init__(self, **parts: Callable[[], Awaitable[None]]) -> None:
        self.parts = parts
        self.tried: list[Place] = []
        self.opened: list[Place] = []
        self.closed: list[Place] = []

    async def open(self, place: Place) -> Place:
        self.tried.append(place)
        await self.parts["n" + place.address[-1]]()
        self.opened.append(place)
        return place

    async def close(self, place: Place) -> None:
        await anyio.lowlevel.checkpoint()
        self.closed.append(place)


async def at_once() -> None:
    await anyio.lowlevel.checkpoint()


async def refuses() -> None:
    raise ConnectionRefusedError("refused")


async def test_one_address_is_opened_as_it_is() -> None:
    """Its own error is raised, not a group."""
    assert await first([ONE], (line := Line(n1=at_once)).open, line.close) == ONE
    with pytest.raises(ConnectionRefusedError):
        await first([ONE], (line := Line(n1=refuses)).open, line.close)


async def test_the_next_is_tried_at_once_where_one_refuses() -> None:
    line = Line(n1=refuses, n2=at_once, n3=at_once)
    with anyio.fail_after(race.STAGGER / 2):
        assert await first([ONE, TWO, THREE], line.open, line.close) == TWO
    assert line.tried == [ONE, TWO]
    assert line.closed == []


async def test_the_next_is_tried_beside_one_that_is_late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(race, "STAGGER", 0.01)
    line = Line(n1=anyio.sleep_forever, n2=at_once)
    with anyio.fail_after(5):
        assert await first([ONE, TWO], line.open, line.close) == TWO
    assert line.opened == [TWO]


async def test_of_two_that_open_together_one_is_kept_and_the_other_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(race, "STAGGER", 0.01)
    both = anyio.Event()

    async def waits() -> None:
        with anyio.CancelScope(shield=True):
            await both.wait()

    async def releases() -> None:
        both.set()

    line = Line(n1=waits, n2=releases)
    with anyio.fail_after(5):
        kept = await first([ONE, TWO], line.open, line.close)
    assert sorted(line.opened) == [ONE, TWO]
    assert line.closed == [each for each in line.opened if each != kept]


async def test_where_none_answers_the_error_tells_of_each() -> None:
    line = Line(n1=refuses, n2=refuses)
    with pytest.raises(OSError, match="no address answers") as error:
        await first([ONE, TWO], line.open, line.close)
    assert isinstance(error.value.__cause__, ExceptionGroup)
    assert len(error.value.__cause__.exceptions) == 2


async def test_cancelled_it_leaves_nothing_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where an address answers in the very moment of the cancellation."""
    monkeypatch.setattr(race, "STAGGER", 0.01)
    with anyio.CancelScope() as scope:

        async def answers() -> None:
            scope.cancel()

        line = Line(n1=anyio.sleep_forever, n2=answers)
        await first([ONE, TWO], line.open, line.close)
    assert scope.cancelled_caught
    assert line.opened == line.closed == [TWO]


@pytest.mark.parametrize(
    ("found", "order"),
    [
        ([V6, V6, V4], [0, 2, 1]),
        ([V4, V6, V6], [0, 1, 2]),
        ([V4, V4, V4, V6], [0, 3, 1, 2]),
        ([V4], [0]),
    ],
)
def test_families_take_turns(found: list[socket.AddressFamily], order: list[int]) -> None:
    """None of the two can keep the other waiting for long; within a family the resolver's order holds."""
    places = [Place(family, f"a{number}", 1) for number, family in enumerate(found)]
    assert [places.index(each) for each in in_turn(places)] == order
