"""What of one connection is due when: the calendar of each resource, and what holds it back."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from driftd.config import ConnectionConfig
from driftd.core.cadence import finds_new, forced, next_due
from driftd.core.model import Kind, Resource, Standing
from driftd.ports import Clock
from driftd.runtime.purse import Purse
from driftd.runtime.view import Present

_TWO_DAYS: Final = 2 * 86_400_000
_A_LOOK: Final = 100
"""Milliseconds within which due times are not reckoned anew."""
_A_MINUTE: Final = 60_000
_A_DAY: Final = 86_400
"""Seconds."""
_MOST_COMPLETE_FIRST: Final = (Kind.SWEEP, Kind.DELTA, Kind.PROBE)


class Hold(NamedTuple):
    """A rest; monotonic seconds."""

    since: float
    until: float
    tried: float
    """When it began to be a rest: what begins after that tries whether it is over."""


class Agenda:
    """Due times on the wall clock, as calendars go by it; holds on the monotonic one, which never jumps."""

    def __init__(self, connection: ConnectionConfig, clock: Clock) -> None:
        self._resources = {each.name: each for each in connection.resources}
        self._clock = clock
        self._started = clock.now()
        self._standings: dict[str, Standing] = {}
        self._busy: dict[str, int] = {}
        """Since when each resource is being polled, epoch ms."""
        self._begun: dict[str, float] = {}
        """The same, monotonic seconds."""
        self._free: dict[str, int] = {}
        """Since when none of its cycles has run, epoch ms."""
        self._sweeps_after: dict[str, int] = {}
        """Before when no sweep begins, as the day's budget would not bear it, epoch ms."""
        self._sweeping: set[str] = set()
        """The resources that are being swept, but for small ones."""
        self._holds: dict[str | None, Hold] = {}
        """The rest of a resource, or of the whole connection (None)."""
        self._reckoned: dict[str, tuple[int, dict[Kind, int]]] = {}
        """When each resource is due, as reckoned at an instant, epoch ms."""
        self._rested: dict[str | None, int] = {}
        """When the latest rest of each ends or ended, epoch ms."""
        self._asked: set[str] = set()
        """Resources that a person wants to be polled now."""

    @property
    def started(self) -> int:
        """When polling began, epoch ms; no later than now, as a clock may be put back."""
        self._started = min(self._started, self._clock.now())
        return self._started

    def settle(self, resource: Resource, standing: Standing) -> None:
        """Take note of how far a resource has been read."""
        self._standings[resource.name] = standing
        self._reckoned.pop(resource.name, None)

    def idle(self) -> Iterator[Resource]:
        """Give the resources that are not being polled, the one that is due first before the others."""
        now = self._clock.now()
        waiting = [
            each
            for name, each in self._resources.items()
            if name not in self._busy and not self._standings[name].frozen
        ]
        yield from sorted(waiting, key=lambda each: min(self._due(each, now).values()))

    def frozen(self) -> list[Resource]:
        """Return the resources that wait until a drift is accepted."""
        return [each for name, each in self._resources.items() if self._standings[name].frozen]

    def is_small(self, resource: Resource) -> bool:
        """Tell whether a resource is known to fit one page."""
        standing = self._standings[resource.name]
        return standing.baselined and standing.records <= resource.page_size

    def is_large(self, resource: Resource) -> bool:
        """Tell whether what is due of a resource is a sweep of many pages, or of nobody knows how many."""
        return not self.is_small(resource) and self._due(resource, now := self._clock.now())[Kind.SWEEP] <= now

    def delay(self, resource: Resource) -> float:
        """Return the seconds until a resource may be polled next; 0 or less where it may be now."""
        now = self._clock.now()
        return max((min(self._due(resource, now).values()) - now) / 1000, self._resting(resource.name))

    @property
    def on_trial(self) -> bool:
        """Whether one cycle tries if the connection is well again: until it is answered, no other one begins."""
        hold = self._holds.get(None)
        return hold is not None and any(begun > hold.tried for begun in self._begun.values())

    def spread(self, purse: Purse) -> None:
        """Put off each sweep that is due and that today's budget does not bear besides the probes still to come.

        A change of field rules has many sweeps due at once: each waits until there is enough besides those that run,
        too. One that no whole day would bear is not put off, as nothing else is polled of its resource meanwhile.
        """
        now, resumes = self._clock.now(), purse.resumes
        often = sum(1 / each.probe + 1 / each.delta for each in self._resources.values())
        probes = round((resumes - now) / 1000 * often)
        running = [self._standings[name] for name in self._sweeping]
        for name, resource in self._resources.items():
            standing = self._standings[name]
            if not self._would_sweep(resource, now):
                continue
            if not purse.affords(*_cost([standing], probes, standing)):
                if not forced(resource, standing) or purse.bears(*_cost([standing], round(_A_DAY * often), standing)):
                    self._put_off(name, resumes)
            elif forced(resource, standing) and not purse.affords(*_cost([standing, *running], probes, standing)):
                self._put_off(name, min(resumes, now + _A_MINUTE))
            else:
                running.append(standing)

    def _would_sweep(self, resource: Resource, now: int) -> bool:
        """Tell whether a sweep like one of before, of many pages, would begin now."""
        name, standing = resource.name, self._standings[resource.name]
        if name in self._busy or standing.frozen or not standing.baselined or self._resting(name) > 0:
            return False
        return not self.is_small(resource) and self._due(resource, now)[Kind.SWEEP] <= now

    def _put_off(self, name: str, until: int) -> None:
        self._sweeps_after[name] = until
        self._reckoned.pop(name, None)

    def begin(self, resource: Resource) -> tuple[Kind, float]:
        """Return the kind of cycle that begins now, and by how many seconds it is late."""
        now, name = self._clock.now(), resource.name
        due = self._due(resource, now)
        kind = next((kind for kind in _MOST_COMPLETE_FIRST if due[kind] <= now), min(due, key=lambda kind: due[kind]))
        rested = max(self._rested.get(name, 0), self._rested.get(None, 0))
        ready = max(due[kind], self.started, self._free.get(name, 0), rested)
        self._busy[name], self._begun[name] = now, self._clock.monotonic()
        if name in self._asked:
            self._asked.remove(name)
            self._reckoned.pop(name, None)
        if kind is Kind.SWEEP and not self.is_small(resource):
            self._sweeping.add(name)
        return kind, (now - ready) / 1000

    def end(self, resource: Resource) -> None:
        """Note that a resource's cycle has ended."""
        self._busy.pop(resource.name, None)
        self._begun.pop(resource.name, None)
        self._sweeping.discard(resource.name)
        self._free[resource.name] = self._clock.now()

    def hold(self, resource: Resource | None, seconds: float) -> None:
        """Let a resource, or the whole connection, rest from now on.

        A trial that is under way goes on as such: what began before it and fails late is no leave for another one.
        """
        name, now = resource.name if resource else None, self._clock.monotonic()
        before = self._holds.get(name)
        tried = before.tried if before is not None and name is None and self.on_trial else now
        self._holds[name] = Hold(now, now + seconds, tried)
        self._rested[name] = self._clock.now() + round(seconds * 1000)

    def release(self, resource: Resource | None, begun: float | None = None) -> None:
        """End the rest of a resource, and that of the connection.

        `begun` is when the poll began that went well, monotonic seconds: what began before a rest says nothing of it.
        """
        for name in (resource.name if resource else None, None):
            hold = self._holds.get(name)
            if hold is not None and (begun is None or begun >= hold.since):
                del self._holds[name]
                self._rested[name] = self._clock.now()

    def ask(self) -> None:
        """Have every resource be polled as soon as it may be, whatever its cadence, calendar and rests."""
        self._asked = {name for name in self._resources if name not in self._busy}
        self._reckoned.clear()
        for name in tuple(self._holds):
            del self._holds[name]
            self._rested[name] = self._clock.now()

    def ease(self) -> None:
        """End every rest; what is due is not late before now. For what a tenant asked its quota waits anew."""
        self._holds.clear()
        self._rested = {None: self._clock.now()}

    def present(self, progress: Mapping[str, int], breaker_open_until: int | None) -> Present:
        """Return what the state of the connection follows from besides its health."""
        now = self._clock.now()
        due, sweeps = {}, {}
        for name, resource in self._resources.items():
            if self._standings[name].frozen:
                continue
            at = self._due(resource, now)
            rests = max(0, round(self._resting(name) * 1000))
            due[name] = self._busy.get(name) or max(
                min(at.values()), now + rests if rests else 0, breaker_open_until or 0
            )
            sweeps[name] = at[Kind.SWEEP]
        resting = self._resting(None)
        return Present(
            started=self.started,
            due=due,
            sweeps=sweeps,
            progress=progress,
            held_until=self._rested.get(None) if resting > 0 else None,
            breaker_open_until=breaker_open_until,
        )

    def _due(self, resource: Resource, now: int) -> dict[Kind, int]:
        """Return when each kind is due; one look asks several times, and is answered from the first."""
        known = self._reckoned.get(resource.name)
        if known is None or not 0 <= now - known[0] < _A_LOOK:
            known = self._reckoned[resource.name] = (now, self._reckon(resource, now))
        return known[1]

    def _reckon(self, resource: Resource, now: int) -> dict[Kind, int]:
        standing = self._standings[resource.name]
        at = next_due(resource, standing, now)
        if resource.name in self._asked:
            at[Kind.PROBE] = min(at[Kind.PROBE], now)
        after = self._sweeps_after.get(resource.name, 0)
        believable = after - now <= _TWO_DAYS  # a clock may have been far ahead for a while
        if believable and after > at[Kind.SWEEP] and not self.is_small(resource):
            left = (Kind.SWEEP,) if finds_new(resource) else (Kind.SWEEP, Kind.DELTA)
            at |= dict.fromkeys(Kind if forced(resource, standing) else left, after)
        return at

    def _resting(self, name: str | None) -> float:
        now = self._clock.monotonic()
        return max((hold.until - now for hold in (self._holds.get(name), self._holds.get(None)) if hold), default=0.0)


def _cost(sweeps: Iterable[Standing], probes: int, probed: Standing) -> tuple[int, int]:
    """Return requests and bytes of some sweeps, and of probes as one resource has them."""
    requests, size = probes, probes * probed.probe_bytes
    for each in sweeps:
        requests, size = requests + each.requests, size + each.wire_bytes
    return requests, size
