"""What the runtime asks of the world, and no more.

Each port has one contract suite in ``tests/contracts`` that every implementation passes.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final, NamedTuple, Protocol, Self

from msgspec import Struct

from driftd.core.alerts.model import Alert, Deed, Notice
from driftd.core.budget import Usage
from driftd.core.credential import Certificate, Dated, Issued
from driftd.core.drift import Check
from driftd.core.health import ConnectionHealth, Flip, Poll, ResourceHealth
from driftd.core.invariants.model import Breach, Link, SumKey, Sums
from driftd.core.memory import Memory
from driftd.core.model import (
    Absence,
    Change,
    Contents,
    Details,
    JsonObject,
    KeyBytes,
    Kind,
    Op,
    Page,
    Prototypes,
    Query,
    Recorded,
    Resource,
    Row,
    Segment,
    Standing,
    Stored,
)
from driftd.core.schema.model import Baseline, SchemaVersion


class Clock(Protocol):
    """Time as data. Nobody else may ask for it."""

    def now(self) -> int:
        """Return the wall clock, epoch ms: for display, stamps and expiry only."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go back: for periods and deadlines."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait; cancellable."""
        ...


class Log(Protocol):
    """The daemon's log. An event is a fixed short phrase, a fact's name a fixed word; what varies is in the values.

    No call raises. A value of None is left out; ``error`` takes the exception itself.
    """

    def debug(self, event: str, /, **facts: object) -> None:
        """Say what helps to find a fault."""
        ...

    def info(self, event: str, /, **facts: object) -> None:
        """Say what happened as it should."""
        ...

    def warning(self, event: str, /, **facts: object) -> None:
        """Say what somebody may have to look at."""
        ...

    def error(self, event: str, /, **facts: object) -> None:
        """Say what somebody must look at."""
        ...

    def bind(self, **facts: object) -> Self:
        """Return a log that adds `facts` to all it says."""
        ...


class Source(Protocol):
    """One connection's tenant, read only. Every failure is a `SourceError` with its reason."""

    async def page(self, resource: Resource, query: Query) -> Page:
        """Read one page of the query facet."""
        ...

    async def details(self, resource: Resource, key: KeyBytes) -> Details:
        """Read one record of the details facet."""
        ...

    async def prototypes(self, resource: Resource) -> Prototypes:
        """Read what the tenant declares of a resource's members.

        Where the tenant refuses that, it is no failure, and not asked again for a day.
        """
        ...

    def split(self, page: Page) -> Sequence[bytes]:
        """Cut the ``$resources`` array of a page into one slice a record, each exactly as sent."""
        ...

    def keys(self, resource: Resource, slices: Sequence[bytes]) -> Sequence[KeyBytes]:
        """Read only the keys of records: ``b""`` for a record whose key is missing, null, or not a scalar.

        A record of another folder is a failure, ``wrong_folder``.
        """
        ...

    def decode(self, record: bytes) -> JsonObject:
        """Decode one record exactly: a number that is not some float's shortest spelling comes as `decimal.Decimal`."""
        ...


class Seen(NamedTuple):
    """A page of the snapshot: ``key``, canonical body of the whole record, and since when it is suspected absent."""

    key: KeyBytes
    body: bytes
    absent_since: int | None


class Snapshot(NamedTuple):
    """Records of the visible generation in the order of key bytes; the changes after ``as_of_seq`` complete them."""

    records: Sequence[Seen]
    as_of_seq: int
    next: KeyBytes | None
    """The key to ask after for the next page; None at the end."""


class Outcome(Struct, frozen=True):
    """What a committed cycle left behind."""

    first_seq: int
    """``seq`` of its first event; the events of a cycle are consecutive. Withheld ones get others at their release."""
    changes: Mapping[Op, int]
    records: int
    """Live records of the resource now."""
    pending: int
    held: int


