"""What large answers take together, on virtual time and over loopback."""

import asyncio
import gzip
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import Any

import anyio
import httpx
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from msgspec import Struct

from driftd.adapters.clock import SystemClock
from driftd.adapters.x3.allowance import Allowance, Share
from driftd.adapters.x3.client import X3Source
from driftd.adapters.x3.settings import Basic, Caps, Pace
from driftd.core.model import Page, Query
from driftd.core.secret import Secret
from driftd.errors import Reason, SourceError
from tests.adapters.x3.scripted import CUSTOMERS, Answering, ScriptedTenant, settings, source
from tests.adapters.x3.sockets import Server, Wire, listening
from tests.fakes.virtual import VirtualClock, virtual_run

CAPS = Caps(wire=8_000, body=8_000, small=1_000, ratio=1_000, ratio_floor=8_000)
PIECE = 500
USER = Basic("u", Secret("p"))
WAYS = ["chunked", "announced", "gzip"]


class Sent(Struct, frozen=True):
    """An answer, and what becomes of it."""

    pieces: int
    """Of `PIECE` bytes, beside the frame of a page."""
    way: str = "chunked"
    start: int = 0
    """Seconds after which it is asked for."""
    pause: int = 1
    """Seconds before each piece."""
    cancelled: int | None = None
    """Seconds after which nobody wants it any more."""


def plain(answer: Sent, size: int = PIECE) -> list[bytes]:
    """Return a page in pieces of a size."""
    return [b'{"$resources":[]', *[b" " * size] * answer.pieces, b"}"]


def packed(pieces: list[bytes]) -> list[bytes]:
    """Return pieces that inflate one by one to those given."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    flushed = [packer.compress(each) + packer.flush(zlib.Z_SYNC_FLUSH) for each in pieces]
    return [*flushed[:-1], flushed[-1] + packer.flush()]


def headers(way: str, pieces: list[bytes]) -> dict[str, str]:
    """Return what the head says of a body of these pieces."""
    told = {"announced": {"Content-Length": str(sum(map(len, pieces)))}, "gzip": {"Content-Encoding": "gzip"}}
    return {"Content-Type": "application/json"} | told.get(way, {"Transfer-Encoding": "chunked"})


class Scene:
    """Answers that come in at once, each to a source of its own, and what of them is in hand."""

    def __init__(self, total: int, **changes: Any) -> None:
        self.allowance = Allowance(total)
        self.settings: dict[str, Any] = {
            "caps": CAPS,
            "allowance": self.allowance,
            "timeout": 10_000.0,
            "pace": Pace(1e6),
        } | changes
        self.room = max(total, CAPS.body)
        self.hand: dict[int, int] = {}
        """Bytes of each answer that were inflated."""
        self.ended: dict[int, tuple[float, Page | SourceError]] = {}
        """When each ended, and how; of a cancelled one nothing."""

    def play(self, *answers: Sent) -> None:
        """Have the answers come in on virtual time, to the end of all."""
        virtual_run(self._play, answers)
        assert (self.allowance.free, self.allowance.waiting) == (self.allowance._total, 0)
        assert not self.hand

    async def _play(self, answers: tuple[Sent, ...]) -> None:
        async with anyio.create_task_group() as group:
            for number, answer in enumerate(answers):
                group.start_soon(self._ask, number, answer)

    async def _ask(self, number: int, answer: Sent) -> None:
        tenant = ScriptedTenant(answer=lambda _request: self._answer(number, answer))
        await anyio.sleep(answer.start)
        with anyio.move_on_after(answer.cancelled if answer.cancelled is not None else 1e9):
            made = X3Source(settings(USER, **self.settings), httpx.MockTransport(tenant), VirtualClock())
            try:
                ended: Page | SourceError = await made.page(CUSTOMERS, Query(5))
            except SourceError as error:
                ended = error
            finally:
                self.hand.pop(number, None)
            self.ended[number] = anyio.current_time(), ended

    def _answer(self, number: int, answer: Sent) -> httpx.Response:
        pieces = plain(answer)
        wired = packed(pieces) if answer.way == "gzip" else pieces

        async def coming() -> AsyncIterator[bytes]:
            for piece, bytes_ in zip(pieces, wired, strict=True):
                await anyio.sleep(answer.pause)
                self.hand[number] = self.hand.get(number, 0) + len(piece)
                assert sum(size for size in self.hand.values() if size > CAPS.small + PIECE) <= self.room
                yield bytes_

        return httpx.Response(200, headers=headers(answer.way, pieces), content=coming())


sent = st.builds(
    Sent,
    st.integers(0, 14),
    st.sampled_from(WAYS),
    st.integers(0, 5),
    st.integers(0, 3),
    st.none() | st.none() | st.integers(0, 40),
)


@examples(deadline=None)
@given(st.sampled_from([1, 5_000, 8_000, 20_000]), st.lists(sent, min_size=1, max_size=8))
def test_large_answers_together_are_never_more_than_there_is_room_for(total: int, answers: list[Sent]) -> None:
    """Whatever their sizes, and whoever gives up: the room holds, all others end well, and all of it is given back."""
    scene = Scene(total)
    scene.play(*answers)
    for number, answer in enumerate(answers):
        assert answer.cancelled is not None or isinstance(scene.ended[number][1], Page)
    assert not any(isinstance(ended, SourceError) for _, ended in scene.ended.values())


@pytest.mark.parametrize("way", WAYS)
def test_one_huge_answer_always_passes_alone(way: str) -> None:
    """An answer as large as its cap comes through a room that is smaller than it."""
    scene = Scene(1_500)
    scene.play(Sent(14, way))
    assert isinstance(scene.ended[0][1], Page)


@pytest.mark.parametrize("way", WAYS)
def test_a_large_answer_waits_until_another_is_over(way: str) -> None:
    """Where there is room for one, the second stops at the boundary until the first one's end; small ones pass."""
    scene = Scene(8_000)
    scene.play(Sent(12, "chunked", pause=10), Sent(12, way, start=35, pause=1), Sent(1, start=36, pause=1))
    at = {number: time for number, (time, _) in scene.ended.items()}
    assert at[0] == 140
    assert 140 < at[1] < 155
    assert at[2] == 39


