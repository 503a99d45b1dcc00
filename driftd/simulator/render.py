"""Rows → what goes over the wire: `_REF` pairs, `$…` members, and the spelling the switches ask for.

Shapes follow the Sage web-service guide (reading details) and a public payload of a real `BPCUSTOMER`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from hashlib import blake2b
from random import Random
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

from driftd.simulator.class_model import ClassModel, Collection, Facet, Field, Key, Origin
from driftd.simulator.draws import World
from driftd.simulator.json_values import PLAIN, Json, Record, Spelling, encode, shown
from driftd.simulator.references import TABLES, reference
from driftd.simulator.rows import Row
from driftd.simulator.switches import Switches
from driftd.simulator.view import View, made_by_patch

_HERE = ZoneInfo("Europe/Paris")
"""Where the tenants are."""
_ISO_LANGUAGE = {"ENG": "en-GB", "FRA": "fr-FR"}


class Style(NamedTuple):
    """The switches that decide how a record looks; equal styles give equal bytes, unless a member is volatile."""

    updatim: bool
    zone: str
    uuid: str
    etag: str
    actx: bool
    language: str
    spaced: bool
    shuffled: bool
    respelled: bool

    @classmethod
    def of(cls, switches: Switches) -> "Style":
        """Return the style the switches ask for now."""
        return cls(
            updatim=switches.updatim_in_query == "present",
            zone=switches.updatim_zone,
            uuid=switches.uuid,
            etag=switches.etag,
            actx=switches.actx_in_query == "present",
            language=switches.language,
            spaced=switches.whitespace == "spaced",
            shuffled=switches.member_order == "shuffled",
            respelled=switches.numbers == "respelled",
        )

    @property
    def naive(self) -> tzinfo:
        """The zone in which times without one are."""
        return _HERE if self.zone == "local" else UTC

    @property
    def restless(self) -> bool:
        """True where every read writes the record anew."""
        return self.shuffled or self.respelled

    def separators(self) -> Spelling:
        """Return the blanks JSON is written with."""
        return Spelling(", ", ": ") if self.spaced else PLAIN

    def spelling(self, chance: Random) -> Spelling:
        """Return how a record is written at one read."""
        if not self.restless:
            return self.separators()
        order, numbers = chance if self.shuffled else None, chance if self.respelled else None
        return replace(self.separators(), order=order, numbers=numbers)


class Linked(World, Protocol):
    """A world that also knows present titles, and who is reading."""

    folder: str
    username: str

    def title(self, resource: str, code: str) -> str:
        """Return the present title of a record, or `""` where there is none."""
        ...


class Renderer:
    """Renders the rows of one class of one tenant."""

    def __init__(self, model: ClassModel, seed: int, world: Linked) -> None:
        self._model, self._seed, self._world = model, seed, world
        self._chance = Random(seed)
        self._first = lru_cache(256)(self._drawn)
        self.view: View | None = None
        """The patches and the filter in force, if any."""

    def origin(self, row: Row) -> Origin:
        """Return what a row is drawn from."""
        return Origin(self._seed, row.ordinal, row.key)

    def title(self, row: Row) -> str:
        """Return the text that references to this row show."""
        if row.literal is not None:
            return str(row.literal.get(self._model.title_field, ""))
        return self._model.title_of(self.origin(row), self._world, row.edits)

    def business(self, row: Row, facet: Facet, style: Style, *, kept: bool = False) -> Record:
        """Return the members of a row that are not about the record as such, as patches leave them.

        What a row is drawn as may be `kept`, for who asks for the same rows many times.
        """
        unpatched = self.unpatched(row, facet, style, kept=kept)
        return unpatched if self.view is None else self.view.record(unpatched, row)

    def unpatched(self, row: Row, facet: Facet, style: Style, *, kept: bool = False) -> Record:
        """Return those members without any patch."""
        if row.literal is not None:
            return self._literal(row.literal, facet, style)
        if kept and not row.edits:
            values = self._first(row.ordinal, row.key, facet)
        else:
            values = self._model.draw(self.origin(row), self._world, row.edits, facet)
        whole = facet == "$details"
        wire = self._with_references(self._model.shown[facet], values, style)
        if whole:
            path = (row.key,)
            for part in self._model.collections:
                wire[part.name] = self._children(part, values[part.name], style, path)
        if whole or style.updatim:
            wire["UPDDATTIM"] = _instant(stamp_of(row, style), style.zone)
        return wire

    def _drawn(self, ordinal: int, key: Key, facet: Facet) -> Record:
        """Return what a row is drawn as that nobody has edited. Not to be changed."""
        return self._model.draw(Origin(self._seed, ordinal, key), self._world, None, facet)

    def whole(self, row: Row, facet: Facet, style: Style) -> Record:
        """Return a row with all its members."""
        head, wire = self._head(row, facet, style), self.business(row, facet, style)
        if self.view is not None and "$properties" in head:
            head["$properties"] = {name: value for name, value in self._properties().items() if name in wire}
        return {**head, **wire}

    def properties(self, style: Style) -> frozenset[str]:
        """Return the properties that `where` and `orderBy` may name: those of the `$query` facet."""
        if self.view is not None:
            return self.view.names(updatim=style.updatim)
        return self._model.query_names | {"UPDDATTIM"} if style.updatim else self._model.query_names

    def seen(self, rows: Iterable[Row], style: Style) -> list[Row]:
        """Return the rows that are shown, in the order of those that there are."""
        if self.view is None or self.view.transparent:
            return list(rows)
        return self.view.seen(rows, lambda row: shown(self.unpatched(row, "$details", style)))

    def page(self, rows: Iterable[Row], style: Style) -> list[bytes]:
        """Return `$query` rows as JSON, from what was rendered before where that is still right."""
        if style.restless:
            spelling = style.spelling(self._chance)
            return [encode(self.whole(row, "$query", style), spelling) for row in rows]
        rendered = [row.rendered or self._render(row, style) for row in rows]
        if "volatile" in {style.uuid, style.etag}:
            return [self._volatile(part, style) for part in rendered]
        return rendered

    def details(self, row: Row, style: Style) -> bytes:
        """Return the `$details` of a row as JSON."""
        return encode(self.whole(row, "$details", style), style.spelling(self._chance))

    def _render(self, row: Row, style: Style) -> bytes:
        settled = style._replace(
            uuid="absent" if style.uuid == "volatile" else style.uuid,
            etag="absent" if style.etag == "volatile" else style.etag,
        )
        written = encode(self.whole(row, "$query", settled), style.separators())
        made = bytes(memoryview(written))  # to keep the encoder's own, cut-down buffer is ten times slower
        if not made_by_patch(row):  # what no table holds would not be forgotten in time
            row.rendered = made
        return made

    def _volatile(self, part: bytes, style: Style) -> bytes:
        members = self._chance.getrandbits(128)
        colon, comma = (b": ", b", ") if style.spaced else (b":", b",")
        head = b""
        if style.uuid == "volatile" and b'"$uuid"' not in part[:10]:
            head += b'"$uuid"%s"%s"%s' % (colon, _uuid(members).encode(), comma)
        if style.etag == "volatile" and b'"$etag"' not in part[:70]:
            head += b'"$etag"%s"%d"%s' % (colon, members >> 70, comma)
        return b"{" + (head + part[1:] if part != b"{}" else head.rstrip(b", ") + b"}")

    def _head(self, row: Row, facet: Facet, style: Style) -> Record:
        head: Record = {}
        if style.uuid != "absent":
            twin = made_by_patch(row)
            head["$uuid"] = self._record_uuid(style, (row.key, twin) if twin else (row.key,))
        if style.etag == "volatile":
            head["$etag"] = str(self._chance.getrandbits(60))
        elif style.etag != "absent":
            head["$etag"] = _instant(stamp_of(row, style))
        if facet == "$details":
            language = style.language
            head |= {"$actxUser": self._world.username, "$actxLogin": self._world.username}
            head |= {"$actxFolder": self._world.folder, "$actxSolution": "X3", "$actxLan": language}
            head |= {"$actxLanIso": _ISO_LANGUAGE[language], "$actxNbLeg": "1", "$actxLegCur": "EUR"}
            head["$properties"] = self._properties()
        elif style.actx:
            head["$actxFolder"] = self._world.folder
        return head

    def _properties(self) -> Record:
        names: Record = {name: {"$isMandatory": True} for name in self._model.key}
        return names | {each.name: {"$x3Format": ""} for each in self._model.fields if each.refers == "CUR"}

    def _literal(self, literal: Record, facet: Facet, style: Style) -> Record:
        if facet == "$details":
            return dict(literal)
        hidden = self._model.details_only
        return {
            name: value
            for name, value in literal.items()
            if name not in hidden and (name != "UPDDATTIM" or style.updatim)
        }

    def _with_references(self, fields: Iterable[Field], values: Record, style: Style) -> Record:
        wire: Record = {}
        for each in fields:
            value = wire[each.name] = values[each.name]
            if each.refers:
                wire[f"{each.name}_REF"] = self._reference(each.refers, str(value), style.language)
        return wire

    def _reference(self, resource: str, code: str, language: str) -> Record:
        if resource in TABLES:
            return reference(resource, code, language)
        title = self._world.title(resource, code)
        return {"$title": title, "$description": title} if title else {"$title": ""}

    def _children(self, part: Collection, rows: Json, style: Style, path: tuple[object, ...]) -> Json:
        children: list[Json] = []
        for line, values in enumerate(rows if isinstance(rows, list) else ()):
            assert isinstance(values, dict)
            here = (*path, part.name, line)
            child: Record = {}
            if style.uuid != "absent":
                child["$uuid"] = self._record_uuid(style, here)
            child |= self._with_references(part.fields, values, style)
            for nested in part.nested:
                child[nested.name] = self._children(nested, values[nested.name], style, here)
            children.append(child)
        return children

    def _record_uuid(self, style: Style, path: tuple[object, ...]) -> str:
        if style.uuid == "volatile":
            return _uuid(self._chance.getrandbits(128))
        digest = blake2b(repr((self._seed, self._model.name, path)).encode("utf-8", "surrogatepass"), digest_size=16)
        return _uuid(int.from_bytes(digest.digest(), "big"))


def key_in(model: ClassModel, record: Record) -> Key:
    """Return the key a record states; a missing part is None."""
    return tuple(record.get(name) for name in model.key)


def referring(model: ClassModel, resource: str) -> Iterator[str]:
    """Return the `$query` properties of a class that show titles of another class."""
    return (each.name for each in model.fields if each.query and each.refers == resource)


def stamp_of(row: Row, style: Style) -> int:
    """Return the seconds since 1970 of the last change that a row's stamps tell of."""
    return row.header_stamp if style.etag == "header_only" else row.stamp


def _instant(stamp: int, zone: str = "utc") -> str:
    if zone != "utc":
        local = datetime.fromtimestamp(stamp, _HERE)
        return (local if zone == "offset" else local.replace(tzinfo=None)).isoformat()
    days, second = divmod(stamp, 86_400)
    minute, second = divmod(second, 60)
    return f"{_day(days)}T{minute // 60:02d}:{minute % 60:02d}:{second:02d}Z"


@lru_cache(4096)
def _day(days: int) -> str:
    return (date(1970, 1, 1) + timedelta(days)).isoformat()


def _uuid(number: int) -> str:
    digits = f"{number:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
