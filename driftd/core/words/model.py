"""What a language has to say."""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from driftd.core.drift import Severity
from driftd.core.reasons import Actor, Cause, State
from driftd.errors import Reason


class Language(StrEnum):
    """A language that support speaks."""

    ENGLISH = "en"
    FRENCH = "fr"


class Words(Struct, frozen=True):
    """What is said of one reason, or of one state. Texts may hold {connection}, {host}, {folder} and {resources}."""

    plain: str
    """What it is, for support: a clause without a full stop."""
    tell: str
    """What the customer is told of it and asked for: sentences without secrets and without our internals."""
    fix: tuple[str, ...]
    """Steps, in their order. They may hold {port}, and {new_secret} and {change} of what stands where."""


class Standing(Struct, frozen=True):
    """What is said of something that stands with the operator, or with driftd itself; around {connection}."""

    operator: str
    """In the configuration, or where that reads it."""
    ours: str
    """Kept by driftd: a sealed secret, a connection of the database."""


class Labels(Struct, frozen=True):
    """The names of the rows of a card."""

    since: str
    data: str
    success: str
    change: str
    reason: str
    scope: str
    evidence: str
    actor: str
    tell: str
    fix: str
    meanwhile: str
    before: str
    ahead: str
    alerts: str
    never: str
    field: str
    """This and what follows are of an alert."""
    expected: str
    seen: str
    rule: str
    hint: str
    impact: str
    impacts: str
    """Around {read} and {write}."""
    numbers: str
    counted: str
    """Around {affected}, {m} and {n}."""
    times: str
    """Around {count}."""
    members: str
    keys: str
    held: str
    candidates: str
    """Around {count} and {hash}."""
    versions: str
    muted: str
    deeds: str


class Units(Struct, frozen=True):
    """How spans of time are written."""

    second: str
    minute: str
    hour: str
    day: str
    past: str
    """Around {span}."""
    future: str
    now: str
    months: tuple[str, ...]
    moment: str
    """Around {day}, {month}, {year}, {hour}, {minute} and {zone}."""
    first: str
    """The first day of a month."""


class Phrases(Struct, frozen=True):
    """One language."""

    reasons: Mapping[Reason, Words]
    drifts: Mapping[str, Words]
    """By finding: `SchemaKind` and `Check`."""
    unknown_drift: Words
    """Of a finding of a later release."""
    stale_date: Words
    """Of a secret that is good although its configured end is past."""
    of_group: Words
    """Of an alert that speaks for several connections, around {clause} of what they have in common."""
    several: str
    """Stands for the name of one connection or host where there are several."""
    severities: Mapping[Severity, str]
    named_below: str
    """Stands for keys where none are known."""
    quiet: Mapping[State, Words]
    """Of states that rest on no failure."""
    states: Mapping[State, str]
    causes: Mapping[Cause, str]
    actors: Mapping[Actor, str]
    labels: Labels
    units: Units
    opening: str
    """Begins what the customer is told where no data arrive at all; {since} as well."""
    opening_some: str
    """The same where some resources are not read."""
    opening_doubted: str
    """The same where data arrive and are not trusted."""
    closing: str
    new_secret: Standing
    """Where a new secret goes."""
    change: Standing
    """Where the settings of a connection are changed."""
    everywhere: str
    """First step where the same failure is on several hosts."""
    verify: str
    """Last step, around {command}."""
    scope_all: str
    """Around {failing} and {of}; so is the next."""
    scope_host: str
    scope_resource: str
    scope_tenant: str
    colon: str
    """As it stands after a word."""
    between: str
    """As it stands between the parts of a line."""
    more: str
    """Of a list that is cut short, around {count}."""
    current: str
    missing: str
    never_read: str
    held: str
    """Around {count}."""
    pending: str
    coverage: str
    """Around {percent}."""
    status: str
    """Around {status}."""
    times: str
    """Around {count}."""
    first_failure: str
    latest_failure: str
    token_failures: str
    paused: str
    """Around {by} and {reason}."""
    maintenance: str
    """Around {by} and {reason}; so is the next."""
    window: str
    next_poll: str
    held_until: str
    breaker: str
    budget: str
    """Around {requests}, {of_requests}, {bytes} and {of_bytes}."""
    resumes: str
    flips: str
    """Around {count} and {days}."""
    secret_ends: str
    certificate_ends: str
    client_certificate_ends: str
    spacing: tuple[tuple[str, str], ...] = ()
    """What the language's typography puts in place of plain spaces."""
