"""What an erasure is refused for."""

import pytest

from driftd.core.decision import Removal, check_removal
from driftd.errors import DecisionError

SAID = "request 17 of 2026-11, by C-9"


@pytest.mark.parametrize(
    ("key", "named"),
    [
        (b'["7"]', False),
        (b"[7]", False),
        (b"[1]", False),
        (b"[17]", True),
        (b'["17"]', True),
        (b'["2026"]', True),
        (b'["c-9"]', True),
        (b'["A1","17"]', True),
        (b'["REQ"]', False),
        (b'["Request"]', True),
        (b'[""]', False),
        (b'["("]', False),
    ],
)
def test_a_reason_names_a_key_by_whole_words(key: bytes, named: bool) -> None:
    """Of any part of any of its readings; a number within another one is none."""
    removal = Removal("acme", "BPCUSTOMER", (b'["nobody"]', key), "jo", SAID)
    if not named:
        check_removal(removal)
        return
    with pytest.raises(DecisionError, match="the reason names the record"):
        check_removal(removal)


@pytest.mark.parametrize("key", [b'["\xff"]', b'["\xed\xa0\x80"]', b"[", b"{}", b'[["a"]]', b"[null]"])
def test_what_is_no_key_is_refused(key: bytes) -> None:
    with pytest.raises(DecisionError, match="a key is no array"):
        check_removal(Removal("acme", "BPCUSTOMER", (key,), "jo", "why"))
