"""``$prototypes`` → declared form.

Only ``$type``, ``$maxLength``, ``$x3Format``, ``$isMandatory``, ``$isExcluded``, ``$capabilities`` and the structure
count, and ``$key``, such as ``{TYP}~{NUM}`` (its form is not documented: what stands in braces is taken as a part).
Titles are message ids that ``$localization`` resolves: they have a hash of their own. Whatever else begins with ``$``
is ignored, and so is what has a wrong type: a tenant that declares nonsense declares nothing.
"""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from msgspec import json
from msgspec.structs import replace

from driftd.core.model import Json, JsonObject
from driftd.core.schema.fingerprint import digits
from driftd.core.schema.model import FieldForm, Form, ValueKind
from driftd.core.schema.paths import ELEMENTS
from driftd.core.schema.paths import LONGEST as LONGEST_PATH
from driftd.errors import Reason, SourceError

DEPTH: Final = 16
"""Levels of objects and arrays that are looked into."""
MEMBERS: Final = 10_000
"""Members that a prototype may declare."""
LONGEST: Final = 200
"""Characters of a name, type, format or list of capabilities that count."""
_NO_LENGTH: Final = 2**31
"""Characters that no text has; numbers without end would not fit into what is stored."""

_KINDS: Final[Mapping[str, ValueKind]] = MappingProxyType(
    {
        "application/x-string": ValueKind.TEXT,
        "application/x-clob": ValueKind.TEXT,
        "text/plain": ValueKind.TEXT,
        "application/x-uuid": ValueKind.TEXT,
        "application/x-boolean": ValueKind.BOOLEAN,
        "application/x-integer": ValueKind.INTEGER,
        "application/x-choice": ValueKind.INTEGER,
        "application/x-decimal": ValueKind.NUMBER,
        "application/x-real": ValueKind.NUMBER,
        "application/x-double": ValueKind.NUMBER,
        "application/x-quantity": ValueKind.NUMBER,
        "application/x-date": ValueKind.DATE,
        "application/x-datetime": ValueKind.DATETIME,
        "application/x-array": ValueKind.ARRAY,
        "application/json": ValueKind.OBJECT,
        "application/x-object": ValueKind.OBJECT,
    }
)
_TITLES: Final = ("$title", "$shortTitle", "$description")
_REFERENCE: Final = "_REF"
_PART: Final = re.compile(r"\{(\w{1,200})\}")


class Declared(NamedTuple):
    """One member as it is declared: its path, form and titles."""

    path: str
    form: FieldForm
    titles: tuple[str, ...]


def declared(prototype: JsonObject) -> Form:
    """Return the form that a prototype declares, with the hash of its titles.

    Raises `SourceError` where it has no ``$properties``, or more members than `MEMBERS`.
    """
    properties = prototype.get("$properties")
    if not isinstance(properties, Mapping):
        raise _unusable("the prototype has no '$properties'")
    texts = prototype.get("$localization")
    localization = texts if isinstance(texts, Mapping) else {}
    fields: dict[str, FieldForm] = {}
    titles: dict[str, list[str]] = {}
    for each in _members(properties, "", DEPTH):
        fields[each.path] = each.form
        titles[each.path] = [_resolved(title, localization) for title in each.titles]
        if len(fields) > MEMBERS:
            raise _unusable(f"the prototype declares more than {MEMBERS:,} members")
    for part in _parts(prototype.get("$key")):
        if part in fields:
            fields[part] = replace(fields[part], key=True)
    return Form(fields, digits(json.encode(titles, order="sorted")))


def _parts(key: Json) -> list[str]:
    """Return the members that a key is made of; none where it does not say."""
    return _PART.findall(key) if isinstance(key, str) else []


def _unusable(message: str) -> SourceError:
    hint = "ask the customer's X3 administrator about the representation; the learnt schema goes on without it"
    return SourceError(Reason.INVALID_PAYLOAD, message, hint=hint)


def _members(properties: JsonObject, prefix: str, depth: int) -> Iterator[Declared]:
    for name, told in properties.items():
        if (
            name[:1] != "$"
            and len(name) <= LONGEST
            and isinstance(told, Mapping)
            and not _title(name, told, properties)
        ):
            path = f"{prefix}{name}"
            if len(path) > LONGEST_PATH:
                continue
            yield Declared(path, _form(told), _texts(told))
            yield from _below(told, path, depth - 1)


def _below(told: JsonObject, path: str, depth: int) -> Iterator[Declared]:
    """Yield the members of an object, or of an array's objects; of an array of values, what these are."""
    if depth <= 0:
        return
    inner, element = told.get("$properties"), told.get("$item")
    if isinstance(inner, Mapping):
        yield from _members(inner, f"{path}.", depth)
    elif isinstance(element, Mapping):
        if not isinstance(element.get("$properties"), Mapping):
            yield Declared(f"{path}{ELEMENTS}", _form(element), ())
        yield from _below(element, f"{path}{ELEMENTS}", depth - 1)


def _title(name: str, told: JsonObject, properties: JsonObject) -> bool:
    """Tell whether a member only titles a reference: records show ``CUR_REF`` beside ``CUR``, with titles in it."""
    if not name.endswith(_REFERENCE):
        return False
    return name.removesuffix(_REFERENCE) in properties or _kind(_text(told.get("$type"))) is None


def _form(told: JsonObject) -> FieldForm:
    type_ = _text(told.get("$type"))
    kind = _kind(type_)
    if kind is None and isinstance(told.get("$properties"), Mapping):
        kind = ValueKind.OBJECT
    return FieldForm(
        kinds=() if kind is None else (kind,),
        max_length=_length(told.get("$maxLength")),
        mandatory=told.get("$isMandatory") is True or None,
        excluded=told.get("$isExcluded") is True or None,
        format=_text(told.get("$x3Format")),
        capabilities=_capabilities(_text(told.get("$capabilities"))),
        type=type_ if kind is None else None,
    )


def _length(told: Json) -> int | None:
    return told if isinstance(told, int) and not isinstance(told, bool) and 0 < told < _NO_LENGTH else None


def _kind(type_: str | None) -> ValueKind | None:
    return None if type_ is None else _KINDS.get(type_.partition(";")[0].strip().lower())


def _capabilities(text: str | None) -> str | None:
    """Return them in order: it says nothing."""
    return None if text is None else ",".join(sorted({part.strip() for part in text.split(",")}))


def _text(value: Json) -> str | None:
    return value[:LONGEST] if isinstance(value, str) and value else None


def _texts(told: JsonObject) -> tuple[str, ...]:
    return tuple(text if isinstance(text := told.get(name), str) else "" for name in _TITLES)


def _resolved(title: str, localization: JsonObject) -> str:
    """Return the text that ``{@14573}`` stands for, where it is told."""
    if title[:1] == "{" and title[-1:] == "}":
        text = localization.get(title[1:-1])
        return text if isinstance(text, str) else title
    return title
