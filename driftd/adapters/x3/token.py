"""Answers of a token endpoint, without I/O: a token, or the reason why there is none.

RFC 6749 §5 and the plain messages of Sage's gateway, which has no OAuth error codes, so status and words decide
together; what no rule knows is ``oauth_error``, never a success. Of a refusal only registered error codes are shown.
"""

import re
from typing import Final

import orjson
from msgspec import Struct

from driftd.adapters.x3.answer import CERTIFICATE_WANTED, Answer
from driftd.core.secret import Secret
from driftd.errors import Reason, SourceError

ASSUMED_LIFE: Final = 300.0
"""Seconds a token is taken to live where the answer does not say: the life of Sage's gateway tokens."""
MARGIN: Final = 900.0
"""Most seconds before its end at which a token is renewed; half its life where that is less."""
LONGEST_LIFE: Final = 3650 * 86400.0
"""Seconds that a token is believed to live: a longer life is no moment that a calendar has."""
LONGEST_TOKEN: Final = 16 << 10
"""Characters of a token: each request carries it, and servers take heads of 8 to 64 KiB."""

_SECRET_REFUSED: Final = frozenset({"invalid_client", "unauthorized_client"})
_TRANSIENT: Final = {"temporarily_unavailable": Reason.GATEWAY_ERROR, "server_error": Reason.SERVER_ERROR}
_TRANSIENT_STATUS: Final = {
    408: Reason.TIMEOUT,
    429: Reason.RATE_LIMITED,
    502: Reason.GATEWAY_ERROR,
    503: Reason.GATEWAY_ERROR,
    504: Reason.GATEWAY_ERROR,
}
_SHOWN: Final = frozenset(
    {
        "invalid_request",
        "invalid_grant",
        "unsupported_grant_type",
        "invalid_scope",
        "access_denied",
        *_SECRET_REFUSED,
        *_TRANSIENT,
    }
)
_TOO_LARGE: Final = frozenset({413, 414, 431})
_HINTS: Final = {
    Reason.TLS_ERROR: CERTIFICATE_WANTED[1],
    Reason.OAUTH_INVALID_CLIENT: "ask the customer's X3 administrator for a new client secret",
    Reason.OAUTH_ERROR: "check token_url and client_id, and that the tenant grants client_credentials",
    Reason.CONFIG_ERROR: "set scope to what was agreed, or ask the customer's X3 administrator to grant it to us",
    Reason.MAINTENANCE_PAGE: "check token_url: it answers with a page for people; or wait for the maintenance to end",
    Reason.CLOCK_SKEW: "set the clock of this machine, or ask the customer's X3 administrator to set the tenant's",
    Reason.RATE_LIMITED: "wait as long as the tenant asks",
}
FUTURE: Final = re.compile(r"issued in the future|not yet valid|émis dans le futur|\berror 21\s*:", re.IGNORECASE)
"""How a token is called that was issued in the future; 21 is X3's own number for it."""


class Token(Struct, frozen=True):
    """An access token as issued."""

    secret: Secret
    life: float = ASSUMED_LIFE
    """Seconds from the request for it to its end."""

    @property
    def renew_after(self) -> float:
        """Seconds after which it is renewed ahead of its end."""
        return self.life - min(MARGIN, self.life / 2)


def read(answer: Answer, connection: str, now: int) -> Token:
    """Return the token that an answer issues; raises `SourceError` for every other answer."""
    members = members_of(answer)
    if answer.status == 200 and members is not None and "error" not in members:
        return issued(members, connection)
    reason, what = refused(answer, members)
    raise SourceError(
        reason,
        f'connection "{connection}": the token endpoint {what}',
        hint=hint_of(reason),
        status=answer.status,
        retry_after=answer.wait(now),
    )


def hint_of(reason: Reason) -> str:
    """Return the next step where no token is had for a reason."""
    return _HINTS.get(reason, "wait: it is tried again")


