"""The faults at one tenant of ten, and what must be told of each (`core.reasons`: state, reason, who acts)."""

from dataclasses import dataclass, field
from typing import Final

from driftd.adapters.x3.settings import Caps
from driftd.core.reasons import Actor, State
from driftd.errors import Reason
from tests.house import trouble
from tests.house.ten import CLASSES, Patient
from tests.house.trouble import NAME, Trouble, at_token, certified, spoilt, switched, withheld

Seen = tuple[State, Reason | None, Actor | None]
NETWORK, ADMIN, OPERATOR, SRE = Actor.NETWORK_ADMIN, Actor.X3_ADMIN, Actor.OPERATOR, Actor.SRE
DEVELOPERS, WAIT = Actor.DEVELOPERS, Actor.WAIT


@dataclass(frozen=True)
class Case:
    """One fault, and what must be told of it."""

    name: str
    trouble: Trouble
    expected: Seen
    patient: Patient = field(default_factory=Patient)
    exact: bool = True
    """Whether the log must tell the net changes and no more; not where the fault itself changes records."""

    def __str__(self) -> str:
        return self.name


def _down(reason: Reason, actor: Actor = ADMIN) -> Seen:
    return State.UNREACHABLE, reason, actor


def _refused(reason: Reason) -> Seen:
    return State.AUTH_FAILED, reason, ADMIN


def _config(reason: Reason) -> Seen:
    return State.CONFIG_ERROR, reason, OPERATOR


def _degraded(reason: Reason, actor: Actor = DEVELOPERS) -> Seen:
    return State.DEGRADED, reason, actor


LIMITED: Final = (State.RATE_LIMITED, Reason.RATE_LIMITED, WAIT)
SOON: Final = {"Retry-After": "1"}
TLS: Final = Patient(certificate="good", host="localhost")
HASTY: Final = Patient({"timeout": 1.0})
FUTURE: Final = {"WWW-Authenticate": 'Bearer error="invalid_token", error_description="issued in the future"'}
OVER: Final = {"WWW-Authenticate": 'Bearer error="invalid_token", error_description="the token has expired"'}
CASES: Final = (
    # --- the way
    Case("name not found", trouble.nameless, _down(Reason.DNS_FAILURE, NETWORK), patient=Patient(host="x3.example")),
    Case("connection refused", trouble.closed, _down(Reason.CONNECTION_REFUSED, NETWORK)),
    Case("connect unanswered", trouble.crowded, _down(Reason.CONNECT_TIMEOUT, NETWORK)),
    Case("connection reset", trouble.reset, _down(Reason.CONNECTION_RESET, NETWORK)),
    Case("self-signed certificate", certified("expired"), _down(Reason.TLS_ERROR), patient=TLS),
    Case("expired certificate", certified("lapsed"), _down(Reason.TLS_EXPIRED), patient=TLS),
    Case("plain HTTP behind https", certified(None), _down(Reason.TLS_ERROR), patient=TLS),
    # --- the tenant
    Case("hangs", spoilt("hang"), _down(Reason.TIMEOUT, NETWORK), patient=HASTY),
    Case("a byte a second", spoilt("drip"), _down(Reason.TIMEOUT, NETWORK), patient=HASTY),
    Case("500 JSON", spoilt("status"), _down(Reason.SERVER_ERROR)),
    Case("500 HTML", spoilt("status", body="html"), _down(Reason.SERVER_ERROR)),
    Case("502", spoilt("status", status=502, body="html"), _down(Reason.GATEWAY_ERROR)),
    Case("503 Retry-After", spoilt("status", status=503, headers=SOON), _down(Reason.GATEWAY_ERROR)),
    Case("429 Retry-After", spoilt("status", status=429, headers=SOON), LIMITED),
    Case("login page with 200", spoilt("html_login"), _down(Reason.MAINTENANCE_PAGE)),
    # --- tokens and rights
    Case("token: secret rotated", trouble.rotated, _refused(Reason.OAUTH_INVALID_CLIENT)),
    Case("token: secret rotated, tokens live", trouble.rotated_unseen, _refused(Reason.OAUTH_INVALID_CLIENT)),
    Case("token: invalid grant type", switched(grant="refused"), _refused(Reason.OAUTH_ERROR)),
    Case("token: 500", at_token("status"), _down(Reason.SERVER_ERROR)),
    Case("token: HTML", at_token("html_login"), _down(Reason.MAINTENANCE_PAGE)),
    Case("token: hangs", at_token("hang"), _down(Reason.TIMEOUT, NETWORK), patient=HASTY),
    Case("401 with a fresh token", spoilt("status", status=401), _refused(Reason.UNAUTHORIZED)),
    Case("401 fresh token expired", spoilt("status", status=401, headers=OVER), _refused(Reason.TOKEN_EXPIRED)),
    Case("401 issued in the future", spoilt("status", status=401, headers=FUTURE), _down(Reason.CLOCK_SKEW, SRE)),
    Case("403 at one class", withheld({NAME: "forbidden"}), _degraded(Reason.FORBIDDEN, ADMIN)),
    Case("403 at all classes", withheld(dict.fromkeys(CLASSES, "forbidden")), _refused(Reason.FORBIDDEN)),
    Case("secret missing", trouble.unsaid, _config(Reason.CONFIG_ERROR)),
    # --- addressing
    Case("wrong folder", spoilt("wrong_folder", to="OTHER"), _config(Reason.WRONG_FOLDER)),
    Case("endpoint unknown", trouble.moved, _config(Reason.FOLDER_NOT_FOUND)),
    Case("class unlicensed", withheld({NAME: "unlicensed"}), _degraded(Reason.RESOURCE_NOT_FOUND, OPERATOR)),
    # --- answers
    Case("empty answer", spoilt("empty", resource=NAME), _degraded(Reason.EMPTY_ANSWER, ADMIN)),
    Case("half deleted", trouble.decimated, _degraded(Reason.SUSPECT_MASS_DELETE, OPERATOR)),
    Case("key twice", trouble.doubled, _degraded(Reason.KEY_NOT_UNIQUE, OPERATOR), exact=False),
    Case("not JSON", spoilt("raw_body", body='{"$resources":['), _degraded(Reason.INVALID_PAYLOAD)),
    Case("malformed escapes", spoilt("malformed"), _degraded(Reason.INVALID_PAYLOAD)),
    Case(
        "paging in circles",
        spoilt("next_loop"),
        _degraded(Reason.PAGING_INCOMPLETE),
        patient=Patient({"page_size": 5}),
    ),
    Case(
        "answer too large",
        spoilt("huge_body", size=400_000),
        _degraded(Reason.PAYLOAD_TOO_LARGE),
        patient=Patient(caps=Caps(wire=200_000)),
    ),
    # --- ours
    Case(
        "day's requests used up",
        trouble.spent,
        (State.RATE_LIMITED, Reason.BUDGET_EXHAUSTED, OPERATOR),
        patient=Patient({"requests_per_day": 40}),
    ),
    Case("store full", trouble.full, _degraded(Reason.STORE_ERROR, SRE)),
    Case("bug", trouble.buggy, _degraded(Reason.INTERNAL_ERROR, SRE)),
)

