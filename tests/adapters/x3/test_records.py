import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from driftd.adapters.x3.records import DEPTH, decode, split
from driftd.errors import Reason, SourceError

EXPONENTS = st.builds(
    lambda digits, point, exponent: f"{digits}{point}{exponent}",
    st.integers(-(10**6), 10**6),
    st.sampled_from(["", ".5", ".000", ".1234567890123456789"]),
    st.sampled_from(["", "e5", "E-7", "e+300", "E-400", "e0", "e-0"]),
)
NUMBERS = st.one_of(
    st.integers(-(2**100), 2**100).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(json.dumps),
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30).map(str),
    EXPONENTS,
)
TEXTS = st.one_of(
    st.text(max_size=10), st.from_regex(r"[0-9.\-:, ]{0,20}[eE]?[0-9]{0,20}", fullmatch=True), st.uuids().map(str)
).filter(lambda text: not any(0xD800 <= ord(sign) <= 0xDFFF for sign in text))
VALUES = st.recursive(
    st.one_of(NUMBERS, TEXTS.map(json.dumps), st.sampled_from(["null", "true", "false"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(lambda rows: f"[{', '.join(rows)}]"),
        st.dictionaries(TEXTS, inner, max_size=4).map(
            lambda members: "{" + ",".join(f"{json.dumps(name)}:{value}" for name, value in members.items()) + "}"
        ),
    ),
    max_leaves=12,
)


def same(found: Any, true: Any) -> bool:
    """Tell whether two decoded values are the same, number by number, without rounding."""
    if isinstance(true, dict):
        return isinstance(found, dict) and found.keys() == true.keys() and all(same(found[k], true[k]) for k in true)
    if isinstance(true, list):
        return isinstance(found, list) and len(found) == len(true) and all(map(same, found, true))
    if isinstance(true, Decimal):
        # a float stands for its shortest spelling: 0.1 is the tenth that the tenant wrote
        return Decimal(repr(found) if isinstance(found, float) else found) == true
    return type(found) is type(true) and bool(found == true)


@given(members=st.dictionaries(TEXTS, VALUES, max_size=5), spaced=st.booleans())
@example(members={"a": "1e5", "b": "0.1"}, spaced=False)
@example(members={"a": "-0.12345678901234567"}, spaced=True)
@example(members={"a": "18446744073709551616", "b": "-9223372036854775809"}, spaced=False)
@example(members={"a": "5E-324", "b": "1e23", "c": "123456789012345e5"}, spaced=False)
@example(
    members={"a": "1.00E+2", "b": "0.5E-400", "c": "9" * 5000, "d": "1e0000000000005", "e": "1e000000000023"},
    spaced=True,
)
@example(members={"a": "1E-400", "b": "1e400", "c": "0e5"}, spaced=False)
def test_decoding_loses_no_digit(members: dict[str, str], *, spaced: bool) -> None:
    """Decoding equals a decoder that keeps every number as its decimal spelling, for any JSON object."""
    comma, colon = (" , ", " :\t") if spaced else (",", ":")
    text = "{" + comma.join(f"{json.dumps(name)}{colon}{value}" for name, value in members.items()) + "}"
    true = json.loads(text, parse_float=Decimal, parse_int=Decimal)
    assert same(decode(text.encode()), true)


def test_ordinary_numbers_are_ordinary() -> None:
    """A number that a float holds comes as int or float, also beside one that it cannot hold."""
    record = decode(b'{"a":771.42,"b":7,"c":0.12345678901234567890}')
    assert record["a"] == 771.42
    assert type(record["a"]) is float
    assert type(record["b"]) is int
    assert record["c"] == Decimal("0.12345678901234567890")


@pytest.mark.parametrize(
    "record",
    [
        b"",
        b"[]",
        b"7",
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'{"a":NaN,"b":1e5}',
        b'{"a":"C:\\share"}',
        b'{"a":"\\ud800"}',
        b'{"a":"\\uD800","b":1e5}',
        b'{"a":"\xff"}',
        b'{"a":"\xff","b":1e5}',
        b'{"a":"\xe9","b":12345678901234567890}',
        b'{"a":1e99999}',
        b'{"a":1e99999999999999999999}',
        b'{"a":' + b"9" * 7000 + b"}",
        b'{"a":01}',
        b'{"a":1,}',
        b'{"a":1} {}',
        b'{"a":"\n"}',
        b'{"a":' + b"[" * 65 + b"]" * 65 + b"}",
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b'{"a":' + b"[" * 2_000,
        b'{"a":["]"' + b',["]"' * 100 + b"]" * 101 + b"}",
    ],
)
def test_what_is_no_record_is_refused(record: bytes) -> None:
    """What JSON does not allow, or no record has, is ``invalid_payload``, and the message holds nothing of it."""
    with pytest.raises(SourceError) as error:
        decode(record)
    assert error.value.reason is Reason.INVALID_PAYLOAD
    assert error.value.__cause__ is None
    assert "share" not in str(error.value)


def test_depth_is_counted_outside_texts() -> None:
    """Brackets in texts nest nothing; 64 levels are allowed."""
    assert decode(b'{"a":"' + b"[" * 500 + b'\\"["}')
    inner = b"[" * (DEPTH - 1) + b"]" * (DEPTH - 1)
    assert decode(b'{"a":' + inner + b"}")
    assert decode(b'{"a":[' + b",".join([b"{}"] * 5_000) + b"]}")


@given(st.lists(st.dictionaries(TEXTS, VALUES, max_size=3), max_size=5), st.sampled_from([b",", b" ,\n", b", "]))
def test_split_gives_each_record_exactly_as_sent(rows: list[dict[str, str]], comma: bytes) -> None:
    """Slices joined by what stood between them are the array again."""
    sent = [
        ("{" + ",".join(f"{json.dumps(name)}:{value}" for name, value in row.items()) + "}").encode() for row in rows
    ]
    assert split(b"[" + comma.join(sent) + b"]") == sent


@pytest.mark.parametrize("records", [b"", b"{}", b"[1]", b"[{},null]", b'[{}] "', b"[{},]", b'[{"a":"\\x"}]'])
def test_only_an_array_of_objects_is_split(records: bytes) -> None:
    """Anything else in `$resources` fails the page."""
    with pytest.raises(SourceError) as error:
        split(records)
    assert error.value.reason is Reason.INVALID_PAYLOAD
