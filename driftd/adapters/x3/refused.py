"""What it means that a tenant refuses even fresh credentials (401), by its words, its codes, and the clocks.

The codes are X3's for the token of a connected application, in plain text as ``Error 45: Invalid token`` (public
documentation of a connector, quoting them): 21 issued in the future, 41 ``iss``, 42 ``sub``, 45 ``aud``, 50 a wrong
signature or a token that has ended.
"""

import re
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from driftd.adapters.x3 import verdict
from driftd.adapters.x3.answer import Answer, epoch_ms
from driftd.adapters.x3.grant import Grant, Signed
from driftd.adapters.x3.token import FUTURE
from driftd.core.visible import visible
from driftd.errors import Reason, SourceError

SKEW: Final = 60.0
"""Seconds by which clocks may differ before a refused token is their fault."""
SHOWN: Final = 160
"""Characters of the tenant's words that are shown."""
LONGEST: Final = 32
"""Characters of a word that is shown: longer ones are tokens, or parts of them."""
_CODE: Final = re.compile(r"\berror\s{1,4}(\d{1,4})\s{0,4}:", re.IGNORECASE)


class _Meaning(Struct, frozen=True):
    reason: Reason
    what: str
    hint: str | None = None
    """None: the usual one of the reason."""


_FUTURE: Final = _Meaning(Reason.CLOCK_SKEW, "refuses a fresh token (401): the clocks differ")
_CODES: Final[Mapping[int, _Meaning]] = {
    21: _FUTURE,
    41: _Meaning(
        Reason.OAUTH_INVALID_CLIENT,
        "does not know the client that signs (401)",
        "compare client_id with that of the connected application; where it is right, the application is gone:"
        " ask the customer's X3 administrator",
    ),
    42: _Meaning(
        Reason.CONFIG_ERROR,
        "refuses the user for whom we sign (401)",
        'set username to the "Allowed user" of the connected application: ask the customer\'s X3 administrator for it',
    ),
    45: _Meaning(
        Reason.CONFIG_ERROR,
        "refuses the audience for which we sign (401)",
        'set audience to the "URL" of the connected application byte for byte: http or https, port and trailing slash'
        " count",
    ),
    50: _Meaning(
        Reason.OAUTH_INVALID_CLIENT,
        "refuses the signature of a fresh token (401)",
        "ask the customer's X3 administrator for a new client secret, and whether the application's"
        ' "Tokens validity" is at least token_life',
    ),
}
_UNKNOWN: Final = _Meaning(
    Reason.UNAUTHORIZED,
    "refuses the token that we signed (401)",
    "ask the customer's X3 administrator whether the web services take the tokens of connected applications",
)


def unauthorized(answer: Answer, question: verdict.Question, grant: Grant, now: int) -> SourceError:
    """Return what a final 401 means at `now` (epoch ms): a fresh token cannot be stale, so clocks explain it first."""
    words = f"{answer.challenge} {answer.body[:4096].decode('utf-8', 'replace')}"
    meaning = _by_code(answer, words, grant.signed) if grant.signed is not None else None
    meaning = meaning or _by_words(answer, words.lower(), grant, now)
    said = _said(answer, grant)
    return verdict.refusal(meaning.reason, f"{meaning.what}{said}", answer, question, now, hint=meaning.hint)


def _by_code(answer: Answer, words: str, signed: Signed) -> _Meaning | None:
    code = _CODE.search(words)
    if code is None:
        return None
    if code[1] == "50" and (epoch_ms(answer.date) or 0) >= signed.ends_at:
        return _FUTURE  # by the tenant's clock the token has ended already
    return _CODES.get(int(code[1]))


def _by_words(answer: Answer, words: str, grant: Grant, now: int) -> _Meaning:
    skew = answer.skew(now) or 0.0
    if grant.bearer and (FUTURE.search(words) or abs(skew) > SKEW):
        return _FUTURE
    if grant.bearer and "expired" in words:
        return _Meaning(Reason.TOKEN_EXPIRED, "calls a fresh token expired (401)")
    return _UNKNOWN if grant.signed else _Meaning(Reason.UNAUTHORIZED, "refuses the credentials (401)")


def _said(answer: Answer, grant: Grant) -> str:
    """Return a tenant's plain words about a token of ours as they stand, but for what could be that or the secret."""
    if grant.signed is None or answer.is_html or answer.is_json:
        return ""
    text = answer.body[:4096].decode("utf-8", "replace").replace(grant.signed.secret.reveal(), "…")
    text = " ".join(word if len(word) <= LONGEST else "…" for word in text.split())
    return f': "{visible(text[:SHOWN])}"' if text else ""
