"""``/metrics``: rendered off the loop, once for all who ask meanwhile."""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from anyio import CapacityLimiter, Event
from anyio.to_thread import run_sync
from msgspec import Struct, field
from starlette.requests import Request
from starlette.responses import Response

from driftd.core.status import Status
from driftd.faces.http.gate import caller_of
from driftd.faces.http.inside import Inside
from driftd.faces.http.reply import Pieces
from driftd.faces.metrics.exposition import Exposition, Format, Wanted, negotiated


class Families(Struct):
    """Which families a scrape wants."""

    names: list[str] = field(name="name[]", default_factory=list)
    """Only those of these names; none: all."""


class Asked(NamedTuple):
    """What a scrape wants; those that want the same share it."""

    content_type: str
    wanted: Wanted
    zipped: bool
    connection: str | None
    """The only one that is shown; None: all."""


class Scrape(Struct, frozen=True):
    """A rendered exposition."""

    content_type: str
    pieces: Sequence[bytes]
    zipped: bool


class _Flight:
    """A rendering under way."""

    def __init__(self) -> None:
        self.landed = Event()
        self.scrape: Scrape | None = None


class Metrics:
    """Answers scrapes."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside
        self._exposition = Exposition(inside.clock.monotonic)
        self._room = CapacityLimiter(1)  # two at once would only take turns
        self._flights: dict[Asked, _Flight] = {}

    async def answer(self, request: Request) -> Response:
        """Answer one scrape."""
        form = negotiated(request.headers.get("accept", ""))
        web = self._inside.web()
        names = frozenset(request.query_params.getlist("name[]"))
        wanted = Wanted(web.metrics_detail == "full", web.max_series, names)
        zipped = gzip_accepted(request.headers.get("accept-encoding", ""))
        asked = Asked(form.content_type, wanted, zipped, caller_of(request).connection)
        scrape = await self._shared(form, asked)
        headers = {"vary": "accept, accept-encoding"} | ({"content-encoding": "gzip"} if scrape.zipped else {})
        return Pieces(scrape.pieces, scrape.content_type, headers)

    async def _shared(self, form: Format, asked: Asked) -> Scrape:
        """Render, or take what another scrape renders just now; where that one fails, render after all."""
        while (flight := self._flights.get(asked)) is not None:
            await flight.landed.wait()
            if flight.scrape is not None:
                return flight.scrape
        flight = self._flights[asked] = _Flight()
        try:
            async with self._room:
                status = only(self._inside.status(), asked.connection)
                work = partial(rendered, self._exposition, status, form, asked.wanted, zipped=asked.zipped)
                flight.scrape = await run_sync(work)
            return flight.scrape
        finally:
            del self._flights[asked]
            flight.landed.set()


def only(status: Status, connection: str | None) -> Status:
    """Return the view of who sees one connection only: nothing of others, of the daemon, or of several at once."""
    if connection is None:
        return status
    own = tuple(each for each in status.connections if each.name == connection)
    return Status(status.at, own)


def rendered(exposition: Exposition, status: Status, form: Format, wanted: Wanted, *, zipped: bool) -> Scrape:
    """Render a view; for a thread of its own."""
    pieces = exposition.pieces(status, form, wanted)
    return Scrape(form.content_type, list(_compressed(pieces) if zipped else pieces), zipped)


def _compressed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    squeeze = zlib.compressobj(level=1, wbits=31)  # gzip; 9 takes six times as long for a fifth less
    yield from filter(None, map(squeeze.compress, pieces))
    yield squeeze.flush()


def gzip_accepted(accept_encoding: str) -> bool:
    """Tell whether a client takes gzip; a weight of nought says that it does not (RFC 9110, 12.5.3)."""
    for part in accept_encoding.split(","):
        name, *parameters = (each.strip().lower() for each in part.split(";"))
        if name == "gzip":
            weight = next((each[2:] for each in parameters if each.startswith("q=")), "1")
            return weight.strip("0.") != ""
    return False
