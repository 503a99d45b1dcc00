import gzip
import zlib
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftd.adapters.x3.inflate import Body
from driftd.adapters.x3.settings import Caps
from driftd.errors import Reason, SourceError
from tests.adapters.x3.scripted import SMALL


def put_together(encoding: str, chunks: Iterable[bytes], caps: Caps = SMALL) -> bytes:
    body = Body(encoding, caps, 'connection "aldgate"')
    for chunk in chunks:
        for _ in body.feed(chunk):
            pass
    return body.whole()


def reason(encoding: str, chunks: Iterable[bytes], caps: Caps = SMALL) -> Reason:
    with pytest.raises(SourceError) as error:
        put_together(encoding, chunks, caps)
    assert '"aldgate"' in str(error.value)
    return error.value.reason


@given(st.binary(max_size=300), st.integers(1, 50), st.sampled_from(["gzip", "x-gzip", " GZIP ", "", "identity"]))
def test_a_body_is_the_same_however_it_was_cut_and_encoded(content: bytes, size: int, encoding: str) -> None:
    """Chunks of any size, plain or gzip, make the body that was sent."""
    sent = gzip.compress(content) if "zip" in encoding.lower() else content
    chunks = [sent[start : start + size] for start in range(0, len(sent), size)]
    assert put_together(encoding, chunks) == content


def test_a_body_larger_than_a_step_is_whole() -> None:
    """What is inflated in steps of 1 MiB loses nothing at their ends."""
    for size in ((1 << 20) - 1, 1 << 20, (1 << 20) + 1, 5 << 20):
        content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
        assert put_together("gzip", [gzip.compress(content)], Caps(ratio=2_000)) == content


def test_a_gzip_bomb_is_stopped_before_it_is_inflated() -> None:
    """A body over the cap is refused after at most one step more than the cap, whatever it would become."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join([packer.compress(b" " * (8 << 20)) for _ in range(8)]) + packer.flush()
    body = Body("gzip", Caps(ratio=5_000, body=2 << 20), "it")
    with pytest.raises(SourceError) as error:
        list(body.feed(bomb))
    assert error.value.reason is Reason.PAYLOAD_TOO_LARGE
    assert body._inflated <= 3 << 20


def test_a_small_bomb_is_stopped_by_its_ratio() -> None:
    """A body below the cap that inflates out of proportion is refused."""
    bomb = gzip.compress(b" " * (200 << 10))
    assert reason("gzip", [bomb]) is Reason.PAYLOAD_TOO_LARGE
    assert put_together("gzip", [bomb], Caps())


@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_the_wire_has_a_cap_of_its_own(encoding: str) -> None:
    """Too many bytes on the wire are refused whatever they hold."""
    chunks = [b"x" * 40_000] * 2 if not encoding else [gzip.compress(b"a")[:10], b"\x00" * 70_000]
    assert reason(encoding, chunks) is Reason.PAYLOAD_TOO_LARGE


def test_a_length_over_the_cap_is_refused_before_a_byte_comes() -> None:
    """What the head announces counts; where it announces nothing, or nothing readable, what comes does."""
    for length in ("65537", "9" * 19, "9" * 5_000):
        with pytest.raises(SourceError) as error:
            Body("", SMALL, "it").announce(length)
        assert error.value.reason is Reason.PAYLOAD_TOO_LARGE
    for length in ("", "0", "65536", "-1", "many", "1,1"):
        Body("", SMALL, "it").announce(length)


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "gzip,identity", "zstd"])
def test_an_encoding_not_asked_for_is_refused(encoding: str) -> None:
    """Only gzip is accepted, and only once."""
    assert reason(encoding, []) is Reason.INVALID_PAYLOAD


def test_a_prefix_is_not_a_body() -> None:
    """A compressed body that ends early failed on the way; one that is no gzip, or goes on, is wrong."""
    sent = gzip.compress(b"a page" * 100)
    assert reason("gzip", [sent[:-9]]) is Reason.CONNECTION_RESET
    assert reason("gzip", [sent, b"more"]) is Reason.INVALID_PAYLOAD
    assert reason("gzip", [sent + sent]) is Reason.INVALID_PAYLOAD
    assert reason("gzip", [b"not gzip"]) is Reason.INVALID_PAYLOAD
