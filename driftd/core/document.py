"""Status and card as documents for programs: times in RFC 3339 UTC, None where nothing is known."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeAlias

from driftd.core.access import Token
from driftd.core.alerts.model import Alert
from driftd.core.alerts.search import gravest_first
from driftd.core.card import Card, advice
from driftd.core.facts import Fact
from driftd.core.health import Pause, Window
from driftd.core.retention import Cursor, lives
from driftd.core.status import ConnectionStatus, Reached, ResourceStatus, Status, counted, located
from driftd.core.trial import Step, StepOutcome, Trial

Document: TypeAlias = dict[str, object]


def moment(at: int | None) -> str | None:
    """Return a moment (epoch ms) as RFC 3339 in UTC."""
    if at is None:
        return None
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def of_status(status: Status, shown: Sequence[ConnectionStatus] | None = None) -> Document:
    """Return the status as a document: the counts of all connections, and those `shown` (default: all)."""
    scopes = located(status.connections)
    return {
        "at": moment(status.at),
        "log_began_anew": None
        if status.rebased is None
        else {"at": moment(status.rebased.at), "reason": status.rebased.reason, "aside": status.rebased.aside or None},
        "counts": {str(state): count for state, count in counted(status.connections).items()},
        "connections": [
            of_connection(each, scopes, status.at) for each in (status.connections if shown is None else shown)
        ],
    }


def of_connection(status: ConnectionStatus, scopes: Mapping[str, Reached], at: int) -> Document:
    """Return one connection with its resources, as seen at a time (epoch ms); `scopes` is what `located` says."""
    reached = scopes.get(status.name)
    return {
        **of_summary(status),
        "cause": status.cause,
        "actor": status.actor,
        "resource": status.trouble_at,
        "message": status.trouble.message if status.trouble else None,
        "hint": status.trouble.hint if status.trouble else None,
        "scope": {"of": reached.scope, "failing": reached.failing, "members": reached.of} if reached else None,
        "last_success": moment(status.last_success),
        "next_poll": moment(next_poll(status)),
        "pause": of_pause(status.health.pause, at),
        "maintenance": of_window(status.health.maintenance, at),
        "held_until": moment(status.held_until),
        "breaker_open_until": moment(status.breaker_open_until),
        "budget": {
            "requests": status.usage.requests,
            "requests_limit": status.budget.requests,
            "bytes": status.usage.bytes,
            "bytes_limit": status.budget.bytes,
            "resumes": moment(status.resumes),
        },
        "credentials": {str(name): state for name, state in status.credentials.items()},
        "expiry": {str(name): moment(at) for name, at in status.expiry.items()},
        "alerts": [of_firing(each, at) for each in gravest_first(status.alerts) if each.firing],
        "resources": [of_resource(each) for each in status.resources],
    }


def of_summary(status: ConnectionStatus) -> Document:
    """Return one connection in short."""
    return {
        "connection": status.name,
        "folder": status.folder,
        "host": status.host,
        "customer": status.customer,
        "environment": status.environment,
        "state": status.state,
        "down": status.state.down,
        "since": moment(status.since),
        "reason": status.reason,
    }


def of_pause(pause: Pause | None, at: int) -> Document | None:
    """Return a pause that holds at a time (epoch ms)."""
    if pause is None or not pause.runs(at):
        return None
    return {"since": moment(pause.since), "until": moment(pause.until), "reason": pause.reason, "by": pause.by}


def of_window(window: Window | None, at: int) -> Document | None:
    """Return a window of maintenance that runs at a time (epoch ms), or is still to come."""
    if window is None or not (window.runs(at) or window.coming(at)):
        return None
    span = {"since": moment(window.since), "until": moment(window.until), "runs": window.runs(at)}
    return {**span, "reason": window.reason, "by": window.by}


def of_resource(resource: ResourceStatus) -> Document:
    """Return one resource."""
    health = resource.health
    return {
        "resource": resource.name,
        "reason": health.trouble.reason if health.trouble else None,
        "message": health.trouble.message if health.trouble else None,
        "last_poll": moment(health.last_poll),
        "last_success": moment(health.last_success),
        "last_change": moment(health.last_change),
        "last_sweep": moment(health.last_sweep),
        "next_poll": moment(resource.next_poll),
        "interval": resource.interval,
        "records": health.records,
        "pending": health.pending,
        "held": health.held,
        "details_coverage": health.coverage,
    }


def of_card(card: Card) -> Document:
    """Return a card."""
    return {
        "connection": card.connection,
        "folder": card.folder,
        "host": card.host,
        "customer": card.customer,
        "language": card.language,
        "at": moment(card.at),
        "state": card.state,
        "since": moment(card.since),
        "last_good": [
            {
                "resource": each.resource,
                "last_success": moment(each.success),
                "last_change": moment(each.change),
                "missing": each.says,
            }
            for each in card.data
        ],
        "reason": card.reason,
        "meaning": card.meaning,
        "cause": card.cause,
        "scope": card.scope or None,
        "evidence": _facts(card.evidence),
        "actor": card.actor,
        "who_acts": card.actor_words or None,
        "tell_the_customer": card.tell,
        "how_to_fix": list(card.fix),
        "verify": card.verify,
        "alerts": _facts(card.alerts),
        "meanwhile": _facts(card.meanwhile),
        "before": _facts(card.before),
        "ahead": _facts(card.ahead),
    }


def of_firing(alert: Alert, at: int) -> Document:
    """Return in short that an alert fires, as seen at a time (epoch ms)."""
    drift = alert.drift
    return {
        "id": alert.id,
        "severity": drift.severity,
        "kind": drift.kind,
        "finding": drift.finding,
        "resource": drift.resource,
        "field": drift.field,
        "actor": drift.actor,
        "since": moment(alert.first_incident),
        "muted": alert.muted(at),
    }


def of_trial(trial: Trial, named: Mapping[str, str], *, facts: bool = False) -> Document:
    """Return a live check: its steps, and with each that fails what to tell the customer's administrator.

    `named` has the connection, its host and its folder. With `facts` also what else was seen of each step, such as the
    head of an answer, masked: that is for those at the machine.
    """
    cost = {"requests": trial.requests, "bytes": trial.wire_bytes, "seconds": round(trial.seconds, 6)}
    steps = [of_step(each, named) | ({"facts": dict(each.facts)} if facts else {}) for each in trial.steps]
    return {"connection": trial.connection, "valid": trial.valid, **cost, "steps": steps}


def of_step(step: Step, named: Mapping[str, str]) -> Document:
    """Return a step of a live check, without its facts."""
    told: Document = {
        "check": step.check,
        "subject": step.subject,
        "outcome": step.outcome,
        "seconds": round(step.seconds, 6),
        "message": step.message,
        "reason": step.reason,
        "hint": step.hint or None,
        "capability": step.capability,
    }
    if step.outcome is StepOutcome.FAILED and step.reason is not None:
        told["who_acts"], told["tell_the_customer"] = advice(step.reason, {**named, "resources": step.subject})
    return told


def next_poll(status: ConnectionStatus) -> int | None:
    """Return when the next poll of any resource is due, epoch ms."""
    return min((each.next_poll for each in status.resources if each.next_poll is not None), default=None)


def _facts(facts: Sequence[Fact]) -> list[Document]:
    return [{"text": each.text, "at": moment(each.at)} for each in facts]


def of_token(token: Token, at: int) -> Document:
    """Return what a token lets its bearers do, as seen at a time (epoch ms)."""
    return {
        "name": token.name,
        "scope": token.scope,
        "connection": token.connection,
        "made_at": moment(token.made_at),
        "made_by": token.made_by,
        "expires_at": moment(token.expires_at),
        "expired": token.expired(at),
        "used_at": moment(token.used_at),
    }


def of_cursor(cursor: Cursor, at: int) -> Document:
    """Return a reader's place in the log, as seen at a time (epoch ms)."""
    return {
        "name": cursor.name,
        "after": cursor.seq,
        "connection": cursor.connection,
        "resource": cursor.resource,
        "used_at": moment(cursor.used_at),
        "live": lives(cursor, at),
    }
