"""What is found is judged: right, wrong, missed, false."""

from tests.drift.happenings import Expected
from tests.drift.judge import judged
from tests.drift.oracle import Verdict
from tests.drift.subject import Found

GONE = Expected("field_removed_always", frozenset({"NAME"}), ("breaking", "warning"))
THINNER = Expected("required_to_optional", frozenset({"NAME"}), ("breaking", "info"))
BESIDE = Expected("mass_update", None, ("none", "none"), shape=False)
EITHER = Verdict(("gone",), frozenset({frozenset({GONE}), frozenset({THINNER})}), frozenset({BESIDE}))
SILENT = Verdict((), frozenset({frozenset()}))


def found(name: str = "field_removed_always", read: str = "breaking", write: str = "warning", **other: str) -> Found:
    """Return a finding."""
    made = {"kind": "schema", "field": "NAME", "severity": "warning"} | other
    return Found("conn", "CLASS", made["kind"], name, made["field"], read, write, made["severity"])


def test_each_right_way_is_right() -> None:
    """One of several answers is enough, with what may stand beside it."""
    mass = found("mass_update", "none", "none", kind="volume", field="")
    for answer in ([found()], [found("required_to_optional", write="info")], [found(), mass]):
        assert judged(EITHER, answer)[:4] == (True, True, True, True)


def test_nothing_is_a_miss_where_something_must_be_found() -> None:
    """And right where nothing need be."""
    assert judged(EITHER, []).missed
    assert judged(EITHER, []).found is False
    assert judged(SILENT, [])[:4] == (True, None, None, None)


def test_what_is_not_expected_is_false() -> None:
    """Another kind, another field, a second word for the same cause, anything of a null patch."""
    other = found("type_changed", write="breaking")
    assert judged(EITHER, [found(), other]).false == (other,)
    assert judged(EITHER, [found(field="OTHER")]).found is False
    assert not judged(EITHER, [found(), found("required_to_optional", write="info")]).right
    assert judged(SILENT, [found()]).false == (found(),)


def test_impacts_and_weight_are_judged_apart() -> None:
    """The right kind with a wrong impact is found, and not right; an unused field is never critical."""
    assert judged(EITHER, [found(write="info")])[:3] == (False, True, False)
    assert judged(EITHER, [found(severity="critical")])[:4] == (True, True, True, False)
