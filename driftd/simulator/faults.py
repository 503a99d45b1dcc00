"""Faults a tenant can be given: which answers they spoil, and how."""

import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from typing import Literal, get_args

from driftd.simulator.answers import HTML, LOGIN_PAGE, Answer, Page, Stream, diagnoses, html, json_answer
from driftd.simulator.json_values import Json, Record

Kind = Literal[
    "status",
    "html_login",
    "truncated",
    "malformed",
    "raw_body",
    "raw_socket",
    "delay",
    "slow_first",
    "hang",
    "drip",
    "gzip_bomb",
    "huge_body",
    "next_elsewhere",
    "next_loop",
    "next_back",
    "no_resources",
    "diagnoses",
    "wrong_folder",
    "empty",
    "redirect",
    "content_type",
    "date_skew",
    "close",
    "not_utf8",
    "deep",
]
_BLOCK = 1 << 20


@dataclass(slots=True)
class Fault:
    """One fault: what it matches, then what it does. Of several that match, the first in the list acts.

    Without `path` only reads of classes match; with it, every request of the tenant whose path contains it
    (`"/auth/token"`). Kinds that spoil the envelope leave an answer without one as it is.
    """

    kind: Kind
    # --- which requests
    resource: str | None = None
    facet: str | None = None
    key: str | None = None
    """The key of a `$details` read."""
    page: int | None = None
    """The page of a `$query`: 1 for a request without cursor, then counted."""
    path: str | None = None
    nth: int | None = None
    """Only the nth request that matches, from 1."""
    times: int | None = None
    """How often the fault acts before it is spent; for ever if None."""
    # --- what happens
    status: int = 500
    """`status`: code of the answer."""
    body: str = "json"
    """`status`: `json`, `html` or `empty`. `raw_body`, `raw_socket`: text to send (Latin-1). `diagnoses`: message."""
    headers: dict[str, str] = field(default_factory=dict)
    """Added to the answer, e.g. `Retry-After`."""
    seconds: float = 1.0
    """`delay`, `slow_first`; `drip`: between pieces; `date_skew`: added to `Date`."""
    size: int = 0
    """`drip`: bytes a piece (1). `truncated`: bytes sent (half). `gzip_bomb`, `huge_body`: inflated size (300 MB).
    `deep`: levels (100,000)."""
    to: str = ""
    """`redirect`, `next_elsewhere`: scheme and host. `wrong_folder`: folder. `content_type`: type."""
    # --- what happened
    matched: int = 0
    acted: int = 0

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"there is no fault {self.kind!r}: use one of {', '.join(get_args(Kind))}")
        if self.kind == "slow_first" and self.nth is None:
            self.nth = 1

    def shown(self) -> Record:
        """Return the fault as JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Occasion:
    """The request an answer is for, as far as faults look at it."""

    path: str
    resource: str
    facet: str
    key: str
    page: int
    url: str
    """The request's own absolute URL."""


def spoil(faults: list[Fault], answer: Answer, occasion: Occasion) -> Answer:
    """Return the answer as the first matching fault leaves it."""
    for fault in faults:
        if _matches(fault, occasion):
            fault.matched += 1
            spent = fault.times is not None and fault.acted >= fault.times
            if not spent and fault.nth in {None, fault.matched}:
                fault.acted += 1
                spoilt = _KINDS[fault.kind](fault, answer, occasion)
                return replace(spoilt, headers={**spoilt.headers, **fault.headers})
    return answer


def _matches(fault: Fault, occasion: Occasion) -> bool:
    if fault.path is None and not occasion.resource:
        return False
    asked: tuple[tuple[object, object], ...] = (
        (fault.resource, occasion.resource),
        (fault.facet, occasion.facet),
        (fault.key, occasion.key),
        (fault.page, occasion.page),
    )
    return (fault.path or "") in occasion.path and all(want is None or want == have for want, have in asked)


def _status(fault: Fault, _answer: Answer, _occasion: Occasion) -> Answer:
    if fault.body == "html":
        return html(fault.status, f"Error {fault.status}")
    return Answer(fault.status, b"") if fault.body == "empty" else diagnoses(fault.status, f"Error {fault.status}")


def _whole(answer: Answer) -> bytes:
    if isinstance(answer.body, Page):
        return answer.body.encode()
    return answer.body if isinstance(answer.body, bytes) else b""


def _malformed(_fault: Fault, answer: Answer, _occasion: Occasion) -> Answer:
    """Put a backslash escape that JSON does not have into the first string value."""
    return replace(answer, body=re.sub(rb'(:\s?")', rb"\1C:\\share\\", _whole(answer), count=1))


def _page(change: Callable[[Fault, Page, Occasion], Page]) -> "Spoiler":
    def spoiler(fault: Fault, answer: Answer, occasion: Occasion) -> Answer:
        return replace(answer, body=change(fault, answer.body, occasion)) if isinstance(answer.body, Page) else answer

    return spoiler


def _next(url_of: Callable[[Fault, Page, Occasion], str]) -> "Spoiler":
    return _page(lambda fault, page, seen: replace(page, links={**page.links, "$next": url_of(fault, page, seen)}))


def _elsewhere(fault: Fault, page: Page, occasion: Occasion) -> str:
    url = page.links.get("$next", occasion.url)
    return re.sub(r"^[a-z]+://[^/]+", fault.to or "http://elsewhere.example:8124", url)


def _wrong_folder(fault: Fault, answer: Answer, _occasion: Occasion) -> Answer:
    """State another folder in `$details`, and in every row of `$query`."""
    folder = (fault.to or "OTHER").encode()
    if isinstance(answer.body, Page):
        parts = [b'{"$actxFolder":"%s",%s' % (folder, part[1:]) for part in map(_without_folder, answer.body.parts)]
        return replace(answer, body=replace(answer.body, parts=parts))
    return replace(answer, body=re.sub(rb'("\$actxFolder":\s?")[^"]*', rb"\g<1>" + folder, _whole(answer)))


