import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from driftd.adapters.x3 import verdict
from driftd.adapters.x3.answer import LONGEST_WAIT, Answer
from driftd.errors import Reason, SourceError
from tests.faults.observing import Observe

NOW = 1_800_000_000_000
PAGE = verdict.Question("aldgate", "BPCUSTOMER", "ALDGATE")
RECORD = verdict.Question("aldgate", "SORDER", "ALDGATE", details=True)
JSON = "application/json"


def diagnosed(status: int, message: str, *, severity: str = "error", **members: Any) -> Answer:
    body = {"$diagnoses": [{"$severity": severity, "$message": message}], **members}
    return Answer(status, json.dumps(body).encode(), JSON)


def html(status: int, text: str) -> Answer:
    return Answer(status, f'<!DOCTYPE html><p class="resource">{text}</p>'.encode(), "text/html; charset=utf-8")


def refused(answer: Answer, question: verdict.Question = PAGE) -> SourceError:
    with pytest.raises(SourceError) as error:
        (verdict.details if question.details else verdict.page)(answer, question, NOW)
    assert '"aldgate"' in str(error.value)
    assert error.value.hint
    return error.value


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(301, b"", location="https://x3.example/api1/"), Reason.MAINTENANCE_PAGE),
        (Answer(302, b"", location="https://x3.example/auth/login/page?x=1"), Reason.MAINTENANCE_PAGE),
        (Answer(401, b""), Reason.UNAUTHORIZED),
        (Answer(403, b""), Reason.FORBIDDEN),
        (html(403, "Forbidden"), Reason.FORBIDDEN),
        (diagnosed(403, "X-Sage-Folder: 'SEED' is not this endpoint's folder"), Reason.FOLDER_NOT_FOUND),
        (diagnosed(403, "X-Sage-Folder: missing"), Reason.FOLDER_NOT_FOUND),
        (Answer(404, b""), Reason.RESOURCE_NOT_FOUND),
        (Answer(400, b"nonsense", "text/plain"), Reason.RESOURCE_NOT_FOUND),
        (Answer(407, b""), Reason.PROXY_ERROR),
        (Answer(408, b""), Reason.TIMEOUT),
        (Answer(413, b""), Reason.PAYLOAD_TOO_LARGE),
        (Answer(429, b""), Reason.RATE_LIMITED),
        (Answer(500, b""), Reason.SERVER_ERROR),
        (html(500, "Internal error"), Reason.SERVER_ERROR),
        (Answer(502, b""), Reason.GATEWAY_ERROR),
        (html(503, "Endpoint not found"), Reason.GATEWAY_ERROR),
        (Answer(504, b""), Reason.GATEWAY_ERROR),
        (Answer(507, b""), Reason.SERVER_ERROR),
        (Answer(204, b""), Reason.RESOURCE_NOT_FOUND),
        (html(200, "we are back soon"), Reason.MAINTENANCE_PAGE),
        (Answer(200, b" \n<html>", JSON), Reason.MAINTENANCE_PAGE),
        (Answer(200, b'{"$resources":[]}', "text/plain"), Reason.INVALID_PAYLOAD),
        (Answer(200, b'{"$resources":[]}', ""), Reason.INVALID_PAYLOAD),
        (Answer(200, b"[]", JSON), Reason.INVALID_PAYLOAD),
        (Answer(200, b"", JSON), Reason.INVALID_PAYLOAD),
        (Answer(200, b'{"$itemsPerPage":20}', JSON), Reason.INVALID_PAYLOAD),
        (diagnosed(200, "Unexpected error"), Reason.SERVER_ERROR),
        (
            Answer(200, b'{"$resources":[],"$diagnoses":[{"$severity":"error","$message":"12 : x"}]}', JSON),
            Reason.SERVER_ERROR,
        ),
    ],
)
def test_what_is_no_page_has_its_reason(answer: Answer, reason: Reason) -> None:
    """Each kind of answer without a page gives the reason of the operations guide."""
    assert refused(answer).reason is reason


