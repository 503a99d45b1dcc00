"""What each reason means: its cause, who acts, how far it reaches, and what it makes of a connection where it lasts."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from driftd.errors import Reason


class State(StrEnum):
    """The state of a connection; of those that apply, the first in this order counts.

    A resource that keeps failing makes `DEGRADED` come before another one's short trouble.
    """

    PAUSED = "paused"
    MAINTENANCE = "maintenance"
    UNVALIDATED = "unvalidated"
    UNKNOWN = "unknown"
    CONFIG_ERROR = "config_error"
    AUTH_FAILED = "auth_failed"
    UNREACHABLE = "unreachable"
    RATE_LIMITED = "rate_limited"
    STALLED = "stalled"
    RETRYING = "retrying"
    DEGRADED = "degraded"
    OK = "ok"

    @property
    def down(self) -> bool:
        """Whether data no longer arrives and somebody has to act."""
        return self in _DOWN


_DOWN: Final = frozenset({State.CONFIG_ERROR, State.AUTH_FAILED, State.UNREACHABLE, State.STALLED})


class Cause(StrEnum):
    """What kind of thing is wrong."""

    CONFIG = "config"
    CREDENTIAL = "credential"
    TRANSIENT = "transient"
    TENANT = "tenant"
    INTERNAL = "internal"


class Actor(StrEnum):
    """Who has to act."""

    X3_ADMIN = "customer_x3_admin"
    NETWORK_ADMIN = "customer_network_admin"
    OPERATOR = "operator"
    SRE = "sre"
    DEVELOPERS = "developers"
    WAIT = "wait"


class Reach(StrEnum):
    """How far a failure reaches for certain."""

    HOST = "host"
    """Every connection that goes the same way."""
    CONNECTION = "connection"
    """Every resource of the connection."""
    RESOURCE = "resource"


class Meaning(Struct, frozen=True):
    """One reason in all its respects."""

    cause: Cause
    actor: Actor
    reach: Reach
    state: State
    """Of the connection while the reason lasts; of reach `RESOURCE`: while it lasts at every resource."""
    grace: int = 3
    """Failures of this reason in a row until it counts as lasting; of whatever reasons: `GRACE`."""


GRACE: Final = 3
"""Failures in a row, or within `GRACE_SPAN`, that count as lasting whatever their reasons."""
GRACE_SPAN: Final = 8 * 3_600_000
"""Milliseconds within which as many failures count as lasting although something succeeded between them."""

_WAY = (Cause.TRANSIENT, Actor.NETWORK_ADMIN, Reach.HOST, State.UNREACHABLE)
_SECRET = (Cause.CREDENTIAL, Actor.X3_ADMIN, Reach.CONNECTION, State.AUTH_FAILED)
_ANSWER = (Cause.TENANT, Actor.DEVELOPERS, Reach.RESOURCE, State.DEGRADED)
_CONFIG = (Cause.CONFIG, Actor.OPERATOR, Reach.CONNECTION, State.CONFIG_ERROR)

MEANINGS: Final[Mapping[Reason, Meaning]] = MappingProxyType(
    {
        Reason.DNS_FAILURE: Meaning(*_WAY),
        Reason.CONNECTION_REFUSED: Meaning(*_WAY),
        Reason.CONNECT_TIMEOUT: Meaning(*_WAY),
        Reason.CONNECTION_RESET: Meaning(Cause.TRANSIENT, Actor.NETWORK_ADMIN, Reach.CONNECTION, State.UNREACHABLE),
        Reason.TIMEOUT: Meaning(Cause.TRANSIENT, Actor.NETWORK_ADMIN, Reach.RESOURCE, State.UNREACHABLE),
        Reason.PROXY_ERROR: Meaning(Cause.TRANSIENT, Actor.SRE, Reach.HOST, State.UNREACHABLE),
        Reason.TLS_ERROR: Meaning(Cause.TENANT, Actor.X3_ADMIN, Reach.HOST, State.UNREACHABLE),
        Reason.TLS_EXPIRED: Meaning(Cause.TENANT, Actor.X3_ADMIN, Reach.HOST, State.UNREACHABLE),
        Reason.SERVER_ERROR: Meaning(Cause.TENANT, Actor.X3_ADMIN, Reach.RESOURCE, State.UNREACHABLE),
        Reason.GATEWAY_ERROR: Meaning(Cause.TENANT, Actor.X3_ADMIN, Reach.CONNECTION, State.UNREACHABLE),
        Reason.MAINTENANCE_PAGE: Meaning(Cause.TENANT, Actor.X3_ADMIN, Reach.CONNECTION, State.UNREACHABLE),
        Reason.RATE_LIMITED: Meaning(Cause.TENANT, Actor.WAIT, Reach.CONNECTION, State.RATE_LIMITED),
        Reason.BUDGET_EXHAUSTED: Meaning(
            Cause.CONFIG, Actor.OPERATOR, Reach.CONNECTION, State.RATE_LIMITED, grace=1
        ),  # driftd's own doing: there is nothing to wait for
        Reason.OAUTH_INVALID_CLIENT: Meaning(*_SECRET, grace=2),  # the second is the second look, the third seldom
        Reason.OAUTH_ERROR: Meaning(*_SECRET, grace=2),
        Reason.TOKEN_EXPIRED: Meaning(*_SECRET, grace=2),
        Reason.UNAUTHORIZED: Meaning(*_SECRET, grace=2),
        Reason.FORBIDDEN: Meaning(Cause.CREDENTIAL, Actor.X3_ADMIN, Reach.RESOURCE, State.AUTH_FAILED),
        Reason.FOLDER_NOT_FOUND: Meaning(*_CONFIG, grace=2),
        Reason.WRONG_FOLDER: Meaning(*_CONFIG, grace=2),
        Reason.RESOURCE_NOT_FOUND: Meaning(Cause.CONFIG, Actor.OPERATOR, Reach.RESOURCE, State.DEGRADED),
        Reason.ADDRESS_NOT_ALLOWED: Meaning(*_CONFIG, grace=1),
        Reason.CONFIG_ERROR: Meaning(*_CONFIG, grace=1),
        Reason.EMPTY_ANSWER: Meaning(Cause.CREDENTIAL, Actor.X3_ADMIN, Reach.RESOURCE, State.DEGRADED, grace=1),
        Reason.INVALID_PAYLOAD: Meaning(*_ANSWER),
        Reason.PAYLOAD_TOO_LARGE: Meaning(*_ANSWER),
        Reason.PAGING_INCOMPLETE: Meaning(*_ANSWER),
        Reason.SUSPECT_MASS_DELETE: Meaning(
            Cause.TENANT, Actor.OPERATOR, Reach.RESOURCE, State.DEGRADED, grace=1
        ),  # a second look has confirmed it
        Reason.KEY_NOT_UNIQUE: Meaning(Cause.TENANT, Actor.OPERATOR, Reach.RESOURCE, State.DEGRADED, grace=1),
        Reason.CLOCK_SKEW: Meaning(Cause.INTERNAL, Actor.SRE, Reach.CONNECTION, State.UNREACHABLE),
        Reason.STORE_ERROR: Meaning(Cause.INTERNAL, Actor.SRE, Reach.RESOURCE, State.DEGRADED),
        Reason.INTERNAL_ERROR: Meaning(Cause.INTERNAL, Actor.SRE, Reach.RESOURCE, State.DEGRADED),
        Reason.FROZEN: Meaning(Cause.TENANT, Actor.OPERATOR, Reach.RESOURCE, State.DEGRADED, grace=1),
    }
)
