"""One cause that data and prototype both show is one change, which says so."""

from typing import Any

import pytest
from msgspec.structs import replace

from driftd.core.drift import SchemaKind
from driftd.core.schema.acceptance import accept
from driftd.core.schema.agreement import agreed
from driftd.core.schema.compare import compare
from driftd.core.schema.model import Baseline, FieldForm, Form, Presence, SchemaChange, Source, ValueKind

K = SchemaKind
TEXT = FieldForm(kinds=(ValueKind.TEXT,), presence=Presence.ALWAYS)
PLAIN = FieldForm(kinds=(ValueKind.TEXT,))
NUMBER = FieldForm(kinds=(ValueKind.INTEGER,))
BEFORE = Baseline(Form({"A": TEXT, "K": TEXT}), Form({"A": PLAIN, "K": PLAIN}))


def both(learnt: dict[str, FieldForm], declared: dict[str, FieldForm], **options: Any) -> tuple[SchemaChange, ...]:
    return (
        *compare(BEFORE.learnt or Form(), Form(learnt), **options),
        *compare(BEFORE.declared or Form(), Form(declared), source=Source.DECLARED, **options),
    )


def joined(learnt: dict[str, FieldForm], declared: dict[str, FieldForm], **options: Any) -> list[Any]:
    raw = both(learnt, declared, **options)
    changes = agreed(
        [each for each in raw if each.source is Source.LEARNT],
        [each for each in raw if each.source is Source.DECLARED],
        baseline=BEFORE.learnt,
        prototype=Form(declared),
    )
    return [(each.kind, each.field, each.source, each.also_declared) for each in changes]


@pytest.mark.parametrize(
    ("after", "kind"),
    [({"K": PLAIN}, K.FIELD_REMOVED_ALWAYS), ({"A": NUMBER, "K": PLAIN}, K.TYPE_CHANGED)],
)
def test_seen_in_both_is_one(after: dict[str, FieldForm], kind: SchemaKind) -> None:
    """A patch of prototype and data is one change, of data alone one that says so, and so of the prototype alone."""
    same = {"A": PLAIN, "K": PLAIN}
    assert joined(after, after) == [(kind, "A", Source.LEARNT, True)]
    assert joined(after, same) == [(kind, "A", Source.LEARNT, False)]
    assert joined(same, after) == [(kind, "A", Source.DECLARED, False)]
    assert joined(same, same) == []


def test_a_declared_rename_is_one() -> None:
    """What the prototype tells of as gone and new is the rename that values show."""
    after = {"B": PLAIN, "K": PLAIN}
    renamed = {"A": ("B", "50 of 50 values are equal")}
    raw = [*compare(BEFORE.learnt or Form(), Form(after), renamed=renamed)]
    declared = compare(BEFORE.declared or Form(), Form(after), source=Source.DECLARED)
    (change,) = agreed(raw, declared, prototype=Form(after))
    assert (change.kind, change.also_declared) == (K.FIELD_RENAMED, True)
    assert joined(after, after, renamed=renamed) == [(K.FIELD_RENAMED, "A", Source.LEARNT, True)]


def test_the_prototype_knows_what_must_be_given() -> None:
    """A new member that data show and the prototype makes mandatory is required; one long declared is declared."""
    required = FieldForm(kinds=(ValueKind.TEXT,), mandatory=True)
    same = {"A": PLAIN, "K": PLAIN}
    assert joined(same | {"N": PLAIN}, same | {"N": required}) == [(K.FIELD_ADDED_REQUIRED, "N", Source.LEARNT, True)]
    long = agreed(compare(Form(same), Form(same | {"N": PLAIN})), (), prototype=Form({"N": PLAIN}))
    assert [each.also_declared for each in long] == [True]


def test_records_that_follow_a_removal_one_by_one_are_part_of_it() -> None:
    """What the prototype says is gone, while some records lack it, is one removal."""
    thinner = FieldForm(kinds=(ValueKind.TEXT,), presence=Presence.SOMETIMES, nullable=True)
    assert joined({"A": thinner, "K": TEXT}, {"K": PLAIN}) == [(K.FIELD_REMOVED_ALWAYS, "A", Source.LEARNT, True)]


def test_another_form_of_dates_is_another_pattern() -> None:
    """Where the prototype tells of the form as a pattern, that is one change."""
    date, other = (FieldForm(kinds=(kind,)) for kind in (ValueKind.DATE, ValueKind.DATE_OTHER))
    seen = compare(Form({"A": date}), Form({"A": other}))
    said = compare(Form({"A": date}), Form({"A": replace(date, format="D:8")}), source=Source.DECLARED)
    assert [(each.kind, each.also_declared) for each in agreed(seen, said)] == [(K.DATE_FORMAT_CHANGED, True)]


def test_a_part_of_the_key_is_one_change_of_both() -> None:
    """Whichever of the two knows that a new member is a part of the key: it is no added field beside that."""
    part = FieldForm(kinds=(ValueKind.TEXT,), key=True)
    for seen, said in ((part, PLAIN), (PLAIN, part), (part, part)):
        news = joined({"A": TEXT, "K": TEXT, "S": seen}, {"A": PLAIN, "K": PLAIN, "S": said}, key=("K",))
        assert news == [(K.KEY_CHANGED, "S", Source.LEARNT, True)]


def test_without_a_prototype_nothing_is_said_of_one() -> None:
    """Where nothing is declared it is not known whether a change is."""
    (change,) = agreed(compare(Form({"A": TEXT}), Form()), ())
    assert change.also_declared is None


def test_two_causes_stay_two() -> None:
    """What each schema tells of another member, or another respect of one, stays apart."""
    limited = FieldForm(kinds=(ValueKind.TEXT,), max_length=3)
    assert joined({"A": NUMBER, "K": PLAIN}, {"A": limited, "K": NUMBER}) == [
        (K.LIMIT_SET, "A", Source.DECLARED, None),
        (K.TYPE_CHANGED, "A", Source.LEARNT, False),
        (K.TYPE_CHANGED, "K", Source.DECLARED, False),
    ]


def test_accepting_one_accepts_it_in_both() -> None:
    """A change that both schemas show is accepted in both at once; one that is gone cannot be."""
    after = {"K": NUMBER}
    current, raw = Baseline(Form(after), Form(after)), both(after, after)
    change = next(each for each in raw if each.field == "A")
    new = accept(BEFORE, current, change, raw, 5)
    assert new is not None
    assert new.at == 5
    assert new.learnt is not None
    assert new.declared is not None
    assert [each.field for each in compare(new.learnt, Form(after))] == ["K"]
    assert [each.field for each in compare(new.declared, Form(after), source=Source.DECLARED)] == ["K"]
    assert accept(new, current, change, [each for each in raw if each.field == "K"], 6) is None
