"""Pages and records that are too large to be taken apart.

Of a record a fingerprint is kept, so that a change still shows; a page is refused.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from driftd.core import fingerprint

RECORDS: Final = 100_000
"""Records of one page."""
RECORD: Final = 16 << 20
"""Bytes of a record."""
FIELD: Final = 4 << 20
"""Bytes of a text in it."""
MEMBERS: Final = 500_000
"""Members in it, at all depths, or members and elements, or objects and arrays; an order of 5,000 lines has 300,000."""
NAME: Final = "over_limit"
"""The one member of what is kept."""
_FEW: Final = 2
"""Bytes that an element takes at least, ``0,``, and an array, ``[]``."""
SMALL: Final = min(RECORD, FIELD, MEMBERS * _FEW)
"""Bytes of a record that is over no limit."""
_PIECE: Final = 64 << 10
"""Bytes of a record that are looked at together."""


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
    commas = brackets = 0
    for plain, length in pieces(record):
        commas += plain.count(b",")
        brackets += plain.count(b"[") + plain.count(b"{")
        if commas > MEMBERS or brackets > MEMBERS or length > FIELD:
            return True
    return False


def pieces(record: bytes) -> Iterator[tuple[bytes, int]]:
    """Yield, piece by piece, what of JSON stands outside its texts, and how long the longest text is that ends in it.

    Without a pattern: one that takes texts out keeps 180 bytes for each of them, and in what is no JSON it looks at
    each quote as often as there are quotes.
    """
    masked = record.replace(b"\\\\", b"xx").replace(b'\\"', b"xx")
    within, length = 0, 0
    for start in range(0, len(masked), _PIECE):
        parts = masked[start : start + _PIECE].split(b'"')
        first = length + len(parts[0]) if within else 0
        texts = map(len, islice(parts, 1 - within, None, 2))
        yield b"".join(parts[within::2]), max(first, max(texts, default=0))
        last = first if len(parts) == 1 else len(parts[-1])
        within ^= (len(parts) - 1) & 1
        length = last if within else 0
