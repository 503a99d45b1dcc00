"""An alert in words: what happened, who acts, what the customer is told, and how it is mended."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from driftd.core.alerts.model import Alert
from driftd.core.drift import Scope
from driftd.core.reasons import State
from driftd.core.words import PHRASES, Language, Phrases, Words
from driftd.core.words.filling import filled
from driftd.errors import Reason

_SHOWN: Final = 5
"""Keys that are named to a customer."""


class Place(Struct, frozen=True):
    """Where an alert is: what only the configuration knows of it."""

    host: str = ""
    folder: str = ""
    port: int = 443


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
    phrases, drift = PHRASES[language], alert.drift
    words = _words(drift.finding, phrases)
    named = {
        "connection": drift.connection,
        "host": place.host,
        "port": place.port,
        "folder": place.folder,
        "resource": drift.resource or drift.connection or alert.scope_id,
        "resources": drift.resource or drift.connection or alert.scope_id,
        "field": drift.field or "",
        "hint": drift.hint or drift.seen,
        "count": drift.affected,
        "n": drift.n,
        "samples": ", ".join(drift.samples[:_SHOWN]) or phrases.named_below,
        "alert": alert.id,
    }
    return Explained(
        filled(words.plain, named, phrases),
        filled(phrases.actors[drift.actor], {}, phrases),
        filled(words.tell, named, phrases),
        tuple(filled(each, named, phrases) for each in words.fix),
    )


def _words(finding: str, phrases: Phrases) -> Words:
    """Return the words of a finding; of one that this release does not know, plain ones."""
    if finding in phrases.drifts:
        return phrases.drifts[finding]
    if finding in set(Reason):
        return phrases.reasons[Reason(finding)]
    if finding in set(State):
        return phrases.quiet.get(State(finding), phrases.unknown_drift)
    return phrases.unknown_drift
