"""The support card: every reason and every state, in every language."""

import re
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from driftd.core.card import Card, card
from driftd.core.credential import Credential
from driftd.core.document import of_card, of_status
from driftd.core.drift import Scope
from driftd.core.health import ConnectionHealth, Pause, Window
from driftd.core.reasons import MEANINGS, Actor, Cause, State
from driftd.core.status import ConnectionStatus, Reached, Status
from driftd.core.words import PHRASES, Language, Phrases, Words
from driftd.errors import Reason
from tests.core.statuses import HOUR, MINUTE, NOW, of, status, trouble

TENANT = Reached(Scope.TENANT)
SILENT = [State.OK, State.UNKNOWN, State.STALLED, State.UNVALIDATED, State.PAUSED, State.MAINTENANCE, State.RETRYING]
DAY = 24 * HOUR
CASES = [of(reason) for reason in Reason] + [status(state) for state in State]
IDS = [*Reason, *State]
LANGUAGES = list(Language)
cases = pytest.mark.parametrize("case", CASES, ids=IDS)
languages = pytest.mark.parametrize("language", LANGUAGES)


def shown(case: ConnectionStatus, language: Language, reached: Reached = TENANT, flips: int = 4) -> Card:
    return card(case, reached, flips, NOW, language)


def texts(made: Card) -> list[str]:
    """Return everything that a card says in words of its own."""
    facts = [*made.evidence, *made.meanwhile, *made.before, *made.ahead]
    says = [each.says for each in made.data]
    own = [made.state_words, made.meaning, made.cause_words, made.scope, made.actor_words, made.tell]
    return [*own, *made.fix, *says, *(each.text for each in facts)]


def test_every_language_speaks_of_every_reason_and_state() -> None:
    """And names every cause and everyone who may have to act."""
    for phrases in PHRASES.values():
        assert phrases.reasons.keys() == set(Reason)
        assert phrases.states.keys() == set(State)
        assert phrases.causes.keys() == set(Cause)
        assert phrases.actors.keys() == set(Actor)
        assert set(SILENT) <= phrases.quiet.keys()


@cases
@languages
def test_every_card_is_complete(case: ConnectionStatus, language: Language) -> None:
    """Nothing is left to fill in, and no text is empty, untidy, or longer than people read."""
    made = shown(case, language)
    for text in texts(made):
        assert not re.search(r"[{}]|\s\s|^\s|\s$|None", text), text
    assert 5 <= len(made.meaning) <= 140
    assert 40 <= len(made.tell) <= 700
    assert made.tell.endswith(".")
    assert 1 <= len(made.fix) <= 6
    assert all(5 <= len(step) <= 260 for step in made.fix)
    assert made.verify == "driftd connections test aldgate"
    assert bool(case.reason) == any(made.verify in step for step in made.fix)


@pytest.mark.parametrize("reason", list(Reason))
@languages
def test_a_card_of_a_reason_says_who_acts_and_what_is_known(reason: Reason, language: Language) -> None:
    """Cause and actor are those of its meaning; the evidence is the trouble's."""
    made, phrases, own = shown(of(reason), language), PHRASES[language], trouble(reason)
    assert (made.reason, made.cause, made.actor) == (reason, MEANINGS[reason].cause, MEANINGS[reason].actor)
    assert made.cause_words == phrases.causes[MEANINGS[reason].cause]
    evidence = {each.text: each.at for each in made.evidence}
    assert own.message in evidence
    assert own.hint in evidence
    assert any("503" in text for text in evidence)
    assert evidence[phrases.first_failure] == own.since
    assert evidence[phrases.latest_failure] == own.at


@cases
def test_french_is_not_english(case: ConnectionStatus) -> None:
    """No text of one card stands in the other, but for what both quote."""
    english, french = (shown(case, each) for each in LANGUAGES)
    quoted = {case.trouble.message, case.trouble.hint} if case.trouble else set()
    assert set(texts(english)) & set(texts(french)) <= quoted | {""}


