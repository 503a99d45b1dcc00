"""The one error tree, cut by who must act.

    DriftdError
    ├── ConfigError            operator edits the configuration
    ├── LockedError            operator stops the other daemon first
    ├── SourceError(reason)    a tenant or the way to it: wait, or the actor of its `Reason`
    ├── StoreError             our SRE: disk, permissions, corruption
    │   ├── EmptyStoreError    nobody: nothing was ever stored
    │   ├── DamagedStoreError  the daemon, by itself: sets the file aside and goes on from a backup, or anew
    │   └── FullStoreError     our SRE makes room; the daemon goes on by itself
    ├── SealError              operator: a stored secret does not open; put its key back, or store it anew
    ├── DecisionError          whoever decided: the alert is not there, is over, or is of another kind
    └── FencedError            nobody: a process that lost its lock must write nothing

Whatever is none of these is a bug and reaches the top. Messages are lower-case, name the thing in quotes and
the next step; they never carry a secret or a record's value.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple


class Reason(StrEnum):
    """Why a poll failed or is not wholly trusted: a closed set, mapped once from foreign errors in the adapter."""

    DNS_FAILURE = "dns_failure"
    CONNECTION_REFUSED = "connection_refused"
    CONNECT_TIMEOUT = "connect_timeout"
    CONNECTION_RESET = "connection_reset"
    TIMEOUT = "timeout"
    PROXY_ERROR = "proxy_error"
    TLS_ERROR = "tls_error"
    TLS_EXPIRED = "tls_expired"
    SERVER_ERROR = "server_error"
    GATEWAY_ERROR = "gateway_error"
    MAINTENANCE_PAGE = "maintenance_page"
    RATE_LIMITED = "rate_limited"
    BUDGET_EXHAUSTED = "budget_exhausted"
    OAUTH_INVALID_CLIENT = "oauth_invalid_client"
    OAUTH_ERROR = "oauth_error"
    TOKEN_EXPIRED = "token_expired"  # noqa: S105 - a reason, not a secret
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    FOLDER_NOT_FOUND = "folder_not_found"
    WRONG_FOLDER = "wrong_folder"
    RESOURCE_NOT_FOUND = "resource_not_found"
    ADDRESS_NOT_ALLOWED = "address_not_allowed"
    CONFIG_ERROR = "config_error"
    EMPTY_ANSWER = "empty_answer"
    INVALID_PAYLOAD = "invalid_payload"
    PAYLOAD_TOO_LARGE = "payload_too_large"
    PAGING_INCOMPLETE = "paging_incomplete"
    SUSPECT_MASS_DELETE = "suspect_mass_delete"
    KEY_NOT_UNIQUE = "key_not_unique"
    CLOCK_SKEW = "clock_skew"
    STORE_ERROR = "store_error"
    INTERNAL_ERROR = "internal_error"
    FROZEN = "frozen"


class DriftdError(Exception):
    """Any failure that driftd foresees."""


class Mistake(NamedTuple):
    """One mistake in the configuration."""

    path: str
    """TOML path, such as ``connections[0].base_url``."""
    message: str
    """What is wrong, and what would be right."""


class ConfigError(DriftdError):
    """The configuration cannot be used; carries every mistake at once."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(f"{m.path}: {m.message}" if m.path else m.message for m in self.mistakes))


class LockedError(DriftdError):
    """Another daemon owns the data directory (exit code 3)."""


class SourceError(DriftdError):
    """A tenant did not answer as it must.

    ``hint`` is the next step; ``retry_after`` the seconds the tenant asked us to wait, where it did; ``requests`` and
    ``wire_bytes`` what the failed call cost. ``heard``: another connection was told so, and nothing was asked.
    """

    def __init__(
        self,
        reason: Reason,
        message: str,
        *,
        hint: str = "",
        status: int | None = None,
        retry_after: float | None = None,
        heard: bool = False,
    ) -> None:
        self.reason = reason
        self.hint = hint
        self.status = status
        self.retry_after = retry_after
        self.heard = heard
        self.requests = 0
        self.wire_bytes = 0
        super().__init__(message)


class DecisionError(DriftdError):
    """A decision cannot be carried out; ``hint`` is the next step.

    ``unknown`` says that there is no such alert, ``invalid`` that the decision itself is not one that can be taken.
    """

    def __init__(self, message: str, *, hint: str, unknown: bool = False, invalid: bool = False) -> None:
        self.hint = hint
        self.unknown = unknown
        self.invalid = invalid
        super().__init__(message)


class SealError(DriftdError):
    """A stored secret does not open: its key is missing, or it is damaged or was moved. Never says what it holds."""


class StoreError(DriftdError):
    """The store cannot be opened, read or written."""


class EmptyStoreError(StoreError):
    """Nothing was ever stored there."""


class DamagedStoreError(StoreError):
    """What the database holds cannot be believed: its file is torn, overwritten, emptied, or no database at all."""


class FullStoreError(StoreError):
    """There is no room to write; what was committed is intact."""


class FencedError(StoreError):
    """The process no longer owns the store: a later start raised the epoch."""