def test_answers_that_say_how_long_they_are_take_no_more() -> None:
    """Two plain bodies of half the room have it at once."""
    scene = Scene(8_000)
    scene.play(*[Sent(7, "announced", pause=10)] * 2)
    assert [time for time, _ in scene.ended.values()] == [90, 90]


def test_who_waits_is_ended_by_the_deadline_of_its_request() -> None:
    """It says that there was no room, and the one behind it is served."""
    scene = Scene(8_000, timeout=100.0)
    scene.play(Sent(12, start=40, pause=6), Sent(9, start=20, pause=15), Sent(9, start=70))
    assert isinstance(scene.ended[0][1], Page)
    assert isinstance(scene.ended[2][1], Page)
    at, error = scene.ended[1]
    assert isinstance(error, SourceError)
    assert (at, error.reason) == (120, Reason.TIMEOUT)
    assert "no room" in str(error)
    assert '"aldgate"' in str(error)


def test_a_slow_answer_is_not_said_to_have_had_no_room() -> None:
    """One that had its room, and was late, is late by itself."""
    scene = Scene(8_000, timeout=100.0)
    scene.play(Sent(12, pause=10))
    error = scene.ended[0][1]
    assert isinstance(error, SourceError)
    assert error.reason is Reason.TIMEOUT
    assert "room" not in str(error)


