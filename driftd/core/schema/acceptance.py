"""A person's or the policy's word that a change is normal: baseline ↦ new baseline.

Laws: after accepting all, `compare` finds nothing; accepting one change leaves the others as they were.
Undoing is accepting the old baseline again.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec.structs import replace

from driftd.core.drift import SchemaKind, Severity
from driftd.core.schema.agreement import same_cause
from driftd.core.schema.fields import grown, restructured, taken
from driftd.core.schema.grade import Rating, severity
from driftd.core.schema.model import Baseline, FieldForm, Form, SchemaChange, Source
from driftd.core.schema.paths import above, moved, within
from driftd.core.schema.places import Fields, below, live, whole


def accepted(baseline: Form, current: Form, change: SchemaChange, among: Sequence[SchemaChange]) -> Form | None:
    """Return the baseline with one of the changes `among` which the two forms differ; None where it is gone.

    A change is known by kind, field and source.
    """
    if not any(same(change, each) for each in among):
        return None
    if change.field is None:
        return _whole(baseline, current, change.kind)
    found = {each.field: each.to for each in among if each.field is not None and each.to is not None}
    fields = _fields(whole(baseline), whole(current), change, found)
    form = Form(_told(fields, {*baseline.fields, *current.fields}, found), baseline.texts)
    ordered = all(each.kind is not SchemaKind.ORDER_CHANGED for each in among)
    return _in_order(form, current) if ordered else form


def accept(
    baseline: Baseline, current: Baseline, change: SchemaChange, among: Sequence[SchemaChange], now: int
) -> Baseline | None:
    """Return the baseline with one change taken over in every schema that shows it; None where none does any more.

    `current` has the forms of now; `among` are the differences of both sources, as `compare` returned them.
    """
    learnt = _of_source(baseline.learnt, current.learnt, change, _from(among, Source.LEARNT))
    declared = _of_source(baseline.declared, current.declared, change, _from(among, Source.DECLARED))
    if learnt is None and declared is None:
        return None
    return Baseline(learnt or baseline.learnt, declared or baseline.declared, now)


def accept_all(baseline: Baseline, current: Baseline, now: int) -> Baseline:
    """Return a baseline from which nothing that is known of now differs."""
    learnt = baseline.learnt if current.learnt is None else all_accepted(baseline.learnt or Form(), current.learnt)
    return Baseline(learnt, current.declared or baseline.declared, now)


def same(one: SchemaChange, other: SchemaChange) -> bool:
    """Tell whether two findings are of the same change in the same schema."""
    return (one.kind, one.field, one.source, one.to) == (other.kind, other.field, other.source, other.to)


def _from(changes: Iterable[SchemaChange], source: Source) -> list[SchemaChange]:
    return [each for each in changes if each.source is source]


def _of_source(
    before: Form | None, after: Form | None, change: SchemaChange, among: Sequence[SchemaChange]
) -> Form | None:
    """Accept what of `among` has the cause of `change`."""
    if before is None or after is None:
        return None
    form, left, found = before, list(among), False
    for each in among:
        if same(change, each) or same_cause(change, each) or same_cause(each, change):
            form, found = accepted(form, after, each, left) or form, True
            left.remove(each)
    return form if found else None


def all_accepted(baseline: Form, current: Form, source: Source = Source.LEARNT) -> Form:
    """Return the current form as baseline, with what only the old one knows of learnt fields that are in both."""
    if source is Source.DECLARED:
        return current
    old = live(baseline)
    fields = {path: field if path not in old else _known(field, old[path]) for path, field in live(current).items()}
    return Form(fields, current.texts)


def followed(baseline: Form, current: Form) -> Form:
    """Return the learnt baseline with what is known in addition by now, and no difference accepted.

    Law: `compare` of it with `current` finds what it finds of `baseline`.
    """
    new = live(current)
    fields = {path: grown(field, new[path]) if path in new else field for path, field in baseline.fields.items()}
    return Form(fields, baseline.texts)


def by_themselves(changes: Iterable[SchemaChange], resource: str, rating: Rating) -> tuple[SchemaChange, ...]:
    """Return the changes that need no person's word: those that are info, or no finding at all.

    Under the policy ``evolve`` that is all but what breaks a used field.
    """
    return tuple(each for each in changes if severity(each, resource, rating) in (None, Severity.INFO))


def _known(field: FieldForm, old: FieldForm) -> FieldForm:
    """A field that has too few records now keeps what was known; one whose type changed does not."""
    if frozenset(field.kinds) != frozenset(old.kinds) and field.kinds:
        return field
    return grown(field, old)


def _whole(baseline: Form, current: Form, kind: SchemaKind) -> Form:
    if kind is SchemaKind.TEXT_ONLY_CHANGED:
        return replace(baseline, texts=current.texts)
    return _in_order(baseline, current)


def _in_order(form: Form, current: Form) -> Form:
    """Return the form with its members in the order of those that are there now."""
    order = {path: place for place, path in enumerate(current.fields)}
    ranked = sorted(form.fields, key=lambda path: order.get(path, len(order)))
    return replace(form, fields={path: form.fields[path] for path in ranked})


def _told(fields: Fields, told: Collection[str], found: Mapping[str, str]) -> Fields:
    """Leave out what is in none of the two forms and follows from the members that it holds."""
    places = {*told, *(moved(path, found) for path in told)}
    plain = {path: field for path, field in fields.items() if path in places or moved(path, found) in places}
    follows = whole(Form(plain))
    return {path: field for path, field in fields.items() if path in plain or path not in follows}


def _fields(old: Fields, new: Fields, change: SchemaChange, found: Mapping[str, str]) -> Fields:
    path = change.field or ""
    was = {moved(each, found): each for each in old}
    if change.to is not None:
        return _without_empty(_moved(old, new, found, path), new, found, path)
    before, after = old.get(was.get(path, path)), new.get(path)
    if before is None or after is None:
        return _without_empty(_replaced(old, new, found, path), new, found, was.get(path, path))
    field = taken(change.kind, before, after)
    kept = {**old, was[path]: field}
    rebuilt = restructured(before, after) and field.kinds == after.kinds
    return _replaced(kept, new, found, path) if rebuilt else kept


def _moved(old: Fields, new: Fields, found: Mapping[str, str], path: str) -> dict[str, FieldForm]:
    """Move what goes the way of `path`; what lies below it and has a way of its own stays."""
    own = {path: found[path]}
    fields = {moved(each, own) if moved(each, found) == moved(each, own) else each: form for each, form in old.items()}
    return _held(found[path], fields, new)


def _replaced(old: Fields, new: Fields, found: Mapping[str, str], top: str) -> dict[str, FieldForm]:
    """Drop what went at `top` and below it, and add what came; what has moved from or to there is left alone.

    What came inside of something that moved is put where that is in the baseline.
    """
    now = {moved(path, found): path for path in old}
    went = {path for place, path in now.items() if within(place, top) and place not in new}
    back = {to: path for path, to in found.items()}
    came = {moved(path, back): form for path, form in new.items() if within(path, top) and path not in now}
    fields = {path: form for path, form in old.items() if path not in went} | came
    return _held(moved(top, back), fields, new) if top in new and top not in now else fields


def _held(path: str, fields: Mapping[str, FieldForm], new: Fields) -> dict[str, FieldForm]:
    """Return the fields with what a member that came to `path` lies in now."""
    return {**fields, **{top: new[top] for top in above(path) if top in new and top not in fields}}


def _without_empty(fields: Fields, new: Fields, found: Mapping[str, str], path: str) -> dict[str, FieldForm]:
    """Drop what `path` lay in where it is gone as well and nothing is left below it."""
    kept = dict(fields)
    for top in above(path):
        if moved(top, found) not in new and not below(top, kept):
            kept.pop(top, None)
    return kept