def test_no_two_languages_share_a_phrase() -> None:
    """Also those that few cards need: only names of units are the same."""
    english, french = (set(_phrases(each)) for each in PHRASES.values())
    assert english & french <= {"evidence", "{change}", "{new_secret}"}
    assert len(english) > 150


def _phrases(phrases: Phrases) -> list[str]:
    found = [words.plain for words in _words(phrases)] + [words.tell for words in _words(phrases)]
    found += [step for words in _words(phrases) for step in words.fix]
    found += [*phrases.states.values(), *phrases.causes.values(), *phrases.actors.values()]
    found += [text for each in (phrases.new_secret, phrases.change) for text in (each.operator, each.ours)]
    labels = phrases.labels
    found += [getattr(labels, name) for name in labels.__struct_fields__]
    return found + [text for name in phrases.__struct_fields__ if isinstance(text := getattr(phrases, name), str)]


def _words(phrases: Phrases) -> list[Words]:
    return [*phrases.reasons.values(), *phrases.quiet.values()]


@languages
def test_texts_only_hold_what_is_filled(language: Language) -> None:
    """A placeholder that nobody knows would stop a card."""
    known = {"connection", "host", "folder", "resources"}
    for words in _words(PHRASES[language]):
        for text in (words.plain, words.tell):
            assert _placeholders(text) <= known
        for text in words.fix:
            assert _placeholders(text) <= known | {"port", "new_secret", "change"}


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@languages
@pytest.mark.parametrize("reason", [Reason.TLS_ERROR, Reason.TLS_EXPIRED])
def test_a_certificate_is_looked_at_where_the_tenant_listens(reason: Reason, language: Language) -> None:
    """The command names host and port of the tenant, whichever the port is."""
    made = shown(replace(of(reason), host="x3.borough.example", port=8443), language)
    assert "openssl s_client -connect x3.borough.example:8443 " in made.fix[0]


@languages
@pytest.mark.parametrize("reason", [Reason.OAUTH_INVALID_CLIENT, Reason.UNAUTHORIZED])
def test_a_new_secret_goes_where_the_secret_stands(reason: Reason, language: Language) -> None:
    """One that driftd keeps is given to driftd; another is put where the configuration reads it."""
    elsewhere, kept = (shown(replace(of(reason), kept=each), language).fix for each in (False, True))
    assert [" `driftd connections rotate aldgate`" in step for step in kept].count(True) == 1
    assert not any("connections rotate" in step for step in elsewhere)
    assert len(set(kept) ^ set(elsewhere)) == 2


@languages
def test_settings_are_changed_where_they_stand(language: Language) -> None:
    """A connection of the database is put anew, and one of the file is changed there."""
    filed, stored = (shown(replace(of(Reason.FOLDER_NOT_FOUND), stored=each), language).fix for each in (False, True))
    assert any("PUT /api/v1/connections/aldgate" in step for step in stored)
    assert any("driftd check config" in step for step in filed)
    assert not any("driftd check config" in step for step in stored)


def test_french_is_set_as_french() -> None:
    """No line ends before a colon, a semicolon or a closing quotation mark, and apostrophes are curved."""
    for case in CASES:
        bare = replace(case, trouble=case.trouble and replace(case.trouble, message="", hint=""))
        for text in texts(shown(bare, Language.FRENCH)):
            assert not re.search(r" [:;?!»]|« |[a-z]'[a-zé]", text), text


@cases
@languages
def test_the_customer_reads_nothing_of_what_the_tenant_said_and_nothing_of_our_insides(
    case: ConnectionStatus, language: Language
) -> None:
    """Neither message nor hint, no command, no name of ours; and the steps hold none of the tenant's words either."""
    if case.trouble:
        case = replace(case, trouble=replace(case.trouble, message="M4RK <b>s3cret</b>", hint="H1NT"))
    made = shown(case, language)
    assert not re.search(r"M4RK|s3cret|H1NT|driftd|`|aldgate(?!\.)|page_size|[a-z]+_[a-z]+", made.tell)
    assert not any(re.search(r"M4RK|s3cret|H1NT", step) for step in made.fix)


