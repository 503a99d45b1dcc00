"""What the cloud gateway answers is told apart: by what it says, and by what is known of the refresh token."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftd.adapters.x3.answer import Answer
from driftd.adapters.x3.gateway import Begun, Failure, Renewed, judged, read
from driftd.core.credential import REFRESH_LIFE
from driftd.core.secret import Secret
from driftd.errors import Reason, SourceError

NOW = 1_800_000_000_000


def answered(status: int, told: Any, kind: str = "application/json") -> Renewed | Failure:
    body = told if isinstance(told, bytes) else orjson.dumps(told)
    return read(Answer(status, body, kind), "aldgate", NOW)


def failed(status: int, told: Any, kind: str = "application/json") -> Failure:
    found = answered(status, told, kind)
    assert isinstance(found, Failure)
    return found


@pytest.mark.parametrize(
    ("status", "message", "reason", "says", "blames"),
    [
        (400, "Missing required request parameters", Reason.CONFIG_ERROR, "misses parameters", False),
        (400, "Invalid grant type", Reason.CONFIG_ERROR, "knows no refresh tokens", False),
        (401, "Unauthorised", Reason.OAUTH_INVALID_CLIENT, "or the refresh token", True),
        (
            403,
            "The application registered on Sage Business Cloud is disabled",
            Reason.OAUTH_INVALID_CLIENT,
            "is disabled",
            False,
        ),
        (403, "The pairing request has not been accepted.", Reason.OAUTH_ERROR, "not been accepted", False),
        (403, "The request has expired.", Reason.OAUTH_ERROR, "pairing has expired", True),
        (403, "Pairing request not found", Reason.OAUTH_ERROR, "does not know the pairing", True),
        (404, "Could not associate the requested url with x", Reason.CONFIG_ERROR, "no customer at this", False),
        (
            404,
            "Could not associate the values with an active application x",
            Reason.OAUTH_INVALID_CLIENT,
            "no active application",
            False,
        ),
    ],
)
def test_each_message_of_sage_has_its_meaning(
    status: int, message: str, reason: Reason, says: str, *, blames: bool
) -> None:
    """Whatever its case and wherever it stands; with a next step, and as JSON or as plain text."""
    told: tuple[tuple[Any, str], ...] = (
        ({"message": message}, "application/json"),
        ({"error": {"message": message.upper()}}, "application/json"),
        (message.encode(), "text/plain"),
    )
    for body, kind in told:
        found = failed(status, body, kind)
        assert (found.reason, found.blames, found.unused) == (reason, blames, True), body
        assert found.what.startswith("the gateway ")
        assert says in found.what
        assert found.hint
        assert "NAME" not in found.hint


@pytest.mark.parametrize(
    ("status", "told", "reason", "unused"),
    [
        (500, {"internalError": {"message": "An internal error occurred"}}, Reason.SERVER_ERROR, False),
        (502, b"<html>bad gateway</html>", Reason.GATEWAY_ERROR, False),
        (503, b"", Reason.GATEWAY_ERROR, False),
        (429, {"message": "slow down"}, Reason.RATE_LIMITED, True),
        (408, b"", Reason.TIMEOUT, False),
        (302, b"", Reason.MAINTENANCE_PAGE, False),
        (200, b"<html>please wait</html>", Reason.MAINTENANCE_PAGE, False),
        (200, {"error": "server_error"}, Reason.SERVER_ERROR, False),
        (400, {"error": "invalid_grant"}, Reason.OAUTH_ERROR, True),
        (401, {"error": "invalid_client"}, Reason.OAUTH_INVALID_CLIENT, True),
        (418, {"message": "a teapot"}, Reason.OAUTH_ERROR, True),
    ],
)
def test_what_leaves_open_whether_the_token_was_used_says_so(
    status: int, told: Any, reason: Reason, *, unused: bool
) -> None:
    """Only a refusal says that it was not; only `invalid_grant` and a 401 besides Sage's messages may blame it."""
    found = failed(status, told)
    blames = told in ({"error": "invalid_grant"}, {"error": "invalid_client"})
    assert (found.reason, found.unused, found.blames) == (reason, unused, blames)


def test_a_pair_is_taken_whole() -> None:
    """A successor is kept although the access token is of no use; one that cannot be kept is no pair."""
    good = {"access_token": "a", "refresh_token": "r", "token_type": "Bearer", "expires_in": 300}
    found = answered(200, good)
    assert isinstance(found, Renewed)
    assert not isinstance(found.access, SourceError)
    assert (found.access.secret, found.access.life, found.refresh) == (Secret("a"), 300, Secret("r"))
    for spoilt in ({**good, "access_token": ""}, {**good, "token_type": "mac"}):
        found = answered(200, spoilt)
        assert isinstance(found, Renewed)
        assert isinstance(found.access, SourceError)
        assert found.refresh == Secret("r")
    found = answered(200, {"access_token": "a"})
    assert isinstance(found, Renewed)
    assert found.refresh is None
    unusable: tuple[Any, ...] = ("", "two words", 7, [], "r" * 16_385)
    for refresh in unusable:
        assert not failed(200, {**good, "refresh_token": refresh}).unused


@given(
    st.one_of(st.none(), st.integers(0, 2 * NOW)),
    st.integers(-REFRESH_LIFE, 2 * REFRESH_LIFE),
    st.sampled_from([(401, "Unauthorised"), (403, "The request has expired."), (403, "Pairing request not found")]),
)
def test_an_interruption_explains_a_refusal_before_age_does(
    interrupted: int | None, age: int, refusal: tuple[int, str]
) -> None:
    """Lost, then expired, then what the gateway says; each in words that the others do not have."""
    status, message = refusal
    plain = failed(status, {"message": message})
    found = judged(plain, Begun(Secret("r"), NOW - age, interrupted), "aldgate", NOW)
    told = [mark for mark in ("was lost by an interruption at ", "refresh token has expired: ") if mark in found.what]
    if interrupted is not None:
        assert told == ["was lost by an interruption at "]
    elif age >= REFRESH_LIFE:
        assert told == ["refresh token has expired: "]
    else:
        assert found == plain
    assert not told or (found.reason is Reason.OAUTH_ERROR and "driftd connections rotate aldgate" in found.hint)


@given(st.integers(0, 2 * NOW), st.sampled_from(["is disabled", "has not been accepted", "Invalid grant type"]))
def test_what_does_not_blame_the_token_is_told_as_it_is(interrupted: int, message: str) -> None:
    plain = failed(403, {"message": message})
    assert judged(plain, Begun(Secret("r"), 0, interrupted), "aldgate", NOW) == plain
