"""Members that change at every read: cut out of the bytes before hashing, and found by reading twice.

Law of the cut: two records whose cut bytes are equal are equal after a full decode without the volatile members; and
records that differ only in the values of scalar volatile members have equal cut bytes.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final

from driftd.core.model import Json, JsonObject

LEAST: Final = 20
"""Fewer records than this teach nothing about what is volatile."""
SHARE: Final = 0.9
"""A member is volatile if it differs in more than this share of the records."""
MOST: Final = 100
"""Members of one resource that are learnt to be volatile; X3 has two or three."""
LONGEST: Final = 100
"""Characters of the name of one."""
_LARGE: Final = 4 << 20
"""Bytes above which what is left is put together without a list."""
_SCALAR: Final = rb'(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"|[-+.0-9eE]+|true|false|null)'


def cutter(names: Collection[str]) -> Callable[[bytes], bytes]:
    r"""Return the function that cuts scalar members called `names` out of JSON bytes, at every depth.

    A member's opening quote is never preceded by a backslash, and inside a string every quote is: so ``"name":`` after
    anything but a backslash is a member's name and nothing else. What remains is hashed, not parsed: a comma may be
    left before a closing brace.
    """
    if not names:
        return lambda records: records
    alternatives = b"|".join(re.escape(name.encode()) for name in sorted(names))
    pattern = re.compile(rb'"(?<!\\")(?:' + alternatives + rb')"\s*:\s*' + _SCALAR + rb"\s*(?:,\s*|(?=\}))", re.DOTALL)

    def cut(records: bytes) -> bytes:
        if len(records) <= _LARGE:
            return pattern.sub(b"", records)
        kept, at = bytearray(), 0  # bounded: `sub` keeps 180 bytes for each match
        for found in pattern.finditer(records):
            kept += records[at : found.start()]
            at = found.end()
        return bytes(kept + records[at:])

    return cut


def learnt(pairs: Iterable[tuple[JsonObject, JsonObject]]) -> frozenset[str]:
    """Name the scalar members that differ in nearly every pair of two reads of the same record, moments apart."""
    differing: Counter[str] = Counter()
    n = 0
    for first, second in pairs:
        n += 1
        differing.update(set(_differing(first, second)))
    found = (name for name, count in differing.items() if n >= LEAST and count > SHARE * n and len(name) <= LONGEST)
    return frozenset(sorted(found)[:MOST])


def nearly_all(count: int, n: int) -> bool:
    """Tell whether `count` of `n` is so much that it looks volatile."""
    return n >= LEAST and count > SHARE * n


def proposed(changed: Mapping[str, int], n: int) -> tuple[str, ...]:
    """Name the members that `changed` in nearly every record of `n`: so many times each."""
    names = (name for name, count in changed.items() if nearly_all(count, n) and len(name) <= LONGEST)
    return tuple(sorted(names)[:MOST])


def _differing(first: Json, second: Json) -> Iterable[str]:
    if isinstance(first, dict) and isinstance(second, dict):
        for name, value in first.items():
            if name in second and value != second[name]:
                if isinstance(value, dict | list):
                    yield from _differing(value, second[name])
                else:
                    yield name
    elif isinstance(first, list) and isinstance(second, list):
        for one, other in zip(first, second, strict=False):
            yield from _differing(one, other)
