"""Accepting takes over what was accepted, all of it and nothing else."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftd.core.drift import SchemaKind
from driftd.core.model import Policy
from driftd.core.schema.acceptance import accept, accept_all, accepted, all_accepted, by_themselves, followed
from driftd.core.schema.compare import compare
from driftd.core.schema.grade import Rating
from driftd.core.schema.model import Baseline, FieldForm, Form, Presence, Source, ValueKind
from tests.core.schema.forms import declared_forms, learnt_forms, renamings

TEXT = FieldForm(kinds=(ValueKind.TEXT,), presence=Presence.ALWAYS)
ARRAY = FieldForm(kinds=(ValueKind.ARRAY,))
sources = st.sampled_from(Source)


def named(changes: Any) -> set[tuple[SchemaKind, str | None, str | None]]:
    return {(each.kind, each.field, each.to) for each in changes}


@st.composite
def pairs(draw: Any) -> tuple[Form, Form, Source, dict[str, tuple[str, str]]]:
    source = draw(sources)
    some = learnt_forms if source is Source.LEARNT else declared_forms
    before, after = draw(some), draw(some)
    return before, after, source, draw(renamings(before, after))


@given(pairs(), st.data())
def test_accepting_one_leaves_the_others(case: Any, data: st.DataObject) -> None:
    """After one change is accepted, the differences are those of before without it."""
    before, after, source, renamed = case
    changes = compare(before, after, renamed=renamed, source=source)
    if changes:
        one = data.draw(st.sampled_from(changes))
        baseline = accepted(before, after, one, changes)
        assert baseline is not None
        left = compare(baseline, after, renamed=renamed, source=source)
        assert named(left) == named(changes) - named([one])


@given(pairs())
def test_accepting_all_leaves_nothing(case: Any) -> None:
    """After all is accepted nothing differs; accepting the old form again undoes it."""
    before, after, source, _ = case
    baseline = all_accepted(before, after, source)
    assert compare(baseline, after, source=source) == ()
    assert compare(all_accepted(baseline, before, source), before, source=source) == ()


@given(learnt_forms, learnt_forms)
def test_following_hides_nothing(before: Form, after: Form) -> None:
    """A baseline that takes over what is known in addition differs as it did."""
    assert named(compare(followed(before, after), after)) == named(compare(before, after))


def test_what_is_gone_cannot_be_accepted() -> None:
    """Accepting a change that is not among the differences any more gives None."""
    before, after = Form({"A": TEXT}), Form()
    (change,) = compare(before, after)
    assert accepted(after, after, change, compare(after, after)) is None
    assert accept(Baseline(before), Baseline(before), change, (), 1) is None


def test_a_field_that_was_accepted_as_gone_is_new_when_it_is_back() -> None:
    """An accepted removal leaves no trace in the baseline."""
    before, gone = Form({"A": TEXT}), Form({"A": FieldForm(presence=Presence.GONE)})
    (change,) = compare(before, gone)
    baseline = accepted(before, gone, change, [change])
    assert baseline == Form()
    assert [each.kind for each in compare(baseline, before)] == [SchemaKind.FIELD_ADDED_OPTIONAL]


def test_an_accepted_rename_moves_the_path() -> None:
    """The accepted form has the field, with all below it, at its new path."""
    before, after = Form({"L": ARRAY, "L[].A": TEXT}), Form({"M": ARRAY, "M[].A": TEXT})
    (change,) = compare(before, after, renamed={"L": ("M", "")})
    assert accepted(before, after, change, [change]) == after


def test_what_was_known_outlives_few_records() -> None:
    """Accepting all with only few records left keeps what many had shown."""
    few = FieldForm(kinds=(ValueKind.TEXT,), presence=Presence.UNJUDGED)
    assert all_accepted(Form({"A": TEXT}), Form({"A": few})) == Form({"A": TEXT})


def test_both_schemas_are_accepted() -> None:
    """Accepting all takes the forms of both sources; one that is not known now stays."""
    baseline, now = Baseline(Form({"A": TEXT}), Form({"A": ARRAY}), 1), Form({"B": TEXT})
    assert accept_all(baseline, Baseline(now), 2) == Baseline(now, Form({"A": ARRAY}), 2)


@pytest.mark.parametrize(
    ("policy", "used", "names"),
    [
        (Policy.WARN, (), {"NEW"}),
        (Policy.EVOLVE, (), {"NEW", "A"}),
        (Policy.EVOLVE, ("A",), {"NEW"}),
        (Policy.HOLD, (), {"NEW"}),
    ],
)
def test_some_are_accepted_by_themselves(policy: Policy, used: tuple[str, ...], names: set[str]) -> None:
    """What is info needs no person; under ``evolve``, only what breaks a used field does."""
    changes = compare(Form({"A": TEXT}), Form({"NEW": TEXT}))
    assert {each.field for each in by_themselves(changes, "R", Rating(used, policy))} == names
