"""A drift says what was, what is, by which rule, and who acts; never a value."""

from typing import Any

import pytest
from msgspec.structs import replace

from driftd.core.drift import DriftKind, Impact, SchemaKind, Severity
from driftd.core.model import Policy, Resource
from driftd.core.reasons import Actor
from driftd.core.schema.compare import Evidence, change_of, compare
from driftd.core.schema.drifts import drifts, resource_removed
from driftd.core.schema.grade import Rating
from driftd.core.schema.model import FieldForm, Form, Presence, SchemaChange, Source, ValueKind

K = SchemaKind
RESOURCE = Resource("acme", "BPCUSTOMER", "BPCUSTOMER", ("BPCNUM",))
TEXT = FieldForm(kinds=(ValueKind.TEXT,), presence=Presence.ALWAYS, values=('"Meier"',))


def removed(**rest: Any) -> SchemaChange:
    evidence = {
        "A": Evidence(n=1_200_000, m=4_000, affected=4_000, rule="absent in the last 4,000 records (≤ 0.075 %)")
    }
    (change,) = compare(Form({"A": TEXT}), Form(), evidence=evidence)
    return replace(change, **rest)


def test_all_that_is_known_is_told() -> None:
    """A drift carries the change's forms, figures, rule and impacts, and no value of a record."""
    (drift,) = drifts([removed()], RESOURCE, Rating({"A"}))
    assert (drift.connection, drift.resource, drift.kind, drift.field) == ("acme", "BPCUSTOMER", DriftKind.SCHEMA, "A")
    assert (drift.finding, drift.severity) == (K.FIELD_REMOVED_ALWAYS, Severity.CRITICAL)
    assert (drift.expected, drift.seen) == ("text, always, one of 1 values", "gone")
    assert (drift.n, drift.m, drift.affected) == (1_200_000, 4_000, 4_000)
    assert drift.rule == "absent in the last 4,000 records (≤ 0.075 %)"
    assert (drift.read_impact, drift.write_impact) == (Impact.BREAKING, Impact.WARNING)
    assert "Meier" not in f"{drift}"
    assert not drift.certain


@pytest.mark.parametrize(
    ("change", "where", "actor"),
    [
        (removed(also_declared=True), "in the records and in the prototype", Actor.OPERATOR),
        (removed(also_declared=False), "in the records only", Actor.X3_ADMIN),
        (removed(source=Source.DECLARED, also_declared=False), "in the prototype only", Actor.OPERATOR),
    ],
)
def test_it_says_which_schema_shows_it(change: SchemaChange, where: str, actor: Actor) -> None:
    """A field that only the records lack is a matter of rights at the customer's, a patch is the operator's."""
    (drift,) = drifts([change], RESOURCE, Rating())
    assert where in drift.seen
    assert drift.actor is actor
    assert drift.hint


@pytest.mark.parametrize("kind", list(K))
def test_every_kind_has_words(kind: SchemaKind) -> None:
    """Whatever the kind, expectation, sight, rule and next step are told; what is no finding gives no drift."""
    found = drifts([change_of(kind, None, None, None)], RESOURCE, Rating())
    assert len(found) == (kind not in (K.ORDER_CHANGED, K.TEXT_ONLY_CHANGED))
    assert all(drift.expected and drift.seen and drift.rule and drift.hint for drift in found)


@pytest.mark.parametrize("kind", [K.KEY_CHANGED, K.CURSOR_LOST])
def test_a_lost_key_fires_at_once(kind: SchemaKind) -> None:
    """A lost key or watermark is certain as soon as records show it, not by the prototype alone."""
    change = change_of(kind, "A", TEXT, None)
    learnt, declared = drifts([change, replace(change, source=Source.DECLARED)], RESOURCE, Rating(policy=Policy.EVOLVE))
    assert learnt.certain
    assert not declared.certain


def test_a_rename_names_the_new_place() -> None:
    """A rename's drift is of the old path; what is seen names the new one and why."""
    (change,) = compare(Form({"A": TEXT}), Form({"B": TEXT}), renamed={"A": ("B", "50 of 50 values are equal")})
    (drift,) = drifts([change], RESOURCE, Rating())
    assert drift.field == "A"
    assert drift.seen.startswith("B: text")
    assert drift.hint.startswith("50 of 50 values are equal")
    assert drift.evidence["to"] == "B"


def test_a_resource_that_is_gone() -> None:
    """A collection that is lastingly not found is critical, with the time since when."""
    drift = resource_removed("acme", "BPCUSTOMER", since=5)
    assert (drift.finding, drift.severity, drift.field, drift.since) == (K.RESOURCE_REMOVED, Severity.CRITICAL, None, 5)
