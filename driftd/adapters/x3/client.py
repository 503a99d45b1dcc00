"""The `Source` of one connection: a tenant's REST web services over HTTP, read only."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from traceback import clear_frames
from types import TracebackType
from typing import Final, Self

import httpx

from driftd.adapters.x3 import verdict, wire
from driftd.adapters.x3.answer import Answer, Tally
from driftd.adapters.x3.auth import Authority, BasicAuthority, TokenAuthority
from driftd.adapters.x3.exchange import Exchange, Talk, Unlimited
from driftd.adapters.x3.faults import chain
from driftd.adapters.x3.grant import Grant
from driftd.adapters.x3.keys import keys as read_keys
from driftd.adapters.x3.pair import Book
from driftd.adapters.x3.pairing import PairAuthority
from driftd.adapters.x3.records import concatenated
from driftd.adapters.x3.records import decode as decode_record
from driftd.adapters.x3.records import split as split_records
from driftd.adapters.x3.refused import unauthorized
from driftd.adapters.x3.settings import Basic, ConnectedApp, Pairing, X3Settings
from driftd.adapters.x3.signed import JwtAuthority
from driftd.adapters.x3.sparing import Sparing
from driftd.core.model import Details, JsonObject, KeyBytes, Page, Prototypes, Query, Resource
from driftd.errors import SourceError
from driftd.ports import Clock, Traffic

PROTOTYPES_REFUSED: Final = 86400.0
"""Seconds for which a prototype that is refused is not asked for again."""


class X3Source:
    """Reads one tenant. An asynchronous context manager: leaving it closes its connections.

    Safe for concurrent calls of one event loop. Each call raises `SourceError`, named after the connection, without a
    secret, a record's value, or an address with its parameters.
    """

    def __init__(
        self,
        settings: X3Settings,
        transport: httpx.AsyncBaseTransport | None,
        clock: Clock,
        traffic: Traffic | None = None,
        *,
        exchange: Talk | None = None,
    ) -> None:
        """Prepare without I/O. `transport` None makes a real one; what is injected is closed with the source.

        `traffic` says when a request may be sent; None: whenever. `exchange` stands in place of one over the transport.
        """
        self._settings = settings
        self._clock = clock
        traffic = traffic or Unlimited()
        self._exchange = exchange or Exchange(settings, transport, traffic, clock)
        self._address = wire.Address(settings.name, settings.base_url, settings.segment)
        self._folder = [(name, settings.folder) for name in settings.folder_headers]
        self._authority = _authority(settings, self._exchange, traffic, clock)
        self._sparing = Sparing(settings, clock)
        self._prototypes: dict[tuple[str, str], float] = {}
        """Before when the prototype of a class and facet is not asked for again, monotonic seconds."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close every connection."""
        await self._exchange.aclose()

    def __repr__(self) -> str:
        return f"<X3Source {self._settings.name!r} of {self._settings.folder!r}>"

    async def authorise(self) -> None:
        """Have what requests are authorised by: a token, or what is signed or sent with the secret. Reads no class."""
        tally = Tally()
        with _costed(tally):
            await self._authority.grant(tally)

    async def adopt(self, book: Book) -> None:
        """Renew the pair with the refresh token of `book`; for who signs in by a pair alone."""
        if not isinstance(self._authority, PairAuthority):
            raise TypeError("it does not sign in by a pair")
        tally = Tally()
        with _costed(tally):
            await self._authority.adopt(book, tally)

    async def page(self, resource: Resource, query: Query) -> Page:
        """Read one page of the query facet: explicit order on the key, envelope checked, records not decoded."""
        tally, question = Tally(), self._question(resource)
        with _costed(tally):
            address = self._address.page(resource, query)
            envelope = verdict.page(
                await self._read(address, question, tally), question, self._clock.now(), split=query.split
            )
        return Page(envelope.records or b"[]", envelope.next, tally.wire_bytes, tally.requests, envelope.slices)

    async def details(self, resource: Resource, key: KeyBytes) -> Details:
        """Read one record of the details facet; its ``record`` is None where the tenant says that it does not exist."""
        tally, question = Tally(), self._question(resource, details=True)
        with _costed(tally):
            address = self._address.details(resource, key)
            record = self._record(await self._read(address, question, tally), question)
        return Details(record, tally.wire_bytes, tally.requests)

    async def prototypes(self, resource: Resource) -> Prototypes:
        """Read what the tenant declares of a class: the query facet, completed by the details facet where it has any.

        Of a facet that was refused within a day nothing is asked.
        """
        tally = Tally()
        facets = ["$query", "$details"] if resource.details else ["$query"]
        with _costed(tally):
            found = [await self._prototype(resource, facet, tally) for facet in facets]
            known = [each for each in found if each is not None]
        return Prototypes(wire.completed(known), tally.wire_bytes, tally.requests)

    async def declares(self, resource: Resource, facet: str) -> bool:
        """Tell whether the tenant has a prototype of a class in one facet, such as ``$create``: one request at most."""
        tally = Tally()
        with _costed(tally):
            return await self._prototype(resource, facet, tally) is not None

    async def _prototype(self, resource: Resource, facet: str, tally: Tally) -> JsonObject | None:
        which, now = (resource.name, facet), self._clock.monotonic()
        if now < self._prototypes.get(which, now):
            return None
        question = self._question(resource, details=facet == "$details")
        answer = await self._read(self._address.prototype(resource, facet), question, tally)
        body = verdict.prototype(answer, question, self._clock.now())
        if body is None:
            self._prototypes[which] = now + PROTOTYPES_REFUSED
            return None
        try:
            return decode_record(body)
        except SourceError as error:
            message = f'connection "{self._settings.name}": the prototype of {question.subject} is not JSON'
            raise SourceError(error.reason, message, hint=error.hint, status=200) from None

    def _record(self, answer: Answer, question: verdict.Question) -> JsonObject | None:
        body = verdict.details(answer, question, self._clock.now())
        return None if body is None else self.decode(body)

    def split(self, page: Page) -> Sequence[bytes]:
        """Cut the ``$resources`` array of a page into one slice a record, each exactly as sent."""
        if page.slices is not None:
            return page.slices
        try:
            return split_records(page.records)
        except SourceError as error:
            raise self._named(error) from None

    def keys(self, resource: Resource, slices: Sequence[bytes]) -> Sequence[KeyBytes]:
        """Read only the keys of records: ``b""`` for one whose key is missing, null, nested, or empty in every part.

        Raises `SourceError` with ``wrong_folder`` for records of another folder.
        """
        records = concatenated(slices)
        verdict.check_folder(records, self._question(resource))
        try:
            return read_keys(resource.key, slices, records)
        except SourceError as error:
            raise self._named(error, resource) from None

    def decode(self, record: bytes) -> JsonObject:
        """Decode one record exactly: a number that a float would change comes as `decimal.Decimal` or `int`."""
        try:
            return decode_record(record)
        except SourceError as error:
            raise self._named(error) from None

    def _named(self, error: SourceError, resource: Resource | None = None) -> SourceError:
        """Return the error of a payload with the connection's name before it."""
        which = f'"{resource.name}": ' if resource is not None else ""
        return SourceError(error.reason, f'connection "{self._settings.name}": {which}{error}', hint=error.hint)

    def _question(self, resource: Resource, *, details: bool = False) -> verdict.Question:
        return verdict.Question(self._settings.name, resource.name, self._settings.folder, details)

    async def _read(self, address: str, question: verdict.Question, tally: Tally) -> Answer:
        """Read an address; where the credentials are refused, renew them once and replay the request once.

        A password that was refused for good is not shown again at once.
        """
        grant = await self._authority.grant(tally)
        self._sparing.check(grant)
        answer = await self._get(address, question, grant, tally)
        if not _refused(answer):
            if answer.status == 200:
                self._sparing.good(grant)
            return answer
        answer = answer.beginning()  # all of it may be large, and a token may take long
        renewed = await self._authority.renewed(grant, tally)
        if renewed is not None:
            grant = renewed
            answer = await self._get(address, question, grant, tally)
        if answer.status == 401:
            raise self._sparing.note(grant, unauthorized(answer, question, grant, self._clock.now()))
        return answer

    async def _get(self, address: str, question: verdict.Question, grant: Grant, tally: Tally) -> Answer:
        headers = [*self._folder, ("Authorization", grant.header.reveal())]
        whose = f'connection "{self._settings.name}": {question.subject}'
        return await self._exchange.get(address, headers, tally, whose)


def _authority(settings: X3Settings, exchange: Talk, traffic: Traffic, clock: Clock) -> Authority:
    auth, name = settings.auth, settings.name
    if isinstance(auth, Basic):
        return BasicAuthority(auth, name)
    if isinstance(auth, ConnectedApp):
        return JwtAuthority(auth, name, clock)
    if isinstance(auth, Pairing):
        return PairAuthority(auth, name, exchange.post, clock, traffic.renewed)
    return TokenAuthority(auth, name, exchange.post, clock, traffic.renewed, settings.proof, settings.refusals)


@contextmanager
def _costed(tally: Tally) -> Iterator[None]:
    """Have a failure say what its call cost, and hold nothing of the answer that was judged."""
    try:
        yield
    except SourceError as error:
        error.requests, error.wire_bytes = tally.requests, tally.wire_bytes
        for each in chain(error):  # their tracebacks lead to it, and are kept as long as the failure
            clear_frames(each.__traceback__)
        raise


def _refused(answer: Answer) -> bool:
    return answer.status == 401 or verdict.is_login(answer)
