"""Answers judged by their body, not by their status: a page, a record, or the reason why there is none.

The table of statuses follows the reasons of the operations guide. X3's own table of error codes is unknown, so 400, 404
and 500 are first read for what they say (`diagnoses`), and by number only where they say nothing known.
"""

import re
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from driftd.adapters.x3 import diagnoses, wire
from driftd.adapters.x3.answer import BEGINNING, CERTIFICATE_WANTED, Answer
from driftd.adapters.x3.payload import invalid
from driftd.errors import Reason, SourceError

_HINTS: Final = {
    Reason.TLS_ERROR: CERTIFICATE_WANTED[1],
    Reason.MAINTENANCE_PAGE: "check base_url and credentials, or wait for the maintenance to end",
    Reason.UNAUTHORIZED: "ask the customer's X3 administrator whether the credentials may still use the web services",
    Reason.FORBIDDEN: "ask the customer's X3 administrator for the role that may read this class and facet",
    Reason.FOLDER_NOT_FOUND: "check folder and endpoint with the customer: the tenant does not know them together",
    Reason.WRONG_FOLDER: "check folder and endpoint: another folder answers under this address",
    Reason.RESOURCE_NOT_FOUND: "check the class, its representation, key and watermark in the configuration",
    Reason.RATE_LIMITED: "wait as long as the tenant asks; a slower cadence avoids it",
    Reason.GATEWAY_ERROR: "wait: the server behind the tenant's gateway does not answer",
    Reason.SERVER_ERROR: "wait; if it lasts, the customer's X3 administrator finds the cause in the Syracuse logs",
    Reason.PROXY_ERROR: "check the proxy: driftd signs in at none, so it must admit this machine by its address",
    Reason.PAYLOAD_TOO_LARGE: "lower page_size",
    Reason.TIMEOUT: "wait; a smaller page_size or a longer timeout helps a slow tenant",
    Reason.CLOCK_SKEW: "set the clock of this machine, or ask the customer's X3 administrator to set the tenant's",
    Reason.TOKEN_EXPIRED: "compare the clocks; then ask the customer's X3 administrator to check the application",
}
_BY_STATUS: Final = {
    401: Reason.UNAUTHORIZED,
    403: Reason.FORBIDDEN,
    407: Reason.PROXY_ERROR,
    408: Reason.TIMEOUT,
    409: Reason.SERVER_ERROR,
    413: Reason.PAYLOAD_TOO_LARGE,
    423: Reason.SERVER_ERROR,
    425: Reason.SERVER_ERROR,
    429: Reason.RATE_LIMITED,
    451: Reason.FORBIDDEN,
    502: Reason.GATEWAY_ERROR,
    503: Reason.GATEWAY_ERROR,
    504: Reason.GATEWAY_ERROR,
}
_SPEAKING: Final = frozenset({400, 404, 405, 406, 410, 422, 500, 501})
"""Statuses whose body is read for the reason before their number counts."""
SAMPLE: Final = 64 << 10
"""Bytes of a page that are asked for their folder: one record at least, and a fraction of the time for all."""
_LOGIN_PATH: Final = re.compile(r"log-?in|sign-?in|/auth|/sso|/oauth", re.IGNORECASE)
_LOGIN_FORM: Final = re.compile(
    rb"""type\s*=\s*["']?password|<title>[^<]*(?:log ?-?in|sign ?-?in|connexion)""", re.IGNORECASE
)


class Question(Struct, frozen=True):
    """What was asked, for the words of an error."""

    connection: str
    resource: str
    folder: str
    details: bool = False

    @property
    def subject(self) -> str:
        """The resource in quotes, with its facet where that is not the usual one."""
        return f'"{self.resource}"{" details" if self.details else ""}'


def is_login(answer: Answer) -> bool:
    """Tell whether an answer is a browser's way of refusing credentials: a login page, or the way there."""
    if 300 <= answer.status < 400:
        return _LOGIN_PATH.search(answer.location.partition("?")[0]) is not None
    return answer.status == 200 and answer.is_html and _LOGIN_FORM.search(answer.body[:BEGINNING]) is not None


def page(answer: Answer, question: Question, now: int, *, split: bool = False) -> wire.Envelope:
    """Return the page that an answer is. Raises `SourceError` for any other answer; a prefix is never a page.

    Whose folder it is of is asked of its first records; of records whose bytes are not known all are asked, with their
    keys.
    """
    _check_status(answer, question, now)
    try:
        envelope = wire.read_envelope(answer.body, split=split)
    except SourceError as error:
        raise _named(error, question) from None
    if envelope.diagnoses is not None:
        _check_diagnoses(answer, question, now)
    if envelope.records is None:
        raise _named(invalid("the page has no $resources, which is not the same as an empty one"), question)
    check_folder(envelope.records[:SAMPLE], question)
    return envelope


