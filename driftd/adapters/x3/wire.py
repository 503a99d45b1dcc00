"""Syracuse REST without I/O: requests out, pages in.

Addresses and envelope after Sage's web-service pages (querying, reading details). Taken as likely, for no page says it:
a cursor's operator speaks of the order asked for, also under ``desc`` (Sage's sample links the last page as
``key=lt``); ``$next`` may have dropped parameters (the same sample drops ``count``).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Final, NamedTuple
from urllib.parse import quote, unquote, unquote_plus, urljoin, urlsplit

import msgspec
from msgspec import Struct

from driftd.adapters.x3 import keys
from driftd.adapters.x3.payload import invalid
from driftd.adapters.x3.records import check_page, dense, objects
from driftd.core.model import JsonObject, KeyBytes, Query, Resource
from driftd.errors import Reason, SourceError

_BOM: Final = b"\xef\xbb\xbf"
_IN_QUERY: Final = "$,()@:"
_AS_SENT: Final = "%!$&'()*+,;=:@/?~-._[]|{}\\^`"
_PORTS: Final = {"http": 80, "https": 443}
LONGEST_LINK: Final = 16 << 10
"""Characters of a ``$next`` link; servers take request lines of 8 to 64 KiB."""
_DATE: Final = len("2026-11-23")


class Address(Struct, frozen=True):
    """Where one connection's classes are: ``{base}/api1/x3/erp/{segment}/{CLASS}``."""

    connection: str
    base_url: str
    segment: str
    """Endpoint segment of the path, which selects the folder."""

    def collection(self, resource: Resource) -> str:
        """Return the address of a class, without parameters."""
        return f"{self.base_url.rstrip('/')}/api1/x3/erp/{quote(self.segment, safe='')}/{quote(resource.name, safe='')}"

    def page(self, resource: Resource, query: Query) -> str:
        """Return the address of one page.

        Raises `SourceError`: ``paging_incomplete`` for a ``next`` that leads elsewhere, ``invalid_payload`` for a
        watermark that is no date; `ValueError` for positions that exclude each other.
        """
        if query.next is not None:
            return self._continued(resource, query, query.next)
        parameters = [f"{name}={quote(value, safe=_IN_QUERY)}" for name, value in _parameters(resource, query)]
        return f"{self.collection(resource)}?{'&'.join([*parameters, *_position(query)])}"

    def details(self, resource: Resource, key: KeyBytes) -> str:
        """Return the address of one record's details: ``CLASS('KEY')``."""
        return (
            f"{self.collection(resource)}('{keys.segment(key)}')?representation={_representation(resource, '$details')}"
        )

    def prototype(self, resource: Resource, facet: str) -> str:
        """Return the address of what is declared of a class in one facet: ``CLASS/$prototypes('REPR.$query')``."""
        name = quote(_representation(resource, facet).replace("'", "''"), safe=_IN_QUERY)
        return f"{self.collection(resource)}/$prototypes('{name}')"

    def _continued(self, resource: Resource, query: Query, link: str) -> str:
        if len(link) > LONGEST_LINK:
            raise self._astray(resource, f"has more than {LONGEST_LINK} characters")
        collection = self.collection(resource)
        try:
            target, own = urlsplit(urljoin(collection, link)), urlsplit(collection)
            elsewhere = _origin(target.scheme, target.hostname, target.port) != _origin(
                own.scheme, own.hostname, own.port
            )
        except ValueError:
            raise self._astray(resource, "is not an address") from None
        if elsewhere or target.username is not None:
            raise self._astray(resource, "leads to another origin than the base address: nothing was sent there")
        if unquote(target.path) != unquote(own.path):
            raise self._astray(resource, "leads to another path than the class's own")
        sent = {unquote_plus(name): unquote_plus(value) for name, _, value in _pairs(target.query)}
        if sent.get("representation", _representation(resource, "$query")) != _representation(resource, "$query"):
            raise self._astray(resource, "names another representation")
        dropped = [(name, value) for name, value in _parameters(resource, query) if name not in sent]
        back = [f"{name}={quote(value, safe=_IN_QUERY)}" for name, value in dropped]
        return f"{collection}?{'&'.join([*filter(None, [quote(target.query, safe=_AS_SENT)]), *back])}"

    def _astray(self, resource: Resource, fault: str) -> SourceError:
        return SourceError(
            Reason.PAGING_INCOMPLETE,
            f'connection "{self.connection}": the next link of "{resource.name}" {fault}',
            hint="set base_url to the address that the tenant puts into its own links, or report it to the tenant",
        )