def blames_client(error: SourceError, answer: Answer) -> bool:
    """Tell whether a refusal may mean that the client identified itself in the wrong way (form or Basic)."""
    code = (members_of(answer) or {}).get("error", "invalid_client")
    return error.reason is Reason.OAUTH_INVALID_CLIENT and answer.status != 403 and code == "invalid_client"


def members_of(answer: Answer) -> dict[str, object] | None:
    """Return what a JSON object says; None for anything else."""
    try:
        found = orjson.loads(answer.body.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def issued(members: dict[str, object], connection: str) -> Token:
    """Return the token that a good answer issues; raises `SourceError` where it is none that can be used."""
    token, kind = members.get("access_token"), members.get("token_type", "Bearer")
    fault = ""
    if not is_token(token):
        fault = "answers 200 without a usable access token"
    elif len(str(token)) > LONGEST_TOKEN:
        fault = f"issues tokens of more than {LONGEST_TOKEN} characters"
    elif not isinstance(kind, str) or kind.lower() != "bearer":
        fault = "issues tokens of another type than Bearer"
    if fault:
        message = f'connection "{connection}": the token endpoint {fault}'
        raise SourceError(Reason.OAUTH_ERROR, message, hint=_HINTS[Reason.OAUTH_ERROR], status=200)
    return Token(Secret(str(token)), _life(members.get("expires_in")))


def is_token(told: object) -> bool:
    """Tell whether something is written as a token is: in visible ASCII."""
    return isinstance(told, str) and re.fullmatch(r"[\x21-\x7e]+", told) is not None


def _life(told: object) -> float:
    try:
        life = float(told) if isinstance(told, int | float | str) and not isinstance(told, bool) else ASSUMED_LIFE
    except ValueError:
        return ASSUMED_LIFE
    return min(life, LONGEST_LIFE) if 0 < life < float("inf") else ASSUMED_LIFE


def refused(answer: Answer, members: dict[str, object] | None) -> tuple[Reason, str]:
    """Return why an answer issues no token, and what it does, in words."""
    status = answer.status
    if 300 <= status < 400:
        return Reason.MAINTENANCE_PAGE, f"answers {status}: a redirect, which is not followed"
    if status in _TRANSIENT_STATUS or status >= 500:
        return _TRANSIENT_STATUS.get(status, Reason.SERVER_ERROR), f"answers {status}"
    if answer.wants_certificate:
        return Reason.TLS_ERROR, f"answers {status}: {CERTIFICATE_WANTED[0]}"
    if status in _TOO_LARGE:
        return Reason.GATEWAY_ERROR, f"answers {status}: the web server in front of it takes no request of this size"
    if answer.is_html:
        return Reason.MAINTENANCE_PAGE, f"answers {status} with an HTML page in place of JSON"
    told = members or {}
    code = _word(told.get("error", ""))
    words = " ".join(_word(told[name]) for name in ("error_description", "message") if name in told) or _text(answer)
    shown = f'refuses with "{code}" ({status})' if code in _SHOWN else f"refuses with {status}"
    return _judged(status, code, words), shown


def _judged(status: int, code: str, words: str) -> Reason:
    if FUTURE.search(words):
        return Reason.CLOCK_SKEW
    if code in _TRANSIENT:
        return _TRANSIENT[code]
    if code == "invalid_scope":
        return Reason.CONFIG_ERROR
    if code in _SECRET_REFUSED or (not code and status in {401, 403} and "pairing" not in words.lower()):
        return Reason.OAUTH_INVALID_CLIENT
    return Reason.OAUTH_ERROR


def _word(value: object) -> str:
    """Return what a member says; of lists and tables, which nest as deep as a tenant likes, nothing."""
    return "" if isinstance(value, list | dict) else str(value)


def _text(answer: Answer) -> str:
    return answer.body[:4096].decode("utf-8", "replace")
