import json
from typing import Any

import pytest

from driftd.adapters.x3 import token
from driftd.adapters.x3.answer import Answer
from driftd.errors import Reason, SourceError

NOW = 1_800_000_000_000


def answered(status: int, **members: Any) -> Answer:
    return Answer(status, json.dumps(members).encode(), "application/json")


def test_a_token_is_renewed_ahead_of_its_end() -> None:
    """15 minutes before the end, or at half its life where that is later."""
    assert token.read(answered(200, access_token="a", expires_in=3600), "aldgate", NOW).renew_after == 2700
    assert token.read(answered(200, access_token="a", expires_in=300), "aldgate", NOW).renew_after == 150


@pytest.mark.parametrize(
    ("told", "life"),
    [(60, 60), ("60", 60), (0.4, 0.4), (None, 300), ("soon", 300), (0, 300), (-5, 300), (True, 300), ("inf", 300),
     ("nan", 300), ([], 300)],
)  # fmt: skip
def test_a_life_that_is_not_told_is_assumed(told: Any, life: float) -> None:
    """Without a usable `expires_in` a token is taken to live 300 s, as a gateway token does."""
    assert (
        token.read(answered(200, access_token="a", token_type="bearer", expires_in=told), "aldgate", NOW).life == life
    )


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (answered(401, error="invalid_client"), Reason.OAUTH_INVALID_CLIENT),
        (answered(400, error="invalid_client"), Reason.OAUTH_INVALID_CLIENT),
        (answered(400, error="unauthorized_client"), Reason.OAUTH_INVALID_CLIENT),
        (answered(401, message="Unauthorised"), Reason.OAUTH_INVALID_CLIENT),
        (answered(401), Reason.OAUTH_INVALID_CLIENT),
        (Answer(401, b"Error 50: Invalid token", "text/plain"), Reason.OAUTH_INVALID_CLIENT),
        (
            answered(403, message="The application registered on Sage Business Cloud is disabled"),
            Reason.OAUTH_INVALID_CLIENT,
        ),
        (answered(403, message="Pairing request not found"), Reason.OAUTH_ERROR),
        (answered(400, message="Invalid grant type"), Reason.OAUTH_ERROR),
        (answered(400, error="unsupported_grant_type"), Reason.OAUTH_ERROR),
        (answered(400, error="invalid_grant"), Reason.OAUTH_ERROR),
        (answered(401, error="invalid_grant"), Reason.OAUTH_ERROR),
        (answered(400, error="something_new"), Reason.OAUTH_ERROR),
        (answered(404, message="Could not associate the requested url"), Reason.OAUTH_ERROR),
        (answered(400, error="invalid_scope"), Reason.CONFIG_ERROR),
        (answered(200), Reason.OAUTH_ERROR),
        (answered(200, access_token=""), Reason.OAUTH_ERROR),
        (answered(200, access_token=7), Reason.OAUTH_ERROR),
        (answered(200, access_token="a\nb"), Reason.OAUTH_ERROR),
        (answered(200, access_token="a", token_type="mac"), Reason.OAUTH_ERROR),
        (Answer(200, b"token", "text/plain"), Reason.OAUTH_ERROR),
        (answered(401, message="Error 21: issued in the future"), Reason.CLOCK_SKEW),
        (answered(400, error="temporarily_unavailable"), Reason.GATEWAY_ERROR),
        (answered(429), Reason.RATE_LIMITED),
        (answered(500, internalError={"message": "An internal error occurred"}), Reason.SERVER_ERROR),
        (answered(500, error="invalid_client"), Reason.SERVER_ERROR),
        (answered(502), Reason.GATEWAY_ERROR),
        (Answer(503, b"<html>", "text/html"), Reason.GATEWAY_ERROR),
        (answered(408), Reason.TIMEOUT),
        (Answer(200, b"<html>login</html>", "text/html"), Reason.MAINTENANCE_PAGE),
        (Answer(403, b"<html>firewall</html>", "text/html"), Reason.MAINTENANCE_PAGE),
        (Answer(302, b"", location="/login"), Reason.MAINTENANCE_PAGE),
    ],
)
def test_every_other_answer_has_its_reason(answer: Answer, reason: Reason) -> None:
    """Status and words decide together; 5xx and pages for people never blame the credential."""
    with pytest.raises(SourceError) as error:
        token.read(answer, "aldgate", NOW)
    assert error.value.reason is reason
    assert '"aldgate"' in str(error.value)
    assert error.value.hint


def test_only_registered_codes_are_repeated() -> None:
    """A token endpoint may say anything: only codes of RFC 6749 reach a message."""
    with pytest.raises(SourceError, match='"invalid_client"'):
        token.read(answered(401, error="invalid_client", error_description="s3cret"), "aldgate", NOW)
    with pytest.raises(SourceError) as error:
        token.read(answered(400, error="s3cret", message="s3cret"), "aldgate", NOW)
    assert "s3cret" not in str(error.value)


def test_a_token_does_not_show_itself() -> None:
    """The text of a token is redacted."""
    assert "abc" not in repr(token.read(answered(200, access_token="abc"), "aldgate", NOW))
