"""The support card of one connection: (state, reason, evidence) → what it means, who acts, and what to say."""

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

from driftd.core.alerts.model import Alert
from driftd.core.alerts.search import gravest_first, is_drift
from driftd.core.drift import Check, SchemaKind, Scope
from driftd.core.explained import Place, explained, standing
from driftd.core.facts import Fact, LastGood, ahead, evidence, last_good, meanwhile
from driftd.core.reasons import MEANINGS, Actor, Cause, Reach, State
from driftd.core.status import ConnectionStatus, Reached
from driftd.core.words import PHRASES, Language, Phrases, Words, day_and_time
from driftd.core.words.filling import filled
from driftd.errors import Reason

BEFORE: Final = 30
"""Days of flips that a card tells of."""
_NAMED: Final = 3
"""Resources that are named; of more, their number."""
_DOUBTED: Final = frozenset({Reason.EMPTY_ANSWER, Reason.SUSPECT_MASS_DELETE, Reason.KEY_NOT_UNIQUE})
"""Reasons for which data arrive and are not wholly trusted."""
_FIRING: Final = 8
"""Alerts that are told of; of more, their number."""
_FOUND: Final[Mapping[Reason, frozenset[str]]] = {
    Reason.EMPTY_ANSWER: frozenset({Check.EMPTY_ANSWER}),
    Reason.SUSPECT_MASS_DELETE: frozenset({Check.MASS_DELETE}),
    Reason.KEY_NOT_UNIQUE: frozenset({SchemaKind.KEY_CHANGED}),
    Reason.FROZEN: frozenset(SchemaKind),
}
"""The findings behind reasons for which a resource is not wholly trusted."""


class Card(Struct, frozen=True):
    """Everything that support needs of one connection, in one language."""

    connection: str
    folder: str
    host: str
    customer: str | None
    language: Language
    at: int
    """The present, epoch ms."""
    state: State
    state_words: str
    since: int | None
    """When the state began, epoch ms; None where nothing was ever tried."""
    data: tuple[LastGood, ...]
    reason: Reason | None
    meaning: str
    """The reason, or the state, in plain words."""
    cause: Cause | None
    cause_words: str
    scope: str
    evidence: tuple[Fact, ...]
    actor: Actor | None
    actor_words: str
    tell: str
    """A paragraph for the customer, to be copied."""
    fix: tuple[str, ...]
    verify: str
    """The command that verifies; the last step has it too."""
    meanwhile: tuple[Fact, ...]
    before: tuple[Fact, ...]
    ahead: tuple[Fact, ...]
    alerts: tuple[Fact, ...] = ()
    """What fires, the gravest first, with since when."""


def card(status: ConnectionStatus, reached: Reached, flips: int, now: int, language: Language) -> Card:
    """Return the card of a connection at `now` (epoch ms): its trouble `reached` so far, it flipped so many times.

    Neither the customer's paragraph nor a step holds anything of what the tenant said.
    """
    phrases = PHRASES[language]
    drift = behind(status)
    words, cause, actor = _words(status, language, drift), status.cause, _actor(status, reached, drift)
    named: dict[str, object] = {"connection": status.name, "host": status.host, "port": status.port}
    named["folder"] = status.folder
    named |= {"resources": _resources(status, phrases), "since": _since(status, phrases)}
    named |= standing(place_in(status), named, phrases)
    verify = f"driftd connections test {status.name}"
    return Card(
        connection=status.name,
        folder=status.folder,
        host=status.host,
        customer=status.customer,
        language=language,
        at=now,
        state=status.state,
        state_words=phrases.states[status.state],
        since=None if status.state is State.UNVALIDATED else status.since,
        data=tuple(last_good(each, status, now, phrases) for each in status.resources),
        reason=status.reason,
        meaning=filled(words.plain, named, phrases),
        cause=cause,
        cause_words=phrases.causes[cause] if cause else "",
        scope=filled(_scope(status, reached, phrases), named | _counts(reached), phrases),
        evidence=tuple(evidence(status.trouble, phrases)) if status.trouble else (),
        actor=actor,
        actor_words=filled(phrases.actors[actor], {}, phrases) if actor else "",
        tell=filled(_tell(status, words, phrases), named, phrases),
        fix=tuple(filled(each, named, phrases) for each in _steps(status, reached, words, phrases, verify)),
        verify=verify,
        meanwhile=tuple(meanwhile(status, phrases)),
        before=(Fact(filled(phrases.flips, {"count": flips, "days": BEFORE}, phrases)),),
        ahead=tuple(ahead(status, now, phrases)),
        alerts=tuple(_alerts(status, phrases, language)),
    )


def advice(reason: Reason, named: Mapping[str, str], language: Language = Language.ENGLISH) -> tuple[str, str]:
    """Return who acts on a reason, and what to tell the customer; `named` has connection, host, folder, resources."""
    phrases = PHRASES[language]
    actor = phrases.actors[MEANINGS[reason].actor]
    return filled(actor, {}, phrases), filled(phrases.reasons[reason].tell, named, phrases)


