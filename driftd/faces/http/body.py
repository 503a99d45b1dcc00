"""What a request says: its body, read as far as it may be long and as long as it may take, and its query."""

from typing import Annotated, Final, TypeAlias, TypeVar

import anyio
import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from driftd.core.decision import LONGEST_NAME, LONGEST_REASON
from driftd.faces.http.gate import caller_of
from driftd.faces.http.guard import LARGEST
from driftd.faces.http.reply import refused

SECONDS: Final = 10.0
"""Within which a body is there."""
T = TypeVar("T")
S = TypeVar("S", bound=Struct)
_VISIBLE: Final = r"[^\s\x00-\x20\x7f-\xa0]"
Reason: TypeAlias = Annotated[
    str, Meta(description="Why.", extra_json_schema={"pattern": _VISIBLE, "maxLength": LONGEST_REASON})
]
By: TypeAlias = Annotated[
    str,
    Meta(
        description="Who decides; a user or token is named before it.",
        extra_json_schema={"pattern": _VISIBLE, "maxLength": LONGEST_NAME},
    ),
]
"""Both are judged by `core.decision`, which says better what is wrong."""


class _WrongError(Exception):
    """A body is not taken, with this HTTP status."""

    def __init__(self, status: int, detail: str) -> None:
        self.status = status
        super().__init__(detail)


async def sent(request: Request, kind: type[T], example: str) -> T | Response:
    """Return what a request sends as JSON, or the answer that refuses it; `example` is a right one.

    Who decides (``by``) is whom the credentials name, and after it whom the request names.
    """
    try:
        return signed(request, msgspec.json.decode(await _read(request), type=kind))
    except _WrongError as wrong:
        return refused(request, wrong.status, str(wrong), f"send {example}")
    except RecursionError:
        return refused(request, 400, "the body nests lists or tables too deeply", f"send {example}")
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        return refused(request, 400, f"the body cannot be used: {error}", f"send {example}")


def asked(request: Request, kind: type[S], example: str) -> S | Response:
    """Return what stands in the query of a request, or the answer that refuses it; who decides is as in `sent`."""
    given = request.query_params
    try:
        said = msgspec.convert(dict(given), kind, strict=False)
    except msgspec.ValidationError as error:
        return refused(request, 400, f"the query cannot be used: {error}", example)
    if len(given.multi_items()) != len(given):
        return refused(request, 400, "the query cannot be used: a name stands there twice", example)
    names = zip(said.__struct_fields__, said.__struct_encode_fields__, strict=True)
    if empty := [name for field, name in names if name in given and getattr(said, field) is None]:
        detail = f'the query cannot be used: "{given[empty[0]]}" is no value of "{empty[0]}": leave that out'
        return refused(request, 400, detail, example)
    return signed(request, said)


def signed(request: Request, said: T) -> T:
    """Return what is said with who decides (``by``): whom the credentials name, and after it whom the request names."""
    caller = caller_of(request)
    if not caller.name or not isinstance(said, Struct) or "by" not in said.__struct_fields__:
        return said
    by = str(getattr(said, "by"))  # noqa: B009 - not all have one
    signed = caller.name if by == "api" else f"{caller.name}: {by}"
    return replace(said, by=signed[:LONGEST_NAME]) if by.strip() else said


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
