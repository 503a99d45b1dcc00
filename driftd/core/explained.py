"""An alert in words: what happened, who acts, what the customer is told, and how it is mended."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from driftd.core.alerts.model import Alert
from driftd.core.drift import Check, Drift, Scope
from driftd.core.reasons import Actor, State
from driftd.core.words import PHRASES, Language, Phrases, Words, day_and_time
from driftd.core.words.filling import filled
from driftd.errors import Reason

_SHOWN: Final = 5
"""Keys that are named to a customer."""


class Place(Struct, frozen=True):
    """Where an alert is: what only the configuration knows of it."""

    host: str = ""
    folder: str = ""
    port: int = 443
    timezone: str = "UTC"
    kept: bool = False
    """Whether driftd keeps the connection's secret."""
    stored: bool = False
    """Whether the connection stands in the database."""


class Explained(Struct, frozen=True):
    """One alert in one language."""

    clause: str
    """What it is, without a full stop."""
    actor: str
    tell: str
    """A paragraph for the customer, to be copied."""
    fix: tuple[str, ...]


def place_of(alert: Alert, homes: Mapping[str, Place]) -> Place:
    """Return where an alert is; of a host or a folder as a whole: that. `homes` are the places of connections."""
    own = homes.get(alert.drift.connection)
    if own is not None or alert.scope not in {Scope.HOST, Scope.FOLDER}:
        return own or Place()
    host, _, folder = alert.scope_id.partition("/")
    ports = [each.port for each in homes.values() if each.host == host]
    return Place(host, folder, ports[0] if ports else Place().port)


def explained(alert: Alert, place: Place, language: Language = Language.ENGLISH) -> Explained:
    """Return an alert in words. Of the tenant's records it names fields and keys, never values."""
    phrases = PHRASES[language]
    words = _words(alert.drift, phrases)
    named = _named(alert, place, phrases)
    named |= standing(place, named, phrases)
    named["clause"] = filled(words.plain, named, phrases)
    if alert.group:
        words = phrases.of_group
    return Explained(
        filled(words.plain, named, phrases),
        filled(phrases.actors[alert.drift.actor], {}, phrases),
        filled(words.tell, named, phrases),
        tuple(filled(each, named, phrases) for each in words.fix),
    )


def standing(place: Place, named: Mapping[str, object], phrases: Phrases) -> Mapping[str, str]:
    """Return what a step says of where a new secret goes, and of where settings are changed."""
    secret, change = phrases.new_secret, phrases.change
    return {
        "new_secret": filled(secret.ours if place.kept else secret.operator, named, phrases),
        "change": filled(change.ours if place.stored else change.operator, named, phrases),
    }


def _named(alert: Alert, place: Place, phrases: Phrases) -> dict[str, object]:
    drift, evidence = alert.drift, alert.drift.evidence
    connection = drift.connection or phrases.several
    ends = evidence.get("ends_at")
    return {
        "connection": connection,
        "host": str(evidence.get("host") or place.host or phrases.several),
        "port": place.port,
        "folder": place.folder or phrases.several,
        "resource": drift.resource or connection,
        "resources": drift.resource or connection,
        "field": drift.field or drift.resource or connection,
        "to": evidence.get("to") or "?",
        "factor": evidence.get("factor") or "?",
        "ends": day_and_time(ends, place.timezone, phrases) if isinstance(ends, int) else "?",
        "count": drift.affected,
        "n": drift.n,
        "samples": ", ".join(drift.samples[:_SHOWN]) or phrases.named_below,
        "alert": alert.id,
    }


def _words(drift: Drift, phrases: Phrases) -> Words:
    """Return the words of a finding; of one that this release does not know, plain ones."""
    finding = drift.finding
    if finding == Check.SECRET_EXPIRES and drift.actor is Actor.OPERATOR:
        return phrases.stale_date
    if finding in phrases.drifts:
        return phrases.drifts[finding]
    if finding in set(Reason):
        return phrases.reasons[Reason(finding)]
    if finding in set(State):
        return phrases.quiet.get(State(finding), phrases.unknown_drift)
    return phrases.unknown_drift
