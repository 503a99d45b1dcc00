"""Segments: stretches of the server's own key order, cut from what was read and read again as one.

Order is what the server returned: keys are looked up here, never compared.
"""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from driftd.core import fingerprint
from driftd.core.lines import ERASED, Lines, usable
from driftd.core.model import Contents, KeyBytes, Segment

GROWN = 1.5
"""A stretch longer than so many pages is cut."""
SHRUNK = 4
"""A segment under a page's so-manieth part is read together with its neighbour."""


NOTHING: Final = bytes(fingerprint.RAW_SIZE)
"""Stands for the fingerprint of an erased record, and of one kept as it was read under field rules of before."""


class Plan(Struct, frozen=True):
    """The next read of a sweep over stored segments."""

    covers: int
    """How many segments the page is to cover."""
    count: int
    """Records to ask for."""


def plan(segments: Sequence[Segment], index: int, page_size: int) -> Plan:
    """Say how to read on at segment `index`: as it was stored, or with a small neighbour so that the two become one."""
    here = segments[index]
    if index == len(segments) - 1:
        return Plan(1, max(here.n, page_size))
    following = segments[index + 1]
    if min(here.n, following.n) * SHRUNK < page_size and here.n + following.n <= page_size:
        last = index + 2 == len(segments)
        return Plan(2, page_size if last else here.n + following.n)
    return Plan(1, here.n)


def pieces(lines: Lines, page_size: int) -> list[Lines]:
    """Cut a stretch into segments' worth of rows, each ending with a usable key; rows after the last such key are left.

    A stretch of up to one and a half pages stays whole.
    """
    whole: list[Lines] = []
    keys = lines.keys
    start = 0
    end = len(keys)
    while end and not usable(keys[end - 1]):
        end -= 1
    while start < end:
        rest = end - start
        stop = end if rest <= GROWN * page_size else start + page_size
        while not usable(keys[stop - 1]):
            stop += 1
        whole.append(lines.part(start, stop))
        start = stop
    return whole


def segment(lines: Lines, digest: bytes) -> tuple[Segment, Contents]:
    """Make a segment of rows that end with a usable key."""
    keys = tuple(lines.keys)
    named = set(keys)
    keyless = keys.count(b"") if b"" in named else 0
    duplicates = 0
    if len(named) < len(keys):
        different = {(key, raw) for key, raw in zip(keys, lines.raws, strict=True) if usable(key)}
        duplicates = len(different) - len(named - {b"", ERASED})
    made = Segment(keys[-1], len(keys), digest, duplicates=duplicates, keyless=keyless)
    raws = lines.raws
    if ERASED in named:
        raws = [NOTHING if key == ERASED else raw for key, raw in zip(keys, raws, strict=True)]
    return made, Contents(b"".join(raws), keys)


def known(contents: Contents, loose: frozenset[KeyBytes]) -> dict[bytes, KeyBytes]:
    """Return the keys of a segment by the raw fingerprints of their records.

    Left out are `loose` keys, whose records a probe or a delta changed since: the segment does not show them as stored.
    No bytes have the fingerprint that stands for an erased record: such a row is looked into each time.
    """
    raws = fingerprint.unpacked(contents.raw)
    if loose.isdisjoint(contents.keys):
        return dict(zip(raws, contents.keys, strict=True))
    return {raw: key for raw, key in zip(raws, contents.keys, strict=True) if key not in loose}
