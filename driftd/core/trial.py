"""What a live check of a connection found: its steps, in the order in which they build on each other."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct, field

from driftd.errors import Reason

Fact: TypeAlias = str | int | float | bool


class Check(StrEnum):
    """What a step looks at."""

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
    RECORD = "record"
    """A full read of one class for the cassette."""


class StepOutcome(StrEnum):
    """How a step ended."""

    OK = "ok"
    WARNED = "warned"
    FAILED = "failed"
    SKIPPED = "skipped"


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
