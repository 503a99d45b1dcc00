"""What a tenant says beside its records: refusals, tokens, headers, declared forms."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import strategies as st
from msgspec import msgpack

from driftd.adapters.x3 import diagnoses, token, verdict
from driftd.adapters.x3.answer import LONGEST_WAIT, Answer, epoch_ms
from driftd.adapters.x3.signs import LATEST, certificate_of
from driftd.core.credential import Issued
from driftd.core.document import moment
from driftd.core.model import JsonObject
from driftd.core.schema.declared import declared
from driftd.core.schema.model import Form
from driftd.core.words import PHRASES
from driftd.core.words.spans import day_and_time
from driftd.errors import SourceError
from tests.hostile.effort import tried
from tests.hostile.test_wire import JSONS
from tests.hostile.texts import TEXTS

NOW = 1_800_000_000_000
PAGE = verdict.Question("aldgate", "BPCUSTOMER", "ALDGATE")
RECORD = verdict.Question("aldgate", "SORDER", "ALDGATE", details=True)
KINDS = st.sampled_from(["application/json", "text/html; charset=utf-8", "text/plain", "", "application/problem+json"])
STATUSES = st.sampled_from([200, 204, 301, 302, 400, 401, 403, 404, 410, 422, 429, 500, 503, 599])
MEMBERS = ("error", "error_description", "message", "$message", "access_token", "token_type", "expires_in")
SAID = st.dictionaries(st.sampled_from(MEMBERS), JSONS | TEXTS, max_size=4)
DIAGNOSED = st.fixed_dictionaries(
    {"$diagnoses": JSONS | st.lists(st.dictionaries(st.sampled_from(["$severity", "$message"]), JSONS), max_size=3)}
)
BODIES = st.binary(max_size=80) | (SAID | DIAGNOSED | JSONS).map(lambda said: json.dumps(said).encode())
DEEP = b"[" * 1_000 + b"]" * 1_000
"""As deep as the decoder goes, and deeper than Python writes down."""


def judged(answer: Answer) -> None:
    """Judge an answer in every way there is; only `SourceError` comes of it, and no word of the tenant's in it."""
    for question in (PAGE, RECORD):
        for judge in (verdict.page, verdict.details, verdict.prototype):
            with suppress(SourceError):
                judge(answer, question, NOW)
    verdict.is_login(answer)
    with suppress(SourceError):
        issued = token.read(answer, "aldgate", NOW)
        assert moment(Issued(NOW, issued.life).ends_at)


@tried(40, st.builds(Answer, STATUSES, BODIES, KINDS, TEXTS, TEXTS, TEXTS, TEXTS))
def test_any_answer_is_judged(answer: Answer) -> None:
    """Whatever is in an answer, it is a page, a record, a token, or a `SourceError` says why not."""
    judged(answer)


@pytest.mark.parametrize("name", ["error", "message", "error_description", "token_type", "access_token", "$diagnoses"])
@pytest.mark.parametrize("status", [200, 400, 403, 500])
def test_a_message_that_nests_is_none(status: int, name: str) -> None:
    """Where a text should stand, lists within lists say nothing."""
    judged(Answer(status, b'{"access_token":"a","%b":%b}' % (name.encode(), DEEP), "application/json"))
    said = b'{"$resources":[],"$diagnoses":[{"$message":%b,"$severity":%b}]}' % (DEEP, DEEP)
    judged(Answer(status, said, "application/json"))


@pytest.mark.parametrize("word", ["endpoint ", "missing ", "class unknown ", "721 : ", "<", "<script ", "<title>log"])
def test_a_long_message_is_judged_by_its_beginning(word: str) -> None:
    """Words that could be parts of a rule twenty thousand times over take no more time than they are long."""
    text = word * 20_000
    for body in ({"message": text}, {"$diagnoses": [{"$message": text, "$severity": "error"}]}):
        judged(Answer(400, json.dumps(body).encode(), "application/json"))
    judged(Answer(400, text.encode(), "text/html"))
    judged(Answer(200, text.encode(), "text/html"))


def test_only_so_many_diagnoses_are_looked_at() -> None:
    """Those behind are not judged: an answer of a million takes no longer."""
    rows = [{"$severity": "error", "$message": f"{number} : x"} for number in range(diagnoses.MOST + 5)]
    found = diagnoses.read(Answer(400, json.dumps({"$diagnoses": rows}).encode(), "application/json"))
    assert len(found) == diagnoses.MOST


@pytest.mark.parametrize(
    ("told", "life"), [(1e300, token.LONGEST_LIFE), ("1e300", token.LONGEST_LIFE), (2**63 - 1, token.LONGEST_LIFE)]
)
def test_no_token_lives_longer_than_a_calendar(told: Any, life: float) -> None:
    """A life beyond all dates is cut, so that its end is one."""
    body = json.dumps({"access_token": "a", "expires_in": told}).encode()
    assert token.read(Answer(200, body, "application/json"), "aldgate", NOW).life == life


def test_a_token_is_not_longer_than_its_bound() -> None:
    """A longer one is refused: no server would take it."""
    for length, usable in ((token.LONGEST_TOKEN, True), (token.LONGEST_TOKEN + 1, False)):
        answer = Answer(200, json.dumps({"access_token": "a" * length}).encode(), "application/json")
        if usable:
            assert len(token.read(answer, "aldgate", NOW).secret.reveal()) == length
        else:
            with pytest.raises(SourceError, match="more than 16384 characters"):
                token.read(answer, "aldgate", NOW)


@tried(80, TEXTS | st.text("0123456789 :,+-GMTJanFri()\x00", max_size=40))
def test_any_header_is_a_time_to_wait_or_none(text: str) -> None:
    """``Retry-After`` and ``Date`` may say anything: what comes of them lies within its bounds."""
    answer = Answer(503, b"", retry_after=text, date=text, challenge=text)
    wait = answer.wait(NOW)
    assert wait is None or 0 <= wait <= LONGEST_WAIT
    moment_ = epoch_ms(text)
    assert moment_ is None or abs(answer.skew(NOW) or 0.0) < 1e12


def test_a_certificate_without_an_end_has_one_in_every_zone() -> None:
    """RFC 5280 writes "no end" as the last second of 9999, which is in no calendar east of Greenwich."""

    class Session:
        def getpeercert(self) -> dict[str, object]:
            return {"notAfter": "Dec 31 23:59:59 9999 GMT", "issuer": ((("commonName", "x" * 5_000),),)}

    found = certificate_of(Session(), "x3.example")  # type: ignore[arg-type]
    assert found is not None
    assert found.ends_at == LATEST
    assert len(found.issuer) == 200
    for phrases in PHRASES.values():
        assert "9999" in day_and_time(found.ends_at, "Pacific/Kiritimati", phrases)
    assert datetime.fromtimestamp(LATEST / 1000, UTC).year == 9999


@tried(12, st.fixed_dictionaries({"$properties": JSONS | st.dictionaries(TEXTS, JSONS, max_size=3), "$type": JSONS}))
def test_any_declaration_is_a_form(prototype: dict[str, Any]) -> None:
    """Whatever a prototype declares, it has a form that can be stored, or a `SourceError` says why not."""
    with suppress(SourceError):
        assert msgpack.decode(msgpack.encode(declared(prototype)), type=Form).fields is not None


def test_no_declared_length_is_more_than_can_be_stored() -> None:
    """A length of forty digits is none."""
    told: JsonObject = {"$properties": {"A": {"$type": "application/x-string", "$maxLength": 10**39}}}
    assert declared(told).fields["A"].max_length is None
