"""What a decoder passes over in silence: a member that an object has twice, of which the last one counts."""

import json
import re
from collections.abc import Iterable
from typing import Final

SAMPLE: Final = 20
"""Records that are looked at together: strict decoding costs ten times as much."""
LARGEST: Final = 64 << 10
"""Bytes of a record above which it is not looked at."""
_NAME: Final = re.compile(r"[\w$.-]{1,64}")


def twice(records: Iterable[bytes]) -> tuple[str, ...]:
    """Return the names of members that come twice in one object of a record, in order; odd ones as ``?``.

    What is no JSON is for others to refuse.
    """
    found: set[str] = set()

    def members(pairs: list[tuple[str, object]]) -> None:
        names = [name for name, _ in pairs]
        if len(set(names)) < len(names):
            found.update(name for name in names if names.count(name) > 1)

    for record in records:
        if len(record) <= LARGEST:
            try:
                json.loads(record, object_pairs_hook=members)
            except (ValueError, RecursionError):
                continue
    return tuple(sorted({name if _NAME.fullmatch(name) else "?" for name in found}))
