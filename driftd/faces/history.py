"""What happened to a connection, as documents for programs."""

from typing import TypeAlias

from driftd.core.document import Document, moment
from driftd.core.health import Flip
from driftd.ports import Hour, Polled

Event: TypeAlias = Flip | Polled | Hour


def of_event(event: Event) -> Document:
    """Return a change of state, a poll, or the polls of an hour that went well."""
    if isinstance(event, Flip):
        return {
            "type": "state",
            "at": moment(event.at),
            "before": event.before,
            "after": event.after,
            "reason": event.reason,
            "message": event.message,
        }
    if isinstance(event, Hour):
        return {
            "type": "hour",
            "at": moment(event.at),
            "resource": event.resource,
            "polls": event.polls,
            "seconds": event.seconds,
            "changes": event.changes,
        }
    return _of_poll(event)


def _of_poll(event: Polled) -> Document:
    poll = event.poll
    return {
        "type": "poll",
        "at": moment(poll.at),
        "resource": event.resource,
        "kind": poll.kind,
        "outcome": poll.result,
        "reason": poll.reason,
        "message": poll.message,
        "hint": poll.hint,
        "status": poll.status,
        "seconds": poll.seconds,
        "records": poll.records,
        "changes": {str(op): count for op, count in poll.changes.items()},
        "pending": poll.pending,
        "held": poll.held,
    }