def test_the_wait_is_not_held_against_the_pace_of_a_tenant() -> None:
    """A body must come at some pace; while it is not read it cannot, and behind that it must again."""
    scene = Scene(8_000, pace=Pace(slack=30.0, rate=1_000))
    scene.play(
        Sent(12, "gzip", pause=2), Sent(9, "gzip", start=5), Sent(9, "gzip", start=6, pause=2), Sent(9, "gzip", start=7)
    )
    assert all(isinstance(ended, Page) for _, ended in scene.ended.values())
    scene.play(Sent(12, "gzip", pause=2), Sent(9, "gzip", start=1, pause=3))
    error = scene.ended[1][1]
    assert isinstance(error, SourceError)
    assert error.reason is Reason.TIMEOUT


def test_nobody_overtakes_and_who_gives_up_makes_way() -> None:
    """A small wish waits behind a large one; once that is given up it has what there is."""

    async def played() -> None:
        allowance, had = Allowance(10), list[str]()

        async def take(who: str, size: int, scope: anyio.CancelScope) -> None:
            with scope, Share(allowance) as share:
                await share.take(size)
                had.append(who)
                await anyio.sleep_forever()

        scopes = {who: anyio.CancelScope() for who in "abc"}
        async with anyio.create_task_group() as group:
            for who, size in ("a", 6), ("b", 6), ("c", 2):
                group.start_soon(take, who, size, scopes[who])
                await anyio.wait_all_tasks_blocked()
            assert (had, allowance.free, allowance.waiting) == (["a"], 4, 2)
            scopes["b"].cancel()
            await anyio.wait_all_tasks_blocked()
            assert (had, allowance.free, allowance.waiting) == (["a", "c"], 2, 0)
            scopes["a"].cancel()
            scopes["c"].cancel()
        assert allowance.free == 10

    virtual_run(played)


@pytest.mark.parametrize("natively", [False, True])
def test_who_is_cancelled_as_its_turn_comes_passes_it_on(*, natively: bool) -> None:
    """Bytes that were given to one who left meanwhile go to the next."""

    async def played() -> None:
        allowance, scope, tasks = Allowance(10), anyio.CancelScope(), list[asyncio.Task[Any]]()
        assert await allowance.take(10) == 10

        async def left() -> None:
            task = asyncio.current_task()
            assert task is not None
            tasks.append(task)
            with scope, suppress(asyncio.CancelledError) if natively else nullcontext(), Share(allowance) as share:
                await share.take(9)
                assert not natively
                await anyio.sleep_forever()

        async def served() -> None:
            allowance.give(await allowance.take(8))

        async with anyio.create_task_group() as group:
            group.start_soon(left)
            await anyio.wait_all_tasks_blocked()
            group.start_soon(served)
            await anyio.wait_all_tasks_blocked()
            allowance.give(10)
            if natively:
                tasks[0].cancel()
            else:
                scope.cancel()
        assert (allowance.free, allowance.waiting) == (10, 0)

    virtual_run(played)


class Watched(Allowance):
    """Tells what was asked of it, and when as many have asked as are expected."""

    def __init__(self, total: int, crowd: int) -> None:
        super().__init__(total)
        self.asked: list[int] = []
        self.most = 0
        self._crowd = crowd
        self.full = anyio.Event()

    async def take(self, size: int) -> int:
        self.asked.append(size)
        self.most = max(self.most, self.waiting)
        if len(self.asked) == self._crowd:
            self.full.set()
        return await super().take(size)


def reaching(server: Server, caps: Caps, allowance: Allowance) -> X3Source:
    given_ = settings(USER, base_url=f"http://127.0.0.1:{server.port}", caps=caps, allowance=allowance)
    return X3Source(given_, None, SystemClock())


@pytest.mark.anyio
async def test_a_length_that_chunks_override_bounds_nothing() -> None:
    """A body in chunks takes what it may become, not what its head says besides."""
    allowance = Watched(50_000, 1)
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 20\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    chunks = [b"%x\r\n%s\r\n" % (len(piece), piece) for piece in plain(Sent(12))]

    async def answer(wire: Wire) -> None:
        await wire.request()
        await wire.send(head + b"".join(chunks) + b"0\r\n\r\n")

    async with listening(answer) as server, reaching(server, CAPS, allowance) as made:
        await made.page(CUSTOMERS, Query(5))
    assert (allowance.asked, allowance.free) == ([CAPS.wire], 50_000)