@pytest.mark.parametrize("status", [200, 400, 404, 500])
@pytest.mark.parametrize("form", [diagnosed, html])
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Endpoint not found", Reason.FOLDER_NOT_FOUND),
        ("Unknown endpoint 'SEED'", Reason.FOLDER_NOT_FOUND),
        ("Dossier inexistant", Reason.FOLDER_NOT_FOUND),
        ("Class BPX not found", Reason.RESOURCE_NOT_FOUND),
        ("Representation 'A' is not of class B", Reason.RESOURCE_NOT_FOUND),
        ("Property UPDDATTIM not found", Reason.RESOURCE_NOT_FOUND),
        ("43 : Propriété inconnue", Reason.RESOURCE_NOT_FOUND),
        ("Facet '$query' is not allowed", Reason.FORBIDDEN),
        ("Function not authorized for this user", Reason.FORBIDDEN),
        ("Accès refusé", Reason.FORBIDDEN),
    ],
)
def test_an_error_is_read_for_what_it_says(status: int, form: Any, text: str, reason: Reason) -> None:
    """X3's table of codes is unknown, so the words decide, whatever of 200, 400, 404 and 500 carries them."""
    if form is html and status == 200:
        return
    assert refused(form(status, text)).reason is reason


@pytest.mark.parametrize("severity", ["warning", "info", "success", "WARNING"])
def test_a_warning_is_no_failure(severity: str) -> None:
    """Diagnoses below an error stand beside a good page."""
    answer = diagnosed(200, "Inactive record", severity=severity, **{"$resources": [{"A": 1}]})
    assert verdict.page(answer, PAGE, NOW).records == b'[{"A": 1}]'


def test_a_diagnosis_that_is_no_list_is_still_read() -> None:
    """One diagnosis without its array is an error all the same."""
    answer = Answer(200, b'{"$diagnoses":{"$severity":"error","$message":"Class X not found"}}', JSON)
    assert refused(answer).reason is Reason.RESOURCE_NOT_FOUND


@pytest.mark.parametrize("kind", ["application/json", "application/json;charset=utf-8", "text/json", "APPLICATION/JSON",
                                  "application/vnd.sage+json"])  # fmt: skip
def test_a_page_is_json_by_content_type_first_byte_and_envelope(kind: str) -> None:
    """Any content type that says JSON is one, with or without a byte order mark."""
    assert verdict.page(Answer(200, b'\xef\xbb\xbf{"$resources":[]}', kind), PAGE, NOW).records == b"[]"


@pytest.mark.parametrize(
    "answer",
    [
        diagnosed(200, "721 : Record does not exist"),
        diagnosed(200, "721 : Enregistrement inexistant"),
        diagnosed(200, "Record does not exist"),
        diagnosed(404, "Record does not exist"),
        diagnosed(400, "721 : x"),
        html(404, "Record does not exist"),
        html(404, "Not Found"),
        Answer(404, b""),
        Answer(410, b"", "text/plain"),
    ],
)
def test_a_missing_record_is_an_answer(answer: Answer) -> None:
    """The tenant says that a record does not exist by diagnosis 721, by its words, or by 404 or 410."""
    assert verdict.details(answer, RECORD, NOW) is None


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (diagnosed(404, "Class SORDER not found"), Reason.RESOURCE_NOT_FOUND),
        (diagnosed(404, "Endpoint not found"), Reason.FOLDER_NOT_FOUND),
        (diagnosed(400, "Facet '$details' is not allowed"), Reason.FORBIDDEN),
        (diagnosed(500, "Facet '$details' is not allowed"), Reason.FORBIDDEN),
        (html(404, "Facet '$details' is not allowed"), Reason.FORBIDDEN),
        (Answer(400, b""), Reason.FORBIDDEN),
        (Answer(403, b'{"$diagnoses":[{"$severity":"error","$message":"721 : x"}]}', JSON), Reason.FORBIDDEN),
        (Answer(500, b""), Reason.SERVER_ERROR),
        (diagnosed(200, "1721 : Locked record"), Reason.SERVER_ERROR),
        (diagnosed(200, "Record is locked by a user who does not exist"), Reason.SERVER_ERROR),
        (html(200, "login"), Reason.MAINTENANCE_PAGE),
        (Answer(200, b'{"$actxFolder":"SEED"}', JSON), Reason.WRONG_FOLDER),
    ],
)
def test_a_refused_record_is_not_a_missing_one(answer: Answer, reason: Reason) -> None:
    """Whatever is not said to be absent is an error: a right, a folder or a server may be missing instead."""
    assert refused(answer, RECORD).reason is reason


