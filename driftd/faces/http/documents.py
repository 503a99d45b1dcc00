"""What the API answers, as types: the OpenAPI document is made of them, and tests hold real answers against them."""

from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType, field

from driftd.core.access import Scope as TokenScope
from driftd.core.alerts.model import AlertState
from driftd.core.drift import DriftKind, Impact, Scope, Severity
from driftd.core.reasons import Actor
from driftd.core.schema.model import Source
from driftd.faces.http.documents_trial import Trial

Moment: TypeAlias = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]


class Mistaken(Struct, forbid_unknown_fields=True):
    """One mistake of a connection that was brought."""

    path: str
    message: str


class Problem(Struct, forbid_unknown_fields=True):
    """What is wrong, and the next step (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    hint: str
    mistakes: list[Mistaken] | UnsetType = UNSET
    """Of a connection that cannot be as it was brought: all of them."""
    check: Trial | UnsetType = UNSET
    """Of one that is not valid: its live check, with each step."""


class Token(Struct, forbid_unknown_fields=True):
    """What a token lets its bearers do; its text is shown to nobody."""

    name: str
    scope: TokenScope
    connection: str | None
    made_at: Moment
    made_by: str
    expires_at: Moment | None
    expired: bool
    used_at: Moment | None


class Tokens(Struct, forbid_unknown_fields=True):
    """The tokens, by name."""

    tokens: list[Token]


class Cursor(Struct, forbid_unknown_fields=True):
    """A reader's place in the log of changes."""

    name: str
    after: int
    connection: str | None
    resource: str | None
    used_at: Moment
    live: bool


class Cursors(Struct, forbid_unknown_fields=True):
    """Who reads the log of changes."""

    cursors: list[Cursor]


class Forgotten(Struct, forbid_unknown_fields=True):
    """The name of a cursor that is gone."""

    forgotten: str


class Pruned(Struct, forbid_unknown_fields=True):
    """What a prune removed."""

    removed: int
    stripped: int
    counters: int
    tombstones: int
    cursors: int
    log_bytes: int
    file_bytes: int
    more: bool


class Reach(Struct, forbid_unknown_fields=True):
    """How far an alert reaches."""

    of: Scope
    name: str
    members: list[str]


class Muted(Struct, forbid_unknown_fields=True):
    """A person's word that notices are not wanted."""

    until: Moment
    reason: str
    by: str


class Alert(Struct, forbid_unknown_fields=True, kw_only=True):
    """An alert, what it rests on, and what it says in words."""

    id: str
    state: AlertState
    severity: Severity
    kind: DriftKind
    finding: str
    scope: Reach
    attached_to: str | None
    connection: str | None
    resource: str | None
    field: str | None
    says: str
    since: Moment
    first_incident: Moment
    last_incident: Moment
    count: int
    reopened: int
    flapping: bool
    muted: Muted | None
    expected: str
    seen: str
    rule: str
    n: int
    m: int
    affected: int
    samples: list[str]
    read_impact: Impact
    write_impact: Impact
    hint: str | None
    evidence: Mapping[str, Any]
    actor: Actor
    who_acts: str
    tell_the_customer: str
    how_to_fix: list[str]


class Alerts(Struct, forbid_unknown_fields=True):
    """Alerts, the gravest first."""

    alerts: list[Alert]


class Held(Struct, forbid_unknown_fields=True):
    """Deletes that an alert holds."""

    deletes: int
    candidates: str


class Version(Struct, forbid_unknown_fields=True):
    """A version of a schema, in short."""

    source: Source
    number: int
    fingerprint: str
    parent: str | None
    at: Moment
    fields: int
    records: int


class Deed(Struct, forbid_unknown_fields=True):
    """What a person did."""

    at: Moment
    by: str
    action: str
    connection: str
    resource: str | None
    subject: str
    reason: str
    before: str | None
    after: str | None


class Case(Alert, kw_only=True):
    """An alert with what bears on it."""

    held: Held | None
    versions: list[Version]
    deeds: list[Deed]


class Decided(Struct, forbid_unknown_fields=True):
    """What came of a decision."""

    alert: str
    """The whole id."""
    says: str


class Difference(Struct, forbid_unknown_fields=True):
    """A difference of two versions of a schema."""

    kind: str
    field: str | None
    to: str | None
    before: str | None
    after: str | None
    read_impact: Impact
    write_impact: Impact


class History(Struct, forbid_unknown_fields=True, kw_only=True):
    """The versions of a schema, and where asked for the differences of two."""

    connection: str
    resource: str
    versions: list[Version]
    source: Source | None = None
    before: int | None = field(name="from", default=None)
    to: int | None = None
    differences: list[Difference] = []


class Target(Struct, forbid_unknown_fields=True):
    """A target of Prometheus' ``http_sd``."""

    targets: list[str]
    labels: Mapping[str, str]
