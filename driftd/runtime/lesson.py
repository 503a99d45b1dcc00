"""Reading a page twice, moments apart, to learn which members differ at every read."""

from driftd.core.volatile import MOST, learnt
from driftd.ports import Source
from driftd.runtime.reader import Reader
from driftd.runtime.stretches import Stretch

PAIRS = 200
"""Records compared at most."""


class LearntError(Exception):
    """Members turned out to differ at every read: the cycle begins anew and cuts them."""

    def __init__(self, names: frozenset[str]) -> None:
        super().__init__(", ".join(sorted(names)))
        self.names = names


async def lesson(reader: Reader, source: Source, stretch: Stretch, volatile: frozenset[str]) -> None:
    """Read the beginning of a stretch again; raises `LearntError` if members beside `volatile` prove volatile.

    A change between the two reads is in one record or a few, never in nearly all: so what differs in nearly all of
    them carries no change.
    """
    page = await reader.again(stretch.query)
    first = {line.key: line.record for line in stretch.lines.unknown() if line.key}
    pairs = [
        (source.decode(first[line.key]), source.decode(line.record))
        for line in reader.lines(page, {}).unknown()
        if line.key in first
    ][:PAIRS]
    names = learnt(pairs) - volatile
    if len(names | volatile) > MOST:
        reader.note(f"more than {MOST} members differ at every read: they are compared as they are")
    elif names:
        raise LearntError(names)
