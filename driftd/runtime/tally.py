"""What one cycle did, in numbers and in words."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from driftd.core.model import Absence, Details, Kind, Op, Page, Prototypes, Resource, Standing
from driftd.errors import Reason, SourceError

Verdict = Literal["ok", "partial", "failed"]
_NAMED: Final = 3
"""Members that are named in a message."""


class Progress(Struct, frozen=True):
    """The running totals of one cycle, told after each page."""

    connection: str
    resource: str
    pages: int
    records: int
    expected: int | None
    """Records known of before; None at a baseline."""
    done: bool = False


class Failure(NamedTuple):
    """Why a cycle failed, or is not wholly trusted."""

    reason: Reason
    message: str
    hint: str
    status: int | None = None
    """HTTP status, where there was one."""
    retry_after: float | None = None
    """Seconds that the tenant asked to wait, where it did."""
    heard: bool = False
    """Whether another connection was told so, and nothing was asked."""

    @classmethod
    def of(cls, error: SourceError) -> "Failure":
        """Return what a tenant's failure says."""
        return cls(error.reason, str(error), error.hint, error.status, error.retry_after, error.heard)


Watch: TypeAlias = Callable[[Progress], None]
"""Is told of progress; must return at once."""


class CycleReport(Struct, frozen=True):
    """One finished cycle. ``partial``: it was committed, but something in it is not wholly trusted."""

    connection: str
    resource: str
    kind: Kind
    outcome: Verdict
    reason: Reason | None
    message: str
    hint: str
    records: int
    """Live records of the snapshot afterwards."""
    r: int
    c: int
    u: int
    d: int
    pending: int
    held: int
    pages: int
    pages_unchanged: int
    records_decoded: int
    details: int
    requests: int
    bytes: int
    """Read from the network."""
    seconds: float
    details_coverage: float | None = None
    """Share of the records whose details were read within a day; None where the class has none."""
    notes: tuple[str, ...] = ()
    status: int | None = None
    """HTTP status of what failed, where there was one."""
    retry_after: float | None = None
    """Seconds that the tenant asked to wait, where it did."""
    heard: bool = False
    """Whether what failed was told to another connection, and nothing was asked."""
    evaluated: bool = False
    """Whether the checks of drift ran to their end."""
    drifts: tuple[str, ...] = ()
    """What departs, such as ``field_renamed BPCNAM (critical)``."""
    schema_changes: Mapping[str, int] = {}
    """Changes of shape confirmed in this cycle, as ``kind/impact``."""