def _pairs(query: str) -> Iterator[tuple[str, str, str]]:
    return (pair.partition("=") for pair in query.split("&") if pair)


def _origin(scheme: str, host: str | None, port: int | None) -> tuple[str, str, int | None]:
    return scheme.lower(), (host or "").lower().rstrip("."), port or _PORTS.get(scheme.lower())


def _representation(resource: Resource, facet: str) -> str:
    return f"{resource.representation}.{facet}"


def _parameters(resource: Resource, query: Query) -> list[tuple[str, str]]:
    """Return what every page of one reading carries, in order, before percent-encoding."""
    direction = "desc" if query.descending else "asc"
    order = resource.key
    filtered: list[tuple[str, str]] = []
    if query.by_stamp:
        if resource.watermark is None:
            raise ValueError(f'"{resource.name}" has no watermark to read by')
        order = (resource.watermark, *(name for name in resource.key if name != resource.watermark))
    if query.since is not None:
        filtered = [("where", f"{resource.watermark} ge @{_instant(resource, query.since)}@")]
    return [
        ("representation", _representation(resource, "$query")),
        ("count", str(query.count)),
        ("orderBy", ",".join(f"{name} {direction}" for name in order)),
        *filtered,
    ]


def _position(query: Query) -> list[str]:
    if query.after is not None and query.start is not None:
        raise ValueError("a page starts behind a key or at a key, not both")
    if query.by_stamp and (query.after or query.start) is not None:
        raise ValueError("a reading by the watermark goes on by its next link only: its cursor needs the watermark too")
    if query.after is not None:
        return [f"key=gt.{keys.cursor(query.after)}"]
    return [f"key=ge.{keys.cursor(query.start)}"] if query.start is not None else []


def _instant(resource: Resource, watermark: str) -> str:
    """Spell a watermark as a literal: a date as it is, a date with time in UTC with ``Z`` (Sage, TOSD).

    A time without a zone stays without one: in which zone the tenant's clocks go is for the tenant to know.
    """
    try:
        if len(watermark) <= _DATE:
            return date.fromisoformat(watermark).isoformat()
        told = datetime.fromisoformat(watermark)
        moment = told.astimezone(UTC) if told.tzinfo else told
    except (ValueError, OverflowError):  # at the ends of the calendar another zone has no date
        raise invalid(f'watermark "{resource.watermark}" of "{resource.name}" is not a date') from None
    return moment.replace(tzinfo=None).isoformat(timespec="seconds") + ("Z" if moment.tzinfo else "")


_ABSENT: Final = msgspec.Raw(b"")


class _Link(msgspec.Struct):
    url: str | None = msgspec.field(name="$url", default=None)


class _Links(msgspec.Struct):
    next: _Link | None = msgspec.field(name="$next", default=None)


class _Page(msgspec.Struct):
    links: _Links | None = msgspec.field(name="$links", default=None)
    diagnoses: msgspec.Raw = msgspec.field(name="$diagnoses", default=_ABSENT)


class _Whole(_Page):
    resources: msgspec.Raw = msgspec.field(name="$resources", default=_ABSENT)


class _Split(_Page, kw_only=True):
    resources: list[msgspec.Raw] = msgspec.field(name="$resources")


class Envelope(NamedTuple):
    """A page of the query facet."""

    records: bytes | None
    """The exact bytes of the ``$resources`` array; None where there is none, which is not the same as an empty one."""
    next: str | None
    """The ``$next`` link as sent; None says that this was the end."""
    diagnoses: bytes | None
    """The bytes of ``$diagnoses``, where present."""
    slices: list[bytes] | None = None
    """The records, where they were split."""


