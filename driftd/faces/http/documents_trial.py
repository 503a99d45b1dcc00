"""What the API answers of a live check, as types."""

from msgspec import Struct

from driftd.core.trial import Capability, Check, StepOutcome
from driftd.errors import Reason


class Step(Struct, forbid_unknown_fields=True):
    """A step of a live check."""

    check: Check
    subject: str
    outcome: StepOutcome
    seconds: float
    message: str
    reason: Reason | None
    hint: str | None
    capability: Capability | None
    """Of a class that was looked at."""
    who_acts: str | None = None
    """Of one that failed, as the next."""
    tell_the_customer: str | None = None


class Trial(Struct, forbid_unknown_fields=True):
    """A live check, and what it cost the tenant."""

    connection: str
    valid: bool
    requests: int
    bytes: int
    seconds: float
    steps: list[Step]
