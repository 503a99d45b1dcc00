"""Accepting takes over what was accepted, all of it and nothing else."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from driftd.core.drift import SchemaKind
from driftd.core.schema.acceptance import accepted, all_accepted, followed
from driftd.core.schema.compare import compare
from driftd.core.schema.model import Form, Source
from tests.core.schema.forms import declared_forms, learnt_forms, renamings

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
