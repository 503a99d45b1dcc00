"""What is remembered of how polling goes: of a resource and of a connection, poll by poll."""

from collections.abc import Mapping
from enum import StrEnum
from struct import Struct as Packing
from typing import Final, NamedTuple, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from driftd.core.credential import Signs
from driftd.core.model import Kind, Op
from driftd.core.reasons import GRACE, GRACE_SPAN, MEANINGS, Reach, State
from driftd.errors import Reason

T = TypeVar("T")
RECOVERED: Final = 2
"""Good polls in a row after which a trouble is over."""
BEATS: Final = 90
"""Polls of a resource that are kept one by one."""


class Result(StrEnum):
    """How a poll ended. ``partial``: committed, but something in it is not wholly trusted."""

    OK = "ok"
    PARTIAL = "partial"
    FAILED = "failed"


class Poll(Struct, frozen=True):
    """One finished poll, as far as health is concerned."""

    kind: Kind
    result: Result
    began: int
    """Epoch ms."""
    at: int
    """When it ended, epoch ms."""
    seconds: float
    records: int
    changes: Mapping[Op, int]
    pending: int
    held: int
    reason: Reason | None = None
    message: str = ""
    hint: str = ""
    status: int | None = None
    """HTTP status that was the reason, where there was one."""
    coverage: float | None = None
    requests: int = 0
    bytes: int = 0
    pages: int = 0
    pages_unchanged: int = 0
    evaluated: bool = False
    """Whether the checks of drift ran to their end."""
    schema_changes: Mapping[str, int] = {}
    """Changes of shape confirmed in it, as ``kind/impact``."""


class Trouble(Struct, frozen=True):
    """A failure that has not been overcome yet."""

    reason: Reason
    message: str
    hint: str
    status: int | None
    since: int
    """The first failure, epoch ms."""
    at: int
    """The latest, epoch ms."""
    times: int
    """Failures so far, one after the other."""
    recent: tuple[int, ...] = ()
    """When the latest three failures were, epoch ms, whatever succeeded between them."""
    alike: int = 1
    """How many of the latest failures, one after the other, had this very reason."""

    @property
    def lasting(self) -> bool:
        """Whether it is more than a moment's: its reason as often as it is granted, or any three, in a row or in 8 h.

        A clock that was set between failures does not bring them together.
        """
        near = [at for at in self.recent if abs(self.at - at) <= GRACE_SPAN]
        return self.alike >= MEANINGS[self.reason].grace or max(self.times, len(near)) >= GRACE


class Beat(NamedTuple):
    """One poll of a heartbeat."""

    at: int
    """Epoch s."""
    result: Result
    reason: Reason | None
    seconds: float


class ResourceHealth(Struct, frozen=True):
    """How the polling of one resource has gone."""

    polls: int = 0
    failures: Mapping[Reason, int] = {}
    changes: Mapping[Op, int] = {}
    last_poll: int | None = None
    """When the latest poll ended, epoch ms; so are the others."""
    last_success: int | None = None
    last_change: int | None = None
    last_sweep: int | None = None
    last_seconds: float = 0.0
    records: int = 0
    pending: int = 0
    held: int = 0
    coverage: float | None = None
    good: int = 0
    """Polls in a row that went well."""
    trouble: Trouble | None = None
    failed: tuple[int, ...] = ()
    """When the latest three failures were, epoch ms, overcome or not."""
    beats: bytes = b""
    """The latest polls, packed: see `heartbeat`."""
    last_evaluation: int | None = None
    """When the checks of drift last ran to their end, epoch ms."""
    schema_changes: Mapping[str, int] = {}
    """Changes of shape confirmed, as ``kind/impact``."""


class Pause(Struct, frozen=True):
    """A person's word that a connection is not polled."""

    reason: str
    by: str
    until: int
    """Epoch ms; it ends by itself."""
    since: int = 0
    """When it was said, epoch ms."""
    ended: int | None = None
    """When a person ended it before that, epoch ms."""

    def runs(self, now: int) -> bool:
        """Whether it holds at `now` (epoch ms)."""
        return self.ended is None and now < self.until

    @property
    def end(self) -> int:
        """When it ended, or is to end, epoch ms."""
        return self.until if self.ended is None else self.ended


