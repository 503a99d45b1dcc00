"""Views of everything, made for tests: a small one, large ones, and any that can be."""

from typing import Any

from hypothesis import strategies as st
from msgspec.structs import replace

from driftd.core.alerts.model import Alert, AlertState, Deed, Mute
from driftd.core.budget import Budget, Usage
from driftd.core.credential import Credential, CredentialState
from driftd.core.drift import Drift, DriftKind, Impact, SchemaKind, Scope, Severity
from driftd.core.health import ConnectionHealth, Flip, Poll, ResourceHealth, Result
from driftd.core.histogram import SECONDS, Durations
from driftd.core.model import Kind, Op
from driftd.core.reasons import Actor, State
from driftd.core.schema.model import FieldForm, Form, Presence, SchemaVersion, Source, ValueKind
from driftd.core.status import Care, ConnectionStatus, Daemon, Database, Rebased, ResourceStatus, Status
from driftd.core.trial import Check, Step, StepOutcome, Trial
from driftd.errors import Reason
from driftd.ports import Hour, Polled

NOW = 1_795_400_000_123
"""Epoch ms."""
DEED = Deed(NOW - 60_000, "jo", "mute", "aldgate", "BPCUSTOMER", "0123456789abcdef", "known")
HISTORY = (
    SchemaVersion(
        1, Source.LEARNT, "aa", None, NOW - 86_400_000, Form({"BPCNAM": FieldForm((ValueKind.TEXT,), Presence.ALWAYS)})
    ),
    SchemaVersion(
        2, Source.LEARNT, "bb", "aa", NOW, Form({"NAME": FieldForm((ValueKind.TEXT,), Presence.ALWAYS)}), 300
    ),
    SchemaVersion(1, Source.DECLARED, "cc", None, NOW, Form({"BPCNAM": FieldForm((ValueKind.TEXT,), max_length=35)})),
)
TRIAL = Trial(
    "aldgate",
    (
        Step(Check.RESOLVE, "x3.aldgate.example", StepOutcome.OK, 0.01, "203.0.113.7"),
        Step(
            Check.TOKEN,
            "aldgate",
            StepOutcome.FAILED,
            0.2,
            'the token endpoint refuses the client "driftd"',
            Reason.OAUTH_INVALID_CLIENT,
            "have the customer's X3 admin look at the client",
        ),
    ),
    3,
    1200,
    0.21,
)
POLL = Poll(Kind.SWEEP, Result.FAILED, 1, 2, 0.5, 3, {Op.CREATE: 1}, 0, 0, Reason.TIMEOUT, "too slow", "wait", 504)
HAPPENED = (
    Flip("aldgate", State.OK, State.UNREACHABLE, NOW, Reason.DNS_FAILURE, "no such name"),
    Hour("aldgate", "BPCUSTOMER", NOW - NOW % 3_600_000, 12, 3.5, 2),
    Polled("aldgate", "BPCUSTOMER", POLL),
)


def drift(finding: str = SchemaKind.FIELD_REMOVED_ALWAYS, field: str | None = "BPCNAM", **more: Any) -> Drift:
    known: dict[str, Any] = {
        "connection": "aldgate",
        "kind": DriftKind.SCHEMA,
        "severity": Severity.CRITICAL,
        "actor": Actor.X3_ADMIN,
        "resource": "BPCUSTOMER",
        "expected": "text ≤ 35, always",
        "seen": "gone",
        "rule": "absent in the last 400 records (≤ 0.75 %)",
        "n": 1200,
        "m": 400,
        "affected": 400,
        "samples": ('["C001"]',),
        "read_impact": Impact.BREAKING,
        "write_impact": Impact.WARNING,
    }
    return Drift(finding=finding, field=field, **{**known, **more})


def alert(
    digits: str = "0123456789abcdef", state: AlertState = AlertState.FIRING, told: Drift | None = None, **more: Any
) -> Alert:
    known: dict[str, Any] = {"since": NOW - 600_000, "first_incident": NOW - 900_000, "last_incident": NOW - 60_000}
    own = told or drift()
    return Alert(digits, Scope.TENANT, own.connection, own, state, **{**known, **more})


def muted(until: int = NOW + 3_600_000) -> Mute:
    return Mute(until, "known", "jo", NOW - 60_000)


def durations(*counts: int) -> Durations:
    """Return counts of durations, those of the last buckets nought."""
    return Durations(SECONDS, (*counts, *[0] * (len(SECONDS) + 1 - len(counts))), float(sum(counts)) / 4)


