"""What `$prototypes` says of a class: its properties with type, length and flags, per facet.

Members and media types: Sage web-service guide (creating) and Sage SData guide. Which numbers have an `$x3Format`,
which properties are mandatory and the form of `$key` are guesses, for want of a source. The same class has the same
prototype in every tenant: it is made from the records of a tenant of its own, whose lengths it exceeds.
"""

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import cache, partial
from hashlib import blake2b
from typing import cast

from driftd.simulator.catalogue import CLASSES, counts
from driftd.simulator.class_model import ClassModel, Field
from driftd.simulator.declaring import KEY_PART, LINEAGE, MEDIA, key_of
from driftd.simulator.json_values import Json, Record
from driftd.simulator.ledger import Ledger
from driftd.simulator.patches import Patch
from driftd.simulator.places import COMPANION
from driftd.simulator.render import Style
from driftd.simulator.switches import Switches
from driftd.simulator.view import Keep, View

FACETS = ("$query", "$details", "$edit", "$create")
_LENGTHS = (10, 20, 30, 50, 80, 120, 250)
_RECORDS = 90
_MANDATORY = frozenset({"BPCNAM", "ITMDES1", "CUR", "STU", "ORDDAT", "DLVDAT", "ACCDAT", "QTY", "QTYPUU"})
_EXCLUDED = frozenset({"EXPNUM", "CNT_CCNCRM", "IDTLIN"})
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT.*")
_WORDS = {"ENG": "{} field", "FRA": "Champ {}"}


def prototyped(model: ClassModel, patches: Sequence[Patch] = (), keep: Keep = 1.0) -> View:
    """Return a view of a class."""
    return View(model, partial(properties, model.name), patches, keep)


def prototype(model: ClassModel, view: View | None, facet: str, style: Style) -> Record:
    """Return what `$prototypes('REPR.$facet')` answers; only its texts follow the language."""
    view = view or prototyped(model)
    marked = view.properties(facet, updatim=style.updatim)
    texts: dict[str, str] = {}
    shown = _shown(marked, texts)
    key = "~".join(f"{{{name}}}" for name in key_of(marked))
    return {
        "$key": key,
        "$url": f"{{$baseUrl}}/{model.name}('{key}')?representation={model.name}.{facet}",
        "$properties": shown,
        "$article": {},
        "$layout": {},
        "$localization": {name: _WORDS[style.language].format(words) for name, words in sorted(texts.items())},
        "$links": {},
    }


@cache
def properties(resource: str, facet: str, updatim: bool) -> Record:
    """Return the properties of a class without patches, with marks. Not to be changed."""
    model = CLASSES[resource]
    whole = _structure(_samples(resource), _Known(model))
    if facet == "$create":
        whole = {name: value for name, value in whole.items() if name != "UPDDATTIM"}
    if facet != "$query":
        return whole
    names = model.query_names | {"UPDDATTIM"} if updatim else model.query_names
    shown = {name + end for name in names for end in ("", COMPANION)}
    chosen = {name: cast("Record", value) for name, value in whole.items() if name in shown}
    return {
        name: value if name.endswith(COMPANION) else {**value, "$capabilities": "sort,filter", LINEAGE: name}
        for name, value in chosen.items()
    }


@cache
def _samples(resource: str) -> list[Record]:
    """Return records of a class, with their lines, of a tenant that nobody reads."""
    ledger = Ledger("prototype", CLASSES.values(), counts(_RECORDS), seed=1)
    style = Style.of(Switches())
    return [ledger.renderers[resource].business(row, "$details", style) for row in ledger.tables[resource]]


class _Known:
    """What the class itself says of its fields."""

    def __init__(self, model: ClassModel) -> None:
        self.key = model.key
        every = [*model.fields, *(each for part in model.collections for each in part.fields)]
        self.mandatory = {*model.key, *_MANDATORY, *(each.name for each in every if each.refers in CLASSES)}
        self.made = {each.name for each in model.fields if each.derived}
        self.growing = {each.name for each in every if _grows(each)}


def _grows(each: Field) -> bool:
    """Say whether business puts a mark behind the text."""
    return each.revisable


def _structure(records: Iterable[Record], known: _Known, *, lines: bool = False) -> Record:
    """Return the properties of records, or of the rows of their collections."""
    values: dict[str, list[Json]] = {}
    for record in records:
        for name, value in record.items():
            if not name.startswith("$"):
                values.setdefault(name, []).append(value)
    made: Record = {}
    for name, seen in values.items():
        if name.endswith(COMPANION) and isinstance(seen[0], dict):
            made[name] = {"$title": name.removesuffix(COMPANION), "$type": "application/x-reference"}
        else:
            made[name] = _property(name, seen, known, lines=lines)
    return made


def _property(name: str, seen: list[Json], known: _Known, *, lines: bool) -> Record:
    made: Record = {"$title": name, **_typed(name, seen, known)}
    if name in known.mandatory and not any(each is None or each in ("", "0000-00-00") for each in seen):
        made["$isMandatory"] = True
    if name in _EXCLUDED:
        made["$isExcluded"] = True
    if not lines and name in known.key:
        made[KEY_PART] = known.key.index(name)
    return made


def _typed(name: str, seen: list[Json], known: _Known) -> Record:
    if isinstance(seen[0], list):
        elements = [each for value in seen for each in cast("list[Json]", value)]
        rows = [each for each in elements if isinstance(each, dict)]
        if rows:
            inner: Record = {"$type": MEDIA["object"], "$instanceUrl": f"{{$instanceUrl}}/{name}('{{$uuid}}')"}
            return {"$type": MEDIA["array"], "$item": {**inner, "$properties": _structure(rows, known, lines=True)}}
        return {"$type": MEDIA["array"], "$item": _scalar(elements, growing=False)}
    return _scalar(seen, growing=name in known.growing)


def _scalar(seen: list[Json], *, growing: bool) -> Record:
    if all(isinstance(each, bool) for each in seen):
        return {"$type": MEDIA["boolean"]}
    if all(isinstance(each, int | float | Decimal) for each in seen):
        scale = max(_scale(each) for each in seen)
        return {"$type": MEDIA["number"], "$x3Format": f"N:13.{scale}"} if scale else {"$type": MEDIA["integer"]}
    texts = [str(each) for each in seen if each is not None]
    filled = [text for text in texts if text]
    for kind, form in (("datetime", _INSTANT), ("date", _DATE)):
        if filled and all(form.fullmatch(text) for text in texts):
            return {"$type": MEDIA[kind]}
    longest = max(map(len, texts), default=0)
    if len(texts) < len(seen):  # null where empty: a text of any length
        return {"$type": MEDIA["text"], "$maxLength": 4000}
    wanted = max(2 * longest, longest + 20 if growing else 0)
    return {"$type": MEDIA["text"], "$maxLength": next(size for size in _LENGTHS if size >= wanted)}


def _scale(number: Json) -> int:
    return max(-int(Decimal(str(number)).normalize().as_tuple().exponent), 0)


def _shown(members: Record, texts: dict[str, str]) -> Record:
    """Return properties without marks, and with message numbers for titles; their texts go into `texts`."""
    shown: Record = {}
    for name, value in members.items():
        if name in {KEY_PART, LINEAGE}:
            continue
        if name == "$title":
            number = int.from_bytes(blake2b(str(value).encode(), digest_size=3).digest(), "big")
            texts[f"@{number}"] = str(value)
            shown[name] = f"{{@{number}}}"
        else:
            shown[name] = _shown(value, texts) if isinstance(value, dict) else value
    return shown
