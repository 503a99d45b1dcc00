"""Trials from a seed: change × field × share × depth × size × cycles × side, and null patches among them.

A grid comes first, so that each change meets each side, share and kind of cycle where that has a meaning; chance fills
up the rest.
"""

from collections.abc import Iterator, Sequence
from itertools import product
from random import Random
from typing import Any, Final

from driftd.core.model import Kind
from tests.drift.breaks import BREAKS
from tests.drift.fields import STAMP, classes, fields
from tests.drift.options import CHANGES, beside_key, of_key, options
from tests.drift.plan import NULLS, ONE, Trial

SIZES: Final = (0, 1, 29, 40, 320, 1000)
_SIZE_WEIGHTS: Final = (1, 1, 3, 14, 16, 2)
SHARES: Final = (1.0, 0.5, 0.1, ONE)
_SHARE_WEIGHTS: Final = (5, 2, 2, 2)
KINDS: Final = (Kind.SWEEP, Kind.PROBE, Kind.DELTA)
_KIND_WEIGHTS: Final = (5, 3, 2)
SIDES: Final = ("both", "data", "prototype")
_SIDE_WEIGHTS: Final = (5, 3, 2)
OF_PROTOTYPE: Final = frozenset({"mandatory", "exclude", "format"})
"""Changes that leave the records as they are."""
OF_DATA: Final = frozenset({"menu", "shift_menu", "multiply", "empty"})
"""Changes that leave the prototype as it is."""
WHOLE: Final = frozenset({"mandatory", "exclude", "format", "title", "order", "key_part", "withhold"})
"""Changes that have no share."""
_NULL_SHARE: Final = 0.1
_MASTERS: Final = ("BPCUSTOMER", "ITMMASTER", "ITMMVT", "BALANCE")
_CURSOR: Final = (("remove", None), ("rename", f"{STAMP}_1"), ("retype", "integer"))


def generated(many: int, seed: int) -> list[Trial]:
    """Return so many distinct trials, always the same for the same seed; the grid, where `many` is less than that."""
    chance = Random(seed)
    found = {str(trial): trial for trial in _grid(chance)}
    while len(found) < many:
        trial = _drawn(chance)
        found.setdefault(str(trial), trial)
    return list(found.values())


def documented() -> list[Trial]:
    """Return the documented breaks, seen by a sweep."""
    return [Trial(each.resource, each.change, each.field, each.to) for each in BREAKS]


def _grid(chance: Random) -> Iterator[Trial]:
    yield from documented()
    for change in CHANGES:
        for side, seen in product(_sides(change), KINDS):
            yield _drawn(chance, change=change, side=side, seen=seen, share=1.0, records=320)
        for share in SHARES if change not in WHOLE else ():
            yield _drawn(chance, change=change, share=share, side="data", records=320, seen=Kind.SWEEP)
        for records in SIZES:
            yield _drawn(chance, change=change, share=1.0, records=records, seen=Kind.SWEEP)
    for null, resource, records in product(NULLS, classes(), (40, 320)):
        yield _drawn_null(chance, null, resource, records)
    for (change, to), seen in product(_CURSOR, (Kind.SWEEP, Kind.DELTA)):
        resource = chance.choice(_MASTERS)
        yield Trial(resource, change, STAMP, to, seen=seen, watermark=True, touched=20)
    for change in ("remove", "rename", "retype"):
        keys = [option for option in options(change) if of_key(option)]
        for side in SIDES:
            yield _trial(
                chance, chance.choice(keys), change=change, side=side, share=1.0, seen=Kind.SWEEP, undone=False
            )
    yield from _unread(chance)
    for change in ("remove", "rename", "wrap", "retype", "empty", "lengthen"):
        deep = [option for option in options(change, details=True) if option[1].count("[].") > 1]
        yield _trial(chance, chance.choice(deep), change=change, details=True, seen=Kind.SWEEP, records=320)


def _unread(chance: Random) -> Iterator[Trial]:
    """Yield patches of fields that the facet in use does not show."""
    for resource in ("BPCUSTOMER", "ITMMASTER"):
        hidden = {each.path for each in fields(resource, details=True)} - {each.path for each in fields(resource)}
        for change, field in product(("remove", "rename"), chance.sample(sorted(hidden), 2)):
            yield Trial(resource, change, field, "NEWNAME" if change == "rename" else None)


def _drawn(chance: Random, **fixed: Any) -> Trial:
    if not fixed and chance.random() < _NULL_SHARE:
        return _drawn_null(chance, chance.choice(NULLS), chance.choice(classes()), chance.choice((1, 29, 40, 320)))
    change = str(fixed.pop("change", None) or chance.choice(CHANGES))
    details = chance.random() < 0.1
    choices = beside_key(change, details=details)
    resource = chance.choices([*choices], [2 if name in _MASTERS else 1 for name in choices])[0]
    option = chance.choice(choices[resource])
    return _trial(chance, option, change=change, details=details and resource in _MASTERS, **fixed)


def _trial(chance: Random, option: tuple[str, str, object], *, change: str, **fixed: Any) -> Trial:
    resource, field, to = option
    drawn: dict[str, Any] = {
        "share": 1.0 if change in WHOLE else chance.choices(SHARES, _SHARE_WEIGHTS)[0],
        "side": _one_of(chance, _sides(change)),
        "seen": chance.choices(KINDS, _KIND_WEIGHTS)[0],
        "records": chance.choices(SIZES, _SIZE_WEIGHTS)[0],
        "undone": change not in {"withhold", "key_part"} and chance.random() < 0.12,
    } | fixed
    if drawn["seen"] is Kind.DELTA and drawn["records"] in {40, 320} and chance.random() < 0.5:
        drawn |= {"watermark": True, "touched": 30}
    if resource not in _MASTERS and drawn["records"] == 1000 and chance.random() < 0.7:
        drawn["records"] = 320
    return Trial(resource, change, field, to)._replace(**drawn)


def _drawn_null(chance: Random, null: str, resource: str, records: int) -> Trial:
    return Trial(resource, null, seen=chance.choices(KINDS, _KIND_WEIGHTS)[0], records=records)


def _sides(change: str) -> Sequence[str]:
    if change == "withhold":
        return ("both",)
    return ("both", "prototype") if change in OF_PROTOTYPE else ("both", "data") if change in OF_DATA else SIDES


def _one_of(chance: Random, sides: Sequence[str]) -> str:
    weights = [_SIDE_WEIGHTS[SIDES.index(side)] for side in sides]
    return chance.choices(sides, weights)[0]
