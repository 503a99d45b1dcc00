"""A cassette served: the recorded records under any paging, and the recorded failures; nothing is made up.

Records are served from the lists that full readings left, not by the letter of each address, so that a reader may ask
from any recorded key on, forwards or backwards, within the page size that the tenant held to.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from pathlib import Path

import msgspec
import orjson

from driftd.simulator.answers import Answer, Page, diagnoses
from driftd.simulator.cassette import Cassette, CassetteError, Exchange, RecordedClass, load
from driftd.simulator.dialect import Request
from driftd.simulator.farm import Farm
from driftd.simulator.where import seconds_of
from driftd.simulator.worldtime import WorldTime

_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_DEFAULT_COUNT = 20
_DIGITS = 100
"""Of a number in a key."""


class _Listing:
    """Rows in one order, and what a cursor says to stand at each: its key, parts joined by `~`."""

    def __init__(self, rows: Sequence[bytes], keys: Sequence[str]) -> None:
        self.rows, self.keys = rows, keys
        self._last = {key: place for place, key in enumerate(keys)}
        self._first = {key: place for place, key in reversed(list(enumerate(keys)))}

    def __contains__(self, key: object) -> bool:
        return key in self._first

    def place(self, key: str, *, behind: bool) -> int:
        """Return the place of the first row with a key, or that behind the last: a key may be there twice."""
        return self._last[key] + 1 if behind else self._first[key]


@dataclass
class _Class:
    """What was recorded of one class."""

    model: RecordedClass
    rows: list[bytes] = field(default_factory=list)
    cap: int | None = None
    """The largest page that the tenant gave, where it was less than asked for."""
    read: bool = False
    """Was the class read, wholly or in part?"""
    details: dict[str, Exchange] = field(default_factory=dict)
    failures: dict[str, Exchange] = field(default_factory=dict)
    """By facet, the last answer that was no page or record."""
    pages: list[Exchange] = field(default_factory=list)
    """Pages outside a full reading."""

    @cached_property
    def forwards(self) -> _Listing:
        """The rows as the tenant ordered them."""
        return _Listing(self.rows, [_key(row, self.model.key) for row in self.rows])

    @cached_property
    def backwards(self) -> _Listing:
        """The rows from the last to the first."""
        return _Listing(self.rows[::-1], self.forwards.keys[::-1])

    def since(self, stamp: str) -> _Listing:
        """Return the rows whose watermark is no earlier, ordered by it and then as the tenant ordered them."""
        name, least = self.model.watermark or "", seconds_of(stamp)
        told = [(_part(bytes(_members(row)[name])), row) for row in self.rows if name in _members(row)]
        chosen = sorted((pair for pair in told if seconds_of(pair[0]) >= least), key=lambda pair: seconds_of(pair[0]))
        keys = [f"{mark}~{_key(row, self.model.key)}" for mark, row in chosen]
        return _Listing([row for _, row in chosen], keys)


class Replay(Farm):
    """A farm without tenants of its own: its host plays one from a cassette."""

    name = client_id = client_secret = "replay"

    def __init__(self, cassette: Cassette) -> None:
        super().__init__((), WorldTime())
        self.cassette = cassette
        self.folder, self.endpoint = cassette.folder, cassette.endpoint
        self.token_path = "/replay/auth/token"
        self._classes = {model.name: _recorded(model, cassette.exchanges) for model in cassette.classes}
        self._skew = next((each.skew for each in cassette.exchanges if each.status), 0)

    @classmethod
    def load(cls, file: Path) -> "Replay":
        """Read a cassette; raises `CassetteError`."""
        read = load(file)
        try:
            made = cls(read)
            for each in made._classes.values():
                _ = each.forwards  # every record has its key
        except (ValueError, ArithmeticError, RecursionError, msgspec.MsgspecError) as error:
            raise CassetteError(
                f'"{file}" holds a page that is none ({type(error).__name__}): record it again'
            ) from None
        return made

    def answer(self, request: Request) -> Answer:
        """Return what a request gets."""
        return replace(self._answer(request), date_skew=float(self._skew))

    def _answer(self, request: Request) -> Answer:
        match request.segments:
            case (*_, "auth", "token"):
                token = {"access_token": "replayed", "token_type": "Bearer", "expires_in": 3600}
                return Answer(200, orjson.dumps(token))
            case ("api1", "x3", "erp", endpoint, _):
                if endpoint != self.endpoint:
                    return _absent(f'endpoint "{endpoint}" not found: recorded is "{self.endpoint}"')
                return self._read(request)
        return _absent(f'"{request.path}" was not recorded')

    def _read(self, request: Request) -> Answer:
        name, key = request.address
        recorded = self._classes.get(name)
        if recorded is None:
            return _absent(f'class "{name}" not found: recorded are {", ".join(self._classes)}')
        representation = request.query.get("representation", "")
        facet = "$query" if key is None else "$details"
        if representation != f"{recorded.model.representation}.{facet}":
            return _absent(f'representation "{representation}" not found: recorded is {recorded.model.representation}')
        return _listed(recorded, request) if key is None else _detailed(recorded, key)


def _recorded(model: RecordedClass, exchanges: list[Exchange]) -> _Class:
    found = _Class(model)
    for each in exchanges:
        if each.class_name != model.name:
            continue
        if each.record is not None:
            _keep_details(found, each)
        elif (page := each.page) is None:
            found.failures[each.facet] = each
        elif each.reading:
            found.read = True
            found.rows += map(bytes, page.resources)
            asked = int(each.parameters.get("count", "0"))
            if page.items_per_page is not None and page.items_per_page < asked:
                found.cap = page.items_per_page
        else:
            found.pages.append(each)
    return found


def _keep_details(found: _Class, each: Exchange) -> None:
    if each.status == 200 and each.body:
        found.details[str(each.record)] = each
    else:
        found.failures[each.facet] = each


def _key(row: bytes, names: tuple[str, ...]) -> str:
    members = _members(row)
    return "~".join(_part(bytes(members.get(name, b'""'))) for name in names)


def _part(raw: bytes) -> str:
    if raw[:1] == b'"':
        return str(orjson.loads(raw))
    if not raw[:1].isdigit() and raw[:1] != b"-":
        return raw.decode()
    number = Decimal(raw.decode())
    if abs(number.adjusted()) > _DIGITS:
        raise ValueError("a key of too many digits")
    return f"{number.normalize():f}"


def _listed(found: _Class, request: Request) -> Answer:
    listing = _listing(found, request.query) if found.read else None
    if listing is None:
        return _as_recorded(found, request)
    count = int(text) if (text := request.query.get("count", "")).isdecimal() and int(text) else _DEFAULT_COUNT
    count = min(count, found.cap or count)
    relation, dot, value = request.query.get("key", "gt").partition(".")
    if dot and value not in listing:
        return _absent(f'"{request.path}" from the key "{value}" on was not recorded')
    if relation in {"gt", "ge"}:
        start = listing.place(value, behind=relation == "gt") if dot else 0
        stop = start + count
    else:
        stop = listing.place(value, behind=relation == "le") if dot else len(listing.rows)
        start = max(0, stop - count)
    failure = found.failures.get("$query") if listing is found.forwards else None
    if failure is not None and start >= len(listing.rows):
        return _played(failure)
    more = stop < len(listing.rows) or failure is not None
    links = {"$first": _link(request, None)}
    if more and start < stop:
        links["$next"] = _link(request, f"gt.{listing.keys[min(stop, len(listing.rows)) - 1]}")
    return Answer(200, Page(count, list(listing.rows[start:stop]), links))


def _listing(found: _Class, asked: Mapping[str, str]) -> _Listing | None:
    """Return the rows that were asked for, in their order; None where no recorded order is that."""
    parts = [part.split() for part in re.split("[,;]", asked.get("orderBy", "")) if part.strip()]
    names = [part[0] for part in parts] or list(found.model.key)
    directions = {part[1].lower() if len(part) > 1 else "asc" for part in parts} or {"asc"}
    mark = found.model.watermark
    if (since := asked.get("where")) is not None:
        stamp = re.fullmatch(rf"{re.escape(mark)} ge @([^@]+)@", since) if mark else None
        by_stamp = names == [mark, *(name for name in found.model.key if name != mark)] and directions == {"asc"}
        return found.since(stamp[1]) if stamp and by_stamp else None
    if names != list(found.model.key):
        return None
    if directions == {"asc"}:
        return found.forwards
    return found.backwards if directions == {"desc"} else None


def _link(request: Request, cursor: str | None) -> str:
    kept = {name: value for name, value in request.query.items() if name != "key"}
    return replace(request, query=kept if cursor is None else {**kept, "key": cursor}).url


def _as_recorded(found: _Class, request: Request) -> Answer:
    """Return the answer that was recorded for this very request, or the failure that all its like met."""
    for each in found.pages:
        if each.parameters == dict(request.query):
            return _played(each)
    if (failure := found.failures.get("$query")) is not None:
        return _played(failure)
    return _absent(f'"{request.path}" with {dict(request.query)} was not recorded')


def _detailed(found: _Class, key: str) -> Answer:
    for spelled in (key.replace("''", "'"), key):
        if spelled in found.details:
            return _played(found.details[spelled])
    if not found.details and (failure := found.failures.get("$details")) is not None:
        return _played(failure)
    return _absent(f'facet "$details" of the record "{key}" not found: its details were not recorded')


def _played(each: Exchange) -> Answer:
    if not each.status:
        return diagnoses(503, f"recorded without an answer: {each.error}")
    headers = {"Retry-After": each.retry_after} if each.retry_after else {}
    return Answer(each.status, each.bytes, each.content_type, headers)


def _absent(what: str) -> Answer:
    return diagnoses(404, f"cassette: {what}")
