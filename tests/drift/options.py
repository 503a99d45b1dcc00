"""Which fields a change can strike, and what it can turn them to."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Final

from tests.drift.fields import Known, classes, fields

Option = tuple[str, str, object]
"""Class, field and what it turns to."""
PLAIN: Final = ("text", "date", "integer", "number", "boolean", "menu")
FORMS: Final = ("DD/MM/YYYY", "YYYYMMDD", "datetime", "local")
FACTORS: Final = (100, 10, 0.01, -1, 1000, 1.07)
AMOUNTS: Final = 5
"""Values below which a number is a code and no amount."""
_TYPES: Final[Mapping[str, tuple[str, ...]]] = {
    "text": ("integer", "object", "array"),
    "date": ("integer", "object"),
    "integer": ("text", "object"),
    "menu": ("text", "boolean"),
    "number": ("text", "integer", "object"),
    "boolean": ("integer", "text"),
}


@cache
def options(change: str, *, details: bool = False) -> tuple[Option, ...]:
    """Return all options of a change, key fields among them where a key can be struck so."""
    found: list[Option] = []
    for resource in classes():
        if change in {"withhold", "key_part"}:
            found.append((resource, "YPART" if change == "key_part" else "", None))
            continue
        known = fields(resource, details=details)
        found += [(resource, "", None)] if change == "order" else []
        found += [(resource, field, to) for each in known for field, to in _of(change, each, known)]
        found += [(resource, *each) for each in _added(known)] if change == "add" else []
    return tuple(found)


def of_key(option: Option) -> bool:
    """Tell whether a member of the key is struck."""
    resource, field, _ = option
    return any(each.key and each.path == field for each in fields(resource))


@cache
def beside_key(change: str, *, details: bool = False) -> Mapping[str, tuple[Option, ...]]:
    """Return the options of a change by class, without those that strike a key."""
    found: dict[str, list[Option]] = {}
    for option in options(change, details=details):
        if not of_key(option):
            found.setdefault(option[0], []).append(option)
    return {resource: tuple(chosen) for resource, chosen in found.items()}


def _of(change: str, known: Known, beside: tuple[Known, ...]) -> Iterator[tuple[str, object]]:
    if known.key and change not in {"remove", "rename", "retype", "title"}:
        return
    if change == "move":
        targets = [f"{each.path}[].{known.path}" for each in beside if each.kind == "lines"]
        if known.kind in PLAIN and known.depth == 0:
            yield from ((known.path, to) for to in targets if to not in {each.path for each in beside})
        return
    choose = _CHOICES.get(change)
    for to in choose(known) if choose else ():
        yield known.path, to


def _added(known: tuple[Known, ...]) -> Iterator[tuple[str, object]]:
    yield "", "YFLG"
    for place in ("", *(f"{each.path}[]." for each in known if each.kind == "lines")):
        yield f"{place}NEWDAT", {"type": "date"}
        yield f"{place}NEWCOD", {"values": ["A", "B", "C", ""]}
        yield f"{place}NEWQTY", {"type": "number", "mandatory": True}
    yield "NEWGRP", {"type": "object"}
    yield "ZLIST", {"type": "array"}


def _name(known: Known) -> str:
    return f"{known.path.rpartition('.')[2][:20]}_1"


def _anything(_known: Known) -> list[object]:
    return [None]


def _if(*kinds: str, to: Callable[[Known], list[object]] = _anything) -> Callable[[Known], list[object]]:
    return lambda known: to(known) if known.kind in kinds else []


_CHOICES: Final[Mapping[str, Callable[[Known], list[object]]]] = {
    "remove": _anything,
    "rename": lambda known: [_name(known)],
    "nest": _if(*PLAIN, to=lambda _: ["NEWGRP"]),
    "wrap": _if(*PLAIN, to=lambda _: [None, "id"]),
    "retype": lambda known: [*_TYPES.get(known.kind, ())],
    "empty": _if("text", "date", "number", "integer", "values"),
    "lengthen": _if("text", to=lambda known: [known.longest + 20, 3]),
    "mandatory": _if(*PLAIN),
    "scale": _if("number", "integer", to=lambda _: [4, 1]),
    "multiply": _if("number", "integer", to=lambda known: [*FACTORS] if known.distinct >= AMOUNTS else []),
    "date_form": _if("date", to=lambda _: [*FORMS]),
    "menu": _if("menu", to=lambda _: [9]),
    "shift_menu": _if("menu", to=lambda _: [{str(old): old + 1 for old in range(1, 7)}, {"2": 9}]),
    "title": _anything,
    "order": _anything,
    "format": _if("text", "number", to=lambda known: ["K:20c" if known.kind == "text" else "N:15.4", None]),
    "exclude": _if(*PLAIN),
}
CHANGES: Final = (*_CHOICES, "move", "add", "key_part", "withhold")
"""Every change."""
