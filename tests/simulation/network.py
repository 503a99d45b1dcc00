"""The host in memory: takes requests from the wires, lets the simulator answer them, and strikes as the plan says."""

import asyncio
import gzip
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from http import HTTPStatus
from random import Random
from urllib.parse import parse_qsl, urlsplit

import anyio
import httpx

from driftd.adapters.x3 import dial
from driftd.adapters.x3.connection import Connection, Origin
from driftd.adapters.x3.race import Place
from driftd.core.network import Egress
from driftd.simulator import Farm, Fault
from driftd.simulator.answers import Answer, Page, Stream
from driftd.simulator.dialect import Refused, Request, decoded_segments, read
from driftd.simulator.faults import Occasion, spoil
from driftd.simulator.host import Host
from tests.simulation.shape import HOST
from tests.simulation.troubles import ANSWERS, NETWORK, TOKENS, WAY, Trouble
from tests.simulation.wire import Piece, Sent, Wire

BOMB = 6_000_000
ADDRESS = "10.8.0.2"
"""Where the host's name leads."""
ELSEWHERE = ("169.254.169.254", "127.0.0.1", "10.9.0.2", "8.8.8.8", "::1", "64:ff9b::a9fe:a9fe")
"""Where it leads while it is rebound: nothing of that is admitted over plain http."""
ASTRAY = "&via=elsewhere"
"""Ends a link that leads to another origin."""
_FAULTS: dict[str, Callable[[Trouble], Fault]] = {
    "gateway": lambda t: Fault("status", status=502 if t.number < 0.5 else 504, body="html"),
    "unavailable": lambda t: Fault("status", status=503, headers={"Retry-After": str(asked(t))}),
    "limited": lambda t: Fault("status", status=429, headers={"Retry-After": str(asked(t))}),
    "server_error": lambda _: Fault("status", status=500),
    "login_page": lambda _: Fault("html_login"),
    "error_envelope": lambda _: Fault("diagnoses", body="Locked by maintenance"),
    "no_resources": lambda _: Fault("no_resources"),
    "next_loop": lambda _: Fault("next_loop"),
    "next_back": lambda _: Fault("next_back"),
    "next_elsewhere": lambda _: Fault("next_elsewhere", to="http://elsewhere.sim:8124"),
    "gzip_bomb": lambda _: Fault("gzip_bomb", size=BOMB),
    "malformed": lambda _: Fault("malformed"),
    "not_utf8": lambda _: Fault("not_utf8"),
    "redirect": lambda _: Fault("redirect", to="http://elsewhere.sim:8124"),
    "content_type": lambda _: Fault("content_type", to="text/plain"),
    "date_skew": lambda t: Fault("date_skew", seconds=7200.0 * (t.number - 0.5)),
    "huge_body": lambda _: Fault("huge_body", size=BOMB),
    "emptied": lambda _: Fault("empty", facet="$query"),
    "token_refused": lambda _: Fault("raw_body", path="/auth/token", body='{"error": "invalid_client"}'),
    "token_limited": lambda t: Fault("status", path="/auth/token", status=429, headers={"Retry-After": str(asked(t))}),
    "token_page": lambda _: Fault("html_login", path="/auth/token"),
}
_UNHEARD = frozenset({"hang", "reset_after", "truncated"})
"""Faults of the way under which nobody hears what was answered."""
NEVER_A_PAGE = frozenset(
    {"gateway", "unavailable", "limited", "server_error", "login_page", "error_envelope", "echo", "no_resources"}
    | {"gzip_bomb", "redirect", "content_type", "huge_body", "truncated", "cut_json", "wrong_folder", "forbidden"}
    | {"unlicensed"}
)
"""Answers that no reader may take for records."""


def asked(trouble: Trouble) -> int:
    """Return the seconds that a trouble's ``Retry-After`` asks for."""
    return int(60 + 1000 * trouble.number)


@dataclass
class Call:
    """One call of the source: what it was answered, the last one last."""

    daemon: object = None
    """Whose it is."""
    answers: list[str] = field(default_factory=list)
    """The fault of each answer; empty for a good one."""


CALL: ContextVar[Call | None] = ContextVar("call", default=None)


