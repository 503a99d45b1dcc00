"""Sage's cloud gateway: a customer's pair of an access token and a refresh token that each use replaces.

Messages: Sage developer site, API error codes; none has an OAuth error code. What it answers to a refresh token that
was used, has ended or was never given, and whether it takes the one before once more, is unknown, and so a switch.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from driftd.simulator.answers import Answer, json_answer
from driftd.simulator.oauth import Credentials
from driftd.simulator.switches import Switches

_WANTED = ("grant_type", "client_id", "client_secret", "refresh_token")
_MISSING = (400, "Missing required request parameters")
_GRANT = (400, "Invalid grant type")
_UNAUTHORISED = (401, "Unauthorised")
_DISABLED = (403, "The application registered on Sage Business Cloud is disabled")
_PENDING = (403, "The pairing request has not been accepted.")
_EXPIRED = (403, "The request has expired.")
_UNKNOWN = (403, "Pairing request not found")
_NO_CLIENT = (404, "Could not associate the values with an active application")
_OF_STATE = {"disabled": _DISABLED, "not_accepted": _PENDING, "expired": _EXPIRED, "not_found": _UNKNOWN}
_OF_END = {"unauthorised": _UNAUTHORISED, "expired": _EXPIRED, "not_found": _UNKNOWN}


@dataclass(slots=True)
class Pair:
    """The refresh token that is good, if any. Times are seconds of the farm's clock."""

    token: str = ""
    until: float = 0.0
    before: str = ""
    """The one that it replaced, where that may still be used once more."""
    given: int = 0
    """Pairs given so far."""

    def give(self, now: float, life: float, *, before: str = "") -> str:
        """Return a new refresh token, which ends the present one."""
        self.token, self.until, self.before = secrets.token_urlsafe(32), now + life, before
        self.given += 1
        return self.token

    def takes(self, token: str, now: float, switches: Switches) -> bool:
        """True for the refresh token that is good, and with `pairing_reuse` for the one before it, once."""
        if now >= self.until or not token:
            return False
        return token == self.token or (token == self.before and switches.pairing_reuse == "accepted")

    def end(self) -> None:
        """Revoke it."""
        self.token = self.before = ""


def pair_answer(
    pair: Pair, credentials: Credentials, switches: Switches, now: float, request: tuple[Mapping[str, str], bytes]
) -> Answer:
    """Answer `POST …/v1/token`; `request` is its headers and body."""
    told = _told(*request)
    refusal = _refusal(told, credentials, switches, now)
    if refusal is None and not pair.takes(told["refresh_token"], now, switches):
        refusal = _OF_END[switches.pairing_ended]
    if refusal is not None:
        status, message = refusal
        return json_answer({"message": message}, status)
    used = pair.token == told["refresh_token"]
    answer: dict[str, str | float] = {
        "access_token": credentials.issue(now, switches.token_life),
        "refresh_token": pair.give(now, switches.pairing_life, before=pair.token if used else ""),
        "token_type": "Bearer",
    }
    if switches.expires_in == "shown":
        answer["expires_in"] = switches.token_life
    return Answer(200, orjson.dumps(answer), headers={"Cache-Control": "no-store"})


def _told(headers: Mapping[str, str], body: bytes) -> dict[str, str]:
    try:
        told = orjson.loads(body) if "json" in headers.get("content-type", "") else None
    except ValueError:
        told = None
    return {name: value for name, value in (told or {}).items() if isinstance(value, str)}


def _refusal(
    told: Mapping[str, str], credentials: Credentials, switches: Switches, now: float
) -> tuple[int, str] | None:
    """Return what is wrong besides the refresh token; in which order the gateway looks is a guess."""
    if told.get("grant_type") not in {None, "refresh_token"}:
        return _GRANT
    if not all(told.get(name) for name in _WANTED):
        return _MISSING
    if told["client_id"] != credentials.client_id:
        return _NO_CLIENT
    if not credentials.knows_secret(told["client_id"], told["client_secret"], now, switches):
        return _UNAUTHORISED
    return _OF_STATE.get(switches.pairing)