@pytest.mark.anyio
@pytest.mark.parametrize("way", WAYS)
async def test_large_answers_of_sockets_wait_for_each_other(way: str) -> None:
    """Over loopback, with room for one: at each end the next has its turn, and all are whole."""
    allowance = Watched(1, 4)
    pieces = plain(Sent(5), 1 << 20)
    wired = packed(pieces) if way == "gzip" else pieces
    told = "".join(f"{name}: {value}\r\n" for name, value in headers(way, pieces).items())

    async def answer(wire: Wire) -> None:
        await wire.request()
        await wire.send(f"HTTP/1.1 200 OK\r\nConnection: close\r\n{told}\r\n".encode())
        for number, piece in enumerate(wired):
            if number == 4:
                await allowance.full.wait()
            await wire.send(b"%x\r\n%s\r\n" % (len(piece), piece) if way == "chunked" else piece)
        await wire.send(b"0\r\n\r\n" if way == "chunked" else b"")

    caps = Caps(wire=16 << 20, body=16 << 20, small=1 << 20, ratio=2_000)
    async with listening(answer) as server, reaching(server, caps, allowance) as made:
        with anyio.fail_after(30):
            await asyncio.gather(*[made.page(CUSTOMERS, Query(5)) for _ in range(4)])
    assert (allowance.most, len(allowance.asked)) == (2, 4)
    assert (allowance.free, allowance.waiting) == (1, 0)


@contextmanager
def weighed() -> Iterator[None]:
    """Count the bytes that are allocated."""
    tracemalloc.start()
    try:
        yield
    finally:
        tracemalloc.stop()


LARGE = 4 << 20


def heavy(status: int, kind: str = "application/json", encoding: str = "") -> Answering:
    """Answer with a body of so many bytes that is no page, of which the tenant keeps nothing."""

    async def coming() -> AsyncIterator[bytes]:
        if encoding:
            yield gzip.compress(b"{" + b" " * LARGE)
            return
        yield b"{"
        for _ in range(LARGE >> 16):
            yield bytes(1 << 16)

    told = {"Content-Type": kind} | ({"Content-Encoding": encoding} if encoding else {})
    return lambda _request: httpx.Response(status, headers=told, content=coming())


@pytest.mark.anyio
@pytest.mark.parametrize("encoding", ["", "gzip"])
@pytest.mark.parametrize("caps", [Caps(), Caps(body=LARGE // 2, ratio=2_000)])
async def test_an_error_holds_nothing_of_its_answer(encoding: str, caps: Caps) -> None:
    """What was given back is not in memory any more: neither by what was judged, nor by what was refused on the way."""
    tenant = ScriptedTenant(answer=heavy(200, encoding=encoding))
    with weighed():
        async with source(tenant, given=settings(USER, caps=caps)) as made:
            for call in (lambda: made.page(CUSTOMERS, Query(5)), lambda: made.details(CUSTOMERS, b'["A"]')):
                with pytest.raises(SourceError) as error:
                    await call()
                assert tracemalloc.get_traced_memory()[0] < LARGE // 4
                assert error.value.reason in {Reason.INVALID_PAYLOAD, Reason.PAYLOAD_TOO_LARGE}


@pytest.mark.anyio
async def test_a_refused_answer_is_not_held_while_a_token_is_asked_for() -> None:
    """A token endpoint may take its time; what refuses the old one may be large."""
    held = list[int]()

    def issue(_request: httpx.Request) -> httpx.Response:
        held.append(tracemalloc.get_traced_memory()[0])
        return tenant.issue()

    tenant = ScriptedTenant(answer=heavy(401), token=issue)
    with weighed():
        async with source(tenant) as made:
            with pytest.raises(SourceError) as error:
                await made.page(CUSTOMERS, Query(5))
            assert error.value.reason is Reason.UNAUTHORIZED
    assert len(held) == 2
    assert held[1] < LARGE // 4
