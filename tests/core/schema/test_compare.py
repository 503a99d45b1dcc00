"""Two forms' differences are named completely, and one cause once."""

from typing import Any

import pytest
from hypothesis import given

from driftd.core.drift import SchemaKind
from driftd.core.schema.compare import Evidence, compare
from driftd.core.schema.grade import IMPACTS
from driftd.core.schema.model import FieldForm, Form, Presence, Source, ValueKind
from tests.core.schema.forms import declared_forms, learnt_forms

K, V, P = SchemaKind, ValueKind, Presence
TEXT, OBJECT, ARRAY = FieldForm(kinds=(V.TEXT,)), FieldForm(kinds=(V.OBJECT,)), FieldForm(kinds=(V.ARRAY,))
DECLARED = Source.DECLARED


def field(*kinds: ValueKind, **rest: Any) -> FieldForm:
    return FieldForm(kinds=tuple(sorted(kinds)), **rest)


def named(before: dict[str, FieldForm], after: dict[str, FieldForm], **options: Any) -> list[tuple[str, SchemaKind]]:
    return [(each.field or "", each.kind) for each in compare(Form(before), Form(after), **options)]


def one(before: FieldForm, after: FieldForm, source: Source = Source.LEARNT) -> list[SchemaKind]:
    return [kind for _, kind in named({"A": before}, {"A": after}, source=source)]


@given(learnt_forms)
def test_nothing_differs_from_itself(form: Form) -> None:
    """compare(a, a) = ∅, of learnt forms, in whatever order they are told"""
    assert compare(form, Form(dict(sorted(form.fields.items(), reverse=True)))) == ()


@given(declared_forms)
def test_no_prototype_differs_from_itself(form: Form) -> None:
    """compare(a, a) = ∅, of declared forms"""
    assert compare(form, form, source=DECLARED) == ()
    assert compare(form, Form(form.fields, "other titles"), source=DECLARED) == ()


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ([V.TEXT], [V.INTEGER], K.TYPE_CHANGED),
        ([V.BOOLEAN], [V.INTEGER], K.TYPE_CHANGED),
        ([V.DATE], [V.TEXT], K.TYPE_CHANGED),
        ([V.TEXT], [V.OBJECT], K.TYPE_CHANGED),
        ([V.TEXT], [V.TEXT, V.OBJECT], K.TYPE_CHANGED),
        ([V.OBJECT], [V.ARRAY], K.TYPE_CHANGED),
        ([V.INTEGER], [V.NUMBER], K.TYPE_WIDENED),
        ([V.INTEGER], [V.INTEGER, V.NUMBER], K.TYPE_WIDENED),
        ([V.TEXT], [V.TEXT, V.INTEGER], K.TYPE_WIDENED),
        ([V.NUMBER], [V.INTEGER], K.TYPE_NARROWED),
        ([V.TEXT, V.INTEGER], [V.TEXT], K.TYPE_NARROWED),
        ([V.DATE, V.DATE_OTHER], [V.DATE], K.TYPE_NARROWED),
        ([V.DATE], [V.DATE_OTHER], K.DATE_FORMAT_CHANGED),
        ([V.DATE], [V.DATE, V.DATE_OTHER], K.DATE_FORMAT_CHANGED),
        ([V.DATETIME], [V.DATETIME_LOCAL], K.DATE_FORMAT_CHANGED),
        ([V.DATETIME_LOCAL], [V.DATETIME], K.PRECISION_CHANGED),
    ],
)
def test_types(before: list[ValueKind], after: list[ValueKind], kind: SchemaKind) -> None:
    """What values are is compared as sets; one change says it, whatever else of the value goes with it."""
    old, new = field(*before, scale=0, values=("1", "2")), field(*after, scale=2, values=("3",))
    assert one(old, new) == [kind]


def test_numbers_include_whole_ones() -> None:
    """A field with fractions may show whole numbers."""
    assert one(field(V.NUMBER), field(V.NUMBER, V.INTEGER)) == []


