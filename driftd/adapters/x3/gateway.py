"""Answers of Sage's cloud gateway to who renews a pair, without I/O: a new pair, or the reason why there is none.

Its messages are no OAuth error codes (Sage developer site, API error codes); one that no rule knows is judged as any
token endpoint's. None is shown: only what it is known to mean.
"""

from datetime import UTC, datetime
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from driftd.adapters.x3 import token as tokens
from driftd.adapters.x3.answer import Answer
from driftd.core.credential import REFRESH_LIFE
from driftd.core.secret import Secret
from driftd.errors import Reason, SourceError


class Begun(Struct, frozen=True):
    """A refresh token about to be used, and what is known of it; times in epoch ms."""

    token: Secret
    since: int
    """When it was given."""
    interrupted: int | None = None
    """When a use of it began of which nobody knows how it ended."""


class Renewed(Struct, frozen=True):
    """A pair as it was given."""

    access: tokens.Token | SourceError
    """An error where it is of no use."""
    refresh: Secret | None
    """None: the one that was used goes on."""


class Failure(Struct, frozen=True):
    """Why there is no pair, without the name of the connection that asked."""

    reason: Reason
    what: str
    hint: str
    status: int | None = None
    retry_after: float | None = None
    blames: bool = False
    """Whether it may be the refresh token that is no longer good."""
    unused: bool = True
    """Whether it is certain that the refresh token was not used up."""


class _Rule(Struct, frozen=True):
    reason: Reason
    what: str
    hint: str
    blames: bool = False


ANEW: Final = "pair anew with the customer's X3, and give the refresh token: `driftd connections rotate NAME`"
_SETTING: Final = "compare token_url with the gateway of the customer's region: https://api.REGION-sagex3.com/v1/token"
_APPLICATION: Final = "compare client_id with the application registered on Sage Business Cloud; it must be active"
_RULES: Final = {
    "is disabled": _Rule(
        Reason.OAUTH_INVALID_CLIENT,
        "says that the application registered on Sage Business Cloud is disabled",
        "have the application enabled on Sage Business Cloud: it is ours, not the customer's",
    ),
    "has not been accepted": _Rule(
        Reason.OAUTH_ERROR,
        "says that the pairing request has not been accepted",
        "have a user of the customer's X3 accept it, then give the refresh token: `driftd connections rotate NAME`",
    ),
    "request has expired": _Rule(Reason.OAUTH_ERROR, "says that the pairing has expired", ANEW, blames=True),
    "pairing request not found": _Rule(
        Reason.OAUTH_ERROR, "does not know the pairing: it was revoked, or another one replaced it", ANEW, blames=True
    ),
    "associate the requested url": _Rule(Reason.CONFIG_ERROR, "knows no customer at this address", _SETTING),
    "associate the values": _Rule(
        Reason.OAUTH_INVALID_CLIENT, "knows no active application of this client_id", _APPLICATION
    ),
    "missing required request parameters": _Rule(
        Reason.CONFIG_ERROR, "misses parameters: it is none of Sage's", _SETTING
    ),
    "invalid grant type": _Rule(Reason.CONFIG_ERROR, "knows no refresh tokens: it is none of Sage's", _SETTING),
}
"""By what stands in a message."""
_GRANT: Final = _Rule(Reason.OAUTH_ERROR, 'refuses the refresh token with "invalid_grant"', ANEW, blames=True)
_UNAUTHORISED: Final = _Rule(
    Reason.OAUTH_INVALID_CLIENT,
    "refuses client id and secret, or the refresh token",
    f"compare client_id and client_secret with the application registered on Sage Business Cloud; where they are right,"
    f" {ANEW}",
    blames=True,
)


def read(answer: Answer, connection: str, now: int) -> Renewed | Failure:
    """Return the pair that an answer gives, or why it gives none; `now` in epoch ms."""
    members = tokens.members_of(answer)
    if answer.status == 200 and members is not None and "error" not in members:
        return _given(members, connection)
    reason, what = tokens.refused(answer, members)
    rule = _rule(answer, members or {}, reason) or _Rule(reason, what, tokens.hint_of(reason))
    unused = 400 <= answer.status < 500 and answer.status != 408
    return Failure(
        rule.reason,
        f"the gateway {rule.what}" + ("" if rule.what == what else f" ({answer.status})"),
        rule.hint.replace("NAME", connection),
        answer.status,
        answer.wait(now),
        blames=rule.blames,
        unused=unused,
    )


def judged(failure: Failure, begun: Begun, connection: str, now: int) -> Failure:
    """Return what a refusal means by what is known of the refresh token that was used, at `now` (epoch ms)."""
    if not failure.blames:
        return failure
    if begun.interrupted is not None:
        what = (
            f"the pairing was lost by an interruption at {_moment(begun.interrupted)}: the gateway takes the refresh"
            " token of then no more, and the one that it gave in its place never came"
        )
    elif now - begun.since >= REFRESH_LIFE:
        what = f"the refresh token has expired: it was not used since {_moment(begun.since)}"
    else:
        return failure
    return replace(failure, reason=Reason.OAUTH_ERROR, what=what, hint=ANEW.replace("NAME", connection))


def _moment(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _given(members: dict[str, object], connection: str) -> Renewed | Failure:
    refresh = members.get("refresh_token")
    if refresh is not None and not (tokens.is_token(refresh) and len(str(refresh)) <= tokens.LONGEST_TOKEN):
        what = "the gateway gives a refresh token that cannot be kept"
        return Failure(Reason.OAUTH_ERROR, what, ANEW.replace("NAME", connection), 200, unused=False)
    try:
        access: tokens.Token | SourceError = tokens.issued(members, connection)
    except SourceError as error:
        access = error
    return Renewed(access, None if refresh is None else Secret(str(refresh)))


def _rule(answer: Answer, members: dict[str, object], reason: Reason) -> _Rule | None:
    """Return what a refusal is known to mean; None where it is that of any server."""
    if not 400 <= answer.status < 500 or answer.is_html:
        return None
    words = answer.body[:4096].decode("utf-8", "replace").lower()
    known = next((rule for said, rule in _RULES.items() if said in words), None)
    if known is not None:
        return known
    if members.get("error") == "invalid_grant":
        return _GRANT
    return _UNAUTHORISED if reason is Reason.OAUTH_INVALID_CLIENT else None
