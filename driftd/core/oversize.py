"""Records that are too large to be taken apart: what is kept is a fingerprint, so that a change still shows."""

import re
from typing import Final

from driftd.core import fingerprint

RECORD: Final = 16 << 20
"""Bytes of a record."""
FIELD: Final = 4 << 20
"""Bytes of a text in it."""
MEMBERS: Final = 500_000
"""Members in it, at all depths, or members and elements; an order of 5,000 lines has some 300,000."""
NAME: Final = "over_limit"
"""The one member of what is kept."""
_FEW: Final = 2
"""Bytes that an element takes at least: ``0,``."""
SMALL: Final = min(RECORD, FIELD, MEMBERS * _FEW)
"""Bytes of a record that is over no limit."""
_TEXTS: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)


def bounded(record: bytes) -> bytes:
    """Return a record as it is, or where it is over a limit what stands for it: ``{"over_limit": "…"}``.

    What stands for it is another one for other bytes, whatever spelling they come from.
    """
    if len(record) <= SMALL or not _over(record):
        return record
    return f'{{"{NAME}":"{len(record)} bytes, {fingerprint.of(record).hex()}"}}'.encode()


def _over(record: bytes) -> bool:
    if len(record) > RECORD:
        return True
    longest = max((len(text[0]) for text in _TEXTS.finditer(record)), default=0)
    plain = _TEXTS.sub(b"", record)
    return longest > FIELD or plain.count(b",") > MEMBERS
