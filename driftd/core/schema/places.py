"""Which members of two forms stand for each other: those that are there, and where moved ones are now."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from driftd.core.schema.fields import structure
from driftd.core.schema.model import FieldForm, Form, Presence, ValueKind
from driftd.core.schema.paths import ANY, ELEMENTS, above, last, moved, parent, within

Fields = Mapping[str, FieldForm]


def live(form: Form) -> dict[str, FieldForm]:
    """Return the fields of a form that are there: none that is gone, nor what lies below it."""
    gone = {path for path, field in form.fields.items() if field.presence is Presence.GONE}
    return {path: field for path, field in form.fields.items() if path not in gone and gone.isdisjoint(above(path))}


def whole(form: Form) -> dict[str, FieldForm]:
    """Return the fields that are there, with those that hold them where these are not told of: objects and arrays."""
    fields = live(form)
    for path in form.fields:
        inner = path
        while path in fields and (top := parent(inner)) is not None and top not in fields:
            kind = ValueKind.ARRAY if inner.endswith(ELEMENTS) else ValueKind.OBJECT
            fields[top] = FieldForm(kinds=(kind,))
            inner = top
    return fields


def aligned(old: Fields, new: Fields) -> tuple[Fields, Fields]:
    """Leave out of both what either has collapsed: members below an object whose names are too many."""
    tops = {path.removesuffix(ANY) for path in (*old, *new) if path.endswith(ANY)}
    if not tops:
        return old, new
    both = {f"{top}{ANY}" for top in tops if f"{top}{ANY}" in old and f"{top}{ANY}" in new}
    return _uncollapsed(old, tops, both), _uncollapsed(new, tops, both)


def _uncollapsed(fields: Fields, tops: set[str], both: set[str]) -> Fields:
    return {path: form for path, form in fields.items() if path in both or tops.isdisjoint(above(path))}


def ways(old: Fields, new: Fields, pairs: Mapping[str, str]) -> dict[str, str]:
    """Return which of `pairs` (old path → new path) count, with those of whole collections that follow from them.

    A pair counts where the old path went and the new one came, both values or both of the same structure, and where no
    two members come to the same place.
    """
    real = {path: to for path, to in pairs.items() if _went(path, to, old, new)}
    tops = _whole(old, new, real)
    found: dict[str, str] = {}
    for path, to in sorted((tops | real).items(), key=lambda pair: len(pair[0])):
        if path not in found and moved(path, found) != to:
            trial = found | {path: to}
            if len(placed(old, trial)) == len(old):
                found = trial
    return found


def placed(old: Fields, found: Mapping[str, str]) -> Fields:
    """Return the old fields at the places that they have now."""
    return {moved(path, found): form for path, form in old.items()} if found else old


def settled(old: Fields, new: Fields, found: Mapping[str, str]) -> Fields:
    """Return the old fields at their places, with what moved ones lie in now: it came only to hold them."""
    now = placed(old, found)
    tops = {top for to in found.values() for top in above(to) if top in new and top not in now}
    return {**now, **{top: new[top] for top in tops}} if tops else now


def _whole(old: Fields, new: Fields, real: Mapping[str, str]) -> dict[str, str]:
    """Return the pairs of collections and objects most of whose members have the same names; each stands once."""
    votes: Counter[tuple[str, str]] = Counter()
    for path, to in real.items():
        votes.update(pair for pair in _tops(path, to) if _went(*pair, old, new) and _alike(pair, old, new))
    found: dict[str, str] = {}
    for (path, to), _ in votes.most_common():
        if path not in found and to not in found.values():
            found[path] = to
    return found


def _tops(path: str, to: str) -> Iterator[tuple[str, str]]:
    """Yield what two paths with the same end lie in, up to where their names differ."""
    above_path, above_to = parent(path), parent(to)
    while above_path and above_to and _end(path, above_path) == _end(to, above_to):
        path, to = above_path, above_to
        above_path, above_to = parent(path), parent(to)
        if last(path) != last(to) and not path.endswith(ELEMENTS):
            yield path, to


def _end(path: str, top: str) -> str:
    return path[len(top) :]


def _went(path: str, to: str, old: Fields, new: Fields) -> bool:
    gone = path in old and path not in new and to in new and to not in old
    return gone and structure(old[path]) == structure(new[to])


def _alike(pair: tuple[str, str], old: Fields, new: Fields) -> bool:
    ends, news = (
        {_end(each, top) for each in below(top, fields)} for top, fields in zip(pair, (old, new), strict=True)
    )
    return 2 * len(ends & news) >= len(ends)


def below(top: str, fields: Iterable[str]) -> list[str]:
    """Return the paths that lie below `top`."""
    return [path for path in fields if path != top and within(path, top)]
