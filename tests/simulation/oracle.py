"""What must hold of records and events, judged at each commit against what was true at the tenants."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any

from driftd.core.model import Kind, Recorded
from tests.house.rig import decoded, named, normal
from tests.simulation.truth import Key, Place, Truth
from tests.simulation.verdict import Verdict

EPS = 1e-6
_SIDES = {"c": (True, False), "u": (False, False), "d": (False, True)}
"""Whether there is no record before, and after."""
_decoded = lru_cache(4_000)(decoded)


@dataclass
class Cycle:
    """One cycle as the store sees it."""

    place: Place
    kind: Kind
    begun: float
    requests: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often a page was asked for, after which page that a look began with."""
    look: str = ""
    """The page that the latest look began with."""
    latest: str = ""
    """The latest page that was asked for."""

    def asks(self, target: str) -> int:
        """Count a request; returns how often the look that goes on has asked for it.

        A second look begins at a key. Where little is left of a class many of them go on to one page, once each.
        """
        if "key=ge." in target:
            self.look = target
        self.latest = target
        self.requests[self.look, target] += 1
        return self.requests[self.look, target]


@dataclass
class Held:
    """What a consumer holds of one class who read the snapshot once and then followed the log."""

    records: dict[Key, Any]
    at: dict[Key, int] = field(default_factory=dict)
    """Which version of the truth each record was last told as."""
    swept: float = 0.0
    """When the latest whole sweep began."""


@dataclass
class Reading:
    """How the oracle looks into the store, past the daemon."""

    changes: Callable[[int], Sequence[Recorded]]
    """Returns the events after a ``seq``."""
    snapshot: Callable[[Place], dict[bytes, tuple[bytes, int | None]] | None]
    """Returns body and ``absent_since`` by key; None for a class that was never read."""


