"""What is said of drift: every finding, in every language, on its own and on a card."""

import re
import string
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from driftd.core.alerts.model import Alert, AlertState, Mute
from driftd.core.card import Card, card
from driftd.core.casefile import Case, of_case
from driftd.core.drift import Check, SchemaKind, Scope, Severity
from driftd.core.explained import Explained, Place, explained
from driftd.core.reasons import Actor, State
from driftd.core.status import ConnectionStatus, Reached
from driftd.core.words import PHRASES, Language
from driftd.core.words.drifts import FAMILIES
from driftd.errors import Reason
from tests.core.alerted import FINDINGS, ID, alert
from tests.core.statuses import HOUR, NOW, of, status

PLACE = Place("x3.aldgate.example", "ALDGATE", 443, "Europe/Paris")
LANGUAGES = list(Language)
languages = pytest.mark.parametrize("language", LANGUAGES)
findings = pytest.mark.parametrize("finding", FINDINGS)


def degraded(*alerts: Alert) -> ConnectionStatus:
    """Return a connection that is degraded by drift alone."""
    return status(State.DEGRADED, alerts=alerts)


def shown(case: ConnectionStatus, language: Language = Language.ENGLISH) -> Card:
    return card(case, Reached(Scope.TENANT), 0, NOW, language)


def texts(said: Explained) -> list[str]:
    return [said.clause, said.actor, said.tell, *said.fix]


def sound(text: str) -> bool:
    """Tell whether a text is whole: nothing left to fill in, nothing twice, nothing that is missing."""
    return not re.search(r"[{}]|\s\s|^\s|\s$|None|\(\)|\?\.|\bat \.|: \.|, ,|``", text)


@findings
@languages
def test_every_finding_is_told_whole(finding: str, language: Language) -> None:
    """What it is in a clause, what the customer is told in whole sentences, and steps with their commands."""
    said = explained(alert(finding), PLACE, language)
    assert all(map(sound, texts(said)))
    assert 10 <= len(said.clause) <= 140
    assert not said.clause.endswith(".")
    assert 60 <= len(said.tell) <= 480
    assert said.tell.endswith(".")
    assert said.tell[0].isupper()
    assert 1 <= len(said.fix) <= 4
    assert all(5 <= len(step) <= 200 and step.endswith((".", "`")) for step in said.fix)


@findings
@languages
def test_a_card_of_a_connection_that_is_degraded_by_it_says_the_same(finding: str, language: Language) -> None:
    """What it means, who acts, the text to send and the steps are the drift's; what fires is listed with its id."""
    if finding in set(Reason) - set(map(str, Check)) or finding == "stalled":
        return  # no drift: the state has its own words
    case = alert(finding)
    made, said = shown(degraded(case), language), explained(case, PLACE, language)
    assert (made.meaning, made.tell, made.fix) == (said.clause, said.tell, said.fix)
    assert (made.actor, made.actor_words) == (case.drift.actor, said.actor)
    (listed,) = made.alerts
    assert ID in listed.text
    assert said.clause in listed.text
    assert PHRASES[language].severities[Severity.CRITICAL] in listed.text
    assert listed.at == case.first_incident


@findings
def test_french_is_not_english(finding: str) -> None:
    """Nothing but names stands in both, and French is set as French."""
    english, french = (texts(explained(alert(finding), PLACE, each)) for each in LANGUAGES)
    assert not set(english) & set(french)
    for text in french:
        assert not re.search(r" [:;?!»]|« |[a-z]'[a-zé]", text), text
        assert not re.search(r"\b(the|of|and|is|records|customer)\b", re.sub("`[^`]*`", "", text)), text


@languages
def test_every_finding_has_words_of_its_own(language: Language) -> None:
    """No two are told alike, and a finding of a later release is told plainly."""
    drifts = PHRASES[language].drifts
    assert drifts.keys() == FAMILIES.keys() == {*SchemaKind, *Check}
    assert len({words.plain for words in drifts.values()}) == len(drifts)
    later = explained(alert("unheard_of"), PLACE, language)
    assert all(map(sound, texts(later)))


