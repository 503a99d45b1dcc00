"""Cassettes that somebody else made."""

import json
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import strategies as st

from driftd.simulator.cassette import CassetteError
from driftd.simulator.replay import Replay
from tests.hostile.effort import tried
from tests.hostile.test_wire import PAGE, spoilt

HEAD = {
    "cassette": 1,
    "folder": "SEED",
    "endpoint": "SEED",
    "classes": [{"name": "BPCUSTOMER", "representation": "BPCUSTOMER", "key": ["BPCNUM"]}],
}
ASKED = {
    "kind": "read",
    "class": "BPCUSTOMER",
    "parameters": {"representation": "BPCUSTOMER.$query", "count": "500"},
    "reading": True,
    "status": 200,
}


def tape(body: bytes) -> bytes:
    """Return a cassette of one exchange."""
    exchange = json.dumps(ASKED).encode()[:-1] + b',"body":' + body + b"}"
    return b"\n".join([json.dumps(HEAD).encode(), exchange, b'{"end":2}', b""])


def played(content: bytes) -> Replay:
    """Load a cassette."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "cassette.jsonl"
        file.write_bytes(content)
        return Replay.load(file)


def test_the_cassette_that_is_spoilt_here_is_a_good_one() -> None:
    """As it is, it can be served."""
    assert list(played(tape(PAGE)).cassette.classes)


@tried(60, st.one_of(spoilt(tape(PAGE)), spoilt(PAGE).map(tape), st.binary(max_size=60)))
def test_any_file_is_a_cassette_or_none(content: bytes) -> None:
    """A file with bytes changed is served, or `CassetteError` says why not."""
    with suppress(CassetteError):
        played(content)


@pytest.mark.parametrize(
    "body",
    [
        b'{"$resources":[1]}',
        b'{"$resources":[{"BPCNUM":1e999999999}]}',
        b'{"$resources":[{"BPCNUM":' + b"[" * 500 + b"]" * 500 + b"}]}",
        b'{"$resources":' + b"[" * 5_000 + b"]" * 5_000 + b"}",
        b'{"$resources":[{"BPCNUM":"\\ud800"}]}',
    ],
)
def test_a_page_of_nonsense_is_told_when_the_cassette_is_read(body: bytes) -> None:
    """Nothing of it comes out only when it is served."""
    with suppress(CassetteError):
        played(tape(body))


def test_a_file_without_an_end_is_no_cassette() -> None:
    """Its first line is read as far as a cassette may be long, and it is none."""
    with pytest.raises(CassetteError):
        Replay.load(Path("/dev/null"))