class Oracle:
    """Follows the log from commit to commit."""

    def __init__(self, truth: Truth, verdict: Verdict, now: Callable[[], float]) -> None:
        self._truth = truth
        self._verdict = verdict
        self._now = now
        self.reading: Reading | None = None
        self.held: dict[Place, Held] = {}
        self.open: dict[Place, Cycle] = {}
        self.concealed: dict[Place, float] = {}
        """Until when records of a class were last concealed."""
        self._seq = 0
        self._ids: set[str] = set()
        self.watermarked = False
        self.calm: Callable[[], bool] = lambda: False
        """Whether nothing has been wrong for a while."""

    def broken(self, what: str) -> None:
        """Note a violation."""
        self._verdict.broken(self._now(), what)

    def begun(self, place: Place, kind: Kind) -> None:
        """Note that a cycle began."""
        self.open[place] = Cycle(place, kind, self._now())

    def committed(self, place: Place, *, ok: bool) -> None:
        """Look at what a commit left, whether its caller learnt of it or not."""
        self.follow()
        cycle = self.open.get(place)
        if not ok or cycle is None or self.reading is None:
            return
        if place not in self.held or cycle.kind is Kind.SWEEP:
            self._swept(place, cycle)
        elif cycle.kind is Kind.DELTA and self.watermarked:
            self._delta(place, cycle)

    def follow(self) -> None:
        """Take in the events that are new."""
        if self.reading is None:
            return
        for each in self.reading.changes(self._seq):
            if each.seq <= self._seq:
                self.broken(f"seq {each.seq} came after {self._seq}")
            self._seq = each.seq
            self._event((each.connection, each.resource), each)

    def _event(self, place: Place, recorded: Recorded) -> None:
        event = json.loads(recorded.envelope, parse_float=Decimal)
        key, op = tuple(event["key"].values()), event["op"]
        before, after = normal(event["before"]), normal(event["after"])
        told = f"{place[0]} {place[1]} {op} {key[0]} (seq {recorded.seq})"
        self._verdict.told[op] += 1
        self._verdict.happened(self._now(), f"told {told} {event['confidence']}")
        if event["id"] in self._ids:
            self.broken(f"{told}: its id came before")
        self._ids.add(event["id"])
        held = self.held.get(place)
        if held is None:
            self.broken(f"{told}: before there was a baseline")
            return
        known = held.records.get(key)
        if before != known:
            self.broken(f"{told}: it does not fit the one before it")
        if (
            before == after
            or (before is None, after is None) != {"c": (True, False), "u": (False, False), "d": (False, True)}[op]
        ):
            self.broken(f"{told}: it is no such change")
        self._true(held, place, key, after, told)
        if after is None:
            held.records.pop(key, None)
        else:
            held.records[key] = after

    def _true(self, held: Held, place: Place, key: Key, after: Any, told: str) -> None:
        """Check that what an event tells was true while its cycle looked, and after what was told before."""
        cycle = self.open.get(place)
        begun = cycle.begun if cycle is not None else 0.0
        versions, last = self._truth.of(place, key), held.at.get(key, 0)
        for number in range(last, len(versions)):
            version = versions[number]
            if version.during(begun - EPS, self._now() + EPS) and self._truth.tells(place, key, version, after):
                held.at[key] = number
                return
        if after is None:
            self.broken(f"{told}: FALSE DELETE, it was there all the time")
        elif any(self._truth.tells(place, key, each, after) for each in versions):
            self.broken(f"{told}: what it tells was not true while it was read")
        else:
            self.broken(f"{told}: INVENTED, what it tells was never true")

    def _swept(self, place: Place, cycle: Cycle) -> None:
        """Check a whole sweep: the snapshot is what was true while it read, and what the log tells."""
        shown = self._shown(place)
        if shown is None:
            self.broken(f"{place[0]} {place[1]}: nothing is shown after a sweep")
            return
        held = self.held.get(place)
        if held is None:
            held = self.held[place] = Held({key: body for key, (body, _) in shown.items()})
        elif {key: body for key, (body, _) in shown.items()} != held.records:
            self.broken(f"{place[0]} {place[1]}: the log does not replay to the snapshot")
        hidden = self.concealed.get(place, -1.0) >= cycle.begun
        for key in self._truth.versions[place].keys() | shown.keys():
            body, absent = shown.get(key, (None, None))
            told = self._judged(place, key, body, cycle.begun, absent=absent is not None, hidden=hidden)
            if told:
                self.broken(f"{place[0]} {place[1]} {key[0]}: {told}, after a sweep")
        held.swept = cycle.begun

    def _judged(self, place: Place, key: Key, body: Any, begun: float, *, absent: bool, hidden: bool) -> str:
        """Return what is wrong with a record as shown after a whole sweep."""
        told = [each for each in self._truth.of(place, key) if self._truth.tells(place, key, each, body)]
        if any(each.during(begun - EPS, self._now() + EPS) for each in told):
            return ""
        if body is None:
            return "" if hidden else "LOST, it was there all the time"
        if not told:
            return "INVENTED, it was never so"
        if hidden or absent:
            return ""
        return "LOST, it has been otherwise all the time"

    def _delta(self, place: Place, cycle: Cycle) -> None:
        """Check a delta by watermark: what was changed and shown before it began is known."""
        held = self.held[place]
        filtered = "where=" in cycle.latest  # else it read the newest keys, as the filter failed
        if not filtered or self.concealed.get(place, -1.0) >= held.swept:
            return
        for key, versions in self._truth.versions[place].items():
            last = versions[-1]
            missed = (
                last.record is not None and last.since < cycle.begun - EPS and (place, key) not in self._truth.literal
            )
            if missed and not self._truth.tells(place, key, last, held.records.get(key)):
                self.broken(f"{place[0]} {place[1]} {key[0]}: LOST, the delta passed it over")

    def _shown(self, place: Place) -> dict[Key, tuple[Any, int | None]] | None:
        assert self.reading is not None
        found = self.reading.snapshot(place)
        return None if found is None else {named(key): (_decoded(each[0]), each[1]) for key, each in found.items()}

    def settled(self, place: Place, since: float) -> str:
        """Return what keeps a class from being as its tenant is, swept after `since`."""
        held = self.held.get(place)
        if held is None:
            return "it was never read"
        if held.swept <= since:
            return "it was not swept again"
        shown = self._shown(place) or {}
        true = self._truth.now(place)
        if {key: body for key, (body, _) in shown.items()} != true:
            wrong = [key for key in shown.keys() | true.keys() if shown.get(key, (None,))[0] != true.get(key)]
            return f"{len(wrong)} records are not as they are at the tenant, {min(map(str, wrong))} the first"
        waiting = sum(absent is not None for _, absent in shown.values())
        return f"{waiting} deletes wait" if waiting else ""