def _without_folder(part: bytes) -> bytes:
    return re.sub(rb'"\$actxFolder":\s?"[^"]*",\s?', b"", part)


def _truncated(fault: Fault, answer: Answer, _occasion: Occasion) -> Answer:
    return replace(answer, truncate=fault.size or len(_whole(answer)) // 2)


def _not_utf8(_fault: Fault, answer: Answer, _occasion: Occasion) -> Answer:
    return replace(answer, body=re.sub(rb'(:\s?")', b"\\1\xe9\xff", _whole(answer), count=1))


def _deep(fault: Fault, answer: Answer, _occasion: Occasion) -> Answer:
    levels = fault.size or 100_000
    return replace(answer, body=b'{"$resources":' + b"[" * levels + b"]" * levels + b"}")


def _redirect(fault: Fault, _answer: Answer, occasion: Occasion) -> Answer:
    host = fault.to or "http://elsewhere.example:8124"
    return Answer(302, b"", headers={"Location": f"{host}{occasion.path}"})


def _gzip_bomb(fault: Fault, answer: Answer, _occasion: Occasion) -> Answer:
    blocks = (fault.size or 300_000_000) // _BLOCK or 1
    head, block, tail = _bomb(blocks)
    length = len(head) + len(block) * blocks + len(tail)

    def chunks() -> Iterator[bytes]:
        yield head
        for _ in range(blocks):
            yield block
        yield tail

    return replace(answer, body=Stream(length, chunks), headers={**answer.headers, "Content-Encoding": "gzip"})


@cache
def _bomb(blocks: int) -> tuple[bytes, bytes, bytes]:
    """Return gzip's head, one compressed block of blanks to be sent `blocks` times, and its tail."""
    opening = b'{"$itemsPerPage":20,"$resources":['
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    head = deflate.compress(opening) + deflate.flush(zlib.Z_FULL_FLUSH)
    blanks = b" " * _BLOCK
    block = deflate.compress(blanks) + deflate.flush(zlib.Z_FULL_FLUSH)
    tail = deflate.compress(b"]}") + deflate.flush(zlib.Z_FINISH)
    checksum = zlib.crc32(opening)
    for _ in range(blocks):
        checksum = zlib.crc32(blanks, checksum)
    checksum, size = zlib.crc32(b"]}", checksum), len(opening) + blocks * _BLOCK + 2
    trailer = checksum.to_bytes(4, "little") + (size & 0xFFFFFFFF).to_bytes(4, "little")
    return b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff" + head, block, tail + trailer


def _huge(fault: Fault, answer: Answer, _occasion: Occasion) -> Answer:
    size = fault.size or 300_000_000
    opening, closing = b'{"$itemsPerPage":20,"$resources":[', b"]}"

    def chunks() -> Iterator[bytes]:
        yield opening
        left = size - len(opening) - len(closing)
        while left > 0:
            yield b" " * min(left, _BLOCK)
            left -= _BLOCK
        yield closing

    return replace(answer, body=Stream(max(size, len(opening) + len(closing)), chunks))


def _text(fault: Fault) -> bytes:
    return fault.body.encode("latin-1")


Spoiler = Callable[[Fault, Answer, Occasion], Answer]
_KINDS: dict[Kind, Spoiler] = {
    "status": _status,
    "html_login": lambda _f, _a, _o: Answer(200, LOGIN_PAGE, HTML),
    "truncated": _truncated,
    "malformed": _malformed,
    "raw_body": lambda f, a, _o: replace(a, body=_text(f)),
    "raw_socket": lambda f, a, _o: replace(a, raw=_text(f)),
    "delay": lambda f, a, _o: replace(a, delay=f.seconds),
    "slow_first": lambda f, a, _o: replace(a, delay=f.seconds),
    "hang": lambda _f, a, _o: replace(a, hang=True),
    "drip": lambda f, a, _o: replace(a, body=_whole(a), drip=(f.size or 1, f.seconds)),
    "gzip_bomb": _gzip_bomb,
    "huge_body": _huge,
    "next_elsewhere": _next(_elsewhere),
    "next_loop": _next(lambda _f, _p, seen: seen.url),
    "next_back": _next(lambda _f, page, _o: page.links["$first"]),
    "no_resources": _page(lambda _f, page, _o: replace(page, resources=False)),
    "diagnoses": lambda f, _a, _o: diagnoses(200, f.body if f.body != "json" else "Unexpected error"),
    "wrong_folder": _wrong_folder,
    "empty": _page(lambda _f, page, _o: replace(page, parts=[], links={"$first": page.links["$first"]})),
    "redirect": _redirect,
    "content_type": lambda f, a, _o: replace(a, content_type=f.to or "text/plain"),
    "date_skew": lambda f, a, _o: replace(a, date_skew=f.seconds),
    "close": lambda _f, a, _o: replace(a, close=True),
    "not_utf8": _not_utf8,
    "deep": _deep,
}


def fault_from(members: dict[str, Json]) -> Fault:
    """Return the fault a JSON object describes. Raises `ValueError` for an unknown kind or member."""
    known = {name for name in Fault.__dataclass_fields__ if name not in {"matched", "acted"}}
    unknown = sorted(set(members) - known)
    if unknown or "kind" not in members:
        raise ValueError(f"a fault has a 'kind' and may have {', '.join(sorted(known))}; not {', '.join(unknown)}")
    return Fault(**members)  # type: ignore[arg-type]


__all__ = ["Fault", "Kind", "Occasion", "fault_from", "json_answer", "spoil"]
