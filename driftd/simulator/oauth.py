"""A tenant's OAuth client: its secret, its tokens, and the answers of its token endpoint.

Errors follow RFC 6749 §5.2, or the messages of Sage's cloud gateway (Sage developer site, API error codes). Whether X3
has such an endpoint at all is unknown, and so a switch.
"""

import base64
import binascii
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote_plus

import orjson

from driftd.simulator.answers import Answer, json_answer
from driftd.simulator.connected_app import FUTURE, Known, judged, stated
from driftd.simulator.switches import Switches

_LENIENCE = 60.0
"""Seconds by which a token may have been issued in the future."""
_GATEWAY = {
    "invalid_request": (400, "Missing required request parameters"),
    "unsupported_grant_type": (400, "Invalid grant type"),
    "invalid_client": (401, "Unauthorised"),
}


@dataclass(slots=True)
class Credentials:
    """What opens a tenant, and the tokens given out. Times are seconds of the farm's clock."""

    client_id: str
    client_secret: str
    username: str
    password: str
    secret_since: float
    audience: str
    """The URL of the connected application, as the administrator entered it."""
    old_secrets: dict[str, float] = field(default_factory=dict)
    """Former secrets, and until when they are good."""
    tokens: dict[str, float] = field(default_factory=dict)
    """Access tokens, and until when they are good."""
    issued: dict[str, float] = field(default_factory=dict)
    """Access tokens, and since when."""
    former: list[str] = field(default_factory=list)
    """Secrets there were, the last one last."""

    def rotate(self, now: float, switches: Switches) -> str:
        """Replace the secret and return the new one."""
        if switches.rotation == "overlap":
            self.old_secrets[self.client_secret] = now + switches.rotation_overlap
        self.former.append(self.client_secret)
        self.client_secret, self.secret_since = secrets.token_urlsafe(24), now
        return self.client_secret

    def restore(self, secret: str | None, now: float, switches: Switches) -> str:
        """Make a former secret, or the last one, the secret again. Raises `ValueError` where there is none such."""
        wanted = self.former[-1] if secret is None and self.former else secret
        if wanted not in self.former:
            raise ValueError("no such secret was there before: rotate first, and restore what it replaced")
        self.rotate(now, switches)
        self.client_secret = wanted
        return wanted

    def knows_secret(self, client_id: str, secret: str, now: float, switches: Switches) -> bool:
        """True for the client with its secret, or with a former one that still overlaps."""
        if client_id != self.client_id:
            return False
        if secret == self.client_secret:
            return not switches.secret_life or now < self.secret_since + switches.secret_life
        return now < self.old_secrets.get(secret, now)

    def issue(self, now: float, life: float) -> str:
        """Return a new access token; forget those that expired."""
        self.tokens = {token: until for token, until in self.tokens.items() if until > now}
        token = secrets.token_urlsafe(32)
        self.tokens[token] = now + life
        self.issued = {each: since for each, since in self.issued.items() if each in self.tokens} | {token: now}
        return token

    def objection(self, authorization: str, now: float, wall: float, switches: Switches) -> int | None:
        """Return X3's number for what is wrong with a bearer token; None where it is good, or none of X3's."""
        scheme, _, value = authorization.partition(" ")
        if scheme.lower() != "bearer":
            return None
        if value in self.issued:
            return FUTURE if self.issued[value] > now + switches.clock_skew + _LENIENCE else None
        claims = stated(value) if switches.connected_app_jwt == "accepted" else None
        if claims is None:
            return None
        known = Known(self.client_id, self._good_secrets(now, switches), self.username, self.audience)
        return judged(value, claims, known, wall + switches.clock_skew, switches.connected_app_validity)

    def admits(self, authorization: str, now: float, switches: Switches) -> bool:
        """True if an `Authorization` header to which there is no objection opens api1."""
        scheme, _, value = authorization.partition(" ")
        if scheme.lower() == "bearer":
            signed = switches.connected_app_jwt == "accepted" and stated(value) is not None
            return signed or self.tokens.get(value, now) > now
        if scheme.lower() == "basic" and switches.basic_auth == "allowed":
            return _basic(value) == (self.username, self.password)
        return False

    def _good_secrets(self, now: float, switches: Switches) -> tuple[str, ...]:
        known = (self.client_secret, *self.old_secrets)
        return tuple(each for each in known if self.knows_secret(self.client_id, each, now, switches))


def token_answer(
    credentials: Credentials, switches: Switches, now: float, headers: Mapping[str, str], body: bytes
) -> Answer:
    """Answer `POST …/auth/token`."""
    form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    grant = form.get("grant_type", "")
    authorization = headers.get("authorization", "")
    in_form = "client_secret" in form
    if not grant or "x-www-form-urlencoded" not in headers.get("content-type", "") or (in_form and authorization):
        return _refusal("invalid_request", switches)
    if grant != "client_credentials" or switches.grant == "refused":
        return _refusal("unsupported_grant_type", switches)
    client = _client(form, authorization, switches)
    if client is None or not credentials.knows_secret(*client, now, switches):
        return _refusal("invalid_client", switches, challenge=bool(authorization))
    answer: dict[str, str | float] = {
        "access_token": credentials.issue(now, switches.token_life),
        "token_type": "Bearer",
    }
    if switches.expires_in == "shown":
        life = switches.token_life
        answer["expires_in"] = int(life) if life == int(life) else life
    return Answer(200, orjson.dumps(answer), headers={"Cache-Control": "no-store", "Pragma": "no-cache"})


def _client(form: Mapping[str, str], authorization: str, switches: Switches) -> tuple[str, str] | None:
    if authorization:
        scheme, _, value = authorization.partition(" ")
        pair = _basic(value) if scheme.lower() == "basic" and switches.token_auth != "form" else None
        return None if pair is None else (unquote_plus(pair[0]), unquote_plus(pair[1]))
    if switches.token_auth == "basic":
        return None
    return form.get("client_id", ""), form.get("client_secret", "")


def _refusal(error: str, switches: Switches, *, challenge: bool = False) -> Answer:
    if switches.token_errors == "gateway":
        status, message = _GATEWAY[error]
        return json_answer({"message": message}, status)
    headers = {"WWW-Authenticate": 'Basic realm="token"'} if challenge else {}
    status = 401 if error == "invalid_client" else 400
    described = {"unsupported_grant_type": "Invalid grant type", "invalid_client": "Client authentication failed"}
    body = {"error": error, "error_description": described.get(error, "Missing or repeated request parameters")}
    return Answer(status, orjson.dumps(body), headers={"Cache-Control": "no-store", **headers})


def _basic(value: str) -> tuple[str, str] | None:
    try:
        user, colon, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (ValueError, binascii.Error):
        return None
    return (user, password) if colon else None