_whole: Final = msgspec.json.Decoder(_Whole).decode
_split: Final = msgspec.json.Decoder(_Split).decode


def read_envelope(body: bytes, *, split: bool = False) -> Envelope:
    """Read a page without decoding its records; a byte order mark is passed over.

    With `split` a page that has records is split in the same pass, unless it is `dense`. Raises `SourceError` with
    ``invalid_payload`` for what is not an envelope, ``payload_too_large`` over the bounds of `check_page`.
    """
    body = without_bom(body)
    check_page(body)
    if split and not dense(body):
        with suppress(
            msgspec.MsgspecError, UnicodeDecodeError, RecursionError, SourceError
        ):  # what is wrong is said below
            page = _split(body)
            slices = objects(page.resources)
            array = _array(body, slices) if slices else None
            if array is not None:
                return Envelope(array, _next(page), bytes(page.diagnoses) or None, slices)
    found: _Whole | None = None
    fault = ""
    try:
        found = _whole(body)
    except msgspec.ValidationError as error:
        fault = f"not an X3 envelope: {error}"
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        fault = f"not JSON: {'it is not UTF-8' if isinstance(error, UnicodeDecodeError) else error}"
    if found is None:  # raised outside: a decode error keeps the whole text, and would stay in the chain
        raise invalid(f"the page is {fault}")
    records = bytes(found.resources) or None
    if records is not None and not records.startswith(b"["):
        raise invalid("the page's $resources is not an array")
    return Envelope(records, _next(found), bytes(found.diagnoses) or None)


def _next(page: _Page) -> str | None:
    link = page.links.next if page.links is not None else None
    if link is not None and not link.url:
        raise invalid("the page's next link has no address")
    return link.url if link is not None else None


_OPENING: Final = re.compile(rb'"\$resources"\s*:\s*\[\s*\Z')
_CLOSING: Final = re.compile(rb"\s*\]")
_NEAR: Final = 100
"""Bytes around an array in which its brackets are looked for."""


def _array(body: bytes, slices: Sequence[bytes]) -> bytes | None:
    """Return the bytes of ``$resources``, of which `slices` are the elements, brackets included.

    None where the elements do not stand one behind the other with the same distance, as they always do from X3, or
    where another ``$resources`` stands in front.
    """
    first = body.find(slices[0])
    behind = first + len(slices[0])
    distance = body.find(slices[1], behind) - behind if len(slices) > 1 else 0
    end = first + sum(map(len, slices)) + distance * (len(slices) - 1)
    opening = _OPENING.search(body[max(0, first - _NEAR) : first])
    closing = _CLOSING.match(body[end : end + _NEAR])
    if opening is None or closing is None or not body.endswith(slices[-1], 0, end):
        return None
    name = first - len(opening[0])
    if body.find(b'"$resources"', 0, name) >= 0:
        return None
    return body[name + opening[0].index(b"[") : end + len(closing[0])]


def completed(prototypes: Sequence[JsonObject]) -> JsonObject | None:
    """Return the prototypes of several facets as one; None where there is none.

    Of a member that several declare the last word counts: the details facet shows more of a collection.
    """
    if not prototypes:
        return None
    whole = dict(prototypes[0])
    for each in prototypes[1:]:
        for name in _DECLARING:
            first, more = whole.get(name), each.get(name)
            if isinstance(more, Mapping):
                whole[name] = {**first, **more} if isinstance(first, Mapping) else more
    return whole


_DECLARING: Final = ("$properties", "$localization")


def without_bom(body: bytes) -> bytes:
    """Return a body without UTF-8's byte order mark."""
    return body.removeprefix(_BOM)


_FOLDER: Final = re.compile(rb'"\$actxFolder"\s*:\s*"([^"\\]*+(?:\\.[^"\\]*+)*+)"')


def folders(body: bytes) -> set[str]:
    """Return the folders that the records of a body say they come from (``$actxFolder``); empty ones say nothing."""
    if body.rfind(b'"$actxFolder"') < 0:  # from the right: half the time of `in`
        return set()
    return {found.decode("utf-8", "replace") for found in _FOLDER.findall(body) if found}