@pytest.mark.parametrize(
    ("before", "after", "kinds"),
    [
        (TEXT, FieldForm(kinds=(V.TEXT,), presence=P.ALWAYS), []),
        (field(V.TEXT, max_length=5), field(V.TEXT, max_length=9), []),
        (field(V.TEXT, scale=2, values=("1",), nullable=True), TEXT, []),
        (TEXT, field(V.TEXT, scale=2, values=("1",), nullable=True), []),
        (FieldForm(), TEXT, []),
        (field(V.TEXT, presence=P.ALWAYS), field(V.TEXT, presence=P.UNJUDGED), []),
        (
            field(V.TEXT, presence=P.ALWAYS, nullable=False),
            field(V.TEXT, presence=P.SOMETIMES, nullable=True),
            [K.REQUIRED_TO_OPTIONAL],
        ),
        (field(V.TEXT, presence=P.SOMETIMES), field(V.TEXT, presence=P.ALWAYS), [K.OPTIONAL_TO_REQUIRED]),
        (field(V.TEXT, nullable=False), field(V.TEXT, nullable=True), [K.BECAME_NULLABLE]),
        (field(V.TEXT, nullable=True), field(V.TEXT, nullable=False), [K.BECAME_NOT_NULL]),
        (field(V.NUMBER, scale=2), field(V.NUMBER, scale=4), [K.PRECISION_CHANGED]),
        (field(V.INTEGER, values=("1",)), field(V.INTEGER, values=("1", "2")), [K.ENUM_VALUE_ADDED]),
        (field(V.INTEGER, values=("1", "2")), field(V.INTEGER, values=("1",)), [K.ENUM_VALUE_REMOVED]),
        (
            field(V.INTEGER, values=("1",)),
            field(V.INTEGER, values=("2",)),
            [K.ENUM_VALUE_ADDED, K.ENUM_VALUE_REMOVED],
        ),
    ],
)
def test_what_records_show(before: FieldForm, after: FieldForm, kinds: list[SchemaKind]) -> None:
    """Presence, emptiness, scale and closed sets are compared; more knowledge, or less, is no change."""
    assert one(before, after) == kinds


def test_an_array_of_values_is_renamed_like_a_value() -> None:
    """Only what has members is a collection."""
    renamed = {"A": ("B", "50 of 50 values are equal")}
    lists = [{name: ARRAY, f"{name}[]": TEXT} for name in "AB"]
    tables = [{name: ARRAY, f"{name}[]": OBJECT, f"{name}[].X": TEXT} for name in "AB"]
    assert named(*lists, renamed=renamed) == [("A", K.FIELD_RENAMED)]
    assert named(*tables, renamed=renamed) == [("A", K.COLLECTION_RENAMED)]


PART = field(V.TEXT, key=True)


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        ({"K": PART}, {"K": PART, "S": PART}, [("S", K.KEY_CHANGED)]),
        ({"K": PART, "S": TEXT}, {"K": PART, "S": PART}, [("S", K.KEY_CHANGED)]),
        ({"K": PART, "S": PART}, {"K": PART, "S": TEXT}, [("S", K.KEY_CHANGED)]),
        ({"K": PART}, {"L": PART}, [("K", K.KEY_CHANGED), ("L", K.FIELD_ADDED_OPTIONAL)]),
        ({"K": PART}, {"K": PART, "S": TEXT}, [("S", K.FIELD_ADDED_OPTIONAL)]),
    ],
)
def test_a_key_changes_with_its_parts(
    before: dict[str, FieldForm], after: dict[str, FieldForm], wanted: list[tuple[str, SchemaKind]]
) -> None:
    """A part gained or lost is a changed key; one in the place of another is the same change."""
    assert named(before, after, source=DECLARED, key=("K",)) == wanted


def test_what_must_be_given_moves_into_the_object_that_a_value_became() -> None:
    """That the object itself need not be given is the same cause."""
    inside = {"A": OBJECT, "A.code": field(V.TEXT, mandatory=True)}
    assert named({"A": field(V.TEXT, mandatory=True)}, inside, source=DECLARED) == [("A", K.TYPE_CHANGED)]


@pytest.mark.parametrize(
    ("before", "after", "kinds"),
    [
        (TEXT, field(V.TEXT, max_length=9), [K.LIMIT_SET]),
        (field(V.TEXT, max_length=9), field(V.TEXT, max_length=5), [K.LIMIT_TIGHTENED]),
        (field(V.TEXT, max_length=5), field(V.TEXT, max_length=9), [K.LIMIT_LOOSENED]),
        (field(V.TEXT, max_length=5), TEXT, [K.LIMIT_LOOSENED]),
        (field(V.TEXT, max_length=3, format="K:3c"), field(V.TEXT, max_length=5, format="K:5c"), [K.LIMIT_LOOSENED]),
        (TEXT, field(V.TEXT, format="K:3c"), [K.PATTERN_ADDED]),
        (field(V.TEXT, format="K:3c"), TEXT, [K.TEXT_ONLY_CHANGED]),
        (field(V.NUMBER, format="D:8.2"), field(V.NUMBER, format="D:8.4"), [K.PRECISION_CHANGED]),
        (TEXT, field(V.TEXT, mandatory=True), [K.OPTIONAL_TO_REQUIRED]),
        (field(V.TEXT, mandatory=True), TEXT, [K.REQUIRED_TO_OPTIONAL]),
        (TEXT, field(V.TEXT, excluded=True), [K.FIELD_REMOVED_SOMETIMES]),
        (field(V.TEXT, excluded=True), TEXT, [K.FIELD_ADDED_OPTIONAL]),
        (field(V.TEXT, capabilities="sort"), TEXT, [K.TEXT_ONLY_CHANGED]),
    ],
)
def test_what_a_prototype_declares(before: FieldForm, after: FieldForm, kinds: list[SchemaKind]) -> None:
    """Limits, formats and flags are compared in declared forms."""
    assert one(before, after, DECLARED) == kinds


