"""Field rules of a resource: which members may have one, and which personal ones have none."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from driftd.config import shape
from driftd.config.model import ClassDefaults
from driftd.config.report import Findings, join
from driftd.core.model import Privacy
from driftd.core.rules import used
from driftd.core.veil import Veil, in_force, plain

_MEMBER: Final = r"[A-Za-z_][A-Za-z0-9_]{0,63}"
_PATH: Final = re.compile(rf"{_MEMBER}(?:\[\])?(?:\.{_MEMBER}(?:\[\])?)*")


def check_private(table: shape.Resource, known: ClassDefaults, path: str, found: Findings) -> None:
    """Note field rules that name no member, and those under which a record could no longer be told or checked."""
    named = True
    for member in table.private:
        if not _PATH.fullmatch(member):
            named = False
            right = 'a member\'s name such as "EMAIL", or its path such as "SOHCNT.EMAIL"'
            found.add(join(path, "private", member), f'"{member}" is not {right}')
    rules = table.private
    if not named:
        return
    veil = Veil((in_force(rules),), b"")
    told: set[str] = set()
    for needed, part in _needed(table, known):
        if veil.rule(needed) is Privacy.KEEP:
            continue
        cause = _cause(rules, needed)
        if cause not in told:
            told.add(cause)
            place = "" if plain(needed) == plain(cause) else f' ("{needed}")'
            found.add(join(path, "private", cause), f'"{cause}" is {part}{place}: it must be "keep"')


def unruled(personal: tuple[str, ...], private: Mapping[str, str]) -> tuple[str, ...]:
    """Return those of the personal paths that no field rule speaks of."""
    rules = [(plain(path).split("."), path) for path in private]
    return tuple(path for path in personal if not any(_speaks_of(plain(path).split("."), rule) for rule, _ in rules))


def _needed(table: shape.Resource, known: ClassDefaults) -> Iterator[tuple[str, str]]:
    """Yield what must stay as it is, with the part that it plays."""
    yield from ((member, "part of the key") for member in known.key)
    if table.watermark:
        yield table.watermark, "the watermark"
    for name, members in known.lines.items():
        yield from ((f"{name}[].{member}", "part of the key of its lines") for member in members)
    collections = [""] + [f"{name}[]." for name in known.lines]
    for member in {**known.references, **table.references}:
        yield from ((f"{at}{member}", "a reference to another class") for at in collections)
    yield from ((path, "what a check reads") for path in sorted(used(known.rules)))


def _cause(rules: Mapping[str, str], needed: str) -> str:
    """Return the rule because of which a path is not kept."""
    names = plain(needed).split(".")
    strict = [path for path, rule in rules.items() if rule != "keep"]
    return next((path for path in strict if _speaks_of(names, plain(path).split("."))), strict[0])


def _speaks_of(names: list[str], rule: list[str]) -> bool:
    """Tell whether a rule is that of a path, or of something that it lies in."""
    return rule[0] in names if len(rule) == 1 else names[: len(rule)] == rule
