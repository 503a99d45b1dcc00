"""The nouns: what a connection polls, what it sees, and what is remembered of it."""

from collections.abc import Mapping, Sequence
from datetime import time
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from msgspec import Struct, field

from driftd.core.rules import Rules

KeyPart: TypeAlias = str | int | float | bool
KeyBytes: TypeAlias = bytes
"""A record's key as compact JSON array, so that ``1`` and ``"1"`` are different keys: ``b'["C001"]'``."""
Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
JsonObject: TypeAlias = Mapping[str, Json]


class Kind(StrEnum):
    """The three kinds of cycle."""

    PROBE = "probe"
    DELTA = "delta"
    SWEEP = "sweep"


class Op(StrEnum):
    """What happened to a record, in Debezium's letters."""

    READ = "r"
    CREATE = "c"
    UPDATE = "u"
    DELETE = "d"
    MARKER = "m"
    """To none: the log itself says something of a resource, as ``reason`` tells."""


class Confidence(StrEnum):
    """How a change is known."""

    OBSERVED = "observed"
    INFERRED_ABSENT = "inferred_absent"
    CONFIRMED_ABSENT = "confirmed_absent"


class ChangeReason(StrEnum):
    """Why an event is not an ordinary one."""

    BASELINE = "baseline"
    REBASELINE = "rebaseline"
    SCHEMA_CHANGE = "schema_change"
    RESURRECTED = "resurrected"


class Absence(StrEnum):
    """What is thought of a record that a sweep did not show."""

    PENDING = "pending"
    """It waits for its second look, or for a second complete sweep."""
    HELD = "held"
    """A guard stopped the delete until a person or a better sweep decides."""


class Policy(StrEnum):
    """What schema drift does."""

    EVOLVE = "evolve"
    """It is learnt; only what breaks a reader or a writer keeps an alert."""
    WARN = "warn"
    """It is learnt, and alerts by its level until it is accepted or gone."""
    HOLD = "hold"
    """As ``warn``; change events are stored, and released when it is accepted."""
    FREEZE = "freeze"
    """As ``warn``; no further cycle of the resource until it is accepted."""


class Privacy(StrEnum):
    """What is stored of a member, the strictest last: see `core.veil`."""

    KEEP = "keep"
    HASH = "hash"
    MASK = "mask"
    DROP = "drop"


class Guards(Struct, frozen=True):
    """When deletes are not believed (mass-delete guard) and how long a second look waits."""

    ratio: float = 0.10
    """Share of the last trusted count above which a sweep's deletes are held."""
    limit: int = 500
    """Number above which they are held whatever the share."""
    second_look: float = 45.0
    """Seconds before what is alarming or irreversible is looked at again."""


class Hours(Struct, frozen=True):
    """A stretch of the day in the tenant's time zone; over midnight where ``end`` is not after ``start``."""

    start: time
    end: time


class Calendar(Struct, frozen=True):
    """When a resource may be polled, and when it is swept where that is no interval."""

    sweep_cron: str | None = None
    """Five cron fields in ``timezone``; where set it decides instead of the interval."""
    timezone: str = "UTC"
    blackout: tuple[Hours, ...] = ()
    """Hours without cycles."""


