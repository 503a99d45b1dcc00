"""What the records show of a patch: before, and as far as anything was read of them since."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, Final, NamedTuple

from tests.drift.facts import Facts, Key, Pairs, Place, Survey, families, roots, under
from tests.drift.happenings import Happening, Told, one

MOVES: Final = frozenset({"rename", "move", "nest", "flatten"})
"""Changes that take a field from one path to another."""
FEW: Final = 30
MENU: Final = 20
"""Values that a closed set has at most; a menu of X3 has fewer."""
SCALES: Final = (-1.0, *(10.0**power for power in range(-6, 7) if power))


class Patched(NamedTuple):
    """What was done to a tenant."""

    resource: str
    change: str
    """As the patch calls it; ``withhold`` for a class taken away; else the name of a null patch."""
    field: str = ""
    to: str | None = None
    share: float = 1.0
    side: str = "both"
    undone: bool = False
    """Whether the patch stood before, and was taken back."""


@dataclass(frozen=True)
class Evidence:
    """What there was of a class, and what was shown of it since."""

    key: tuple[str, ...]
    before: Survey
    after: Survey
    shown: frozenset[Key]
    """Records read by page since the patch."""
    detailed: frozenset[Key] = frozenset()
    """Records whose details were read since."""
    paged: frozenset[str] = frozenset()
    """Members that pages show; all others come with the details alone."""
    kind: str = "sweep"

    def visible(self, path: str) -> frozenset[Key]:
        """Return the records that were shown since with what stands at a path."""
        paged = path.split(".", 1)[0].removesuffix("[]") in self.paged
        return self.after.keys & (self.detailed | self.shown if paged else self.detailed)

    def whole(self, path: str) -> bool:
        """Tell whether that was every record."""
        return self.visible(path) == self.after.keys


def learnt(patched: Patched, evidence: Evidence) -> list[Told]:
    """Return what happened, as the records tell it."""
    before, after = evidence.before.values.keys(), evidence.after.values.keys()
    types = {path: each for path in before & after if (each := _retyped(patched, evidence, path)) is not None}
    loose = [path for path in before | after if not any(under(path, each) for each in types)]
    lost = {path: each for path in loose if path in before and (each := _gone(evidence, path)) is not None}
    new = [path for path in loose if path in after - before and _present(evidence, path)]
    vanished, appeared = [lost[path] for path in roots(lost)], roots(new)
    events = [one(types[path]) for path in roots(types)]
    if patched.change in MOVES and vanished and appeared:
        return [*events, _moved(patched, evidence, vanished, appeared)]
    events += [one(each) for each in vanished] + [one(added(path)) for path in appeared]
    return events or [one(each) for each in _values(patched, evidence)]


def added(path: str, *, declared: bool = False, required: bool = False) -> Happening:
    """Return the case of a new field."""
    custom = path.rpartition(".")[2][:1] in "XYZ"
    name = "added required" if required else "added custom" if custom else "added"
    return Happening(f"declared {name}" if declared else name, "", (path,))


def _present(evidence: Evidence, path: str) -> bool:
    visible = evidence.visible(path)
    return any(key in visible for key, _ in evidence.after.at(path))


def _gone(evidence: Evidence, path: str) -> Happening | None:
    """Return how a field that there was is missing; None where no record lacks it that was shown since."""
    visible, had, has = evidence.visible(path), evidence.before.at(path), evidence.after.at(path)
    missing = any(place[0] in visible and place in had and place not in has for place in evidence.after.could(path))
    remaining = any(key in visible for key, _ in has)
    if not missing:
        return None
    facts, whole = Facts.of(evidence.before, path), evidence.whole(path)
    always = facts.judged if facts.everywhere else False
    if remaining:
        names = {True: "thinner always", None: "thinner, 300 lines in fewer records", False: "thinner sometimes"}
    elif not whole:
        names = {True: "gone always, glimpsed", None: "gone sometimes, glimpsed", False: "gone sometimes, glimpsed"}
    else:
        few = "gone, few" if facts.records < FEW else "gone sometimes"
        names = {True: "gone always", None: "gone, 300 lines in fewer records", False: few}
    return Happening(names[always], path, part=remaining or not whole)


def _moved(patched: Patched, evidence: Evidence, vanished: list[Happening], appeared: list[str]) -> Told:
    """Return a move, or what vanished and what came, or both ways where the values can show it but need not.

    Where several fields went into one object each of them may be told as moved, or as gone.
    """
    news = [path for path in evidence.after.values if any(path == new or under(path, new) for new in appeared)]
    came = tuple(added(path) for path in appeared)
    looks = [_move(patched, evidence, each, news) for each in vanished]
    if len(looks) == 1 and looks[0].proven:
        return ((looks[0].move,),)
    choices = [(each, look.move) if look.possible else (each,) for each, look in zip(vanished, looks, strict=True)]
    told = [tuple(chosen) for chosen in product(*choices)]
    return tuple(chosen if set(chosen) - {*vanished} else (*chosen, *came) for chosen in told)


class _Look(NamedTuple):
    move: Happening
    proven: bool
    possible: bool


def _move(patched: Patched, evidence: Evidence, vanished: Happening, news: list[str]) -> _Look:
    """Return the move of one field, whether the values show it, and whether they can."""
    old = vanished.field
    then = {path: evidence.before.at(path) for path in evidence.before.values if path == old or under(path, old)}
    now = [_seen(evidence, path) for path in news]
    best = max((Pairs.of(one, other) for one in then.values() for other in now), key=_weight)
    olds = list(then)
    collection = any("." in path[len(old) :] and path.startswith(f"{old}[]") for path in olds)
    nested = patched.change in {"nest", "flatten"}
    case = "collection renamed" if collection else "nested" if nested else "renamed"
    to = (roots(news)[0],) if collection else tuple(sorted({*olds, *news}))
    proven = best.agree and best.records >= FEW and not vanished.part
    return _Look(Happening(case, old, to, vanished.part), proven, nested or (best.agree and best.places >= FEW))


def _seen(evidence: Evidence, path: str) -> dict[Place, Any]:
    visible = evidence.visible(path)
    return {place: value for place, value in evidence.after.at(path).items() if place[0] in visible}


def _weight(pairs: Pairs) -> tuple[bool, int]:
    return pairs.agree, pairs.equal


def _retyped(patched: Patched, evidence: Evidence, path: str) -> Happening | None:
    """Return what became of the type of a path; None where none was added."""
    old = families(evidence.before.at(path).values())
    now = families(_seen(evidence, path).values())
    if not old or now <= old:
        return None
    part = bool(now & old) or not evidence.whole(path)
    name = "type changed"
    if patched.change == "date_form":
        name = "date to datetime" if old == {"date"} and "text" not in now else "date form"
    return Happening(f"{name} in some" if part else name, path, part=part)


# --- values that changed where they stand


def _values(patched: Patched, evidence: Evidence) -> list[Happening]:
    look = _LOOKS.get(patched.change)
    path = patched.field.removesuffix("[]")
    path = f"{path}[]" if f"{path}[]" in evidence.before.values else path
    visible = evidence.visible(path)
    if look is None or not visible:
        return []
    case = look(Facts.of(evidence.before, path), Facts.of(evidence.after, path, visible))
    if patched.change in {"multiply", "shift_menu"}:
        was, now = evidence.before.at(path), _seen(evidence, path)
        changed = [(was[place], now[place]) for place in was.keys() & now.keys() if was[place] != now[place]]
        case = _ratio(changed, evidence) if patched.change == "multiply" else _shift(case, changed, evidence)
    return [] if case is None else [Happening(case, path)]


def _emptied(before: Facts, after: Facts) -> str | None:
    never = before.empties == 0 and before.everywhere
    if after.empties and never:
        return "empty seen" if before.judged else "empty seen, unjudged"
    if after.empties:
        return "more empties"
    return "no more empties" if before.empties else None


def _longer(before: Facts, after: Facts) -> str | None:
    return "longer" if after.longest > before.longest else None


def _precision(before: Facts, after: Facts) -> str | None:
    if after.digits == before.digits:
        return None
    if after.digits > before.digits:
        judged = before.fractions >= 10 * FEW if before.fractions else before.judged
        name = "finer" if before.fractions else "integer to number"
        return name if judged else f"{name}, unjudged"
    return "coarser" if after.fractions else "number to integer"


def _menu(before: Facts, after: Facts) -> str | None:
    if after.values.keys() <= before.values.keys():
        return "value of a menu gone" if before.values.keys() - after.values.keys() else None
    closed = before.judged and 2 <= len(before.values) <= MENU
    return "new value of a menu" if closed else "new value, set not closed"


def _ratio(changed: Iterable[tuple[object, object]], evidence: Evidence) -> str | None:
    ratios = [float(str(now)) / float(str(was)) for was, now in changed if was and isinstance(now, int | float)]
    if not ratios:
        return None
    near = max(sum(abs(ratio / scale - 1) < 1e-9 for ratio in ratios) for scale in SCALES)
    about = max(sum(abs(ratio / scale - 1) < 0.05 for ratio in ratios) for scale in SCALES)
    if near >= 5 and near >= 0.9 * len(ratios):
        return "one ratio" if evidence.kind == "sweep" else "one ratio, too few"
    return "one ratio, too few" if about else "amounts changed"


def _shift(case: str | None, changed: list[tuple[object, object]], evidence: Evidence) -> str | None:
    if not changed:
        return None
    whole = evidence.after.keys <= evidence.shown | evidence.detailed
    return (
        "menu shifted" if case == "new value of a menu" and len(changed) >= FEW and whole else "menu shifted, unjudged"
    )


_LOOKS: Final[Mapping[str, Callable[[Facts, Facts], str | None]]] = {
    "empty": _emptied,
    "lengthen": _longer,
    "scale": _precision,
    "retype": _precision,
    "multiply": _precision,
    "menu": _menu,
    "shift_menu": _menu,
}