@dataclass
class Asked:
    """One request as it reached the host."""

    at: float
    tenant: str
    resource: str
    facet: str
    target: str
    token: bool
    call: Call | None


class Laws:
    """What the network tells; the oracle overrides what it wants to know."""

    def connecting(self, origin: Origin) -> None:
        """A connection is tried."""

    def sent(self, asked: Asked) -> None:
        """A request came."""

    def ended(self, asked: Asked) -> None:
        """Its answer is out, or never will be."""

    def answered(self, asked: Asked, fault: str, answer: Answer) -> None:
        """An answer goes out."""

    def concealed(self, asked: Asked) -> None:
        """An answer goes out that shows nothing, and does not show that it should not be believed."""

    def struck(self, kind: str, what: str) -> None:
        """A fault took effect."""

    def connected(self, address: str) -> None:
        """A connection is made to an address."""

    def sweeping(self, asked: Asked) -> bool:
        """Tell whether a sweep reads what is asked for."""
        raise NotImplementedError


class Network:
    """The one host, and all that can be wrong on the way to it."""

    def __init__(self, farm: Farm, intruder: str, laws: Laws, chance: Random, latency: float) -> None:
        self.host = Host(farm)
        self._farm = farm
        self._intruder = farm[intruder]
        self._laws = laws
        self._chance = chance
        self._latency = latency
        self.active: list[Trouble] = []
        self.wires: list[Wire] = []
        self.shift: Callable[[Asked], None] = lambda _asked: None
        """Lets business go on while a request is under way."""

    async def connect(
        self, origin: Origin, egress: Egress, context: ssl.SSLContext | None, seconds: float | None
    ) -> Connection:
        """Take the place of `driftd.adapters.x3.transport.connect`."""
        del context
        self._laws.connecting(origin)
        down = next((each for each in self.active if each.kind in WAY), None)
        if f"{origin.host}:{origin.port}" != HOST:
            raise httpx.ConnectError("no connection") from ConnectionRefusedError()
        if down is not None:
            self._laws.struck(down.kind, "")
            if down.kind == "connect_timeout":
                await anyio.sleep(seconds or 10.0)
                raise httpx.ConnectTimeout("not in time")
            raise httpx.ConnectError("no connection") from ConnectionRefusedError()
        places = await dial.admitted(origin, egress)
        self._laws.connected(places[0].address)
        await anyio.sleep(0.01)
        connection = Connection(origin)
        self.wires = [each for each in self.wires if not each.closed]
        self.wires.append(Wire(connection, self._serve))
        return connection

    async def resolved(self, origin: Origin) -> Sequence[Place]:
        """Take the place of `driftd.adapters.x3.dial.resolved`."""
        rebound = next((each for each in self.active if each.kind == "rebound"), None)
        if rebound is None:
            return [Place(socket.AF_INET, ADDRESS, origin.port)]
        self._laws.struck("rebound", "")
        address = ELSEWHERE[int(rebound.number * len(ELSEWHERE))]
        return [Place(socket.AF_INET6 if ":" in address else socket.AF_INET, address, origin.port)]

    def cut(self) -> None:
        """End every connection."""
        for wire in self.wires:
            wire.end(ConnectionResetError())
        self.wires.clear()

    def _serve(self, wire: Wire, sent: Sent) -> None:
        seen = self._seen(sent)
        wire.ended = lambda: self._laws.ended(seen)
        self._laws.sent(seen)
        if any(each.kind in WAY for each in self.active):
            wire.end(ConnectionResetError())
            return
        trouble = self._struck(NETWORK, seen, wire.served > 0)
        if trouble is not None:
            self._laws.struck(trouble.kind, seen.target)
        if trouble is not None and trouble.kind in {"reset_before", "stale"}:
            wire.end(ConnectionResetError())
            return
        wait = self._latency * self._chance.uniform(0.2, 1.8)
        if trouble is not None and trouble.kind == "slow":
            wait += 40.0 * trouble.number
        if trouble is not None and trouble.kind == "drip" and trouble.number > 0.5:
            wait += 45.0  # each wait for itself is short enough
        wire.later(wait, lambda: self._answer(wire, sent, seen, trouble))

    def _answer(self, wire: Wire, sent: Sent, seen: Asked, trouble: Trouble | None) -> None:
        self.shift(seen)
        fault, answer = self._answered(sent, seen)
        network = trouble.kind if trouble is not None else ""
        if seen.call is not None:
            seen.call.answers.append("truncated" if network == "truncated" else fault)
        if network not in _UNHEARD:
            self._laws.answered(seen, fault, answer)
        if network == "hang" or answer.hang:
            return
        if network == "reset_after":
            wire.end(ConnectionResetError())
            return
        head, body, close = _encoded(answer, sent, self._gzip(seen), self._farm.wall())
        pieces: list[Piece] = [(0.0, head + body)]
        if network == "truncated":
            pieces, close = [(0.0, (head + body)[: len(head) + len(body) // 2])], True
        if network == "drip" and trouble is not None:
            size = max(1, len(body) // 5)
            wait = 30.0 * trouble.number
            pieces = [(0.0, head), *((wait, body[at : at + size]) for at in range(0, len(body), size))]
        wire.play(pieces, close=close)

    def _gzip(self, seen: Asked) -> bool:
        tenant = self._farm.get(seen.tenant)
        return tenant is not None and tenant.switches.gzip == "on"

    def _answered(self, sent: Sent, seen: Asked) -> tuple[str, Answer]:
        """Return the fault of an answer, and the answer."""
        tenant = self._farm.get(seen.tenant)
        request = _request(sent)
        trouble = None
        if tenant is not None:
            trouble = self._struck(TOKENS if seen.token else (*ANSWERS, "emptied"), seen, False)
        if tenant is None or trouble is None:
            answer = self.host.answer(request)
            return self._access(seen, answer), answer
        if trouble.kind == "wrong_folder":
            return self._foreign(request, seen)
        if trouble.kind == "echo":
            words = f"{sent.headers.get('authorization', '')} {tenant.client_secret}"
            return self._note("echo", seen), _with_body(Fault("diagnoses", body=words), seen)
        fault = self._fault(trouble)
        tenant.faults[:] = [fault]
        answer = self.host.answer(request)
        tenant.faults.clear()
        if trouble.kind in _BESIDE and trouble.number < 0.5 and isinstance(answer.body, Page):
            answer = _BESIDE[trouble.kind](answer, answer.body)
        elif trouble.kind == "cut_json" and isinstance(answer.body, Page):
            answer = replace(answer, body=answer.body.encode()[:-20])
        elif trouble.kind == "next_elsewhere" and isinstance(answer.body, Page):
            links = answer.body.links
            answer = replace(answer, body=replace(answer.body, links={**links, "$next": links["$next"] + ASTRAY}))
        elif not fault.acted or not _spoilt(fault, answer):
            return self._access(seen, answer), answer
        return self._note(trouble.kind, seen), answer

    def _fault(self, trouble: Trouble) -> Fault:
        make = _FAULTS.get(trouble.kind) if trouble.kind not in _BESIDE or trouble.number >= 0.5 else None
        return Fault("close") if make is None else make(trouble)

    def _note(self, kind: str, seen: Asked) -> str:
        self._laws.struck(kind, seen.target)
        return kind

    def _access(self, seen: Asked, answer: Answer) -> str:
        """Name the withdrawn right that an answer shows."""
        for each in self.active:
            here = each.kind in {"forbidden", "unlicensed"} and each.tenant == seen.tenant
            if here and answer.status >= 400 and answer.status != 401 and each.resource in {"", seen.resource}:
                return self._note(each.kind, seen)
        return ""

    def _foreign(self, request: Request, seen: Asked) -> tuple[str, Answer]:
        """Answer with what another folder has under the same address."""
        segments = list(request.segments)
        segments[3] = self._intruder.endpoint
        try:
            answer = read(self._intruder, replace(request, segments=tuple(segments)))
        except Refused as refused:
            answer = refused.answer
        fault = Fault("wrong_folder", to=self._intruder.folder)
        occasion = Occasion(request.path, seen.resource, seen.facet, "", 0, request.url)
        foreign = spoil([fault], answer, occasion)
        told = isinstance(foreign.body, Page) and foreign.body.parts
        if not told:  # an empty answer says nothing of whose it is
            self._laws.concealed(seen)
            return "", foreign
        return self._note("wrong_folder", seen), foreign

    def _struck(self, kinds: tuple[str, ...], seen: Asked, kept: bool) -> Trouble | None:
        for each in self.active:
            if each.kind not in kinds or each.tenant not in {"", seen.tenant} or each.most <= 0:
                continue
            if (each.kind in TOKENS) != seen.token and each.kind not in NETWORK:
                continue
            if not seen.token and each.resource not in {"", seen.resource}:
                continue
            if each.kind == "stale" and not kept:
                continue
            if each.share < 1.0 and self._chance.random() >= each.share:
                continue
            each.most -= 1
            return each
        return None

    def _seen(self, sent: Sent) -> Asked:
        segments = decoded_segments(urlsplit(sent.target).path.encode())
        token = len(segments) == 3 and segments[1:] == ("auth", "token")
        folder = segments[0] if token else segments[3] if len(segments) > 4 else ""
        tenant = next((each.name for each in self._farm.values() if each.endpoint == folder), "")
        resource = "" if token or len(segments) < 5 else segments[4].partition("(")[0]
        facet = "$prototypes" if "$prototypes" in sent.target or "%24prototypes" in sent.target else ""
        if not facet and not token:
            facet = "$details" if "$details" in sent.target or "%24details" in sent.target else "$query"
        at = asyncio.get_running_loop().time()
        return Asked(at, tenant, resource, facet, sent.target, token, CALL.get())


def _half(page: Page) -> Page:
    return replace(page, parts=page.parts[: len(page.parts) // 2], links={"$first": page.links["$first"]})


def _diagnosed(answer: Answer, page: Page) -> Answer:
    told = b'{"$diagnoses":[{"$severity":"error","$message":"Locked by maintenance"}],'
    return replace(answer, body=told + _half(page).encode()[1:])


_BESIDE: dict[str, Callable[[Answer, Page], Answer]] = {
    "server_error": lambda answer, page: replace(answer, status=500, body=_half(page)),
    "error_envelope": _diagnosed,
}
"""Faults that half of the time bear records besides: those up to where it failed."""


def _spoilt(fault: Fault, answer: Answer) -> bool:
    """Tell whether a fault shows in an answer."""
    if fault.kind in {"malformed", "not_utf8"}:
        return answer.status == 200 and b'"$resources"' in _whole(answer)
    return fault.kind in _WHOLE or isinstance(answer.body, Page | Stream)


_WHOLE = frozenset({"status", "html_login", "diagnoses", "redirect", "content_type", "raw_body", "date_skew"})
"""Kinds that spoil every answer, not only pages."""


def _with_body(fault: Fault, seen: Asked) -> Answer:
    return spoil([fault], Answer(), Occasion(seen.target, seen.resource or "X", seen.facet, "", 0, ""))


def _request(sent: Sent) -> Request:
    target = urlsplit(sent.target)
    return Request(
        method=sent.method,
        origin=f"http://{sent.headers.get('host', HOST)}",
        segments=decoded_segments(target.path.encode()),
        query=dict(parse_qsl(target.query, keep_blank_values=True)),
        headers=sent.headers,
        body=sent.body,
    )


def _encoded(answer: Answer, sent: Sent, compress: bool, wall: float) -> tuple[bytes, bytes, bool]:
    """Return head and body as they go over the wire, and whether the connection is closed after them."""
    headers = {"Content-Type": answer.content_type, "Date": formatdate(wall + answer.date_skew, usegmt=True)}
    headers |= answer.headers
    body = _whole(answer)
    wanted = "gzip" in sent.headers.get("accept-encoding", "")
    if compress and wanted and "Content-Encoding" not in headers and not isinstance(answer.body, Stream):
        body, headers["Content-Encoding"] = gzip.compress(body, 1, mtime=0), "gzip"
    headers["Content-Length"] = str(len(body))
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    words = HTTPStatus(answer.status).phrase
    return f"HTTP/1.1 {answer.status} {words}\r\n{lines}\r\n".encode("latin-1"), body, answer.close


def _whole(answer: Answer) -> bytes:
    if isinstance(answer.body, Page):
        return answer.body.encode()
    return b"".join(_chunks(answer.body)) if isinstance(answer.body, Stream) else answer.body


def _chunks(stream: Stream) -> Iterator[bytes]:
    yield from stream.chunks()
