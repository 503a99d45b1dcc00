"""Two forms' differences are named completely, and one cause once."""

from hypothesis import given

from driftd.core.drift import SchemaKind
from driftd.core.schema.compare import compare
from driftd.core.schema.model import Form, Source
from tests.core.schema.forms import declared_forms, learnt_forms

K = SchemaKind


@given(learnt_forms)
def test_nothing_differs_from_itself(form: Form) -> None:
    """compare(a, a) = ∅, of learnt forms"""
    assert compare(form, form) == ()


@given(declared_forms)
def test_no_prototype_differs_from_itself(form: Form) -> None:
    """compare(a, a) = ∅, of declared forms"""
    assert compare(form, form, source=Source.DECLARED) == ()
