"""What a change matters follows from its kind, its use, the policy and a person's word."""

import pytest

from driftd.core.drift import Impact, SchemaKind, Severity
from driftd.core.model import Policy, Resource
from driftd.core.schema.compare import change_of
from driftd.core.schema.grade import IMPACTS, Override, Rating, severity, uses
from driftd.core.schema.model import FieldForm, SchemaChange

K = SchemaKind


def changed(kind: SchemaKind, field: str | None = "A") -> SchemaChange:
    return change_of(kind, field, FieldForm(), FieldForm())


ALWAYS_USED = (K.KEY_CHANGED, K.CURSOR_LOST)


def test_every_kind_has_its_impacts() -> None:
    """The table of impacts is whole."""
    assert set(IMPACTS) == set(K)


@pytest.mark.parametrize("kind", list(K))
def test_breaking_is_critical_only_where_used(kind: SchemaKind) -> None:
    """An unused field is never critical; a used one is as soon as either side breaks. Key and watermark are used."""
    free, used = (severity(changed(kind), "R", Rating(frozenset(names))) for names in ([], ["A"]))
    assert (free is Severity.CRITICAL) == (kind in ALWAYS_USED)
    assert (used is Severity.CRITICAL) == (Impact.BREAKING in IMPACTS[kind])
    if Impact.BREAKING in IMPACTS[kind] and kind not in ALWAYS_USED:
        assert free is Severity.WARNING
    assert (used is None) == (set(IMPACTS[kind]) == {Impact.NONE})


def test_use_below_and_at_the_new_place_counts() -> None:
    """A collection is used where one of its members is; a member of a used collection is not for that."""
    for place, used in (("L", True), ("L[].A", True), ("L[].B", False), ("LL", False)):
        critical = severity(changed(K.TYPE_CHANGED, place), "R", Rating({"L[].A"})) is Severity.CRITICAL
        assert critical is used
    assert severity(changed(K.TYPE_CHANGED, None), "R", Rating()) is Severity.CRITICAL


@pytest.mark.parametrize("kind", list(K))
def test_evolve_tells_only_what_breaks(kind: SchemaKind) -> None:
    """Under ``evolve``, all is info but what breaks a used field."""
    level = severity(changed(kind), "R", Rating({"A"}, Policy.EVOLVE))
    plain = severity(changed(kind), "R", Rating({"A"}))
    assert level is (Severity.INFO if plain is Severity.WARNING else plain)
    unused = severity(changed(kind), "R", Rating((), Policy.EVOLVE))
    assert unused in ((Severity.CRITICAL,) if kind in ALWAYS_USED else (Severity.INFO, None))


@pytest.mark.parametrize("kind", ALWAYS_USED)
def test_a_key_is_used_whatever_member_changed_it(kind: SchemaKind) -> None:
    """A member that is new in the key was used by nobody, and breaks it all the same."""
    assert severity(changed(kind, "NEW"), "R", Rating()) is Severity.CRITICAL


def test_the_narrowest_override_counts() -> None:
    """A person's level applies as it stands, uncapped; of several, the one that names most."""
    overrides = [
        Override(Impact.BREAKING, kind=K.FIELD_ADDED_OPTIONAL, field="A"),
        Override(Impact.NONE, kind=K.FIELD_ADDED_OPTIONAL),
        Override(Impact.WARNING, resource="OTHER", field="A", kind=K.FIELD_ADDED_OPTIONAL),
    ]
    rating = Rating(overrides=overrides)
    assert severity(changed(K.FIELD_ADDED_OPTIONAL), "R", rating) is Severity.CRITICAL
    assert severity(changed(K.FIELD_ADDED_OPTIONAL, "B"), "R", rating) is None
    assert severity(changed(K.TYPE_CHANGED), "R", rating) is Severity.WARNING


def test_driftd_uses_what_it_reads_by() -> None:
    """Key, watermark, line keys and references are used, references at whatever depth."""
    resource = Resource(
        "c", "SORDER", "SORDER", ("SOHNUM",), watermark="UPD", lines={"L": ("LIN",)}, references={"ITM": "ITMMASTER"}
    )
    assert uses(resource, ["L[].ITM", "L[].QTY"], ["QTY"]) == {"SOHNUM", "UPD", "L[].LIN", "L[].ITM", "QTY"}
