"""A new secret that a connection is given, and what came of it."""

from msgspec import Struct

from driftd.core.brought import Change
from driftd.core.secret import Secret
from driftd.core.trial import Trial


class Renewal(Struct, frozen=True):
    """A secret in the place of the one before it."""

    connection: str
    secret: Secret
    field: str | None = None
    """The setting that it stands for, where driftd keeps several of the connection; None: the one that persons give."""
    check: bool = True
    """Whether it is tried live first, and not kept where that fails."""


class Renewed(Struct, frozen=True):
    """What came of it, in one line too."""

    change: Change
    """``changed``; ``unchanged``: it is the one that is kept; ``refused``: it was not kept."""
    says: str
    trial: Trial | None = None
    """Its live check; None where there was none."""
