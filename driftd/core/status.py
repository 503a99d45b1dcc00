"""The one view of all connections that every face renders: what is known × now.

`located` says how far the trouble of each one reaches.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from msgspec import Struct, field

from driftd.core.alerts.model import Alert
from driftd.core.budget import Budget, Usage
from driftd.core.credential import Credential, CredentialState
from driftd.core.drift import Scope
from driftd.core.health import ConnectionHealth, ResourceHealth, Trouble
from driftd.core.histogram import Durations
from driftd.core.reasons import MEANINGS, Actor, Cause, State
from driftd.errors import Reason


class Reached(Struct, frozen=True):
    """The smallest scope that covers a trouble: ``failing`` of ``of`` members have it."""

    scope: Scope
    failing: int = 1
    of: int = 1


_QUIET: Final[Mapping[State, Actor]] = MappingProxyType(
    {
        State.PAUSED: Actor.WAIT,
        State.MAINTENANCE: Actor.WAIT,
        State.UNVALIDATED: Actor.OPERATOR,
        State.UNKNOWN: Actor.SRE,
        State.STALLED: Actor.SRE,
        State.RETRYING: Actor.WAIT,
        State.DEGRADED: Actor.OPERATOR,
    }
)
"""Who acts where no lasting failure says it."""


class ResourceStatus(Struct, frozen=True):
    """One enabled resource."""

    name: str
    health: ResourceHealth
    interval: float
    """Seconds between due times of the most frequent cycle."""
    sweep_interval: float
    next_poll: int | None = None
    """Epoch ms, backoff included; None where no daemon runs."""
    next_sweep: int | None = None


class ConnectionStatus(Struct, frozen=True):
    """One connection as every face shows it."""

    name: str
    host: str
    folder: str
    state: State
    since: int
    """When the state began, epoch ms."""
    health: ConnectionHealth
    resources: tuple[ResourceStatus, ...]
    budget: Budget
    usage: Usage
    """Of today."""
    resumes: int
    """When the budget begins anew, epoch ms."""
    trouble: Trouble | None = None
    """What the state rests on."""
    trouble_at: str | None = None
    """The one resource that has it; None: the whole connection."""
    customer: str | None = None
    environment: str | None = None
    held_until: int | None = None
    """No poll before, epoch ms: backoff, or as long as the tenant asked for."""
    breaker_open_until: int | None = None
    """When the next trial on the way to the host is due, epoch ms."""
    expiry: Mapping[Credential, int] = field(default_factory=dict)
    """When credentials end, epoch ms, best evidence."""
    credentials: Mapping[Credential, CredentialState] = field(default_factory=dict)
    """How secret and server certificate stand."""
    port: int = 443
    """Where the tenant's web server listens."""
    kept: bool = False
    """Whether driftd keeps its secret."""
    stored: bool = False
    """Whether it stands in the database, and not in the file."""
    alerts: tuple[Alert, ...] = ()
    """Its alerts in the order of their ids: pending, firing, muted, and those resolved within a day."""

    @property
    def reason(self) -> Reason | None:
        """Why the state is not ok."""
        return self.trouble.reason if self.trouble else None

    @property
    def cause(self) -> Cause | None:
        """What kind of thing is wrong."""
        if self.trouble is None:
            return Cause.INTERNAL if self.state in {State.STALLED, State.UNKNOWN} else None
        return MEANINGS[self.trouble.reason].cause

    @property
    def actor(self) -> Actor | None:
        """Who has to act; nobody yet while a failure is only being tried again."""
        if self.trouble is None or self.state is State.RETRYING:
            return _QUIET.get(self.state)
        return MEANINGS[self.trouble.reason].actor

    @property
    def last_success(self) -> int | None:
        """When a poll of it last succeeded, epoch ms."""
        return max((each.health.last_success or 0 for each in self.resources), default=0) or None


class Rebased(Struct, frozen=True):
    """The log of changes began anew, as the database had been damaged, restored or removed."""

    at: int
    """Epoch ms."""
    reason: str
    aside: str = ""
    """Where the files are that were there before; empty: nowhere."""