@pytest.mark.parametrize(
    ("field_", "kind"),
    [
        (field(V.TEXT, presence=P.ALWAYS), K.FIELD_REMOVED_ALWAYS),
        (field(V.TEXT, presence=P.SOMETIMES), K.FIELD_REMOVED_SOMETIMES),
        (field(V.TEXT, presence=P.UNJUDGED), K.FIELD_REMOVED_SOMETIMES),
        (field(V.TEXT, mandatory=True), K.FIELD_REMOVED_ALWAYS),
    ],
)
def test_removed(field_: FieldForm, kind: SchemaKind) -> None:
    """A member that went is graded by how often it was there; gone is as good as missing, and no change afterwards."""
    gone = FieldForm(kinds=field_.kinds, presence=P.GONE)
    assert named({"A": field_}, {}) == named({"A": field_}, {"A": gone}) == [("A", kind)]
    assert named({"A": gone}, {}) == named({}, {"A": gone}) == []


@pytest.mark.parametrize(
    ("path", "field_", "kind"),
    [
        ("ABC", TEXT, K.FIELD_ADDED_OPTIONAL),
        ("ABC", field(V.TEXT, mandatory=True), K.FIELD_ADDED_REQUIRED),
        ("YABC", TEXT, K.CUSTOM_FIELD_ADDED),
        ("YABC", field(V.TEXT, mandatory=True), K.FIELD_ADDED_REQUIRED),
        ("X", TEXT, K.FIELD_ADDED_OPTIONAL),
    ],
)
def test_added(path: str, field_: FieldForm, kind: SchemaKind) -> None:
    """A member that came is graded by who must give it, and by whose it is."""
    assert named({}, {path: field_}) == [(path, kind)]


LINES = {"L": ARRAY, "L[].A": TEXT, "L[].B": TEXT, "L[].C.D": TEXT}


def test_a_collection_is_one_change() -> None:
    """A collection that came, or went, is one change with all that it holds."""
    assert named({}, LINES) == [("L", K.FIELD_ADDED_OPTIONAL)]
    assert named(LINES, {}) == [("L", K.FIELD_REMOVED_SOMETIMES)]
    assert named(LINES, {**LINES, "L": FieldForm(presence=P.GONE)}) == [("L", K.FIELD_REMOVED_SOMETIMES)]


def test_a_value_that_became_an_object_is_one_change() -> None:
    """Members that came with the object are part of its change, whether or not the array's elements are told of."""
    assert named({"A": TEXT}, {"A": OBJECT, "A.B": TEXT}) == [("A", K.TYPE_CHANGED)]
    assert named({"A": ARRAY, "A[]": TEXT}, {"A": ARRAY, "A[].B": TEXT}) == [("A[]", K.TYPE_CHANGED)]


def pairs(**found: str) -> dict[str, tuple[str, str]]:
    return {old.replace("__", "[]."): (new, "50 of 50 values are equal") for old, new in found.items()}


def test_renamed() -> None:
    """A rename is one change with its evidence, not one that went and one that came."""
    evidence = {"A": Evidence(n=400, m=50, affected=50, rule="absent in the last 50 records", hint="gone")}
    (change,) = compare(Form({"A": TEXT}), Form({"B": TEXT}), renamed=pairs(A="B"), evidence=evidence)
    assert (change.kind, change.field, change.to) == (K.FIELD_RENAMED, "A", "B")
    assert (change.n, change.m, change.affected, change.rule) == (400, 50, 50, "absent in the last 50 records")
    assert change.hint == "50 of 50 values are equal"


def test_a_pair_counts_only_where_one_went_and_one_came() -> None:
    """Values that are equal in two members which were both there all along say nothing."""
    both = {"A": TEXT, "B": TEXT}
    assert named(both, both, renamed=pairs(A="B")) == []
    assert named(both, {"B": TEXT}, renamed=pairs(A="B")) == [("A", K.FIELD_REMOVED_SOMETIMES)]


