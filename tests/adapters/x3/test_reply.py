import anyio
import httpx
import pytest

from driftd.adapters.x3.connection import INBOX
from driftd.adapters.x3.reply import HEAD, PIECE
from tests.adapters.x3.asking import asking, once, pieces, saying
from tests.adapters.x3.sockets import Answering, Wire, answered

pytestmark = pytest.mark.anyio
BODY = bytes(range(256)) * 2_600
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


KEPT = {
    "at once": [answered(BODY)],
    "head, then body": [answered(BODY)[: -len(BODY)], BODY],
    "byte by byte": cut(answered(BODY[:300]), 1),
    "many small segments": cut(answered(BODY), 7_001),
    "empty": [answered(b"")],
    "longer than a piece": [answered(BODY * 5)],
    "behind informational answers": [
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + answered(BODY)
    ],
    "one length, said twice": [answered(BODY, f"Content-Length: {len(BODY)}")],
    "no content": [b"HTTP/1.1 204 No Content\r\n\r\n"],
    "not modified": [b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"],
    "chunked, with trailers": [
        CHUNKED, b"10;name=value\r\n", BODY[:16], b"\r\n200\r\n" + BODY[16:528], b"\r\n0\r\nX-Sum: 1\r\n", b"\r\n"
    ],
    "chunked, in chunks of a byte": [CHUNKED + b"1\r\nx\r\n" * 50_000 + b"0\r\n\r\n"],
    "chunked, longer than the inbox": [CHUNKED + b"%x\r\n" % len(BODY), BODY, b"\r\n0\r\n\r\n"],
}  # fmt: skip


def body_of(which: str) -> bytes:
    bodies = {
        "byte by byte": BODY[:300],
        "longer than a piece": BODY * 5,
        "chunked, with trailers": BODY[:528],
        "chunked, in chunks of a byte": b"x" * 50_000,
    }
    return bodies.get(which, b"" if which in {"empty", "no content", "not modified"} else BODY)


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("which", KEPT)
async def test_a_body_is_whole_however_it_comes_and_its_connection_is_kept(which: str, *, tls: bool) -> None:
    """Segments, framings and what comes before the answer make no difference; the next request goes the same way."""
    async with asking(saying(*KEPT[which]), tls=tls) as client:
        for _ in range(2):
            assert await client.read() == body_of(which)
        assert client.server.connections == 1


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (once(b"HTTP/1.1 200 OK\r\n\r\n" + BODY), BODY),
        (once(answered(BODY)), BODY),
        (saying(b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc"), b"abc"),
        (saying(answered(BODY, "Connection: close")), BODY),
        (saying(answered(b"", "Connection: close")), b""),
        (saying(answered(b"abc") + b"d"), b"abc"),
        (saying(answered(b"") + b"d"), b""),
        (saying(answered(BODY) + b"d"), BODY),
        (saying(CHUNKED + b"3\r\nabc\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n"), b"abc"),
    ],
)
@pytest.mark.parametrize("tls", [False, True])
async def test_a_connection_is_not_kept_where_it_ends_or_says_too_much(
    answer: Answering, body: bytes, *, tls: bool
) -> None:
    """The other side's end, `close`, HTTP/1.0 and surplus bytes each end a connection, but not its answer."""
    async with asking(answer, tls=tls) as client:
        for _ in range(2):
            assert await client.read() == body
        assert client.server.connections == 2


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * (HEAD + 1),
        answered(b"abc", "Content-Length: 4"),
        answered(b"abc", length=4),
        answered(BODY * 5, length=len(BODY) * 5 + 1),
        answered(b"", length=99_999_999_999_999),
        CHUNKED + b"5\r\nabc",
        CHUNKED + b"3\r\nabc\r\n",
        CHUNKED + b"3\r\nabcd\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
    ],
)
async def test_what_is_no_whole_answer_is_a_protocol_error(answer: bytes) -> None:
    """An answer that ends early, contradicts itself or is not HTTP is told apart from a broken connection."""
    async with asking(once(answer)) as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.read()


async def test_an_answer_to_head_has_no_body() -> None:
    """The length in it is that of another answer."""
    async with asking(saying(answered(b"", length=5))) as client:
        assert [await client.read("HEAD"), await client.read("HEAD")] == [b"", b""]
        assert client.server.connections == 1


async def test_room_is_made_by_what_came_not_by_a_claim() -> None:
    """A body comes in pieces of at most 1 MiB; one that fits is one piece."""
    async with asking(saying(answered(BODY * 5))) as client:
        response = await client.open()
        assert [len(piece) for piece in await pieces(response)] == [PIECE] * 3 + [len(BODY) * 5 - 3 * PIECE]
        await response.aclose()
    async with asking(saying(answered(BODY))) as client:
        response = await client.open()
        assert await pieces(response) == [BODY]
        await response.aclose()


async def test_an_answer_that_nobody_reads_waits_in_the_socket() -> None:
    """Between head and body no more is taken in than the inbox holds; then the body is whole."""
    sent = anyio.Event()

    async def answer(wire: Wire) -> None:
        await wire.request()
        await wire.send(answered(BODY * 20))
        sent.set()

    async with asking(answer) as client:
        response = await client.open()
        (connection,) = client.transport._busy
        while connection._end < INBOX:
            await anyio.lowlevel.checkpoint()
        await anyio.wait_all_tasks_blocked()
        assert connection._end == INBOX
        assert b"".join(await pieces(response)) == BODY * 20
        await sent.wait()
        await response.aclose()


async def test_a_request_goes_out_whole() -> None:
    """Method, path, headers as they were given, and the body, also one too long for one segment."""
    got = b""

    async def answer(wire: Wire) -> None:
        nonlocal got
        await wire.request()
        got = await wire.reader.readexactly(8_000_000)
        await wire.send(answered(b""))

    async with asking(answer) as client:
        assert await client.read("POST", b"a" * 8_000_000, write=5) == b""
        head = f"POST / HTTP/1.1\r\nHost: 127.0.0.1:{client.server.port}\r\nContent-Length: 8000000\r\n\r\n"
        assert client.server.asked == [head.encode()]
    assert got == b"a" * 8_000_000