class Care(Struct, frozen=True):
    """What was done for the database; times in epoch ms."""

    checked: int | None = None
    """When it was last looked through."""
    whole: bool = True
    """What came of that."""
    backed_up: int | None = None
    """When the newest backup was taken."""
    backup_size: int = 0
    backup_failures: int = 0


class Database(Struct, frozen=True):
    """The store as it is."""

    version: str
    """Of the SQLite library."""
    size: int
    wal: int
    free: int
    """Bytes, the last on the volume."""
    errors: int = 0
    """Transactions that failed."""
    waiting: int = 0
    """Transactions that wait for the writer."""
    limit: int = 0
    """Transactions that may wait."""
    commits: Durations | None = None
    checkpoints_busy: int = 0
    """Checkpoints of the write-ahead log that readers held up."""
    oldest_reader: int | None = None
    """When the oldest open read transaction began, epoch ms."""
    full: int = 0
    """Transactions that found no room."""
    paused: bool = False
    """Whether nothing is captured for want of room."""
    ballast: int = 0
    """Bytes that are kept for a full disk."""
    rebased: Rebased | None = None
    """When the log last began anew."""
    care: Care | None = None
    """None: nobody looks after it."""


class Daemon(Struct, frozen=True):
    """The daemon itself; durations in seconds, times in epoch ms."""

    version: str
    started: int
    reloaded: int
    """When a configuration was last loaded successfully."""
    reload_ok: bool
    loop_lag: float
    """Greatest in the last minute."""
    schedule_lag: float
    """Greatest of the last five minutes."""
    running: int
    """Polls that run."""
    waiting: int
    """Polls that are due and held by a limit."""
    polls: Durations
    requests: Durations
    answers: Mapping[str, int]
    """Requests by class of answer: ``2xx`` … ``5xx``, ``error``."""
    log_lines: Mapping[str, int]
    """By level."""
    revision: str = "unknown"
    """The commit that it was built from."""
    restarts: int = 0
    """Pollers that ended by a bug and were started again."""
    database: Database | None = None


class Status(Struct, frozen=True):
    """Everything, at one moment."""

    at: int
    """Epoch ms."""
    connections: tuple[ConnectionStatus, ...]
    """In the order of their names."""
    daemon: Daemon | None = None
    """None where no daemon runs."""
    groups: tuple[Alert, ...] = ()
    """Alerts of a wider scope than one connection."""
    rebased: Rebased | None = None
    """When the log last began anew."""


_MANY: Final = 3
_SHARE: Final = 0.5


def located(connections: Iterable[ConnectionStatus]) -> Mapping[str, Reached]:
    """Return how far the trouble of each connection that has one reaches, by the connection's name.

    A scope is struck where the same reason is at three of its members and at half of them.
    """
    everyone = list(connections)
    troubled = [(each, each.reason) for each in everyone if each.reason]
    by_host = Counter((each.host, reason) for each, reason in troubled)
    members = Counter(each.host for each in everyone)
    hosts: defaultdict[Reason, set[str]] = defaultdict(set)
    for host, reason in (pair for pair, n in by_host.items() if _struck(n, members[pair[0]]) or members[pair[0]] == 1):
        hosts[reason].add(host)
    everywhere = Counter(reason for _, reason in troubled)
    found = {}
    for each, reason in troubled:
        here, of = by_host[each.host, reason], members[each.host]
        if len(hosts[reason]) > 1 and _struck(everywhere[reason], len(everyone)):
            found[each.name] = Reached(Scope.ALL, everywhere[reason], len(everyone))
        elif _struck(here, of):
            found[each.name] = Reached(Scope.HOST, here, of)
        else:
            found[each.name] = Reached(Scope.RESOURCE if each.trouble_at else Scope.TENANT)
    return found


def _struck(failing: int, members: int) -> bool:
    return failing >= _MANY and failing >= _SHARE * members


def counted(connections: Iterable[ConnectionStatus]) -> Mapping[State, int]:
    """Return how many connections are in each state, those without any left out."""
    return Counter(each.state for each in connections)