class Tally(Struct):
    """The running totals of one cycle."""

    resource: Resource
    kind: Kind
    pages: int = 0
    pages_unchanged: int = 0
    records: int = 0
    """Records seen, those of unchanged pages included."""
    records_decoded: int = 0
    details: int = 0
    details_requests: int = 0
    details_bytes: int = 0
    """What the details cost, which `requests` and `bytes` hold as well."""
    requests: int = 0
    bytes: int = 0
    baseline: int = 0
    """Baseline records read (``r``)."""
    snapshot: int = 0
    pending: int = 0
    held: int = 0
    covered: tuple[int, int] | None = None
    """Records whose details are young enough, of how many."""
    changes: Counter[Op] = field(default_factory=Counter)
    doubts: list[Failure] = field(default_factory=list)
    """What keeps the cycle from being wholly trusted."""
    notes: list[str] = field(default_factory=list)
    evaluated: bool = False
    drifts: tuple[str, ...] = ()
    schema_changes: Mapping[str, int] = field(default_factory=dict)
    _said_twice: bool = False

    def anew(self, kind: Kind, standing: Standing, absences: Mapping[Absence, int]) -> "Tally":
        """Return the tally of another pass over the resource as it stands, with what was read so far."""
        return Tally(
            self.resource,
            kind,
            snapshot=standing.records,
            pending=absences.get(Absence.PENDING, 0),
            held=absences.get(Absence.HELD, 0),
            requests=self.requests,
            bytes=self.bytes,
        )

    def read(self, page: Page) -> None:
        """Count one page."""
        self.pages += 1
        self.requests += page.requests
        self.bytes += page.wire_bytes

    def completed(self, details: Details) -> None:
        """Count one details read."""
        self.details += 1
        self.details_requests += details.requests
        self.details_bytes += details.wire_bytes
        self.requests += details.requests
        self.bytes += details.wire_bytes

    def asked(self, prototypes: Prototypes) -> None:
        """Count a read of what the tenant declares: it is no part of what the cycle's kind costs."""
        self.details_requests += prototypes.requests
        self.details_bytes += prototypes.wire_bytes
        self.requests += prototypes.requests
        self.bytes += prototypes.wire_bytes

    def remembered(self, standing: Standing) -> Standing:
        """Return what is remembered with what this cycle cost."""
        requests, size = self.requests - self.details_requests, self.bytes - self.details_bytes
        if self.details:
            standing = replace(standing, details_bytes=self.details_bytes // self.details)
        match self.kind:
            case Kind.SWEEP:
                return replace(standing, requests=requests, wire_bytes=size)
            case Kind.DELTA:
                return replace(standing, delta_requests=requests, delta_bytes=size)
            case Kind.PROBE:
                return replace(standing, probe_bytes=size)

    def failed(self, error: SourceError) -> None:
        """Count what a failed call cost."""
        self.requests += error.requests
        self.bytes += error.wire_bytes

    def doubt(self, reason: Reason, message: str, hint: str) -> None:
        """Note something that keeps the cycle from being wholly trusted; the first one is reported."""
        self.doubts.append(Failure(reason, message, hint))

    def repeated(self, names: Sequence[str]) -> None:
        """Note members that came twice in one record; that is said once."""
        if names and not self._said_twice:
            self._said_twice = True
            self.doubt(
                Reason.INVALID_PAYLOAD,
                f'"{self.resource.connection}" {self.resource.name}: members come twice in one record:'
                f" {', '.join(names[:_NAMED])}; the last one counts",
                "report it to the tenant: its web service says two things at once; records are captured as ever",
            )

    def oversized(self, records: int) -> None:
        """Note records over a limit, of which a fingerprint is kept."""
        if records:
            self.doubt(
                Reason.PAYLOAD_TOO_LARGE,
                f'"{self.resource.connection}" {self.resource.name}: {records} records are too large; of them a'
                " fingerprint is kept",
                "leave out the member that is so large from the representation; a change of it is told all the same",
            )

    def report(self, seconds: float, failure: Failure | None = None) -> CycleReport:
        """Close the account."""
        doubt = failure or (self.doubts[0] if self.doubts else None)
        committed = failure is None
        return CycleReport(
            connection=self.resource.connection,
            resource=self.resource.name,
            kind=self.kind,
            outcome="failed" if failure else "partial" if doubt else "ok",
            reason=doubt.reason if doubt else None,
            message=doubt.message if doubt else "",
            hint=doubt.hint if doubt else "",
            records=self.snapshot,
            r=self.baseline if committed else 0,
            c=self.changes[Op.CREATE] if committed else 0,
            u=self.changes[Op.UPDATE] if committed else 0,
            d=self.changes[Op.DELETE] if committed else 0,
            pending=self.pending,
            held=self.held,
            pages=self.pages,
            pages_unchanged=self.pages_unchanged,
            records_decoded=self.records_decoded,
            details=self.details,
            requests=self.requests,
            bytes=self.bytes,
            seconds=seconds,
            details_coverage=None if self.covered is None else self.covered[0] / max(1, self.covered[1]),
            notes=tuple(self.notes),
            status=doubt.status if doubt else None,
            retry_after=doubt.retry_after if doubt else None,
            heard=doubt is not None and doubt.heard,
            evaluated=committed and self.evaluated,
            drifts=self.drifts,
            schema_changes=self.schema_changes if committed else {},
        )
