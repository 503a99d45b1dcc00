"""Volatile members are cut from bytes as if they had never been there, and learnt from two reads."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from driftd.core.model import JsonObject
from driftd.core.volatile import LEAST, LONGEST, MOST, cutter, learnt, proposed
from tests.core.records import Spelling, exactly, objects, scalars

VOLATILE = frozenset({"$uuid", "V"})


def dropped(record: Any) -> Any:
    if isinstance(record, dict):
        return {
            name: dropped(value)
            for name, value in record.items()
            if name not in VOLATILE or isinstance(value, dict | list)
        }
    return [dropped(value) for value in record] if isinstance(record, list) else record


@st.composite
def two_texts(draw: Any) -> tuple[bytes, bytes]:
    first = draw(objects)
    second = draw(st.sampled_from([first, draw(objects)]))
    spelling = Spelling(draw)
    return spelling.text(first).encode(), spelling.text(second).encode()


@given(two_texts())
def test_equal_cuts_mean_equal_records(texts: tuple[bytes, bytes]) -> None:
    """Records with equal cut bytes are equal after a full decode without the volatile members."""
    cut = cutter(VOLATILE)
    first, second = texts
    if cut(first) == cut(second):
        assert dropped(exactly(first)) == dropped(exactly(second))


@given(objects, scalars, scalars, st.integers(0, 6))
def test_volatile_values_do_not_count(record: dict[str, Any], one: Any, other: Any, position: int) -> None:
    """Records that differ only in the value of a scalar volatile member have equal cut bytes."""
    members = [(name, value) for name, value in record.items() if name != "V"]

    def text(value: Any) -> bytes:
        pairs = [*members[:position], ("V", value), *members[position:]]
        return ("{" + ",".join(f"{json.dumps(k)}:{json.dumps(v, default=str)}" for k, v in pairs) + "}").encode()

    cut = cutter(VOLATILE)
    assert cut(text(one)) == cut(text(other))


def test_a_name_inside_a_text_is_no_member() -> None:
    """Text that looks like a member is not cut, nor is a member whose name only ends like one."""
    cut = cutter(VOLATILE)
    for record in ({"A": '"V":"x"'}, {'a"V': "x"}, {"A": ',"V":1'}, {"A": "\\"}, {"XV": 1}):
        text = json.dumps(record, separators=(",", ":")).encode()
        assert cut(text) == text


def test_no_names_cut_nothing() -> None:
    """Without volatile members the bytes are the bytes."""
    assert cutter(())(b'{"$uuid":"1"}') == b'{"$uuid":"1"}'


@given(st.integers(LEAST, 60))
def test_what_differs_at_every_read_is_learnt(n: int) -> None:
    """A member that differs between two reads of nearly every record is volatile, at any depth; a change is not."""
    pairs: list[tuple[JsonObject, JsonObject]] = [
        (
            {"K": i, "$uuid": f"a{i}", "L": [{"$uuid": f"c{i}", "Q": 1}], "Q": 1},
            {"K": i, "$uuid": f"b{i}", "L": [{"$uuid": f"d{i}", "Q": 1}], "Q": 2 if i == 0 else 1},
        )
        for i in range(n)
    ]
    assert learnt(pairs) == {"$uuid"}


def test_too_few_records_teach_nothing() -> None:
    """Two reads of a handful of records could differ by a real change."""
    assert learnt([({"A": 1}, {"A": 2})] * (LEAST - 1)) == frozenset()


@given(st.dictionaries(st.text(max_size=120), st.integers(0, 60), max_size=150), st.integers(0, 60))
def test_what_changed_in_nearly_every_record_is_proposed(changed: dict[str, int], n: int) -> None:
    """A hundred members at most, in order, of names that are not too long; none where there are few records."""
    names = proposed(changed, n)
    right = sorted(name for name, count in changed.items() if n >= LEAST and count > 0.9 * n and len(name) <= LONGEST)
    assert names == tuple(right[:MOST])
