"""Bodies of requests, read as far as they may be long and as long as they may take."""

from typing import Final, TypeVar

import anyio
import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from driftd.faces.http.daemon import foreign
from driftd.faces.http.guard import LARGEST
from driftd.faces.http.reply import refused

SECONDS: Final = 10.0
"""Within which a body is there."""
T = TypeVar("T")


class _WrongError(Exception):
    """A body is not taken, with this HTTP status."""

    def __init__(self, status: int, detail: str) -> None:
        self.status = status
        super().__init__(detail)


async def sent(request: Request, kind: type[T], example: str) -> T | Response:
    """Return what a request of our own site sends as JSON, or the answer that refuses it; `example` is a right one."""
    if foreign(request):
        return refused(request, 403, "the request comes from another site", "ask from the command line")
    try:
        return msgspec.json.decode(await _read(request), type=kind)
    except _WrongError as wrong:
        return refused(request, wrong.status, str(wrong), f"send {example}")
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        return refused(request, 400, f"the body cannot be used: {error}", f"send {example}")


async def _read(request: Request) -> bytes:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise _WrongError(415, "the body is not application/json")
    body = bytearray()
    try:
        with anyio.fail_after(SECONDS):
            async for piece in request.stream():
                body += piece
                if len(body) > LARGEST:
                    raise _WrongError(413, f"the body is longer than {LARGEST} bytes")
    except TimeoutError:
        raise _WrongError(408, f"the body is not there after {SECONDS:g} s") from None
    except ClientDisconnect:
        raise _WrongError(400, "the body breaks off") from None
    return bytes(body)
