"""A connection that a person or a program brings, and what came of it."""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from driftd.core.sealed import Kept
from driftd.core.secret import Secret
from driftd.core.trial import Trial


class Brought(Struct, frozen=True):
    """A connection as it is to be."""

    table: Mapping[str, object]
    """One ``[[connections]]`` table as JSON, without secrets."""
    secrets: Mapping[str, Kept | Secret] = {}
    """By the setting that they stand for, such as ``client_secret``; sealed, or about to be."""
    create: bool | None = None
    """True: it must be new; False: it must be there; None: either."""
    check: bool = True
    """Whether it is tried live first, and not stored where that fails."""


class Change(StrEnum):
    """What came of a connection that was brought."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    """It is already as it was brought: nothing was written."""
    REFUSED = "refused"
    """Its live check failed: nothing was written."""


class Put(Struct, frozen=True):
    """What came of it, in one line too."""

    name: str
    change: Change
    says: str
    trial: Trial | None = None
    """Its live check; None where there was none."""
