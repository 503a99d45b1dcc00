"""Answers: text, problems, and long bodies in pieces."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

import orjson
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send


class Pieces(Response):
    """A body that is sent piece by piece, as fast as the client takes it."""

    def __init__(self, pieces: Sequence[bytes], content_type: str, headers: Mapping[str, str]) -> None:
        size = str(sum(map(len, pieces)))
        super().__init__(headers={**headers, "content-type": content_type, "content-length": size})
        self._pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        for piece in self._pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def document(told: object) -> Response:
    """Return a document as JSON."""
    return Response(orjson.dumps(told), media_type="application/json")


def refused(
    request: Request, status: int, detail: str, hint: str, headers: Mapping[str, str] | None = None
) -> Response:
    """Say what is wrong and the next step: as a problem document (RFC 9457) below /api/, in plain text elsewhere."""
    if not request.url.path.startswith("/api/"):
        return PlainTextResponse(f"{detail}\nnext: {hint}\n", status, headers)
    problem = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase.lower(),
        "status": status,
        "detail": detail,
        "hint": hint,
    }
    return Response(orjson.dumps(problem), status, headers, "application/problem+json")