class Facts(Struct, frozen=True):
    """What exact checks want remembered of one resource, beside its records; applied in this order."""

    dropped: Sequence[Link] = ()
    links: Sequence[Link] = ()
    sums: Sums = {}
    """The new amounts of each sum that changed; one without amounts is removed."""
    mended: Sequence[tuple[Check, str, KeyBytes]] = ()
    """Breaches that are no more: check, field, key."""
    breaches: Mapping[str, Sequence[Breach]] = {}
    """New or changed, by the resource whose records they are: a delete may make orphans elsewhere.

    One that is accepted stays so until it is mended.
    """


class Detected(Struct, frozen=True):
    """What a cycle's detection wants committed with it, all or nothing."""

    memory: Memory | None = None
    """None: as before."""
    baseline: Baseline | None = None
    versions: Sequence[SchemaVersion] = ()
    facts: Facts = Facts()
    alerts: Sequence[Alert] = ()
    """Those that changed, whole."""
    notices: Sequence[Notice] = ()
    deeds: Sequence[Deed] = ()
    """What a person decided, where the commit carries it out."""
    withhold: bool | None = None
    """Whether events of the resource are stored without being released, this cycle's among them; None: as before.

    False releases those withheld so far, in front of this cycle's.
    """


class Cycle(Protocol):
    """One cycle being written. Nothing of it is visible before `commit`; leaving without it drops everything."""

    @property
    def id(self) -> str:
        """The cycle's id (``sweep_id`` of its events)."""
        ...

    async def stage(
        self,
        position: int,
        *,
        rows: Iterable[Row] = (),
        changes: Iterable[Change] = (),
        segments: Sequence[tuple[Segment, Contents]] = (),
    ) -> Sequence[KeyBytes]:
        """Hand over what one page or segment gave; a change comes with the row that it leaves.

        Idempotent by `position`: one staged before is ignored. Small cycles are kept until the commit; a baseline or a
        large cycle is written ahead in transactions of at most 2,000 rows under a generation that nobody sees.
        Returns the keys of `rows` that this same cycle had staged at another position already (the later row wins).
        """
        ...

    async def commit(
        self, standing: Standing, layout: Sequence[int | Segment] | None, detected: Detected | None = None
    ) -> Outcome:
        """Make everything visible at once, with what detection made of it.

        `layout` lists the resource's segments in server order: the id of each that is kept, and each staged new one;
        None leaves the segments as they are. Raises `FencedError` if another process owns the store by now.
        """
        ...


class Store(Protocol):
    """All that is remembered. One writer; readers see only what is committed."""

    async def begin(
        self, resource: Resource, kind: Kind, *, host: str, folder: str, now: int, baseline: bool = False
    ) -> AbstractAsyncContextManager[Cycle]:
        """Open a cycle of `resource`; drops what an earlier, unfinished cycle of it staged."""
        ...

    async def standing(self, resource: Resource) -> Standing:
        """Return the checkpoint of `resource`, or the empty one."""
        ...

    async def standings(self) -> Mapping[tuple[str, str], Standing]:
        """Return the checkpoints of all that was ever polled, by connection and resource."""
        ...

    async def segments(self, resource: Resource) -> Sequence[Segment]:
        """Return the segments of `resource` in server order, without their contents."""
        ...

    async def contents(self, segments: Sequence[Segment]) -> Sequence[Contents]:
        """Return the rows of the given segments, in the same order."""
        ...

    async def known(self, resource: Resource, keys: Iterable[KeyBytes]) -> Mapping[KeyBytes, Stored]:
        """Return what is stored of `keys` (tombstones included); keys never seen are left out."""
        ...

    async def absent(self, resource: Resource) -> Sequence[Stored]:
        """Return the records whose delete is pending or held, in the order of key bytes."""
        ...

    async def unplaced(self, resource: Resource) -> Sequence[KeyBytes]:
        """Return the keys of live records that no segment lists."""
        ...

    async def stalest(self, resource: Resource, limit: int) -> Sequence[Stored]:
        """Return live records with the oldest details first, those never read before all."""
        ...

    async def coverage(self, resource: Resource, since: int) -> tuple[int, int]:
        """Return how many live records have details read at or after `since` (epoch ms), and how many there are."""
        ...

    async def absences(self, resource: Resource) -> Mapping[Absence, int]:
        """Count the records whose delete is pending or held."""
        ...

    async def read_changes(
        self, after: int, limit: int, *, connection: str | None = None, resource: str | None = None
    ) -> Sequence[Recorded]:
        """Return committed change events with ``seq > after`` in order, at most `limit`."""
        ...

    async def read_records(self, connection: str, resource: str, *, after: KeyBytes | None, limit: int) -> Snapshot:
        """Return one page of the visible snapshot; raises `StoreError` for a resource never read."""
        ...

    async def read_record(self, connection: str, resource: str, key: KeyBytes) -> Seen | None:
        """Return one live record of the snapshot."""
        ...