class Window(Struct, frozen=True):
    """A stretch of maintenance: polls go on, and what fails does not count."""

    since: int
    until: int
    """Epoch ms."""
    reason: str = ""
    by: str = ""
    ended: int | None = None
    """When a person ended it before that, epoch ms."""

    def runs(self, now: int) -> bool:
        """Whether it holds at `now` (epoch ms)."""
        return self.ended is None and self.since <= now < self.until

    def coming(self, now: int) -> bool:
        """Whether it is still to begin at `now` (epoch ms)."""
        return self.ended is None and now < self.since


class Aside(Struct, frozen=True):
    """What persons said of putting a connection aside: the latest pause and the latest window, over or not."""

    pause: Pause | None = None
    maintenance: Window | None = None

    def paused(self, now: int) -> bool:
        """Whether it is not to be polled at `now` (epoch ms)."""
        return self.pause is not None and self.pause.runs(now)

    def maintained(self, now: int) -> bool:
        """Whether its window runs at `now` (epoch ms)."""
        return self.maintenance is not None and self.maintenance.runs(now)

    def quiet(self, now: int) -> bool:
        """Whether no alert of it begins to fire at `now` (epoch ms)."""
        return self.paused(now) or self.maintained(now)

    def turns(self, now: int) -> int | None:
        """Return when this changes by itself next after `now`, epoch ms; None where it does not."""
        pause, window = self.pause, self.maintenance
        found = [pause.until] if pause is not None and pause.runs(now) else []
        if window is not None and window.ended is None:
            found += [window.since, window.until]
        return min((at for at in found if at > now), default=None)


NOT_ASIDE: Final = Aside()


class ConnectionHealth(Struct, frozen=True):
    """How the polling of one connection has gone, beyond what its resources remember."""

    state: State = State.UNVALIDATED
    since: int = 0
    """When the state began, epoch ms."""
    up: bool | None = None
    """Whether the latest finished poll got an authenticated, valid answer."""
    good: int = 0
    """Polls in a row that were answered, whatever the resource and the answer."""
    outage: Trouble | None = None
    """What keeps every resource from being read."""
    failed: tuple[int, ...] = ()
    """When the latest three such failures were, epoch ms, overcome or not."""
    pause: Pause | None = None
    """The latest that a person ordered, over or not; so is the window."""
    maintenance: Window | None = None
    requests: int = 0
    bytes: int = 0
    pages: int = 0
    pages_unchanged: int = 0
    tokens: int = 0
    """Access tokens asked for."""
    token_failures: int = 0
    token_ends: int | None = None
    """When the access token in hand ends, epoch ms."""
    held_until: int | None = None
    """No poll before, epoch ms: backoff, or as long as the tenant asked for."""
    breaker_open_until: int | None = None
    """When the next trial on the way to the host is due, epoch ms."""
    signs: Signs = Signs()
    """What answers showed of credentials, certificates and clocks."""


class Flip(Struct, frozen=True):
    """A change of a connection's state."""

    connection: str
    before: State
    after: State
    at: int
    """Epoch ms."""
    reason: Reason | None
    message: str


RESOURCES: Final = frozenset(reason for reason, meaning in MEANINGS.items() if meaning.reach is Reach.RESOURCE)
"""Reasons that are a resource's own."""
CONNECTIONS: Final = frozenset(MEANINGS) - RESOURCES
"""Reasons that strike a whole connection."""


def resource_polled(health: ResourceHealth, poll: Poll) -> ResourceHealth:
    """Return a resource's health after a poll of it."""
    failed = poll.result is Result.FAILED
    good = health.good + 1 if poll.result is Result.OK else 0
    changed = any(poll.changes.values())
    trouble, recent = _troubled(health.trouble, health.failed, poll, good, RESOURCES)
    counted = replace(
        health,
        polls=health.polls + 1,
        failures=_counted(health.failures, {poll.reason: 1}) if failed and poll.reason else health.failures,
        changes=_counted(health.changes, poll.changes) if changed else health.changes,
        last_poll=poll.at,
        last_seconds=poll.seconds,
        good=good,
        trouble=trouble,
        failed=recent,
        beats=_beating(health.beats, poll),
    )
    if failed:
        return counted
    return replace(
        counted,
        last_success=poll.at,
        last_change=poll.at if changed else health.last_change,
        last_sweep=poll.at if poll.kind is Kind.SWEEP else health.last_sweep,
        records=poll.records,
        pending=poll.pending,
        held=poll.held,
        coverage=poll.coverage,
        last_evaluation=poll.at if poll.evaluated else health.last_evaluation,
        schema_changes=_counted(health.schema_changes, poll.schema_changes)
        if poll.schema_changes
        else health.schema_changes,
    )