@given(st.text(), st.sampled_from(LANGUAGES))
def test_foreign_text_stays_one_line_and_does_nothing(text: str, language: Language) -> None:
    """Whatever a message, a hint or the reason of a pause holds: no control characters, no ends of lines."""
    case = replace(of(Reason.SERVER_ERROR), trouble=trouble(Reason.SERVER_ERROR, message=text * 50, hint=text))
    paused = status(State.PAUSED, health=ConnectionHealth(pause=Pause(text, text, NOW + HOUR)))
    for made in (shown(case, language), shown(paused, language)):
        for each in (*made.evidence, *made.meanwhile):
            assert all(letter.isprintable() or letter == "\u00a0" for letter in each.text)
            assert len(each.text) <= 900


@languages
def test_a_customer_is_told_in_the_tenants_own_time(language: Language) -> None:
    """Three hours ago it was thirteen past one in Paris."""
    assert "2026" in shown(of(Reason.DNS_FAILURE), language).tell
    texts_ = {
        Language.ENGLISH: "21 September 2026, 13:13 (Europe/Paris)",
        Language.FRENCH: "21 septembre 2026 à 13\u00a0h\u00a013",
    }
    assert texts_[language] in shown(of(Reason.DNS_FAILURE), language).tell


@languages
def test_nobody_is_sent_for_while_it_is_being_tried_again(language: Language) -> None:
    """One failure is told as what it is, with the reason and its steps where it lasts."""
    made = shown(status(State.RETRYING, Reason.TLS_EXPIRED), language)
    assert (made.actor, made.reason) == (Actor.WAIT, Reason.TLS_EXPIRED)
    assert "2026" not in made.tell
    assert made.fix[0] == shown(status(State.RETRYING), language).fix[0]


@languages
def test_what_is_the_same_on_several_hosts_is_ours_first(language: Language) -> None:
    """The first step says so, and a failure of the network is for our SRE."""
    everywhere = Reached(Scope.ALL, 30, 40)
    made, alone = (shown(of(Reason.CONNECT_TIMEOUT), language, each) for each in (everywhere, TENANT))
    assert (made.actor, alone.actor) == (Actor.SRE, Actor.NETWORK_ADMIN)
    assert made.fix[1:] == alone.fix
    assert shown(of(Reason.OAUTH_INVALID_CLIENT), language, everywhere).actor is Actor.X3_ADMIN


@languages
def test_the_scope_is_told_in_numbers(language: Language) -> None:
    """Of a host, of all; or which resource alone."""
    host = shown(of(Reason.CONNECT_TIMEOUT), language, Reached(Scope.HOST, 6, 8)).scope
    assert "6" in host
    assert "8" in host
    assert "x3.aldgate.example" in host
    one = replace(of(Reason.FORBIDDEN), trouble_at="SORDER")
    assert "SORDER" in shown(one, language, Reached(Scope.RESOURCE)).scope
    assert shown(status(), language).scope == ""


