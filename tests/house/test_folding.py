"""The judge of change logs is not easily pleased."""

from typing import Any

import pytest

from tests.house.folding import folded

TRUE: dict[str, list[Any]] = {"a": [1, 2, 3, 2], "b": [None, 5, None]}


def event(op: str, before: Any, after: Any) -> dict[str, Any]:
    return {"op": op, "before": before, "after": after}


UPDATES = [("a", event("u", 1, 2)), ("a", event("u", 2, 3)), ("a", event("u", 3, 2))]


def test_a_true_log_folds_to_the_last_state() -> None:
    """What was told and what polls passed over leave the last state, and nothing is wrong."""
    log = [*UPDATES, ("b", event("c", None, 5)), ("b", event("d", 5, None))]
    assert folded({"a": 1}, TRUE, log) == ({"a": 2}, [])
    assert folded({"a": 1}, TRUE, [("a", event("u", 1, 3))]) == ({"a": 3}, [])


@pytest.mark.parametrize(
    ("key", "told", "fault"),
    [
        ("a", event("u", 2, 3), "does not fit"),
        ("a", event("u", 1, 1), "no change"),
        ("a", event("u", 1, 4), "not true"),
        ("a", event("d", 1, None), "not true"),
        ("b", event("u", None, 5), "another kind"),
        ("c", event("c", None, 1), "not true"),
    ],
)
def test_a_false_event_is_named(key: str, told: Any, fault: str) -> None:
    """An event that does not fit, tells nothing, tells what never was, or is of another kind is named."""
    assert any(fault in each for each in folded({"a": 1}, TRUE, [(key, told)])[1])


def test_what_was_true_earlier_is_false_later() -> None:
    """A value that was true before the one last told is not true after it."""
    log = [("a", event("u", 1, 3)), ("a", event("u", 3, 2)), ("a", event("u", 2, 3))]
    assert len(folded({"a": 1}, TRUE, log)[1]) == 1