def behind(status: ConnectionStatus) -> Alert | None:
    """Return the drift that a state rests on: it says more than a reason, or a state, alone."""
    firing = [each for each in gravest_first(status.alerts) if each.firing and is_drift(each)]
    if status.trouble is None:
        return firing[0] if firing and status.state is State.DEGRADED else None
    found = _FOUND.get(status.trouble.reason, frozenset())
    return next((each for each in firing if each.drift.finding in found and _is_at(each, status)), None)


def _is_at(alert: Alert, status: ConnectionStatus) -> bool:
    """Tell whether an alert is of the resource that a trouble is about, where that is a single one."""
    own = [each.name for each in status.resources if each.health.trouble]
    return alert.drift.resource == status.trouble_at if status.trouble_at else alert.drift.resource in own


def place_in(status: ConnectionStatus) -> Place:
    """Return where a connection's alerts are."""
    return Place(status.host, status.folder, status.port, status.budget.timezone, status.kept, status.stored)


def _alerts(status: ConnectionStatus, phrases: Phrases, language: Language) -> Iterable[Fact]:
    firing = [each for each in gravest_first(status.alerts) if each.firing]
    for alert in firing[:_FIRING]:
        said = explained(alert, place_in(status), language)
        muted = f" ({phrases.labels.muted})" if alert.mute else ""
        severity = phrases.severities[alert.drift.severity]
        yield Fact(f"{severity} {alert.id}{muted}{phrases.colon} {said.clause}", alert.first_incident)
    if len(firing) > _FIRING:
        yield Fact(filled(phrases.more, {"count": len(firing) - _FIRING}, phrases))


def _words(status: ConnectionStatus, language: Language, drift: Alert | None) -> Words:
    phrases = PHRASES[language]
    if drift is not None:
        said = explained(drift, place_in(status), language)
        return Words(_literal(said.clause), _literal(said.tell), tuple(map(_literal, said.fix)))
    if status.trouble:
        return phrases.reasons[status.trouble.reason]
    return phrases.quiet.get(status.state, phrases.quiet[State.DEGRADED])


def _literal(text: str) -> str:
    """Return a text that is filled already, to be filled once more."""
    return text.replace("{", "{{").replace("}", "}}")


def _actor(status: ConnectionStatus, reached: Reached, drift: Alert | None) -> Actor | None:
    """What is the same on several hosts is ours first."""
    if drift is not None:
        return drift.drift.actor
    ours = reached.scope is Scope.ALL and status.cause is Cause.TRANSIENT and status.state is not State.RETRYING
    return Actor.SRE if ours else status.actor


def _resources(status: ConnectionStatus, phrases: Phrases) -> str:
    """Name the resources that the trouble is about."""
    own = [
        each.name for each in status.resources if each.health.trouble and each.health.trouble.reason is status.reason
    ]
    names = [status.trouble_at] if status.trouble_at else own or [each.name for each in status.resources]
    if len(names) > _NAMED + 1:
        names = [*names[:_NAMED], phrases.more.format(count=len(names) - _NAMED)]
    return ", ".join(names)


def _since(status: ConnectionStatus, phrases: Phrases) -> str:
    at = status.trouble.since if status.trouble else status.since
    return day_and_time(at, status.budget.timezone, phrases)


def _scope(status: ConnectionStatus, reached: Reached, phrases: Phrases) -> str:
    if status.trouble is None:
        return ""
    texts = {
        Scope.ALL: phrases.scope_all,
        Scope.HOST: phrases.scope_host,
        Scope.RESOURCE: phrases.scope_resource,
        Scope.TENANT: phrases.scope_tenant,
    }
    return texts[reached.scope]


def _counts(reached: Reached) -> dict[str, object]:
    return {"failing": reached.failing, "of": reached.of}


def _tell(status: ConnectionStatus, words: Words, phrases: Phrases) -> str:
    if status.trouble is None:
        return words.tell
    if status.state is State.RETRYING:
        return phrases.quiet[State.RETRYING].tell
    if status.reason in _DOUBTED:
        opening = phrases.opening_doubted
    elif status.trouble_at or (
        status.state is State.DEGRADED and MEANINGS[status.trouble.reason].reach is Reach.RESOURCE
    ):
        opening = phrases.opening_some
    else:
        opening = phrases.opening
    return f"{opening} {words.tell} {phrases.closing}"


def _steps(status: ConnectionStatus, reached: Reached, words: Words, phrases: Phrases, verify: str) -> Iterable[str]:
    if status.trouble is None:
        return words.fix
    wait = phrases.quiet[State.RETRYING].fix if status.state is State.RETRYING else ()
    everywhere = (phrases.everywhere,) if reached.scope is Scope.ALL else ()
    return (*wait, *everywhere, *words.fix, phrases.verify.replace("{command}", verify))
