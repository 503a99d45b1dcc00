"""Evidence × form → signs: what the records written in one cycle show that the current form does not allow.

A sign is seen `k` times in `m` after-images, and was never seen in `n` records before. Whether that is drift, or only
rare, is `rarity`'s matter.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import NamedTuple

from driftd.core.schema.counts import Counts, above
from driftd.core.schema.judge import allows, named, numbers, typed, values_in
from driftd.core.schema.marks import (
    EMPTINESS,
    KIND_MARKS,
    PRESENT,
    SCALE_MARKS,
    kind_of,
    scale_of,
)
from driftd.core.schema.model import FieldForm, Presence, ValueKind
from driftd.core.schema.seen import Seen

Fields = Mapping[str, FieldForm]
ENOUGH_TO_GO = 30
"""Records in all of which a member must be absent before it is called gone, where there are more than these."""
PROOF = 8
"""Records that must have lost a member that not all had."""


class What(StrEnum):
    """What a sign says of its path."""

    CAME = "came"
    ABSENT = "absent"
    GONE = "gone"
    EMPTY = "empty"
    KIND = "kind"
    VALUE = "value"
    FINER = "finer"


class Sign(NamedTuple):
    """One thing that the form does not allow."""

    path: str
    what: What
    k: int
    m: int
    n: int
    all: bool = False
    """Whether no record is known that looks as before."""
    detail: str = ""
    """The new kinds, value or scale."""

    @property
    def name(self) -> str:
        """Return what identifies it from cycle to cycle."""
        return f"{self.path} {self.what} {self.detail}".rstrip()


class Scene(NamedTuple):
    """All that signs are read from."""

    form: Fields
    seen: Seen
    before: Counts
    """All that was stored when the cycle began."""
    now: Counts
    """All that is stored since."""
    unchanged: int
    """Rows that the cycle read and that were as stored."""
    whole: bool
    stale: int = 0
    """Records that a sweep should have shown and did not."""


def signs(scene: Scene) -> Iterator[Sign]:
    """Yield what is not as the form says, parents before their members."""
    seen, form = scene.seen, scene.form
    known = {path for path in form if seen.possible(path) or seen.lost[path] or seen.lacking[path]}
    for path in sorted(known | seen.fresh.paths.keys() | seen.moved.paths.keys()):
        parent = above(path)
        if parent and (parent not in form or form[parent].presence is Presence.GONE):
            continue
        field = form.get(path)
        if field is None or field.presence is Presence.GONE:
            yield from _came(scene, path)
        else:
            yield from _absent(scene, path, field)
            yield from _values(scene, path, field)


def _came(scene: Scene, path: str) -> Iterator[Sign]:
    seen = scene.seen
    k, m = seen.marks(path).get(PRESENT, 0), seen.possible(path) + _still(seen, path)
    if k:
        everywhere = not seen.missing(path) and not seen.still(path) and _no_other(scene, k)
        everywhere = everywhere and not (scene.whole and scene.now.missing(path) > scene.stale)
        yield Sign(path, What.CAME, k, m, scene.before.n(path), everywhere)


def _absent(scene: Scene, path: str, field: FieldForm) -> Iterator[Sign]:
    seen = scene.seen
    missing = seen.missing(path)
    if not missing:
        return
    present, n = seen.marks(path).get(PRESENT, 0), scene.before.n(path)
    everywhere = not present and not seen.still(path)
    gone = everywhere and _no_other(scene, missing) and scene.now.present(path) <= _left(scene)
    if field.presence is Presence.SOMETIMES:
        lost = seen.lost[path]
        if gone and not path.endswith("[]") and lost >= (PROOF if scene.whole else ENOUGH_TO_GO):
            yield Sign(path, What.GONE, lost, lost, n, all=True)
        return
    k = missing if everywhere else min(missing, seen.lost[path] + seen.lacking[path])
    yield Sign(path, What.ABSENT, k, seen.possible(path) + _still(seen, path), n, gone)


def _values(scene: Scene, path: str, field: FieldForm) -> Iterator[Sign]:
    seen, was = scene.seen, scene.before.paths.get(path, {})
    marks, still = seen.marks(path), seen.still(path)
    if not marks:
        return
    present = marks.get(PRESENT, 0)
    if field.nullable is False:
        empty = min(present, sum(marks.get(mark, 0) for mark in EMPTINESS))
        if empty:
            yield Sign(path, What.EMPTY, empty, present + still, was.get(PRESENT, 0))
    if not field.kinds:
        return
    kinds = {kind_of(mark): count for mark in KIND_MARKS if (count := marks.get(mark, 0))}
    new = {kind: count for kind, count in kinds.items() if not allows(field.kinds, kind)}
    if new:
        replaced = len(new) == len(kinds) and not still and _no_other(scene, present)
        replaced = replaced and _of_old_kinds(scene.now, path, new) <= _left(scene)
        m, n = typed(marks) + still, typed(was)
        if replaced:
            yield Sign(path, What.KIND, min(present, sum(new.values())), m, n, all=True, detail=" ".join(sorted(new)))
        else:
            yield from (Sign(path, What.KIND, count, m, n, detail=kind) for kind, count in new.items())
        return
    yield from _menu(scene, path, field)
    if field.scale is not None:
        finer = {
            mark: count for mark, count in marks.items() if mark in SCALE_MARKS and scale_of(int(mark)) > field.scale
        }
        if finer:
            k, digits = sum(finer.values()), max(scale_of(int(mark)) for mark in finer)
            yield Sign(path, What.FINER, k, numbers(marks) + still, numbers(was), detail=str(digits))


def _menu(scene: Scene, path: str, field: FieldForm) -> Iterator[Sign]:
    """Yield the values that a closed set lacks.

    New records prove nothing: documents begin with a status that no old one has, a period and a year are whole numbers
    too. Nor does a record that goes up by one: it may count lines. A record that turns to another value does.
    """
    if field.values is None:
        return
    seen, was, known = scene.seen, scene.before.paths.get(path, {}), set(field.values)
    turned = {named(mark): count for (each, mark), count in seen.turned.items() if each == path}
    marks = seen.marks(path)
    for value in sorted(values_in(marks).keys() - known):
        yield Sign(path, What.VALUE, turned.get(value, 0), typed(marks) + seen.still(path), typed(was), detail=value)


def _still(seen: Seen, path: str) -> int:
    return seen.still(path) if above(path) else seen.same[path]


def _no_other(scene: Scene, records: int) -> bool:
    """Tell whether these records may stand for all: a sweep's do, where all that is stored agrees."""
    return scene.whole or (records >= ENOUGH_TO_GO and not scene.unchanged)


def _left(scene: Scene) -> int:
    """Return how many stored records may look as before although none was seen: those that a sweep did not show."""
    return scene.stale if scene.whole else scene.now.records


def _of_old_kinds(now: Counts, path: str, new: Mapping[ValueKind, int]) -> int:
    marks = now.paths.get(path, {})
    return sum(marks.get(mark, 0) for mark in KIND_MARKS if kind_of(mark) not in new)
