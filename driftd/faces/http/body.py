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
    except RecursionError:
        return refused(request, 400, "the body nests lists or tables too deeply", f"send {example}")
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        return refused(request, 400, f"the body cannot be used: {error}", f"send {example}")


async def _read(request: Request) -> bytes:
    _check_kind(request)
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


def _check_kind(request: Request) -> None:
    """Refuse what says that it is no JSON, or compressed, or of other letters than UTF-8: none is ever decoded."""
    kind, _, parameters = request.headers.get("content-type", "").partition(";")
    if kind.strip().lower() != "application/json":
        raise _WrongError(415, "the body is not application/json")
    charset = next((each.partition("=")[2] for each in parameters.split(";") if "charset=" in each.lower()), "utf-8")
    if charset.strip(' "').lower() not in {"utf-8", "utf8", "us-ascii"}:
        raise _WrongError(415, f'the body is in "{charset.strip()[:40]}", and JSON is UTF-8 (RFC 8259)')
    if (coding := request.headers.get("content-encoding", "identity").strip().lower()) != "identity":
        raise _WrongError(415, f'the body is in the encoding "{coding[:40]}", and none is decoded')
