"""What tests of a store stage in it, and all that can be read from it."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from hashlib import sha256
from itertools import count
from typing import Final, NamedTuple

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
from driftd.errors import StoreError
from driftd.ports import Cycle, Detected, Outcome, Seen, Store

CUSTOMERS: Final = Resource("acme", "BPCUSTOMER", "BPCUSTOMER", ("BPCNUM",))
ORDERS: Final = Resource("acme", "SORDER", "SORDER", ("SOHNUM",), details=True)
ELSEWHERE: Final = Resource("globex", "BPCUSTOMER", "BPCUSTOMER", ("BPCNUM",))
RESOURCES: Final = (CUSTOMERS, ORDERS, ELSEWHERE)
_NUMBER: Final = count()


class Part(NamedTuple):
    """What is staged at one position."""

    rows: Sequence[Row] = ()
    changes: Sequence[Change] = ()
    segments: Sequence[tuple[Segment, Contents]] = ()


@dataclass(frozen=True)
class Sight:
    """All that a store shows of one resource."""

    standing: Standing
    stored: Mapping[KeyBytes, Stored]
    seen: Sequence[Seen] | None
    as_of_seq: int
    segments: Sequence[Segment]
    contents: Sequence[Contents]
    absent: Sequence[Stored]
    absences: Mapping[Absence, int]
    unplaced: Sequence[KeyBytes]
    stalest: Sequence[Stored]
    coverage: tuple[int, int]
    changes: Sequence[Recorded]


def key(name: str) -> KeyBytes:
    """Return the key of the record `name`."""
    return b'["%s"]' % name.encode()


def body(name: str, value: int) -> bytes:
    """Return the canonical body of a record that holds one value."""
    return b'{"NAME":"%s","VALUE":%d}' % (name.encode(), value)


def row(
    name: str,
    value: int = 0,
    *,
    details: tuple[bytes, int] | None = None,
    placed: bool = True,
    absent: Absence | None = None,
    absent_since: int | None = None,
    deleted_at: int | None = None,
) -> Row:
    """Return the row of a record; `details` are its body and when it was read."""
    digest = sha256(body(name, value)).digest()
    return Row(
        key=key(name),
        raw=digest[:16],
        fingerprint=b"\1" + digest[16:],
        body=body(name, value),
        details=details[0] if details else None,
        details_at=details[1] if details else None,
        first_seen=7,
        placed=placed,
        absent=absent,
        absent_since=absent_since,
        deleted_at=deleted_at,
    )


def change(op: Op, name: str, value: int = 0, *, was: int | None = None) -> Change:
    """Return an event with an id of its own."""
    before = None if op is Op.CREATE else body(name, value if was is None else was)
    after = None if op is Op.DELETE else body(name, value)
    return Change(
        id=sha256(b"%d" % next(_NUMBER)).hexdigest(),
        op=op,
        key=key(name),
        before=before,
        after=after,
        changed=("/VALUE",) if op is Op.UPDATE else (),
        before_hash=None if before is None else sha256(before).hexdigest(),
        after_hash=None if after is None else sha256(after).hexdigest(),
        page=3,
        row=4,
        source_ts=5,
        ts=6,
        first_seen=7,
    )


def created(name: str, value: int = 0) -> Part:
    """Return a new record with its event."""
    return Part([row(name, value)], [change(Op.CREATE, name, value)])


def updated(name: str, value: int) -> Part:
    """Return a changed record with its event."""
    return Part([row(name, value)], [change(Op.UPDATE, name, value, was=value - 1)])


def deleted(name: str, value: int = 0) -> Part:
    """Return a tombstone with its event."""
    return Part([row(name, value, deleted_at=9)], [change(Op.DELETE, name, value)])


def together(*parts: Part) -> Part:
    """Return all at one position."""
    return Part(
        [one for part in parts for one in part.rows],
        [one for part in parts for one in part.changes],
        [one for part in parts for one in part.segments],
    )


def segment(*names: str) -> Part:
    """Return a segment of records that are stored or staged elsewhere."""
    rows = [row(name) for name in names]
    contents = Contents(b"".join(one.raw for one in rows), tuple(one.key for one in rows))
    return Part((), (), [(Segment(rows[-1].key, len(rows), sha256(contents.raw).digest()[:16]), contents)])


async def begin(
    store: Store, resource: Resource = CUSTOMERS, kind: Kind = Kind.SWEEP, *, baseline: bool = False
) -> AbstractAsyncContextManager[Cycle]:
    """Begin a cycle."""
    return await store.begin(resource, kind, host="x3.acme.example", folder="SEED", now=1, baseline=baseline)


async def stage(cycle: Cycle, *parts: Part, first: int = 0) -> list[KeyBytes]:
    """Stage each part at a position of its own, from `first` on; return the repeated keys."""
    repeated: list[KeyBytes] = []
    for position, part in enumerate(parts, first):
        repeated += await cycle.stage(position, rows=part.rows, changes=part.changes, segments=part.segments)
    return repeated


async def poll(
    store: Store,
    *parts: Part,
    resource: Resource = CUSTOMERS,
    standing: Standing = Standing(),  # noqa: B008 - frozen
    layout: Sequence[int | Segment] | None = None,
    baseline: bool = False,
    detected: Detected | None = None,
) -> Outcome:
    """Run one cycle to its commit."""
    async with await begin(store, resource, baseline=baseline) as cycle:
        await stage(cycle, *parts)
        return await cycle.commit(standing, layout, detected)


async def sight(store: Store, resource: Resource = CUSTOMERS, names: str = "abcdefgh") -> Sight:
    """Read all that the store shows of `resource` and the records called `names`."""
    try:
        seen, as_of_seq, _ = await store.read_records(resource.connection, resource.name, after=None, limit=1_000)
    except StoreError:
        seen, as_of_seq = None, -1
    segments = await store.segments(resource)
    return Sight(
        standing=await store.standing(resource),
        stored=await store.known(resource, [key(name) for name in names]),
        seen=seen,
        as_of_seq=as_of_seq,
        segments=segments,
        contents=await store.contents(segments),
        absent=await store.absent(resource),
        absences=await store.absences(resource),
        unplaced=await store.unplaced(resource),
        stalest=await store.stalest(resource, 1_000),
        coverage=await store.coverage(resource, 50),
        changes=await store.read_changes(0, 1_000, connection=resource.connection, resource=resource.name),
    )