def connection_polled(health: ConnectionHealth, poll: Poll) -> ConnectionHealth:
    """Return a connection's health after a poll of one of its resources; its state is judged apart."""
    failed = poll.result is Result.FAILED
    answered = not failed or poll.status is not None  # what one resource is refused still comes over a good connection
    good = 0 if poll.reason in CONNECTIONS else health.good + answered
    outage, recent = _troubled(health.outage, health.failed, poll, good, CONNECTIONS)
    return replace(
        health,
        up=not failed,
        good=good,
        outage=outage,
        failed=recent,
        requests=health.requests + poll.requests,
        bytes=health.bytes + poll.bytes,
        pages=health.pages + poll.pages,
        pages_unchanged=health.pages_unchanged + poll.pages_unchanged,
    )


def pardoned(trouble: Trouble | None) -> Trouble | None:
    """Return a trouble of which nothing counts yet: it lasts once it has had its whole grace again."""
    return None if trouble is None else replace(trouble, times=0, recent=(), alike=0)


def host_struck(health: ConnectionHealth, trouble: Trouble) -> ConnectionHealth:
    """Return the health of a connection that is not polled because of what is known: its host is down, or the like."""
    own = health.outage
    since = min(own.since, trouble.since) if own else trouble.since
    return replace(health, up=False, good=0, outage=replace(trouble, since=since), failed=trouble.recent)


def _troubled(
    trouble: Trouble | None, recent: tuple[int, ...], poll: Poll, good: int, own: frozenset[Reason]
) -> tuple[Trouble | None, tuple[int, ...]]:
    """Return the trouble after a poll, begun, gone on, or over, and when the latest failures were."""
    if poll.reason is None or poll.reason not in own:
        return None if good >= RECOVERED else trouble, recent
    struck = strike(trouble, recent, poll)
    return struck, struck.recent


def strike(trouble: Trouble | None, recent: tuple[int, ...], poll: Poll) -> Trouble:
    """Return a trouble with one failure more. Polls that ran at the same time fail together and count once."""
    reason = poll.reason or Reason.INTERNAL_ERROR
    together = trouble is not None and trouble.recent and poll.began < trouble.recent[-1] <= poll.at
    again = not together
    alike = trouble.alike if trouble and trouble.reason is reason else 0
    return Trouble(
        reason=reason,
        message=poll.message,
        hint=poll.hint,
        status=poll.status,
        since=trouble.since if trouble else poll.at,
        at=poll.at,
        times=(trouble.times if trouble else 0) + again,
        recent=(*recent, poll.at)[-3:] if again else recent,
        alike=max(1, alike + again),
    )


_BEAT: Final = Packing(">IBH")
"""Epoch seconds; outcome and reason; hundredths of a second, at most 655.35."""
_REASONS: Final = tuple(Reason)  # stored by position: a new reason goes to the end of the enum
_RESULTS: Final = tuple(Result)


def _beating(beats: bytes, poll: Poll) -> bytes:
    reason = 0 if poll.reason is None else 1 + _REASONS.index(poll.reason)
    said = _RESULTS.index(poll.result) * 64 + reason
    beat = _BEAT.pack(min(max(0, poll.at // 1000), 0xFFFF_FFFF), said, min(65535, round(poll.seconds * 100)))
    return (beats + beat)[-BEATS * _BEAT.size :]


def heartbeat(beats: bytes) -> tuple[Beat, ...]:
    """Return the polls that are packed in `beats`, oldest first."""
    found = []
    for at, said, hundredths in _BEAT.iter_unpack(beats):
        result, reason = divmod(said, 64)
        known = _REASONS[reason - 1] if 0 < reason <= len(_REASONS) else None  # a later release may know more
        found.append(Beat(at, _RESULTS[result], known, hundredths / 100))
    return tuple(found)


def _counted(counts: Mapping[T, int], more: Mapping[T, int]) -> Mapping[T, int]:
    return {**counts, **{name: counts.get(name, 0) + number for name, number in more.items() if number}}
