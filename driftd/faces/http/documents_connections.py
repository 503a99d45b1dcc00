"""What the API answers of connections, as types: how they are, what happened to them, what to do."""

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from msgspec import Struct, field

from driftd.core.credential import Credential, CredentialState
from driftd.core.drift import DriftKind, Scope, Severity
from driftd.core.reasons import Actor, Cause, State
from driftd.errors import Reason
from driftd.faces.http.documents import Moment

Stands: TypeAlias = Literal["file", "stored"]
"""In a file, or in the database."""


class Link(Struct, forbid_unknown_fields=True):
    """Where more is, or what can be done."""

    href: str
    method: str = "GET"
    templated: bool = False
    """Whether what stands in braces is to be filled in."""


class Summary(Struct, forbid_unknown_fields=True, kw_only=True):
    """A connection in short."""

    connection: str
    folder: str
    host: str
    customer: str | None
    environment: str | None
    state: State
    down: bool
    since: Moment
    reason: Reason | None
    source: Stands | None
    links: Mapping[str, Link] = field(name="_links")


class Summaries(Struct, forbid_unknown_fields=True):
    """Connections."""

    connections: list[Summary]
    total: int
    """How many there are, chosen or not."""


class Spread(Struct, forbid_unknown_fields=True):
    """How far a trouble reaches."""

    of: Scope
    failing: int
    members: int


class Pause(Struct, forbid_unknown_fields=True):
    """A pause that holds."""

    since: Moment
    until: Moment
    reason: str
    by: str


class Window(Struct, forbid_unknown_fields=True):
    """A window of maintenance that runs, or is still to come."""

    since: Moment
    until: Moment
    runs: bool
    reason: str
    by: str


class Budget(Struct, forbid_unknown_fields=True):
    """What may be asked of a tenant in a day, and was."""

    requests: int
    requests_limit: int
    bytes: int
    bytes_limit: int
    resumes: Moment


class Firing(Struct, forbid_unknown_fields=True):
    """An alert that fires, in short."""

    id: str
    severity: Severity
    kind: DriftKind
    finding: str
    resource: str | None
    field: str | None
    actor: Actor
    since: Moment
    muted: bool


class Resource(Struct, forbid_unknown_fields=True):
    """A resource of a connection."""

    resource: str
    reason: Reason | None
    message: str | None
    last_poll: Moment | None
    last_success: Moment | None
    last_change: Moment | None
    last_sweep: Moment | None
    next_poll: Moment | None
    interval: float
    """Seconds."""
    records: int
    pending: int
    held: int
    details_coverage: float | None


class Signed(Struct, forbid_unknown_fields=True):
    """When something was done, and by whom."""

    at: Moment
    by: str


class Connection(Summary, forbid_unknown_fields=True, kw_only=True):
    """All of a connection, without its secret."""

    cause: Cause | None
    actor: Actor | None
    resource: str | None
    """The one that has the trouble, where it is one alone."""
    message: str | None
    hint: str | None
    scope: Spread | None
    last_success: Moment | None
    next_poll: Moment | None
    pause: Pause | None
    maintenance: Window | None
    held_until: Moment | None
    breaker_open_until: Moment | None
    budget: Budget
    credentials: Mapping[Credential, CredentialState]
    expiry: Mapping[Credential, Moment]
    alerts: list[Firing]
    resources: list[Resource]
    place: str | None
    settings: Mapping[str, Any] | None
    """As it is stored; None for one of a file."""
    made: Signed | None
    changed: Signed | None
