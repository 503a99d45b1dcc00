"""What the API answers when something is done to connections, or asked of what happened to them: as types."""

from collections.abc import Mapping

from msgspec import Struct, field

from driftd.core.brought import Change
from driftd.core.health import Result
from driftd.core.model import Kind, Op
from driftd.core.reasons import Actor, Cause, State
from driftd.core.words import Language
from driftd.errors import Reason
from driftd.faces.http.documents import Deed, Moment
from driftd.faces.http.documents_connections import Connection, Link, Pause, Window
from driftd.faces.http.documents_trial import Trial


class Brought(Connection, forbid_unknown_fields=True, kw_only=True):
    """What came of a connection that was brought."""

    says: str
    change: Change
    check: Trial | None


class Renewed(Struct, forbid_unknown_fields=True):
    """What came of a secret that was given."""

    says: str
    change: Change
    check: Trial | None
    """None where it was not tried here, or is kept already."""
    links: Mapping[str, Link] = field(name="_links")


class Asked(Struct, forbid_unknown_fields=True):
    """What was asked for, and is done later."""

    says: str
    links: Mapping[str, Link] = field(name="_links")


class Aside(Struct, forbid_unknown_fields=True):
    """What came of the word that a connection is put aside or not, and how it is put aside now."""

    connection: str
    says: str
    pause: Pause | None
    maintenance: Window | None


class StateEvent(Struct, forbid_unknown_fields=True, tag="state"):
    """A change of a connection's state."""

    at: Moment
    before: State
    after: State
    reason: Reason | None
    message: str


class HourEvent(Struct, forbid_unknown_fields=True, tag="hour"):
    """The polls of an hour that went well."""

    at: Moment
    resource: str
    polls: int
    seconds: float
    changes: int


class PollEvent(Struct, forbid_unknown_fields=True, tag="poll"):
    """A poll."""

    at: Moment
    resource: str
    kind: Kind
    outcome: Result
    reason: Reason | None
    message: str
    hint: str
    status: int | None
    seconds: float
    records: int
    changes: Mapping[Op, int]
    pending: int
    held: int


class Happened(Struct, forbid_unknown_fields=True):
    """What happened to a connection, newest first."""

    connection: str
    since: Moment
    until: Moment
    events: list[StateEvent | HourEvent | PollEvent]


class LastGood(Struct, forbid_unknown_fields=True):
    """What is had of a resource."""

    resource: str
    last_success: Moment | None
    last_change: Moment | None
    missing: str


class Fact(Struct, forbid_unknown_fields=True):
    """A line of a card."""

    text: str
    at: Moment | None


class Card(Struct, forbid_unknown_fields=True):
    """What support needs of a connection."""

    connection: str
    folder: str
    host: str
    customer: str | None
    language: Language
    at: Moment
    state: State
    since: Moment | None
    last_good: list[LastGood]
    reason: Reason | None
    meaning: str
    cause: Cause | None
    scope: str | None
    evidence: list[Fact]
    actor: Actor | None
    who_acts: str | None
    tell_the_customer: str
    how_to_fix: list[str]
    verify: str
    alerts: list[Fact]
    meanwhile: list[Fact]
    before: list[Fact]
    ahead: list[Fact]


class Audit(Struct, forbid_unknown_fields=True):
    """What persons and programs did, newest first."""

    audit: list[Deed]
    next: str | None
    """Where the next page begins; None: there is none."""
