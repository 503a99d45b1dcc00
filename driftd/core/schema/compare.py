"""Form × form → every difference, in the taxonomy; one cause, one change.

Laws: ``compare(a, a)`` is empty; accepting every change of ``compare(a, b)`` makes `b` of `a`.

- what lies below a member that came, went, or became an object or array is part of that one change
- members that moved are looked for at their new place: they neither came nor went
- an object that came with nothing but moved members, or went with none left, is part of their moves
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from driftd.core.drift import SchemaKind
from driftd.core.schema.fields import differences, restructured
from driftd.core.schema.grade import IMPACTS
from driftd.core.schema.model import FieldForm, Form, Presence, SchemaChange, Source
from driftd.core.schema.paths import ELEMENTS, above, custom, moved, parent
from driftd.core.schema.places import Fields, aligned, below, settled, ways, whole
from driftd.core.schema.words import described

REMOVED: Final = frozenset({SchemaKind.FIELD_REMOVED_ALWAYS, SchemaKind.FIELD_REMOVED_SOMETIMES})
ADDED: Final = frozenset(
    {SchemaKind.FIELD_ADDED_OPTIONAL, SchemaKind.FIELD_ADDED_REQUIRED, SchemaKind.CUSTOM_FIELD_ADDED}
)
MOVED: Final = frozenset({SchemaKind.FIELD_RENAMED, SchemaKind.FIELD_MOVED, SchemaKind.COLLECTION_RENAMED})
_RETYPED: Final = frozenset({SchemaKind.TYPE_CHANGED, SchemaKind.TYPE_WIDENED, SchemaKind.DATE_FORMAT_CHANGED})


class Evidence(Struct, frozen=True):
    """What the learner knows of the records behind a change at one path."""

    n: int = 0
    """Records in which the old form was seen."""
    m: int = 0
    """Records looked at since."""
    affected: int = 0
    rule: str = ""
    """The formula with its threshold."""
    hint: str = ""


def compare(
    before: Form,
    after: Form,
    *,
    renamed: Mapping[str, tuple[str, str]] = {},
    evidence: Mapping[str, Evidence] = {},
    key: Collection[str] = (),
    cursor: str | None = None,
    source: Source = Source.LEARNT,
) -> tuple[SchemaChange, ...]:
    """Return the differences of two forms of one source, by field.

    `renamed` is what was found by equal values: old path → new path, and why, such as ``50 of 50 values are equal``; a
    pair counts where the old path went and the new one came. `evidence` is by path, that of a move by its old one.
    """
    if before == after and list(before.fields) == list(after.fields):
        return ()
    old, new = aligned(whole(before), whole(after))
    found = ways(old, new, {path: to for path, (to, _) in renamed.items()}, before.fields)
    changes = [*_moves(old, new, found), *_places(old, new, found), *_members(settled(old, new, found), new, source)]
    changes = [_of_key(change, key, cursor) for change in changes]
    changes = [*(_grown(changes, new) if key else changes), *_whole(before, after, source)]
    whys = {path: why for path, (_, why) in renamed.items()}
    known = {**evidence, **{moved(path, found): each for path, each in evidence.items() if path not in found}}
    done = [replace(_supported(change, known, whys), source=source) for change in changes]
    return tuple(sorted(done, key=lambda change: (change.field or "", change.kind)))


def change_of(kind: SchemaKind, field: str | None, before: FieldForm | None, after: FieldForm | None) -> SchemaChange:
    """Return a change with the impacts of its kind and both forms in words."""
    return SchemaChange(
        kind=kind,
        field=field,
        read_impact=IMPACTS[kind].read,
        write_impact=IMPACTS[kind].write,
        before="" if before is None else described(before),
        after="" if after is None else described(after),
    )


def regraded(change: SchemaChange, kind: SchemaKind) -> SchemaChange:
    """Return the same change under another kind."""
    return replace(change, kind=kind, read_impact=IMPACTS[kind].read, write_impact=IMPACTS[kind].write)


def _moves(old: Fields, new: Fields, found: Mapping[str, str]) -> Iterator[SchemaChange]:
    for path, to in found.items():
        kind = SchemaKind.FIELD_MOVED
        if parent(path) == parent(to):
            kind = SchemaKind.COLLECTION_RENAMED if _collection(to, new) else SchemaKind.FIELD_RENAMED
        yield replace(change_of(kind, path, old[path], new[to]), to=to)


def _collection(path: str, fields: Fields) -> bool:
    """Tell whether members lie below a path; an array of values is a field like others."""
    return any(each[len(path) :].strip(ELEMENTS) for each in below(path, fields))


def _places(old: Fields, new: Fields, found: Mapping[str, str]) -> Iterator[SchemaChange]:
    """Yield what went and what came; what went out of something that moved is named at its new place."""
    now = settled(old, new, found)
    went, came = now.keys() - new.keys(), new.keys() - now.keys()
    folded = {path for path in now.keys() & new.keys() if restructured(now[path], new[path])}
    emptied = went & _emptied(old, now, found)
    for path in _tops(went, folded) - emptied:
        yield change_of(_removal(now[path]), path, now[path], None)
    for path in _tops(came, folded):
        yield change_of(_addition(path, new[path]), path, None, new[path])


def _tops(paths: Collection[str], folded: Collection[str]) -> set[str]:
    """Return those that are part of no other change."""
    stops = {*paths, *folded}
    return {path for path in paths if stops.isdisjoint(above(path))}


def _emptied(old: Fields, now: Fields, found: Mapping[str, str]) -> set[str]:
    """Return what held members, and has none of its innermost left because they moved."""
    full = {moved(top, found) for top in {top for path in old for top in above(path)}}
    left = {top for path in now if path not in full for top in above(path)}
    return full - left if found else set()


def _removal(field: FieldForm) -> SchemaKind:
    always = field.presence is Presence.ALWAYS or field.mandatory
    return SchemaKind.FIELD_REMOVED_ALWAYS if always else SchemaKind.FIELD_REMOVED_SOMETIMES


def _addition(path: str, field: FieldForm) -> SchemaKind:
    if field.mandatory:
        return SchemaKind.FIELD_ADDED_REQUIRED
    return SchemaKind.CUSTOM_FIELD_ADDED if custom(path) else SchemaKind.FIELD_ADDED_OPTIONAL


def _members(old: Fields, new: Fields, source: Source) -> Iterator[SchemaChange]:
    for path, before in old.items():
        after = new.get(path)
        if after is not None and before != after:
            for kind in differences(before, after, source):
                yield change_of(kind, path, before, after)


def _of_key(change: SchemaChange, key: Collection[str], cursor: str | None) -> SchemaChange:
    """Name what a change of the key or the watermark comes to: it no longer identifies, or no longer orders."""
    lost = change.kind in MOVED or change.kind in _RETYPED or (change.kind in REMOVED and not change.after)
    if lost and change.field in key:
        return regraded(change, SchemaKind.KEY_CHANGED)
    if lost and change.field == cursor:
        return regraded(change, SchemaKind.CURSOR_LOST)
    return change


def _grown(changes: list[SchemaChange], new: Fields) -> list[SchemaChange]:
    """Name what a new part of the key comes to: the others identify no longer. Where one went, it only replaces it."""
    if any(change.kind is SchemaKind.KEY_CHANGED for change in changes):
        return changes
    return [
        regraded(change, SchemaKind.KEY_CHANGED) if change.kind in ADDED and new[change.field or ""].key else change
        for change in changes
    ]


def _whole(before: Form, after: Form, source: Source) -> list[SchemaChange]:
    """Return what is of no single field: the order of members, which only a declared form has, and the titles."""
    if source is Source.LEARNT:
        return []
    found = []
    if _order(before, after) != _order(after, before):
        found.append(change_of(SchemaKind.ORDER_CHANGED, None, None, None))
    if before.texts and after.texts and before.texts != after.texts:
        found.append(change_of(SchemaKind.TEXT_ONLY_CHANGED, None, None, None))
    return found


def _order(form: Form, other: Form) -> list[str]:
    return [path for path in form.fields if path in other.fields]


def _supported(change: SchemaChange, evidence: Mapping[str, Evidence], whys: Mapping[str, str]) -> SchemaChange:
    known = evidence.get(change.field or "", Evidence())
    why = whys.get(change.field or "", "") if change.to else ""
    hint = why or known.hint
    return replace(change, n=known.n, m=known.m, affected=known.affected, rule=known.rule, hint=hint)