@languages
def test_texts_hold_only_what_is_filled(language: Language) -> None:
    """A place that nobody fills would stop a card."""
    known = {
        "connection", "host", "port", "folder", "resource", "resources", "field", "to", "factor", "ends", "count", "n",
        "samples", "alert", "new_secret", "change",
    }  # fmt: skip
    for words in PHRASES[language].drifts.values():
        for text in (words.plain, *words.fix):
            assert places(text) <= known
        assert places(words.tell) <= known | {"clause"}


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@findings
@languages
def test_a_customer_reads_nothing_of_our_insides(finding: str, language: Language) -> None:
    """No command, no name of ours, nothing of what was measured; of the records at most five keys, and no value."""
    case = alert(finding, expected="M4RK", seen="M4RK", rule="M4RK", hint="M4RK")
    said = explained(case, PLACE, language)
    assert not re.search(r"M4RK|driftd|`|aldgate(?!\.)|[a-z]+_[a-z]+|\bSRE\b", said.tell)
    assert not any("M4RK" in text for text in texts(said))
    assert '["C005"]' not in said.tell


@findings
@languages
def test_what_lacks_all_that_can_be_lacking_is_told_whole(finding: str, language: Language) -> None:
    """Of a drift without resource, field, numbers, keys and evidence, at a place that nobody knows."""
    bare = alert(finding, resource=None, field=None, samples=(), evidence={}, affected=0, n=0, hint="", seen="")
    assert all(re.sub(r"\?(\.?)", r"\1", text) for text in texts(explained(bare, Place(), language)))
    for text in texts(explained(bare, Place(), language)):
        assert not re.search(r"[{}]|\s\s|^\s|\s$|None|\(\)", text), text


@settings(max_examples=25)
@given(st.text(), st.sampled_from(FINDINGS), st.sampled_from(LANGUAGES))
def test_what_a_tenant_calls_its_fields_does_nothing(text: str, finding: str, language: Language) -> None:
    """Whatever a field, a key or a hint holds: one line each, and no place to be filled."""
    case = alert(finding, field=text, samples=(text,), hint=text, evidence={"to": text, "host": text})
    made = shown(degraded(case), language)
    for each in (*texts(explained(case, PLACE, language)), made.meaning, made.tell, *made.fix, made.alerts[0].text):
        assert all(letter.isprintable() or letter == "\u00a0" for letter in each)
        assert len(each) <= 2400


@pytest.mark.parametrize("field", ["{connection}", "{", "}}", "{0}", "{x!r}"])
def test_braces_of_a_tenant_stay_what_they_are(field: str) -> None:
    assert field in shown(degraded(alert(SchemaKind.TYPE_CHANGED, field=field))).tell


@languages
def test_an_end_is_told_in_the_tenants_own_time(language: Language) -> None:
    """The customer reads until when a secret or a certificate is valid, and of which host."""
    secret, certificate = (
        explained(alert(finding), PLACE, language).tell for finding in (Check.SECRET_EXPIRES, Check.CERTIFICATE_EXPIRES)
    )
    for tell in (secret, certificate):
        assert {"en": "30 September 2026, 16:13 (Europe/Paris)", "fr": "30 septembre 2026 à 16"}[language] in tell
    assert "login.aldgate.example" in certificate


@languages
def test_a_date_that_is_past_while_the_secret_works_is_our_own(language: Language) -> None:
    """The customer is asked for nothing."""
    said = explained(alert(Check.SECRET_EXPIRES, actor=Actor.OPERATOR), PLACE, language)
    assert said.tell == PHRASES[language].stale_date.tell.format(folder="ALDGATE").replace(" :", "\u00a0:")
    assert "secret_expires" in said.fix[0]


@findings
@languages
def test_what_speaks_for_many_is_told_whole(finding: str, language: Language) -> None:
    """How many they are, what they have in common, and where to look first; the host where it is one."""
    for scope in (Scope.HOST, Scope.FOLDER, Scope.RESOURCE, Scope.ALL):
        name = {Scope.HOST: "x3.example", Scope.FOLDER: "x3.example/ALDGATE"}.get(scope, "BPCUSTOMER")
        group = alert(finding, scope=scope, scope_id=name, group=True, connection="", resource=None, members=("a", "b"))
        said = explained(group, Place(), language)
        assert all(map(sound, texts(replace_unknown(said))))
        assert "399" in said.clause


