import json
from decimal import Decimal
from typing import Any

import msgspec
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftd.adapters.x3 import keys as keys_module
from driftd.adapters.x3.keys import keys, parts
from driftd.errors import Reason, SourceError

SCALARS = st.one_of(
    st.text(max_size=8),
    st.integers(-(2**80), 2**80),
    st.booleans(),
    st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-1000, max_value=1000),
    st.none(),
    st.just([]),
    st.just({}),
)


def one(raw: bytes) -> bytes:
    return keys(("K",), [b'{"a":{"K":"no"},"K":' + raw + b"}"])[0]


def spelled(value: Any, chosen: st.DataObject) -> bytes:
    if isinstance(value, Decimal):
        return str(value).encode()
    return json.dumps(value, ensure_ascii=chosen.draw(st.booleans())).encode()


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        (b'"C001"', b'["C001"]'),
        (b'"\\u00e9"', '["é"]'.encode()),
        ('"é"'.encode(), '["é"]'.encode()),
        (b'"a\\/b"', b'["a/b"]'),
        (b'"\\"q\\""', b'["\\"q\\""]'),
        (b'" "', b'[" "]'),
        (b'"0113"', b'["0113"]'),
        (b"1", b"[1]"),
        (b'"1"', b'["1"]'),
        (b"1.0", b"[1]"),
        (b"1e3", b"[1000]"),
        (b"-0.0", b"[0]"),
        (b"1.50", b"[1.5]"),
        (b"0.001", b"[0.001]"),
        (b"-12.30", b"[-12.3]"),
        (b"123456789012345678901234567890", b"[123456789012345678901234567890]"),
        (b"0.12345678901234567890", b"[0.1234567890123456789]"),
        (b"true", b"[true]"),
        (b'""', b""),
        (b"null", b""),
        (b"{}", b""),
        (b'["x"]', b""),
        (b"1e9999", b""),
    ],
)
def test_a_key_has_one_spelling(raw: bytes, key: bytes) -> None:
    """Equal values give equal key bytes however they were spelt; unusable keys give none."""
    assert one(raw) == key


def test_a_missing_key_is_unusable_and_the_others_stay() -> None:
    """One record without a key does not cost its neighbours theirs."""
    assert keys(("K",), [b'{"K":"a"}', b'{"k":"b"}', b'{"K":"c"}', b"{}"]) == [b'["a"]', b"", b'["c"]', b""]


def test_an_empty_part_of_a_composite_key_is_legitimate() -> None:
    """A composite key is unusable only where every part is empty, or one is missing."""
    rows = [b'{"T":"","N":"7"}', b'{"T":"","N":""}', b'{"T":"OD"}', b'{"T":"OD","N":null}', b'{"T":"","N":0}']
    assert keys(("T", "N"), rows) == [b'["","7"]', b"", b"", b"", b'["",0]']


@given(st.data(), st.lists(st.tuples(SCALARS, SCALARS), min_size=1, max_size=5))
def test_keys_read_in_one_pass_are_those_read_one_by_one(chosen: st.DataObject, rows: list[tuple[Any, Any]]) -> None:
    """The quick way and the careful way give the same bytes for every record."""
    slices = [b'{"x":1,"T":%b,"N":%b}' % tuple(spelled(value, chosen) for value in row) for row in rows]
    found = keys(("T", "N"), slices)
    assert found == [keys_module._slowly(("T", "N"), each) for each in slices]


@given(st.data(), SCALARS, SCALARS)
def test_keys_are_equal_exactly_where_values_are(chosen: st.DataObject, left: Any, right: Any) -> None:
    """Two usable keys have the same bytes if and only if they are the same JSON value; `1`, `"1"` and true differ."""
    first, second = one(spelled(left, chosen)), one(spelled(right, chosen))
    if first and second:
        same = left == right and isinstance(left, bool) == isinstance(right, bool)
        assert (first == second) == same


@given(st.lists(st.one_of(st.text(max_size=8), st.integers(-(2**60), 2**60)), min_size=1, max_size=3))
def test_key_bytes_are_compact_json(values: list[Any]) -> None:
    """Key bytes decode to the values they stand for, in order."""
    names = tuple(f"k{number}" for number in range(len(values)))
    found = keys(names, [orjson.dumps(dict(zip(names, values, strict=True)))])[0]
    if any(value != "" for value in values):
        assert found == msgspec.json.encode(values)
        assert parts(found) == [str(value) for value in values]


@pytest.mark.parametrize("slices", [[b"[]"], [b'"x"'], [b'{"K":"\xff"}'], [b'{"K":"a"}', b"7"]])
def test_what_is_no_record_has_no_key(slices: list[bytes]) -> None:
    """A slice that is not an object in UTF-8 fails the page instead of getting a key."""
    with pytest.raises(SourceError) as error:
        keys(("K",), slices)
    assert error.value.reason is Reason.INVALID_PAYLOAD


def test_no_records_have_no_keys() -> None:
    """An empty page has no keys."""
    assert keys(("K",), []) == []
