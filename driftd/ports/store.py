"""What the runtime asks of the store: records, changes, segments, checkpoints."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol

from msgspec import Struct

from driftd.core.alerts.model import Alert, Deed, Notice
from driftd.core.drift import Check
from driftd.core.invariants.model import Breach, Link, Sums
from driftd.core.memory import Memory
from driftd.core.model import (
    Absence,
    Change,
    Contents,
    KeyBytes,
    Kind,
    Op,
    Recorded,
    Resource,
    Row,
    Segment,
    Standing,
    Stored,
)
from driftd.core.schema.model import Baseline, SchemaVersion


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


class Erasure(Struct, frozen=True):
    """A record that is to be taken out of everything that is stored of it."""

    key: KeyBytes
    record: bytes
    """What stands for its key from then on, so that it is not seen again: a hash of it."""
    now: int
    """Epoch ms."""
    detected: Detected
    """What detection remembers without it, and the deed."""
    forget: bool = False
    """Whether nothing is to stand for it: the next sweep sees it as new."""


class Erased(Struct, frozen=True):
    """What an erasure took away."""

    live: int = 0
    """1 where the record was live, else 0."""
    events: int = 0
    naming: int = 0
    """Records of other classes that name it, and are left as they are."""


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

    async def rewrite(self, resource: Resource, stricter: Callable[[bytes], bytes]) -> Standing:
        """Have every body that is stored of `resource`, in snapshot and log, be what `stricter` makes of it.

        `stricter` is idempotent, and takes and returns canonical JSON. What would still show a body as it was goes
        with it. In slices; where it does not come to its end it is to be done again. Before the first body is another
        one, the checkpoint remembers the field rules of `resource` as `halfway`. Returns the checkpoint, which
        remembers them as those of all that is stored.
        """
        ...

    async def erase(self, resource: Resource, what: Erasure) -> Erased:
        """Take a record out of snapshot, log, segments and all that is known or was told of it.

        The caller holds off cycles of the resource. Its events leave a gap in the log. `wipe` follows, before which the
        record is not seen again even where it is to be forgotten. Interrupted, it is `unfinished`.
        """
        ...

    async def resume(self, connection: str, resource: str) -> Sequence[KeyBytes]:
        """Go on with the erasures of a resource that were interrupted, up to where `wipe` follows, as `erase` does.

        Returns the keys of records that are erased, of which `wipe` has still to write what is stored anew.
        """
        ...

    async def fits(self, connection: str, resource: str, room: int) -> bool:
        """Tell whether what `wipe` has still to write takes at most `room` bytes beside what is stored."""
        ...

    async def wipe(self, connection: str, resource: str) -> bool:
        """Leave no trace of erased records in what bodies are compressed with, nor in free pages or logs.

        The caller holds off cycles of the resource. Whatever erasure of it has not come to its end does so. Returns
        whether that is so: a reader may hold on to what was, for a moment; then only that is tried the next time.
        """
        ...

    async def unfinished(self) -> Mapping[tuple[str, str], frozenset[bytes]]:
        """Return what stands for the keys of records whose erasure has not come to its end, by their resource."""
        ...

    async def erased(self, resource: Resource) -> frozenset[bytes]:
        """Return what stands for the keys of erased records, that are not to be seen again."""
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