def replace_unknown(said: Explained) -> Explained:
    return replace(said, clause=said.clause.replace("?", "x"), tell=said.tell.replace("?", "x"))


@languages
def test_without_alerts_a_card_is_as_it_was(language: Language) -> None:
    """Whatever the state or the reason; what is pending or over changes nothing."""
    for case in (*(of(reason) for reason in Reason), *(status(state) for state in State)):
        quiet = [alert(state=AlertState.PENDING), alert(state=AlertState.RESOLVED)]
        assert shown(case, language).alerts == ()
        assert shown(replace(case, alerts=tuple(quiet)), language) == shown(case, language)


@languages
def test_a_card_of_an_outage_speaks_of_the_outage(language: Language) -> None:
    """Drift that fires beside it is listed, and changes nothing else."""
    for case in (of(Reason.DNS_FAILURE), of(Reason.OAUTH_INVALID_CLIENT), status(State.OK), status(State.PAUSED)):
        made, bare = shown(replace(case, alerts=(alert(),)), language), shown(case, language)
        assert len(made.alerts) == 1
        assert replace(made, alerts=()) == bare


@pytest.mark.parametrize(
    ("reason", "finding"),
    [
        (Reason.FROZEN, SchemaKind.FIELD_RENAMED),
        (Reason.SUSPECT_MASS_DELETE, Check.MASS_DELETE),
        (Reason.EMPTY_ANSWER, Check.EMPTY_ANSWER),
        (Reason.KEY_NOT_UNIQUE, SchemaKind.KEY_CHANGED),
    ],
)
@languages
def test_a_reason_that_rests_on_a_drift_is_told_by_it(reason: Reason, finding: str, language: Language) -> None:
    """Since when nothing came stays said; of another resource's drift, or another finding, nothing is taken."""
    case = of(reason, trouble_at="SORDER")
    own, other = alert(finding, resource="SORDER"), alert(finding, resource="BPCUSTOMER")
    made, bare = shown(replace(case, alerts=(own,)), language), shown(case, language)
    said = explained(own, PLACE, language)
    assert made.meaning == said.clause
    assert said.tell in made.tell
    assert made.tell.split(".")[0] == bare.tell.split(".")[0]
    assert made.fix[:-1] == said.fix
    assert made.fix[-1] == bare.fix[-1]
    for beside in (other, alert(Check.SCALE_SHIFT, resource="SORDER")):
        assert replace(shown(replace(case, alerts=(beside,)), language), alerts=()) == bare


def test_the_gravest_drift_speaks_and_no_more_than_eight_are_listed() -> None:
    """Firing before pending, critical before warning, the older before the newer; muted ones are marked."""
    many = [
        alert(
            SchemaKind.TYPE_CHANGED,
            id=f"{n:016x}",
            field=f"F{n}",
            first_incident=NOW - n * HOUR,
            severity=Severity.CRITICAL if n % 2 else Severity.WARNING,
            mute=Mute(NOW + 1, "x", "y", NOW) if n == 3 else None,
        )
        for n in range(12)
    ]
    made = shown(degraded(*many))
    assert "F11" in made.meaning
    assert len(made.alerts) == 9
    assert made.alerts[-1].text == "4 more"
    assert all(one.at <= other.at for one, other in pairwise(made.alerts[:6]) if one.at and other.at)
    (muted,) = (each.text for each in made.alerts if "(muted)" in each.text)
    assert muted.startswith(f"critical {3:016x} (muted): ")


@languages
def test_a_document_of_a_case_is_in_the_language_asked_for(language: Language) -> None:
    told = of_case(Case(alert()), PLACE, NOW, language)
    said = explained(alert(), PLACE, language)
    assert (told["says"], told["who_acts"], told["tell_the_customer"]) == (said.clause, said.actor, said.tell)
    assert (told["held"], told["versions"], told["deeds"], told["muted"]) == (None, [], [], None)