class Traffic(Protocol):
    """What stands between a connection and its tenant: who may send now, and what was sent and read."""

    def turn(self) -> AbstractAsyncContextManager[None]:
        """Wait for a place to send one request from, and hold it until its answer is read.

        Raises `SourceError` where the way to the host is known to be down.
        """
        ...

    def send(self) -> None:
        """Count one request before it is sent; raises `SourceError`, ``budget_exhausted``, where none is left."""
        ...

    def receive(self, size: int) -> None:
        """Count bytes as they are read; raises `SourceError`, ``budget_exhausted``, with those that are too many."""
        ...

    def answered(self, status: int | None, seconds: float) -> None:
        """Note how a request ended: its HTTP status, or None where no answer came."""
        ...

    def renewed(self, issued: Issued | None) -> None:
        """Note that a token was asked for; None where it was refused or failed."""
        ...

    def showed(self, sign: Certificate | Dated) -> None:
        """Note what an answer showed: the certificate of its server, by how much its clock differs from ours."""
        ...


class Polled(Struct, frozen=True):
    """A finished poll as history keeps it."""

    connection: str
    resource: str
    poll: Poll


class Hour(Struct, frozen=True):
    """The polls of a resource that succeeded within an hour; of them no more than their number is kept."""

    connection: str
    resource: str
    at: int
    """When the hour began, epoch ms."""
    polls: int
    seconds: float
    """Altogether."""
    changes: int


_DAY: Final = 86_400_000
KEPT: Final[Mapping[type, int]] = {
    Hour: 30 * _DAY,
    Polled: 90 * _DAY,
    Flip: 400 * _DAY,
    Notice: 400 * _DAY,
    Deed: 400 * _DAY,
    Alert: 400 * _DAY,
}
"""How long each kind of entry is kept, ms; an alert from when it was resolved."""


class Entries(Struct, frozen=True):
    """What is to be written into the logbook at once; a later entry of a name replaces the earlier one."""

    connections: Mapping[str, ConnectionHealth] = {}
    usage: Mapping[str, Usage] = {}
    """By connection."""
    resources: Mapping[tuple[str, str], ResourceHealth] = {}
    """By connection and resource."""
    flips: Sequence[Flip] = ()
    polls: Sequence[Polled] = ()


class Remembered(Struct, frozen=True):
    """What the logbook knows of how polling goes, as of the last entries."""

    connections: Mapping[str, ConnectionHealth] = {}
    usage: Mapping[str, Usage] = {}
    resources: Mapping[tuple[str, str], ResourceHealth] = {}


class Logbook(Protocol):
    """How polling went. Written in groups: the last seconds before a crash may be missing, never half of a group."""

    async def recall(self, connections: Iterable[str] | None = None) -> Remembered:
        """Return what is known of `connections`; None: of all."""
        ...

    async def write(self, entries: Entries) -> None:
        """Write entries, all or nothing. A poll that is not `Result.OK` keeps a row of its own, others join an hour."""
        ...

    async def history(
        self, connection: str, *, since: int, until: int, limit: int, failures: bool = False
    ) -> Sequence[Flip | Polled | Hour]:
        """Return what happened from `since` to before `until` (epoch ms), newest first; `failures` leaves hours out.

        An hour is where it began. Of what happened at once flips come first, then polls, then hours.
        """
        ...

    async def flips(self, connection: str, since: int) -> int:
        """Count the changes of a connection's state at or after `since` (epoch ms)."""
        ...

    async def prune(self, now: int) -> int:
        """Remove what is older than its kind is kept, at most 1,000 rows; return how many went.

        What the casebook of the same store keeps for a time only is among it.
        """
        ...