@languages
def test_last_good_data_says_what_consumers_miss(language: Language) -> None:
    """Per resource: missing, held, waiting, old in part, never read, or up to date."""
    phrases = PHRASES[language]
    base = of(Reason.TIMEOUT).resources[1]

    def says(**more: Any) -> str:
        return shown(status(resources=(replace(base, health=replace(base.health, **more)),)), language).data[0].says

    assert says() == phrases.current
    assert says(trouble=trouble(Reason.TIMEOUT)) == phrases.missing
    assert says(last_poll=NOW) == phrases.missing
    assert says(last_poll=NOW - 15 * MINUTE, last_success=NOW - 15 * MINUTE) == phrases.current
    assert says(last_poll=NOW - 16 * MINUTE, last_success=NOW - 16 * MINUTE) == phrases.missing
    struck = status(health=ConnectionHealth(outage=trouble(Reason.DNS_FAILURE)))
    assert {each.says for each in shown(struck, language).data} == {phrases.missing}
    assert says(last_success=None, last_poll=NOW) == phrases.never_read
    assert "7" in says(held=7)
    assert "5" in says(pending=5)
    assert "99" in says(coverage=0.999)
    assert says(coverage=1.0) == phrases.current
    (first, _) = shown(of(Reason.TIMEOUT), language).data
    assert (first.resource, first.success, first.change) == ("SORDER", NOW - 4 * HOUR, NOW - 9 * HOUR)


@languages
def test_meanwhile_and_ahead_hold_what_is_known_and_nothing_else(language: Language) -> None:
    """Times are moments; what nobody knows is not said."""
    phrases, quiet = PHRASES[language], shown(status(), language)
    assert [each.at for each in quiet.meanwhile] == [None, NOW + 8 * HOUR]
    assert quiet.ahead == ()
    (flips,) = shown(status(), language, flips=17).before
    assert "17" in flips.text
    resource = replace(status().resources[0], next_poll=NOW + MINUTE)
    expiry = {
        Credential.CLIENT_SECRET: NOW + 9 * DAY,
        Credential.ACCESS_TOKEN: NOW,
        Credential.TLS_CERTIFICATE: NOW - DAY,
    }
    busy = shown(status(resources=(resource,), held_until=NOW + 2, breaker_open_until=NOW + 3, expiry=expiry), language)
    assert [each.at for each in busy.meanwhile][:3] == [NOW + MINUTE, NOW + 2, NOW + 3]
    assert [(each.text, each.at) for each in busy.ahead] == [
        (phrases.secret_ends, NOW + 9 * DAY),
        (phrases.certificate_ends, NOW - DAY),
    ]
    window = ConnectionHealth(maintenance=Window(NOW - 1, NOW + DAY))
    assert shown(status(State.MAINTENANCE, health=window), language).meanwhile[0].at == NOW + DAY
    held = replace(resource, health=replace(resource.health, held=12))
    assert any("12" in each.text for each in shown(status(resources=(held,)), language).meanwhile)


def test_many_resources_are_named_in_part() -> None:
    """Three, and how many more."""
    base = of(Reason.FORBIDDEN).resources[0]
    many = status(State.DEGRADED, Reason.FORBIDDEN, resources=tuple(replace(base, name=f"R{n}") for n in range(9)))
    assert "R0, R1, R2, 6 more" in shown(many, Language.ENGLISH).tell
    assert "R0, R1, R2, 6 de plus" in shown(many, Language.FRENCH).tell


def test_a_connection_never_tried_has_no_beginning() -> None:
    """Its state is as old as nothing."""
    assert shown(status(State.UNVALIDATED), Language.ENGLISH).since is None


@cases
def test_documents_hold_times_as_text_and_only_what_json_knows(case: ConnectionStatus) -> None:
    """Programs read RFC 3339 in UTC, and enums as their names."""
    made = of_card(shown(case, Language.ENGLISH))
    assert made["at"] == "2026-09-21T14:13:20Z"
    assert made["state"] == str(case.state)
    told = of_status(Status(NOW, (case,)))
    assert told["counts"] == {str(case.state): 1}
    for document in (made, told):
        assert _plain(document)


def _plain(value: object) -> bool:
    if isinstance(value, dict):
        return all(isinstance(name, str) and _plain(each) for name, each in value.items())
    if isinstance(value, list):
        return all(_plain(each) for each in value)
    return value is None or isinstance(value, str | float | bool) or (isinstance(value, int) and value < 10**11)