def resource(name: str = "BPCUSTOMER", *, next_poll: int | None = NOW + 240_000, **health: Any) -> ResourceStatus:
    known: dict[str, Any] = {
        "polls": 12,
        "changes": {Op.CREATE: 3, Op.UPDATE: 40, Op.READ: 1000},
        "failures": {Reason.TIMEOUT: 2},
        "last_poll": NOW - 60_000,
        "last_success": NOW - 60_000,
        "last_change": NOW - 900_500,
        "last_sweep": NOW - 3_600_000,
        "last_seconds": 1.25,
        "records": 1_234_567,
        "pending": 1,
        "held": 2,
        "coverage": 0.75,
        "last_evaluation": NOW - 60_000,
        "schema_changes": {"field_removed_always/breaking": 1, "field_added_optional/info": 2},
    }
    return ResourceStatus(name, ResourceHealth(**{**known, **health}), 300.0, 86_400.0, next_poll)


def connection(
    name: str = "aldgate", *resources: ResourceStatus, state: State = State.OK, **more: Any
) -> ConnectionStatus:
    known: dict[str, Any] = {
        "host": "x3.aldgate.example",
        "folder": "ALDGATE",
        "since": NOW - 7_200_000,
        "health": ConnectionHealth(up=True, requests=5000, bytes=7_000_000, pages=900, pages_unchanged=850, tokens=4),
        "budget": Budget(20_000, 2_000_000_000),
        "usage": Usage("2026-11-23", 5000, 7_000_000),
        "resumes": NOW + 10_000_000,
        "credentials": {Credential.CLIENT_SECRET: CredentialState.EXPIRING},
        "expiry": {Credential.CLIENT_SECRET: NOW + 86_400_000 * 30, Credential.ACCESS_TOKEN: NOW + 1_800_000},
        "alerts": (alert(told=drift(connection=name)),),
    }
    return ConnectionStatus(name=name, state=state, resources=resources or (resource(),), **{**known, **more})


def daemon(**more: Any) -> Daemon:
    known: dict[str, Any] = {
        "version": "1.2.3",
        "revision": "abcdef",
        "started": NOW - 86_400_000,
        "reloaded": NOW - 86_399_000,
        "reload_ok": True,
        "loop_lag": 0.004,
        "schedule_lag": 0.5,
        "running": 3,
        "waiting": 1,
        "polls": durations(5, 4, 3),
        "requests": durations(50, 40, 0, 1),
        "answers": {"2xx": 88, "5xx": 2},
        "log_lines": {"info": 120, "warning": 3},
        "database": database(),
    }
    return Daemon(**{**known, **more})


def database(**more: Any) -> Database:
    kept: dict[str, Any] = {"rebased": Rebased(NOW - 9000, "damaged"), "care": Care(NOW - 8000, True, NOW - 7000, 4096)}
    known = kept | {"oldest_reader": NOW - 5} | more
    return Database("3.40.1", 40_960, 8192, 10**11, commits=durations(9), limit=256, **known)


def status(*connections: ConnectionStatus, **more: Any) -> Status:
    """Return a view of the given connections, by default of a single healthy one, with a daemon."""
    return Status(NOW, connections or (connection(),), **{"daemon": daemon(), **more})