class Resource(Struct, frozen=True):
    """One X3 class polled in one connection's folder, with the settings in force for it."""

    connection: str
    name: str
    """The class, such as ``BPCUSTOMER``; also the resource's label."""
    representation: str
    key: tuple[str, ...]
    details: bool = False
    """Whether each record is completed from the ``$details`` facet (document classes)."""
    watermark: str | None = None
    """Member of the query facet that carries the record's own update stamp, where the tenant offers one."""
    volatile: tuple[str, ...] = ()
    """Members that never count as a change, by name, at every depth."""
    lines: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Collections that have a line key, and its members: ``{"SOHSOP": ("SOPLIN",)}``; rows are put in its order."""
    page_size: int = 500
    details_per_hour: int = 600
    watermark_overlap: float = 600.0
    """Seconds by which a delta reads behind its watermark."""
    probe: float = 300.0
    delta: float = 900.0
    sweep: float = 86400.0
    """Distances between due cycles, in seconds."""
    calendar: Calendar = field(default_factory=Calendar)
    guards: Guards = field(default_factory=Guards)
    policy: Policy = Policy.WARN
    references: Mapping[str, str] = field(default_factory=dict)
    """Member, of the record or of its lines → class that it names by its key."""
    rules: Rules = Rules()
    """What exact checks know of the class."""
    private: Mapping[str, Privacy] = field(default_factory=dict)
    """Member or path → its rule; empty where all is kept."""


class Query(Struct, frozen=True):
    """One page asked for, always with an explicit order on the key.

    ``after`` is the key to read behind (exclusive), ``start`` the key to read from (inclusive); at most one is given.
    ``since`` is a watermark value: only records with ``watermark >= since``, ordered by it and then the key;
    ``stamped`` asks for that order, of all records where there is no ``since``.
    ``next`` continues the ``$next`` link of an earlier page and then decides the position alone. ``split`` says that
    the page will be looked into whatever its bytes are: it can then be split as it is judged, in one pass.
    """

    count: int
    after: KeyBytes | None = None
    start: KeyBytes | None = None
    descending: bool = False
    since: str | None = None
    next: str | None = None
    split: bool = False
    stamped: bool = False

    @property
    def by_stamp(self) -> bool:
        """Whether records come in the order of the watermark."""
        return self.stamped or self.since is not None


class Page(Struct, frozen=True):
    """One answer to a `Query`: the exact bytes of the ``$resources`` array."""

    records: bytes
    next: str | None
    """Where the tenant says the reading goes on; None is its proof that this was the end."""
    wire_bytes: int
    """Bytes read from the network for it, retries and tokens included."""
    requests: int
    """Requests it took, retries and tokens included."""
    slices: Sequence[bytes] | None = None
    """The records, each exactly as sent, where the page was split already: `Source.split` gives them in any case."""


class Details(NamedTuple):
    """One ``$details`` answer. ``record`` is None where the tenant says that the record does not exist."""

    record: JsonObject | None
    wire_bytes: int
    requests: int


class Prototypes(NamedTuple):
    """What a tenant declares of a resource. ``declared`` is None where there is nothing to be had."""

    declared: JsonObject | None
    """The prototype of the query facet, completed from that of the details facet where records have details."""
    wire_bytes: int = 0
    requests: int = 0


class Stored(Struct, frozen=True):
    """What the store holds of one key: a live record, or the tombstone of a deleted one."""

    key: KeyBytes
    raw: bytes
    """Fingerprint of the record's bytes as last seen (16 bytes), without volatile members."""
    fingerprint: bytes
    """Fingerprint of its canonical form, details included."""
    body: bytes
    """Canonical JSON of the query facet."""
    details: bytes | None
    """Canonical JSON of the ``$details`` facet, where it was read."""
    details_at: int | None
    """When the details were read, epoch ms."""
    seq: int
    """``seq`` of the key's latest change event, or its baseline's ``as_of_seq``."""
    first_seen: int
    """When the key was first seen, epoch ms."""
    placed: bool
    """Whether a segment lists the key; a record that only a probe or a delta showed is not placed yet."""
    absent: Absence | None = None
    absent_since: int | None = None
    """When a sweep first missed it, epoch ms."""
    deleted_at: int | None = None
    """Set on a tombstone, epoch ms."""


class Row(NamedTuple):
    """What a cycle wants remembered of one key; replaces what was there."""

    key: KeyBytes
    raw: bytes
    fingerprint: bytes
    body: bytes
    details: bytes | None = None
    details_at: int | None = None
    first_seen: int = 0
    placed: bool = True
    absent: Absence | None = None
    absent_since: int | None = None
    deleted_at: int | None = None


class Change(Struct, frozen=True):
    """A change event before the store gives it its ``seq``. Bodies are canonical JSON of the whole record."""

    id: str
    """Hex sha256 over connection, resource, key, after-hash and the key's previous ``seq``."""
    op: Op
    key: KeyBytes
    before: bytes | None
    after: bytes | None
    changed: tuple[str, ...]
    """JSON pointers of the changed values (RFC 6901)."""
    before_hash: str | None
    after_hash: str | None
    page: int
    """Number of the page or segment in which it was seen, from 0."""
    row: int
    """Number of the row in the cycle, from 0."""
    source_ts: int | None
    """The record's own update stamp, epoch ms."""
    ts: int
    """When driftd observed it, epoch ms."""
    first_seen: int
    confidence: Confidence = Confidence.OBSERVED
    reason: ChangeReason | None = None
    related: tuple[str, ...] = ()
    completed: bool = False
    """Whether its details were read for the first time: ``before`` lacks them. Not remembered."""


