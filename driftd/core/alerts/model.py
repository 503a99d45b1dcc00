"""The nouns of alerts: what is kept of a drift from its first evaluation until a day after its end."""

from enum import StrEnum

from msgspec import Struct

from driftd.core.drift import Drift, Scope, Severity
from driftd.core.schema.model import Baseline


class AlertState(StrEnum):
    """Where an alert stands."""

    PENDING = "pending"
    FIRING = "firing"
    RESOLVED = "resolved"


class Mute(Struct, frozen=True):
    """A person's word that notices are not wanted; hides neither the alert nor its metric."""

    until: int
    """Epoch ms; it ends by itself."""
    reason: str
    by: str
    at: int
    """When it was said, epoch ms."""


class Alert(Struct, frozen=True):
    """One drift over time. One open alert per id."""

    id: str
    """Fingerprint over scope, scope id, resource, kind, finding and field: 16 hex digits."""
    scope: Scope
    scope_id: str
    """The connection, host, folder (``host/folder``), resource, or ``all``."""
    drift: Drift
    """As the latest evaluation that found it saw it; the severity is the one in force."""
    state: AlertState
    since: int
    """When the state began, epoch ms."""
    first_incident: int
    """Of this alert, epoch ms; kept when it is reopened."""
    last_incident: int
    count: int = 1
    """Evaluations that found it."""
    failing: tuple[int, ...] = ()
    """When the latest three failing evaluations were, epoch ms."""
    row: int = 1
    """Failing evaluations in a row."""
    good: int = 0
    """Good evaluations in a row."""
    good_since: int | None = None
    """When the first of them was, epoch ms."""
    reopened: tuple[int, ...] = ()
    """When it was reopened in the last 24 h, epoch ms."""
    flapping: bool = False
    """Notices are withheld until it is stable for a day."""
    told: Severity | None = None
    """The severity that was last notified while firing; None where nobody was told."""
    mute: Mute | None = None
    attached_to: str | None = None
    """Id of the alert of a wider scope that speaks for it."""
    members: tuple[str, ...] = ()
    """Ids of the alerts that it speaks for, at most 100; `Drift.affected` counts all members that are struck."""
    group: bool = False
    """Whether it speaks for others, rather than for a drift of its own."""
    dropped: bool = False
    """Whether it ended before it ever fired; a return begins it anew."""

    @property
    def open(self) -> bool:
        """Whether it is pending or fires."""
        return self.state is not AlertState.RESOLVED

    @property
    def failing_now(self) -> bool:
        """Whether it is open and the latest evaluation that covered it found it."""
        return self.state is not AlertState.RESOLVED and not self.good

    def muted(self, now: int) -> bool:
        """Whether notices are not wanted at `now` (epoch ms)."""
        return self.mute is not None and now < self.mute.until

    @property
    def firing(self) -> bool:
        """Whether it fires now."""
        return self.state is AlertState.FIRING


class Telling(StrEnum):
    """What a notice says."""

    FIRING = "firing"
    SEVERITY = "severity"
    RESOLVED = "resolved"
    FLAPPING = "flapping"


class Notice(Struct, frozen=True):
    """One event of the alert stream; its id is the same however often it is read."""

    id: str
    """Fingerprint over alert, telling, time and count: 32 hex digits."""
    at: int
    """Epoch ms."""
    telling: Telling
    alert: Alert
    """As it was then."""


class Deed(Struct, frozen=True):
    """One row of the audit log: what a person did to an alert, a drift, a hold, a secret or a connection."""

    at: int
    """Epoch ms."""
    by: str
    action: str
    """``accept``, ``undo``, ``mute``, ``release``, ``keep``; of secrets ``keep_secret``, ``put_back``, ``rewrap``,
    ``shred``; of tokens ``make_token``, ``revoke_token``; of connections ``add_connection``, ``change_connection``,
    ``remove_connection``, ``erase_connection``, ``pause``, ``resume``, ``maintenance``, ``cancel_maintenance``."""
    connection: str
    resource: str | None
    subject: str
    """Id of the alert, hash of the set of candidates, which secret, or the connection."""
    reason: str
    before: str = ""
    after: str = ""
    """Fingerprints of what was the baseline, and of what is now; numbers of records; ids of a secret's keys; times."""
    replaced: Baseline | None = None
    """The baseline of the shape that an acceptance replaced: to which it can be undone."""
