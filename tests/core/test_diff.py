"""Differences are complete, and named by where they are."""

import json
from typing import Any

from hypothesis import given

from driftd.core.canonical import canonical
from driftd.core.diff import pointers
from tests.core.records import exactly, objects


def resolved(record: Any, pointer: str) -> tuple[bool, Any]:
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(record, list):
            if int(name) >= len(record):
                return False, None
            record = record[int(name)]
        elif isinstance(record, dict) and name in record:
            record = record[name]
        else:
            return False, None
    return True, record


def put(record: Any, pointer: str, there: bool, value: Any) -> None:
    *way, last = (part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])
    for name in way:
        record = record[int(name)] if isinstance(record, list) else record[name]
    if isinstance(record, list):
        position = int(last)
        if not there:
            record[position] = _GONE
        elif position < len(record):
            record[position] = value
        else:
            record.append(value)
    elif there:
        record[last] = value
    else:
        del record[last]


_GONE = object()


def cleaned(record: Any) -> Any:
    if isinstance(record, dict):
        return {name: cleaned(value) for name, value in record.items()}
    if isinstance(record, list):
        return [cleaned(value) for value in record if value is not _GONE]
    return record


@given(objects)
def test_nothing_differs_from_itself(record: dict[str, Any]) -> None:
    """diff(a, a) = ∅"""
    assert pointers(canonical(record), canonical(record)) == ()


@given(objects, objects)
def test_applying_the_difference_gives_the_other(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Putting what the pointers name from b into a gives b."""
    before, after = canonical(one), canonical(other)
    record, target = exactly(before), exactly(after)
    for pointer in pointers(before, after):
        there, value = resolved(target, pointer)
        put(record, pointer, there, value)
    assert cleaned(record) == target


def test_pointers_name_lines_and_escape() -> None:
    """Nested values are named by their path; ``~`` and ``/`` in names are escaped (RFC 6901)."""
    before = json.dumps({"H": 1, "L": [{"Q": 5}, {"Q": 6}], "a~/b": 1}, sort_keys=True).replace(" ", "").encode()
    after = (
        json.dumps({"H": 1, "L": [{"Q": 5}, {"Q": 7}, {"Q": 8}], "a~/b": 2}, sort_keys=True).replace(" ", "").encode()
    )
    assert pointers(before, after) == ("/L/1/Q", "/L/2", "/a~0~1b")