class Recorded(NamedTuple):
    """A change as it stands in the log. ``envelope`` is the whole event as a JSON object with its ``seq``."""

    seq: int
    connection: str
    resource: str
    op: Op
    envelope: bytes


class Segment(Struct, frozen=True):
    """A stored stretch of a resource's key order, read and hashed as one. Immutable: a changed stretch is a new one."""

    boundary: KeyBytes
    """Key of its last record."""
    n: int
    """Records in it, as the server returns them (duplicates and keyless rows included)."""
    digest: bytes
    """Hash of its bytes in ``$resources``, without volatile members (16 bytes)."""
    duplicates: int = 0
    """Rows that repeat a key with a different content."""
    keyless: int = 0
    """Rows without a usable key, which are quarantined."""
    id: int | None = None
    """Given by the store; None while it is new."""


class Contents(NamedTuple):
    """The rows of a segment in server order: ``raw`` is n × 16 bytes, ``keys`` n keys (``b""`` where keyless)."""

    raw: bytes
    keys: tuple[KeyBytes, ...]


class Standing(Struct, frozen=True):
    """How far a resource has safely been read: its checkpoint, as of the last committed cycle."""

    baselined: bool = False
    """Whether a complete sweep was ever committed."""
    sweeps: int = 0
    """Complete sweeps so far; numbers the next."""
    records: int = 0
    """Live records of the snapshot."""
    watermark: str | None = None
    """Newest watermark value that the tenant showed before the last reading that came to its end, as it wrote it."""
    volatile: tuple[str, ...] = ()
    """Members learnt to differ at every read: cut from the bytes."""
    proposed: tuple[str, ...] = ()
    """Members that changed in nearly every record in the last sweep: proposed as volatile at the second time."""
    details_budget: float = 0.0
    """Details reads left in hand."""
    details_budget_at: int = 0
    """When that was reckoned, epoch ms."""
    last_probe: int | None = None
    last_delta: int | None = None
    last_sweep: int | None = None
    """When a cycle of each kind last succeeded, epoch ms."""
    requests: int = 0
    """Requests of the last complete sweep, without those for details."""
    wire_bytes: int = 0
    """Bytes it read from the network, without those of details."""
    probe_bytes: int = 0
    """Bytes that the last probe read."""
    delta_requests: int = 0
    delta_bytes: int = 0
    """What the last delta read, without details."""
    details_bytes: int = 0
    """Bytes of one details read, on the average of the last cycle that had some."""
    recipe: str = ""
    """What the raw fingerprints and digests were made with; another recipe means they say nothing."""
    seed: int = 0
    """Seed of the raw fingerprints: 64 random bits, drawn once for the resource."""
    cursor_lost: bool = False
    """Whether the watermark's member went or changed its form: sweeps instead of deltas until that is accepted."""
    frozen: bool = False
    """Whether no cycle runs until a drift is accepted: policy ``freeze``."""
    forgotten: int = 0
    """Up to which number tombstones may be gone: what a key that has none takes for its previous ``seq``.

    Given by the store; what a commit says of it counts for nothing.
    """
    private: Mapping[str, Privacy] = {}
    """The field rules under which all that was read is stored."""
    scrubbed: Mapping[str, Privacy] = {}
    """The field rules under which all that is stored was last rewritten."""
    halfway: tuple[Mapping[str, Privacy], ...] = ()
    """Field rules under which a rewriting began since the last complete sweep: what is stored may show any of them."""
    lifted: tuple[Mapping[str, Privacy], ...] = ()
    """Field rules of before, under which stand still what was not read since `lifted_at`: details, absent records."""
    lifted_at: int = 0
    """When the sweep began that read all under other rules than before, epoch ms."""
    erased: int = 0
    """Records that a person had erased, and that are not seen again."""
