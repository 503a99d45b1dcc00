"""Values that changed where they stand: emptiness, precision, menus, scale."""

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, NamedTuple

from tests.drift.evidence import Evidence, Patched, proven
from tests.drift.facts import Facts, Place, digits, is_empty
from tests.drift.happenings import Happening

FEW: Final = 30
MENU: Final = 12
"""Values that a closed set has at most; a local menu of X3 has fewer."""
SCALES: Final = (-1.0, *(10.0**power for power in range(-6, 7) if power))


class Look(NamedTuple):
    """One path before and after."""

    before: Facts
    after: Facts
    values: Mapping[Place, Any]
    """Shown since."""
    changed: Collection[tuple[Any, Any]]
    """Values that are others than before, each with what it was."""
    whole: bool
    """Whether all records were shown."""
    kind: str
    """Of the cycles since."""

    def proves(self, test: Callable[[Any], bool]) -> bool:
        """Tell whether enough records have a value that passes a test which none passed before."""
        struck = {key for (key, _), value in self.values.items() if test(value)}
        return proven(len(struck), len({key for key, _ in self.values}), self.before.records)


def revalued(patched: Patched, evidence: Evidence) -> list[Happening]:
    """Return what became of the values of the patched field."""
    path = patched.field.removesuffix("[]")
    path = f"{path}[]" if f"{path}[]" in evidence.before.values else path
    now, was, visible = evidence.seen(path), evidence.before.at(path), evidence.visible(path)
    if patched.change not in _LOOKS or not visible:
        return []
    changed = [(was[place], now[place]) for place in was.keys() & now.keys() if was[place] != now[place]]
    before, after = Facts.of(evidence.before, path), Facts.of(evidence.after, path, visible)
    look = Look(before, after, now, changed, evidence.whole(path), evidence.kind)
    case = _LOOKS[patched.change](look)
    return [] if case is None else [Happening(case, path)]


def _emptied(look: Look) -> str | None:
    before, after = look.before, look.after
    if after.empties and before.empties == 0 and before.everywhere:
        return "empty seen" if before.judged and look.proves(is_empty) else "empty seen, unproven"
    if after.empties:
        return "more empties"
    return "no more empties" if before.empties else None


def _longer(look: Look) -> str | None:
    codes = look.changed and 2 <= len(look.before.values) <= MENU
    if codes and not look.after.values.keys() <= look.before.values.keys():
        return "longer codes"
    return "longer" if look.after.longest > look.before.longest else None


def _precision(look: Look) -> str | None:
    before, after = look.before, look.after
    if after.digits <= before.digits:
        return None if after.digits == before.digits else "coarser" if after.fractions else "number to integer"
    judged = before.fractions >= 10 * FEW if before.fractions else before.judged
    name = "finer" if before.fractions else "integer to number"
    return name if judged and look.proves(lambda value: digits(value) > before.digits) else f"{name}, unproven"


def _menu(look: Look) -> str | None:
    known = look.before.values.keys()
    if look.after.values.keys() <= known:
        return "value of a menu gone" if known - look.after.values.keys() else None
    closed = look.before.judged and 2 <= len(known) <= MENU
    new = look.proves(lambda value: not is_empty(value) and repr(value) not in known)
    return "new value of a menu" if closed and new else "new value, unproven"


def _shifted(look: Look) -> str | None:
    if not look.changed:
        return None
    telling = _menu(look) == "new value of a menu" and len(look.changed) >= FEW and look.whole
    return "menu shifted" if telling else "menu shifted, unproven"


def _multiplied(look: Look) -> str | None:
    ratios = [float(str(now)) / float(str(was)) for was, now in look.changed if was and isinstance(now, int | float)]
    if not ratios:
        return None
    near = max(sum(abs(ratio / scale - 1) < 1e-9 for ratio in ratios) for scale in SCALES)
    about = max(sum(abs(ratio / scale - 1) < 0.05 for ratio in ratios) for scale in SCALES)
    if near >= 5 and near >= 0.9 * len(ratios):
        return "one ratio" if look.kind == "sweep" else "one ratio, unproven"
    return "one ratio, unproven" if about else "amounts changed"


_LOOKS: Final[Mapping[str, Callable[[Look], str | None]]] = {
    "empty": _emptied,
    "lengthen": _longer,
    "scale": _precision,
    "retype": _precision,
    "multiply": _multiplied,
    "menu": _menu,
    "shift_menu": _shifted,
}
