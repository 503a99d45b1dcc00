"""Alerts, schemas and what persons did, as documents for programs; no value of a record is in them."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from driftd.core.alerts.model import Alert, Deed
from driftd.core.document import Document, moment
from driftd.core.explained import Place, explained
from driftd.core.schema.model import SchemaChange, SchemaVersion
from driftd.core.words import Language


class Case(Struct, frozen=True):
    """One alert, and what bears on it."""

    alert: Alert
    versions: Sequence[SchemaVersion] = ()
    """Of the schema of its resource, where it is about that."""
    deeds: Sequence[Deed] = ()
    """What persons did about it, newest first."""
    held: int = 0
    """Deletes that it holds."""
    candidates: str = ""
    """The hash of their set."""


def of_case(case: Case, place: Place, now: int, language: Language = Language.ENGLISH) -> Document:
    """Return an alert with what bears on it."""
    held = {"deletes": case.held, "candidates": case.candidates} if case.held else None
    return {
        **of_alert(case.alert, place, now, language),
        "held": held,
        "versions": [of_version(each) for each in case.versions],
        "deeds": [of_deed(each) for each in case.deeds],
    }


def of_alert(alert: Alert, place: Place, now: int, language: Language = Language.ENGLISH) -> Document:
    """Return an alert with what it rests on, and in words, as seen at `now` (epoch ms)."""
    drift, said = alert.drift, explained(alert, place, language)
    return {
        "id": alert.id,
        "state": alert.state,
        "severity": drift.severity,
        "kind": drift.kind,
        "finding": drift.finding,
        "scope": {"of": alert.scope, "name": alert.scope_id, "members": list(alert.members)},
        "attached_to": alert.attached_to,
        "connection": drift.connection or None,
        "resource": drift.resource,
        "field": drift.field,
        "says": said.clause,
        "since": moment(alert.since),
        "first_incident": moment(alert.first_incident),
        "last_incident": moment(alert.last_incident),
        "count": alert.count,
        "reopened": len(alert.reopened),
        "flapping": alert.flapping,
        "muted": {"until": moment(alert.mute.until), "reason": alert.mute.reason, "by": alert.mute.by}
        if alert.mute and alert.muted(now)
        else None,
        "expected": drift.expected,
        "seen": drift.seen,
        "rule": drift.rule,
        "n": drift.n,
        "m": drift.m,
        "affected": drift.affected,
        "samples": list(drift.samples),
        "read_impact": drift.read_impact,
        "write_impact": drift.write_impact,
        "hint": drift.hint or None,
        "evidence": dict(drift.evidence),
        "actor": drift.actor,
        "who_acts": said.actor,
        "tell_the_customer": said.tell,
        "how_to_fix": list(said.fix),
    }


def of_version(version: SchemaVersion) -> Document:
    """Return a version of a schema in short, without its form."""
    return {
        "source": version.source,
        "number": version.number,
        "fingerprint": version.fingerprint,
        "parent": version.parent,
        "at": moment(version.at),
        "fields": len(version.form.fields),
        "records": version.n,
    }


def of_history(
    versions: Iterable[SchemaVersion],
    between: tuple[SchemaVersion, SchemaVersion] | None = None,
    changes: Iterable[SchemaChange] = (),
) -> Document:
    """Return the history of a schema, and where asked for the `changes` from one version to another."""
    told: Document = {"versions": [of_version(each) for each in versions]}
    if between is not None:
        before, after = between
        told |= {"source": after.source, "from": before.number, "to": after.number}
        told["differences"] = [of_change(each) for each in changes]
    return told


def of_change(change: SchemaChange) -> Document:
    """Return a difference of two versions."""
    return {
        "kind": change.kind,
        "field": change.field,
        "to": change.to,
        "before": change.before or None,
        "after": change.after or None,
        "read_impact": change.read_impact,
        "write_impact": change.write_impact,
    }


def of_deed(deed: Deed) -> Document:
    """Return what a person did."""
    return {
        "at": moment(deed.at),
        "by": deed.by,
        "action": deed.action,
        "connection": deed.connection,
        "resource": deed.resource,
        "subject": deed.subject,
        "reason": deed.reason,
        "before": deed.before or None,
        "after": deed.after or None,
    }
