"""What the records show of a patch: before, and as far as anything was read of them since."""

from itertools import product
from typing import Final, NamedTuple

from tests.drift.evidence import Evidence, Patched, proven
from tests.drift.facts import Facts, Pairs, families, family, is_empty, kind_of, roots, under
from tests.drift.happenings import Happening, Told, one
from tests.drift.revalued import revalued

MOVES: Final = frozenset({"rename", "move", "nest", "flatten"})
"""Changes that take a field from one path to another."""
FEW: Final = 30


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
    events += [one(each) for each in vanished] + [one(_appeared(evidence, path)) for path in appeared]
    return events or [one(each) for each in revalued(patched, evidence)]


def added(path: str, *, declared: bool = False, required: bool = False) -> Happening:
    """Return the case of a new field."""
    custom = path.rpartition(".")[2][:1] in "XYZ"
    name = "added required" if required else "added custom" if custom else "added"
    return Happening(f"declared {name}" if declared else name, "", (path,))


def _appeared(evidence: Evidence, path: str) -> Happening:
    """Return the case of a new field that records show."""
    records = {key for key, _ in evidence.seen(path)}
    if proven(len(records), len(evidence.visible(path)), len(evidence.before.keys)):
        return added(path)
    return Happening("added, unproven", "", (path,))


def _present(evidence: Evidence, path: str) -> bool:
    visible = evidence.visible(path)
    return any(key in visible for key, _ in evidence.after.at(path))


def _gone(evidence: Evidence, path: str) -> Happening | None:
    """Return how a field that there was is missing; None where no record lacks it that was shown since."""
    visible, had, has = evidence.visible(path), evidence.before.at(path), evidence.after.at(path)
    could = [place for place in evidence.after.could(path) if place[0] in visible]
    missing = {place[0] for place in could if place in had and place not in has}
    remaining = any(key in visible for key, _ in has)
    if not missing:
        return None
    facts, whole = Facts.of(evidence.before, path), evidence.whole(path)
    always = facts.judged if facts.everywhere else False
    telling = proven(len(missing), len({key for key, _ in could}), facts.records)
    if remaining:
        names = {True: "thinner always", None: "thinner, unproven", False: "thinner sometimes"}
    elif not whole:
        names = {True: "gone always, glimpsed", None: "gone, unproven", False: "gone sometimes, glimpsed"}
    else:
        few = "gone, few" if facts.records < FEW else "gone sometimes"
        names = {True: "gone always", None: "gone, 300 lines in fewer records", False: few}
    always = None if always and not telling else always
    return Happening(names[always], path, part=remaining or not whole)


def _moved(patched: Patched, evidence: Evidence, vanished: list[Happening], appeared: list[str]) -> Told:
    """Return a move, or what vanished and what came, or both ways where the values can show it but need not.

    Where several fields went into one object each of them may be told as moved, or as gone.
    """
    news = [path for path in evidence.after.values if any(path == new or under(path, new) for new in appeared)]
    came = tuple(_appeared(evidence, path) for path in appeared)
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
    now = [evidence.seen(path) for path in news]
    best = max((Pairs.of(one, other) for one in then.values() for other in now), key=_weight)
    olds = list(then)
    collection = any("." in path[len(old) :] and path.startswith(f"{old}[]") for path in olds)
    nested = patched.change in {"nest", "flatten"}
    case = "collection renamed" if collection else "nested" if nested else "renamed"
    to = (roots(news)[0],) if collection else tuple(sorted({*olds, *news}))
    proven = best.agree and best.records >= FEW and not vanished.part
    same = patched.change != "rename" and best.places >= FEW and best.equal == best.records and not best.boolean
    possible = nested or same or (best.agree and best.places >= FEW)
    return _Look(Happening(case, old, to, vanished.part), proven, possible)


def _weight(pairs: Pairs) -> tuple[bool, int]:
    return pairs.agree, pairs.equal


def _retyped(patched: Patched, evidence: Evidence, path: str) -> Happening | None:
    """Return what became of the type of a path; None where none was added."""
    old = families(evidence.before.at(path).values())
    now = families(evidence.seen(path).values())
    if not old or now <= old:
        return None
    part = bool(now & old) or not evidence.whole(path)
    here = evidence.seen(path)
    struck = {key for (key, _), value in here.items() if not is_empty(value) and family(kind_of(value)) not in old}
    if not proven(len(struck), len({key for key, _ in here}), Facts.of(evidence.before, path).records):
        return Happening("type changed, unproven", path, part=True)
    name = "type changed"
    if patched.change == "date_form":
        name = "date to datetime" if old == {"date"} and "text" not in now else "date form"
    return Happening(f"{name} in some" if part else name, path, part=part)
