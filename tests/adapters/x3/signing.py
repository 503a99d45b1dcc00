"""What tests of signing in share."""

import httpx

from driftd.core.model import Query

PAGE = Query(10)
REFUSED = {"error": "invalid_client", "error_description": "Client authentication failed"}


def bearer(request: httpx.Request) -> str:
    """Return what a request signs in with."""
    return request.headers["Authorization"]