def test_a_renamed_collection_is_one_change() -> None:
    """Pairs of most members of two collections make one pair of the collections; what else differs is told."""
    new = {"M": ARRAY, "M[].A": TEXT, "M[].B": field(V.INTEGER), "M[].C.D": TEXT}
    whole = ("L", K.COLLECTION_RENAMED)
    assert named(LINES, new, renamed=pairs(L="M")) == [whole, ("M[].B", K.TYPE_CHANGED)]
    assert named(LINES, new, renamed=pairs(L__A="M[].A")) == [whole, ("M[].B", K.TYPE_CHANGED)]
    del new["M[].C.D"]
    new["M[].B"] = TEXT
    assert named(LINES, new, renamed=pairs(L__A="M[].A")) == [whole, ("M[].C", K.FIELD_REMOVED_SOMETIMES)]


def test_flat_to_nested() -> None:
    """Members that moved into a new object are moves; the object that came to hold them is no change of its own."""
    before = {"A": TEXT, "B": TEXT}
    after = {"O": OBJECT, "O.A": TEXT, "O.B": TEXT}
    moves = [("A", K.FIELD_MOVED), ("B", K.FIELD_MOVED)]
    assert named(before, after, renamed=pairs(A="O.A", B="O.B")) == moves
    assert named(after, before, renamed={"O.A": ("A", ""), "O.B": ("B", "")}) == [
        ("O.A", K.FIELD_MOVED),
        ("O.B", K.FIELD_MOVED),
    ]
    more = {**after, "O.C": TEXT}
    assert named(before, more, renamed=pairs(A="O.A", B="O.B")) == [*moves, ("O.C", K.FIELD_ADDED_OPTIONAL)]


@pytest.mark.parametrize("after", [{}, {"A": field(V.INTEGER)}, {"A": OBJECT}, {"A": field(V.TEXT, V.INTEGER)}])
def test_key_and_watermark(after: dict[str, FieldForm]) -> None:
    """A key or watermark that went or has another type is told of as lost, in place of what happened to it."""
    assert named({"A": TEXT}, after, key=("A",)) == [("A", K.KEY_CHANGED)]
    assert named({"A": TEXT}, after, cursor="A") == [("A", K.CURSOR_LOST)]
    assert K.KEY_CHANGED not in dict(named({"A": TEXT}, after, key=("B",))).values()


def test_a_renamed_key_is_lost() -> None:
    """A key under another name is changed; a limit of it is not."""
    assert named({"A": TEXT}, {"B": TEXT}, renamed=pairs(A="B"), key=("A",)) == [("A", K.KEY_CHANGED)]
    longer = field(V.TEXT, max_length=9)
    assert named({"A": TEXT}, {"A": longer}, key=("A",), source=DECLARED) == [("A", K.LIMIT_SET)]


def test_collapsed_names_say_nothing() -> None:
    """An object whose names are too many neither gains nor loses them."""
    names = {"D": OBJECT, "D.a": TEXT, "D.b": TEXT}
    collapsed = {"D": OBJECT, "D.*": TEXT}
    assert named(names, collapsed) == named(collapsed, names) == []
    assert named(collapsed, {"D": OBJECT, "D.*": field(V.INTEGER)}) == [("D.*", K.TYPE_CHANGED)]


def test_order_counts_where_it_is_declared() -> None:
    """Members in another order are told of, of declared forms alone, as no finding."""
    before, after = {"A": TEXT, "B": TEXT}, {"B": TEXT, "C": TEXT, "A": TEXT}
    assert ("", K.ORDER_CHANGED) in named(before, after, source=DECLARED)
    assert named(before, after) == [("C", K.FIELD_ADDED_OPTIONAL)]


def test_changes_carry_the_impacts_of_their_kind_and_both_forms() -> None:
    """Each change says what was and what is, in words, and what that does."""
    (change,) = compare(Form({"A": field(V.TEXT, presence=P.ALWAYS)}), Form({"A": field(V.INTEGER)}))
    assert (change.before, change.after) == ("text, always", "integer")
    assert (change.read_impact, change.write_impact) == IMPACTS[K.TYPE_CHANGED]


def test_values_of_closed_sets_are_not_told() -> None:
    """Words of a form have no values of records."""
    before, after = field(V.TEXT, values=('"Meier"',)), field(V.TEXT, values=('"Meier"', '"Schulz"'))
    (change,) = compare(Form({"A": before}), Form({"A": after}))
    assert change.after == "text, one of 2 values"
    assert "Meier" not in f"{change}"
    assert "Schulz" not in f"{change}"
