"""What tests have detected and filed, and all that can be read of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from driftd.core.alerts.model import Alert, AlertState, Deed, Mute, Notice, Telling
from driftd.core.drift import Check, Drift, DriftKind, Impact, Scope, Severity
from driftd.core.invariants.model import Breach, Link, SumKey, Sums
from driftd.core.memory import Memory
from driftd.core.reasons import Actor
from driftd.core.schema.model import (
    Baseline,
    FieldForm,
    Form,
    Learnt,
    Presence,
    SchemaVersion,
    Source,
    ValueKind,
)
from driftd.ports import Casebook, Detected, Facts, Filing, Told
from tests.contracts.noted import NOW
from tests.contracts.staged import key

CUSTOMER: Final = ("acme", "BPCUSTOMER")
ORDER: Final = ("acme", "SORDER")
MENU: Final = (Check.MENU_VALUES, "SOHSTA")
ORPHANS: Final = (Check.ORPHANS, "SOHSOP[].ITMREF")
DELIVERED: Final = SumKey("delivered", b'["SO1",1000]')


def form(*names: str, longest: int = 35) -> Form:
    """Return a form in which every member of a field is set."""
    return Form(
        {
            name: FieldForm(
                kinds=(ValueKind.DATE, ValueKind.TEXT),
                presence=Presence.SOMETIMES,
                nullable=True,
                max_length=longest,
                scale=2,
                values=('"1"', '"2"'),
                mandatory=True,
                excluded=False,
                format="$dates",
                capabilities="sort",
            )
            for name in names
        }
    )


def version(number: int, source: Source = Source.LEARNT) -> SchemaVersion:
    """Return the version of a schema with this number."""
    return SchemaVersion(number, source, f"{number:016x}", f"{number - 1:016x}", NOW + number, form("A", "B[].C"), 300)


def drift(connection: str = "acme", resource: str | None = "BPCUSTOMER") -> Drift:
    """Return a drift in which every member is set."""
    return Drift(
        connection=connection,
        kind=DriftKind.SCHEMA,
        finding="field_removed_always",
        severity=Severity.CRITICAL,
        actor=Actor.X3_ADMIN,
        resource=resource,
        field="SOHSOP[].ITMREF",
        expected="text ≤ 35, always",
        seen="absent",
        rule="absent in 50 of 50 records; 3/50 = 0.06",
        n=4_000,
        m=50,
        affected=50,
        samples=('["C001"]', '["Ü"]'),
        read_impact=Impact.BREAKING,
        write_impact=Impact.WARNING,
        hint="ITMREF → ITMREF1? 50 of 50 values are equal",
        evidence={"versions": [1, 2], "share": 0.5, "cycle": {"id": "9f", "whole": True}, "before": None},
        certain=True,
        since=NOW - 9,
    )


def alert(
    name: str = "first",
    state: AlertState = AlertState.FIRING,
    *,
    connection: str = "acme",
    since: int = NOW,
    count: int = 3,
) -> Alert:
    """Return an alert in which every member is set."""
    return Alert(
        id=sha256(name.encode()).hexdigest()[:16],
        scope=Scope.TENANT,
        scope_id=connection,
        drift=drift(connection),
        state=state,
        since=since,
        first_incident=NOW - 5,
        last_incident=since,
        count=count,
        failing=(NOW - 5, NOW - 3, NOW),
        row=2,
        good=1,
        good_since=NOW - 1,
        reopened=(NOW - 4,),
        flapping=True,
        told=Severity.WARNING,
        mute=Mute(NOW + 9, "they migrate", "ops@example.com", NOW - 2),
        attached_to="0123456789abcdef",
        members=("00", "01"),
    )


def notice(each: Alert, at: int = NOW, telling: Telling = Telling.FIRING) -> Notice:
    """Return what is told of an alert; its id follows from alert, telling and time."""
    return Notice(sha256(f"{each.id} {telling} {at}".encode()).hexdigest()[:32], at, telling, each)


def deed(at: int = NOW, subject: str = "0123456789abcdef", *, connection: str = "acme") -> Deed:
    """Return a deed in which every member is set."""
    return Deed(
        at, "ops@example.com", "accept", connection, "BPCUSTOMER", subject, "as agreed", "00ff", "11ee",
        Baseline(form("A"), None, NOW),
    )  # fmt: skip


def breach(name: str, what: tuple[Check, str] = MENU, *, times: int = 1, accepted: bool = False) -> Breach:
    """Return the breach of a record."""
    check, field = what
    return Breach(check, field, key(name), NOW, b"\1" + bytes(16), times, accepted)


def link(name: str, value: str, target: str = "ITMMASTER", field: str = "SOHSOP[].ITMREF") -> Link:
    """Return the reference of a record to another."""
    return Link(target, key(value), field, key(name))


def memory(number: int = 1) -> Memory:
    """Return a memory that says which one it is."""
    return Memory(Learnt(bytes([number % 256]) * 3_000, version=number, declared=number), evaluated=NOW + number)


def detected(number: int = 1, *, connection: str = "acme") -> Detected:
    """Return all that a cycle can detect, in which every part says which cycle it was."""
    each = alert(f"{connection} {number}", connection=connection)
    return Detected(
        memory=memory(number),
        baseline=Baseline(form("A", longest=number), form("B"), NOW + number),
        versions=[version(number), version(number, Source.DECLARED)],
        facts=Facts(
            dropped=[link("a", f"v{number - 1}")],
            links=[link("a", f"v{number}"), link("b", "v", "BPCUSTOMER", "BPCORD")],
            sums={DELIVERED: (f"{number}.50", "-1"), SumKey("delivered", b'["SO2",1000]'): ()},
            mended=[(*MENU, key(f"m{number - 1}"))],
            breaches={"BPCUSTOMER": [breach(f"m{number}")], "SORDER": [breach("o", ORPHANS, times=number)]},
        ),
        alerts=[each, alert("of all", connection=connection, count=number)],
        notices=[notice(each, NOW + number), notice(each, NOW + number, Telling.SEVERITY)],
        deeds=[deed(NOW + number, each.id, connection=connection)],
    )


def filing(number: int = 1) -> Filing:
    """Return all that can be filed, in which every part says which filing it was."""
    each = alert(f"filed {number}", AlertState.RESOLVED)
    return Filing(
        alerts=[each],
        notices=[notice(each, NOW + number, Telling.RESOLVED)],
        deeds=[deed(NOW + number)],
        baselines={CUSTOMER: Baseline(form("F", longest=number), None, NOW)},
        memories={ORDER: memory(100 + number)},
        accepted={ORDER: [ORPHANS], CUSTOMER: [MENU]},
        release=[CUSTOMER],
    )


@dataclass(frozen=True)
class Case:
    """All that a casebook tells of a resource and its connection."""

    memory: Memory
    baseline: Baseline
    versions: Sequence[SchemaVersion]
    evaluated: Mapping[tuple[str, str], int]
    alerts: Sequence[Alert]
    notices: Sequence[Told]
    deeds: Sequence[Deed]
    withheld: int
    referring: Mapping[str, Sequence[Link]]
    sums: Sums
    breaches: Sequence[Breach]
    breached: Mapping[tuple[Check, str], tuple[int, int]]


async def case(casebook: Casebook, connection: str = "acme", resource: str = "BPCUSTOMER") -> Case:
    """Read all that the casebook tells."""
    names = (connection, resource)
    values = [key(f"v{number}") for number in range(9)]
    return Case(
        memory=await casebook.memory(*names),
        baseline=await casebook.baseline(*names),
        versions=await casebook.versions(*names),
        evaluated=await casebook.evaluated(),
        alerts=await casebook.alerts(connection=connection, resolved_since=0),
        notices=await casebook.notices(0, 1_000, connection=connection),
        deeds=await casebook.deeds(connection, 1_000),
        withheld=await casebook.withheld(*names),
        referring=await casebook.referring(connection, "ITMMASTER", values),
        sums=await casebook.sums(*names, [DELIVERED, SumKey("delivered", b'["SO2",1000]')]),
        breaches=await casebook.breaches(*names),
        breached=await casebook.breached(*names),
    )
