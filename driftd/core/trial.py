"""What a live check of a connection found: its steps, in the order in which they build on each other."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct, field

from driftd.errors import Reason

Fact: TypeAlias = str | int | float | bool


class Check(StrEnum):
    """What a step looks at."""

    SECRET = "secret"  # noqa: S105 - a step, not a secret
    """The secret as it is sent, and to whom."""
    RESOLVE = "resolve"
    CONNECT = "connect"
    TLS = "tls"
    TOKEN = "token"  # noqa: S105 - a step, not a secret
    FOLDER = "folder"
    READ = "read"
    """A test read of BPCUSTOMER."""
    PAGE_CAP = "page_cap"
    WATERMARK = "watermark"
    CLOCK = "clock"
    CLASS = "class"
    """One configured class."""
    WRITE = "write"
    """One class that orders or customers are written to: whether the tenant declares that it may be."""
    RECORD = "record"
    """A full read of one class for the cassette."""


class StepOutcome(StrEnum):
    """How a step ended."""

    OK = "ok"
    WARNED = "warned"
    FAILED = "failed"
    SKIPPED = "skipped"


class Capability(StrEnum):
    """What a tenant offers of a class."""

    AVAILABLE = "available"
    NOT_LICENSED = "not_licensed"
    """A class of every standard installation is not there: the module is missing, or it is named otherwise."""
    NO_RIGHT = "no_right"
    UNKNOWN = "unknown"
    """Nothing can be told: no such class, or an answer that says nothing about it."""


def capability(reason: Reason, *, standard: bool) -> Capability:
    """Return what a failed look at a class says of it; `standard`: whether every installation has the class."""
    if reason is Reason.FORBIDDEN:
        return Capability.NO_RIGHT
    if reason is Reason.KEY_NOT_UNIQUE:
        return Capability.AVAILABLE  # it was read
    return Capability.NOT_LICENSED if reason is Reason.RESOURCE_NOT_FOUND and standard else Capability.UNKNOWN


class Step(Struct, frozen=True):
    """One step. No text of it holds a secret or a record's value."""

    check: Check
    subject: str
    """The host, class or folder looked at."""
    outcome: StepOutcome
    seconds: float
    message: str
    reason: Reason | None = None
    hint: str = ""
    """The next step."""
    facts: Mapping[str, Fact] = field(default_factory=dict)
    """What else was seen, for ``--debug``."""
    capability: Capability | None = None
    """Set for a class that was looked at."""


_DECISIVE = frozenset({Check.TOKEN, Check.FOLDER, Check.READ})


class Trial(Struct, frozen=True):
    """A whole check, and what it cost the tenant."""

    connection: str
    steps: tuple[Step, ...]
    requests: int
    wire_bytes: int
    seconds: float

    @property
    def valid(self) -> bool:
        """Whether a token was had and BPCUSTOMER read in the right folder, which is what makes a connection valid."""
        good = {StepOutcome.OK, StepOutcome.WARNED}
        found = {step.check for step in self.steps if step.check in _DECISIVE and step.outcome in good}
        return found == _DECISIVE
