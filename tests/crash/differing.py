"""In what a data directory differs from what it should show: what is lost, what is invented, what is otherwise."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from driftd.core.model import Recorded
from driftd.ports import Seen

_CONTENT: Final = ("before", "after", "changed", "before_hash", "after_hash", "compacted")
"""Members of an event that say what became of its record; ids, places and times are none of them."""
_AROUND: Final = 80
"""Characters told on either side of where two texts part."""


@dataclass(frozen=True)
class Shown:
    """All that a data directory shows."""

    events: Sequence[str]
    """Of the log, as `events` writes them."""
    records: Sequence[str]
    """Of the snapshot, as `records` writes them."""
    rest: str
    """All else, and both again with ids and places."""
    repeated: str = ""
    """Ids that come twice and places that do not increase, which no log has."""


@dataclass(frozen=True)
class Difference:
    """What was lost, what was invented, and what else is not as it should be."""

    lost: Sequence[str] = ()
    invented: Sequence[str] = ()
    otherwise: str = ""

    @property
    def columns(self) -> Sequence[str]:
        """Name the columns of a table in which it counts: it is told of otherwise only where nothing else explains it.

        What is lost is lacking in counts of rows, too.
        """
        found = [name for name, what in (("lost", self.lost), ("invented", self.invented)) if what]
        return found or (["otherwise"] if self.otherwise else [])

    def __str__(self) -> str:
        lines = [f"lost {each}" for each in self.lost] + [f"invented {each}" for each in self.invented]
        return "\n".join([*lines, self.otherwise])


def events(log: Iterable[Recorded]) -> list[str]:
    """Write events in one line each: class, key, what was done, and contents."""
    lines = []
    for each in log:
        members = orjson.loads(each.envelope)
        content = orjson.dumps([members["key"], each.op, {name: members.get(name) for name in _CONTENT}])
        lines.append(f"event {each.connection}/{each.resource} {content.decode()}")
    return lines


def records(name: str, snapshot: Iterable[Seen]) -> list[str]:
    """Write the records of a class in one line each: key and body."""
    return [f"record {name} {each.key.decode()} {each.body.decode()}" for each in snapshot]


def repeated(log: Sequence[Recorded]) -> str:
    """Tell of ids that come twice and of places that do not increase; empty where there are none."""
    ids = [orjson.loads(each.envelope)["id"] for each in log]
    places = [each.seq for each in log]
    sound = len(set(ids)) == len(ids) and places == sorted(set(places))
    return "" if sound else f"not strictly increasing, or an id twice: {places} {ids}"


def lacking(want: Iterable[str], have: Iterable[str]) -> list[str]:
    """Return what is wanted and not there, as often as it is not."""
    return list((Counter(want) - Counter(have)).elements())


def difference(want: Shown, have: Shown | str) -> Difference:
    """Compare what is shown with what should be; a text is why nothing is shown."""
    if isinstance(have, str):
        return Difference(otherwise=have)
    lost = lacking(want.events, have.events) + lacking(want.records, have.records)
    invented = lacking(have.events, want.events) + lacking(have.records, want.records)
    return Difference(lost, invented, have.repeated or _parting(want.rest, have.rest))


def _parting(want: str, have: str) -> str:
    """Show where two texts part; empty where they do not."""
    if want == have:
        return ""
    shorter = min(len(want), len(have))
    at = next((n for n in range(shorter) if want[n] != have[n]), shorter)
    around = slice(max(0, at - _AROUND), at + _AROUND)
    return f"want …{want[around]}…\nhave …{have[around]}…"