class Told(Struct, frozen=True):
    """A notice with its place in the alert stream."""

    seq: int
    notice: Notice


class Filing(Struct, frozen=True):
    """What is to be written into the casebook at once outside of a cycle."""

    alerts: Sequence[Alert] = ()
    notices: Sequence[Notice] = ()
    deeds: Sequence[Deed] = ()
    baselines: Mapping[tuple[str, str], Baseline] = {}
    """By connection and resource."""
    memories: Mapping[tuple[str, str], Memory] = {}
    accepted: Mapping[tuple[str, str], Sequence[tuple[Check, str]]] = {}
    """By connection and resource: the checks and fields whose present breaches are accepted."""
    release: Sequence[tuple[str, str]] = ()
    """Connections and resources whose withheld events are released: they go to the end of the log, in their order.

    From then on events of the resource are released as they are committed, until a cycle says otherwise.
    """


class Casebook(Protocol):
    """What detection remembers. `Cycle.commit` writes what belongs to a cycle, `file` the rest."""

    async def memory(self, connection: str, resource: str) -> Memory:
        """Return what detection remembers of a resource, or the empty memory."""
        ...

    async def baseline(self, connection: str, resource: str) -> Baseline:
        """Return what is held as normal of a resource's shape, or the empty baseline."""
        ...

    async def versions(self, connection: str, resource: str) -> Sequence[SchemaVersion]:
        """Return the schema versions of a resource, learnt ones first, each source by number."""
        ...

    async def evaluated(self) -> Mapping[tuple[str, str], int]:
        """Return when the checks of each resource last ran to their end, epoch ms, by connection and resource."""
        ...

    async def alerts(self, *, connection: str | None = None, resolved_since: int | None = None) -> Sequence[Alert]:
        """Return pending and firing alerts, and those resolved at or after `resolved_since` (epoch ms), by id."""
        ...

    async def alert(self, id_: str) -> Alert | None:
        """Return one alert, however old."""
        ...

    async def notices(self, after: int, limit: int, *, connection: str | None = None) -> Sequence[Told]:
        """Return notices with ``seq > after`` in order, at most `limit`."""
        ...

    async def deeds(self, connection: str, limit: int) -> Sequence[Deed]:
        """Return what persons did, newest first, at most `limit`."""
        ...

    async def file(self, filing: Filing) -> None:
        """Write, all or nothing, safe against a loss of power; raises as a commit does."""
        ...

    async def withheld(self, connection: str, resource: str) -> int:
        """Count the events of a resource that are stored and not released."""
        ...

    async def present(self, connection: str, resource: str, keys: Iterable[KeyBytes]) -> frozenset[KeyBytes]:
        """Return those of `keys` that are live records of the snapshot."""
        ...

    async def referring(self, connection: str, target: str, keys: Iterable[KeyBytes]) -> Mapping[str, Sequence[Link]]:
        """Return the links to records of class `target`, by the resource whose records refer; at most 10,000.

        Of each resource by value, field and key; those to the first of `keys` in byte order where there are more.
        """
        ...

    async def sums(self, connection: str, resource: str, wanted: Iterable[SumKey]) -> Sums:
        """Return the amounts of `wanted` sums; one that has none is left out."""
        ...

    async def breaches(
        self, connection: str, resource: str, *, keys: Iterable[KeyBytes] | None = None, limit: int = 1_000
    ) -> Sequence[Breach]:
        """Return breaches of a resource's records, those of `keys` only where given; the longest unjudged first.

        A breach is judged whenever it is written; of those written at once, by key, check and field.
        """
        ...

    async def breached(self, connection: str, resource: str) -> Mapping[tuple[Check, str], tuple[int, int]]:
        """Count breaches by check and field: those that count (found twice, not accepted), and all others."""
        ...