NEXT: Final = {
    "name not found": "resolver",
    "connection refused": "host and port of base_url",
    "connect unanswered": "our own network",
    "connection reset": "text above to the customer",
    "self-signed certificate": "certificate",
    "expired certificate": "when it ended",
    "plain HTTP behind https": "certificate",
    "hangs": "raise timeout",
    "a byte a second": "raise timeout",
    "500 JSON": "what was changed",
    "500 HTML": "what was changed",
    "502": "text above to the customer",
    "503 Retry-After": "text above to the customer",
    "429 Retry-After": "wait: the next poll",
    "login page with 200": "maintenance",
    "token: secret rotated": "new secret",
    "token: secret rotated, tokens live": "new secret",
    "token: invalid grant type": "token_url and client_id",
    "token: 500": "what was changed",
    "token: HTML": "maintenance",
    "token: hangs": "raise timeout",
    "401 with a fresh token": "way of signing in",
    "401 fresh token expired": "clocks of both sides",
    "401 issued in the future": "clock of this machine",
    "403 at one class": "text above to the customer",
    "403 at all classes": "text above to the customer",
    "secret missing": "a secret's file",
    "wrong folder": "set folder and endpoint",
    "endpoint unknown": "set folder and endpoint",
    "class unlicensed": "or take it out",
    "empty answer": "have the right restored; the hold ends by itself",
    "half deleted": "deleted on purpose: `driftd drift release",
    "key twice": "compare the key",
    "not JSON": "our developers",
    "malformed escapes": "our developers",
    "paging in circles": "proxy changes links",
    "answer too large": "lower page_size",
    "day's requests used up": "requests_per_day",
    "store full": "free space",
    "bug": "log of driftd",
}
"""Words that the next steps must have."""