def details(answer: Answer, question: Question, now: int) -> bytes | None:
    """Return the record that an answer is, or None where the tenant says that it does not exist.

    That is: diagnosis 721 or its words whatever the status, or a 404 or 410 that blames nothing else.
    """
    if answer.status not in {401, 403} and not 300 <= answer.status < 400 and _says_no_record(answer):
        return None
    _check_status(answer, question, now)
    body = wire.without_bom(answer.body)
    if b'"$diagnoses"' in body:
        _check_diagnoses(answer, question, now)
    check_folder(body, question)
    return body


def prototype(answer: Answer, question: Question, now: int) -> bytes | None:
    """Return the prototype that an answer is, or None where the tenant does not serve it.

    That is every refusal that is not about credentials, load or the way: which tenants serve prototypes under
    ``/api1/`` is not told anywhere.
    """
    if answer.status in _NOT_SERVED or (answer.status == 200 and not _declares(answer)):
        return None
    _check_status(answer, question, now)
    return wire.without_bom(answer.body)


_NOT_SERVED: Final = frozenset({400, 403, 404, 405, 406, 410, 422, 500, 501})


def _declares(answer: Answer) -> bool:
    """Tell whether an answer is a prototype; a page for people is judged as one elsewhere."""
    return answer.is_html or (answer.is_json and answer.start == b"{" and b'"$properties"' in answer.body)


def _says_no_record(answer: Answer) -> bool:
    if answer.status == 200 and b'"$diagnoses"' not in answer.body:
        return False
    said = diagnoses.read(answer)
    if diagnoses.says_no_record(said):
        return True
    return answer.status in {404, 410} and diagnoses.reason_of(said) is None


def _check_status(answer: Answer, question: Question, now: int) -> None:
    if 300 <= answer.status < 400:
        aim = "to a login page" if is_login(answer) else "elsewhere, which is not followed"
        raise refusal(Reason.MAINTENANCE_PAGE, f"answers {answer.status}: a redirect {aim}", answer, question, now)
    if answer.wants_certificate:
        raise refusal(Reason.TLS_ERROR, f"answers {answer.status}: {CERTIFICATE_WANTED[0]}", answer, question, now)
    if answer.status != 200:
        said = diagnoses.read(answer)
        reason = _reason(answer, said, question)
        raise refusal(reason, f"answers {answer.status}{diagnoses.numbers(said)}", answer, question, now)
    if answer.is_html:
        kind = "a login page" if is_login(answer) else "an HTML page"
        raise refusal(Reason.MAINTENANCE_PAGE, f"answers with {kind} in place of JSON", answer, question, now)
    if not answer.is_json or answer.start != b"{":
        raise refusal(
            Reason.INVALID_PAYLOAD, "answers 200 with something else than a JSON object", answer, question, now
        )


def _reason(answer: Answer, said: Sequence[diagnoses.Diagnosis], question: Question) -> Reason:
    told = diagnoses.reason_of(said)
    if told is not None and (answer.status in _SPEAKING or (answer.status, told) == (403, Reason.FOLDER_NOT_FOUND)):
        return told
    if question.details and answer.status in {400, 405, 501}:
        return Reason.FORBIDDEN  # "not allowed" on the details facet, as public clients see it
    if answer.status in _BY_STATUS:
        return _BY_STATUS[answer.status]
    return Reason.SERVER_ERROR if answer.status >= 500 else Reason.RESOURCE_NOT_FOUND


def _check_diagnoses(answer: Answer, question: Question, now: int) -> None:
    said = diagnoses.read(answer)
    if any(each.severe for each in said):
        reason = diagnoses.reason_of(said) or Reason.SERVER_ERROR
        raise refusal(reason, f"answers {answer.status} with an error{diagnoses.numbers(said)}", answer, question, now)


def check_folder(body: bytes, question: Question) -> None:
    """Raise `SourceError`, ``wrong_folder``, where records say that they are another folder's."""
    others = wire.folders(body) - {question.folder}
    if others:
        raise SourceError(
            Reason.WRONG_FOLDER,
            f'connection "{question.connection}": {question.subject} is not of the folder "{question.folder}"',
            hint=_HINTS[Reason.WRONG_FOLDER],
            status=200,
        )


def refusal(
    reason: Reason, what: str, answer: Answer, question: Question, now: int, *, hint: str | None = None
) -> SourceError:
    """Return the error of an answer that is no page; `hint` where the usual one of the reason does not fit."""
    return SourceError(
        reason,
        f'connection "{question.connection}": {question.subject} {what}',
        hint=hint or _HINTS.get(reason, "report it: the tenant's web service sends what its format does not allow"),
        status=answer.status,
        retry_after=answer.wait(now),
    )


def _named(error: SourceError, question: Question) -> SourceError:
    message = f'connection "{question.connection}": {question.subject}: {error}'
    return SourceError(error.reason, message, hint=error.hint, status=200)