def many(connections: int = 2000, classes: int = 4) -> Status:
    """Return a view of many connections; each resource differs from every other."""
    names = ("BPCUSTOMER", "ITMMASTER", "SORDER", "PINVOICE", "GACCENTRY", "SDELIVERY")[:classes]

    def one(number: int) -> ConnectionStatus:
        at = NOW - number * 997
        found = (
            resource(name, next_poll=NOW + number * 131 + n, last_poll=at - n, last_success=at - n,
                     last_change=at - 7 * n - 5000, last_sweep=at - 3_600_000 - n, polls=number * 3 + n,
                     records=number * 100 + n, last_seconds=(number % 700) / 97,
                     failures={Reason.TIMEOUT: n + 1, Reason.SERVER_ERROR: number + 1})
            for n, name in enumerate(names)
        )  # fmt: skip
        name = f"tenant-{number:04d}"
        own = [drift(connection=name, resource=names[number % len(names)])] if number % 10 == 0 else []
        alerts = tuple(alert(f"{number:016x}", told=each) for each in own)
        return connection(name, *found, host=f"x3-{number % 40}.example", since=at, alerts=alerts)

    return Status(NOW, tuple(one(number) for number in range(connections)), daemon())


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(
    ['a"b', "a\\b", "a\nb", "é€😀", "\\n", '\\"', "}", ",x=", "", "\x00", "\r", " "]
)
counts = st.integers(0, 10**7) | st.integers(0, 2**63)
moments = st.integers(1, 10**14)
seconds = st.floats(0, allow_nan=False) | st.floats(0, 1e7)
buckets = st.lists(st.integers(0, 10**6), min_size=12, max_size=12).map(tuple)
spans = st.builds(Durations, st.just(SECONDS), buckets, seconds)
healths = st.builds(
    ResourceHealth,
    polls=counts,
    failures=st.dictionaries(st.sampled_from(Reason), counts, max_size=3),
    changes=st.dictionaries(st.sampled_from(Op), counts),
    last_poll=st.none() | moments,
    last_success=st.none() | moments,
    last_change=st.none() | moments,
    last_sweep=st.none() | moments,
    last_seconds=seconds,
    records=counts,
    pending=counts,
    held=counts,
    coverage=st.none() | st.floats(0, 1),
    last_evaluation=st.none() | moments,
    schema_changes=st.dictionaries(
        st.builds("{}/{}".format, st.sampled_from(SchemaKind), st.sampled_from(Impact)), counts, max_size=3
    ),
)
drifts = st.builds(
    Drift,
    texts,
    st.sampled_from(DriftKind),
    st.sampled_from([*SchemaKind, *map(str, Reason), "unheard_of"]),
    st.sampled_from(Severity),
    st.sampled_from(Actor),
    resource=st.none() | texts,
    field=st.none() | texts | st.sampled_from(["BPCNAM", "SOHSOP[].ITMREF", "a", "A" * 65, "A B"]),
)
alerts = st.builds(
    Alert,
    st.text("0123456789abcdef", min_size=16, max_size=16),
    st.sampled_from(Scope),
    texts,
    drifts,
    st.sampled_from(AlertState),
    moments,
    moments,
    moments,
    mute=st.none() | st.builds(Mute, st.sampled_from([NOW - 1, NOW, NOW + 1]), texts, texts, moments),
)
resources = st.builds(ResourceStatus, texts, healths, seconds, seconds, st.none() | moments)


def _owned(found: ConnectionStatus) -> ConnectionStatus:
    """Have each alert be one of its connection."""
    own = tuple(replace(each, drift=replace(each.drift, connection=found.name)) for each in found.alerts)
    return replace(found, alerts=own)


connections = st.builds(
    ConnectionStatus,
    name=texts,
    host=texts,
    folder=texts,
    state=st.sampled_from(State),
    since=st.just(0) | moments,
    health=st.builds(
        ConnectionHealth,
        up=st.none() | st.booleans(),
        requests=counts,
        bytes=counts,
        pages=counts,
        pages_unchanged=counts,
        tokens=counts,
        token_failures=counts,
    ),
    resources=st.lists(resources, max_size=3, unique_by=lambda each: each.name).map(tuple),
    budget=st.builds(Budget, st.integers(1, 10**6), st.integers(1, 10**12)),
    usage=st.builds(Usage, st.just("2026-11-23"), counts, counts),
    resumes=moments,
    breaker_open_until=st.none() | moments,
    expiry=st.dictionaries(st.sampled_from(Credential), moments),
    alerts=st.lists(alerts, max_size=4, unique_by=lambda each: each.id).map(tuple),
).map(_owned)
databases = st.builds(
    Database,
    texts,
    counts,
    counts,
    counts,
    errors=counts,
    waiting=counts,
    limit=counts,
    commits=st.none() | spans,
    checkpoints_busy=counts,
    oldest_reader=st.none() | moments,
)
daemons = st.builds(
    Daemon,
    version=texts,
    revision=texts,
    started=moments,
    reloaded=st.just(0) | moments,
    reload_ok=st.booleans(),
    loop_lag=seconds,
    schedule_lag=seconds,
    running=counts,
    waiting=counts,
    polls=spans,
    requests=spans,
    answers=st.dictionaries(st.sampled_from(["2xx", "3xx", "4xx", "5xx", "error"]), counts),
    log_lines=st.dictionaries(st.sampled_from(["debug", "info", "warning", "error"]), counts),
    database=st.none() | databases,
)
statuses = st.builds(
    Status,
    st.just(NOW),
    st.lists(connections, max_size=4, unique_by=lambda each: each.name).map(tuple),
    st.none() | daemons,
)