def test_a_record_of_another_folder_is_never_taken() -> None:
    """`$actxFolder` in a row of a page or in a record must be the connection's folder."""
    mixed = Answer(200, b'{"$resources":[{"$actxFolder":"ALDGATE"},{"$actxFolder":"SEED"}]}', JSON)
    assert refused(mixed).reason is Reason.WRONG_FOLDER
    assert "SEED" not in str(refused(mixed))
    behind = b'[{"A":"%s"},{"$actxFolder":"SEED"}]' % (b"x" * verdict.SAMPLE)
    assert verdict.page(Answer(200, b'{"$resources":' + behind + b"}", JSON), RECORD, NOW).records == behind
    with pytest.raises(SourceError) as error:
        verdict.check_folder(behind, RECORD)
    assert error.value.reason is Reason.WRONG_FOLDER
    own = Answer(200, b'{"$actxFolder":"ALDGATE","SOHNUM":"S1"}', JSON)
    assert verdict.details(own, RECORD, NOW) == own.body


def test_a_message_shows_numbers_and_no_words_of_the_tenant() -> None:
    """A tenant's text may hold record values: the number of a diagnosis is shown, its text is not."""
    error = refused(diagnosed(500, "57 : Customer MARTIN-77 is blocked"))
    assert "diagnosis 57" in str(error)
    assert "MARTIN" not in f"{error}{error.hint}"
    assert error.status == 500


def after(**distance: int) -> str:
    return format_datetime(datetime.fromtimestamp(NOW / 1000, UTC) + timedelta(**distance), usegmt=True)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("999999999999", LONGEST_WAIT),
        (after(minutes=5), 300.0),
        (after(days=2), LONGEST_WAIT),
        (after(minutes=-5), 0.0),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
@pytest.mark.fault(15)
def test_a_wait_is_honoured_in_both_forms_and_capped(header: str, seconds: float | None, observe: Observe) -> None:
    """`Retry-After` counts as seconds or date, for an hour at most, with 429 and 503."""
    found = {status: refused(Answer(status, b"", retry_after=header)).retry_after for status in (429, 503)}
    observe(f"Retry-After {'as a date' if ':' in header else repr(header)}: {found[429]} s")
    assert found == {429: seconds, 503: seconds}
    assert refused(Answer(500, b"", retry_after="120")).retry_after is None


@pytest.mark.parametrize(
    ("answer", "login"),
    [
        (Answer(302, b"", location="/auth/login/page"), True),
        (Answer(302, b"", location="https://sso.example/signin?return=%2Fapi1"), True),
        (Answer(302, b"", location="https://other.example/api1/x3?next=/login"), False),
        (Answer(200, b'<form><input type="password"></form>', "text/html"), True),
        (Answer(200, b"<title>Sage X3 - Connexion</title>", "text/html"), True),
        (Answer(200, b"<title>Maintenance</title>", "text/html"), False),
        (Answer(200, b'{"$resources":[{"A":"type=\'password\'"}]}', JSON), False),
        (Answer(500, b'<input type="password">', "text/html"), False),
    ],
)
def test_a_login_page_is_told_from_other_pages(answer: Answer, *, login: bool) -> None:
    """A login page, or the way to one, is a refusal of credentials worth one renewal."""
    assert verdict.is_login(answer) is login
