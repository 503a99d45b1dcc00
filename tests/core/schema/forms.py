"""Forms as a learner or a prototype could give them, for property tests."""

from typing import Any

from hypothesis import strategies as st

from driftd.core.schema.model import FieldForm, Form, Presence, ValueKind

_SCALARS = [kind for kind in ValueKind if kind not in (ValueKind.OBJECT, ValueKind.ARRAY)]
_NAMES = st.sampled_from(["A", "B", "C", "XD"])


def kinds(*, mixed: bool) -> st.SearchStrategy[tuple[ValueKind, ...]]:
    most = 3 if mixed else 1
    return st.sets(st.sampled_from(_SCALARS), max_size=most).map(lambda found: tuple(sorted(found)))


learnt_fields = st.builds(
    FieldForm,
    kinds=kinds(mixed=True),
    presence=st.sampled_from(Presence),
    nullable=st.sampled_from([None, True, False]),
    max_length=st.sampled_from([None, 5, 9]),
    scale=st.sampled_from([None, 0, 2]),
    key=st.sampled_from([None, None, True]),
    values=st.none() | st.sets(st.sampled_from("123"), min_size=1).map(lambda found: tuple(sorted(found))),
)
declared_fields = st.builds(
    FieldForm,
    kinds=kinds(mixed=False),
    max_length=st.sampled_from([None, 5, 9]),
    mandatory=st.sampled_from([None, True]),
    excluded=st.sampled_from([None, True]),
    format=st.sampled_from([None, "K:3c", "K:9c"]),
    capabilities=st.sampled_from([None, "sort", "filter,sort"]),
    type=st.sampled_from([None, None, "application/x-odd"]),
    key=st.sampled_from([None, None, True]),
)


@st.composite
def _trees(draw: Any, fields: st.SearchStrategy[FieldForm], prefix: str = "", depth: int = 3) -> dict[str, FieldForm]:
    found: dict[str, FieldForm] = {}
    for name in sorted(draw(st.sets(_NAMES, max_size=3))):
        field, path = draw(fields), f"{prefix}{name}"
        nesting = draw(st.sampled_from(["", "", ".", "[].", "[]"])) if depth > 1 else ""
        if nesting:
            kind = ValueKind.OBJECT if nesting == "." else ValueKind.ARRAY
            field = FieldForm(kinds=(kind,), presence=field.presence, mandatory=field.mandatory)
        found[path] = field
        if nesting == "[]":
            found[f"{path}[]"] = draw(fields)
        elif nesting:
            found |= draw(_trees(fields, f"{path}{nesting}", depth - 1))
    return found


def forms(fields: st.SearchStrategy[FieldForm]) -> st.SearchStrategy[Form]:
    return _trees(fields).map(Form)


learnt_forms = forms(learnt_fields)
declared_forms = forms(declared_fields)


@st.composite
def renamings(draw: Any, before: Form, after: Form) -> dict[str, tuple[str, str]]:
    """Pairs that a learner could have found: one to one, of any paths."""
    olds = draw(st.permutations(sorted(before.fields)))
    news = draw(st.permutations(sorted(after.fields)))
    count = draw(st.integers(0, 3))
    return {old: (new, "50 of 50 values are equal") for old, new in list(zip(olds, news, strict=False))[:count]}
