"""The short way to a canonical form gives what the long way gives, or nothing."""

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from driftd.adapters.x3.records import decode
from driftd.core.canonical import canonical
from driftd.core.flat import Flat as Shape
from driftd.core.flat import plain
from tests.core.records import objects, scalars

VOLATILE = frozenset({"V"})
inner = st.dictionaries(st.sampled_from(["$title", "$scale", "$x", "V"]), scalars, max_size=3)
flat = st.dictionaries(
    st.sampled_from(["$uuid", "$etag", "V", "A", "B", "É", "b", "A_REF", 'a"b', "\U0001f600"]),
    scalars | inner,
    max_size=8,
)


def text(record: dict[str, Any]) -> bytes:
    return json.dumps(record, default=float).encode()


def form(shape: Shape, record: bytes) -> bytes | None:
    (found,) = shape.forms([record])
    return found


@given(st.lists(flat | objects, max_size=12))
@example([{"A": {"$t": 1}}, {"A": {}}])
@example([{"A": 1}, {"A": 1.0}, {"A": 1.5}, {"A": None}, {"A": "1"}, {"A": True}, {}, {"B": 2}])
@example([{"A": -0.0}, {"A": 1e300}, {"A": 1e-5}])
def test_the_short_way_is_the_long_way(records: list[dict[str, Any]]) -> None:
    """Whatever shapes were seen before, a form that is given equals canonical of the decoded record."""
    shape = Shape(VOLATILE)
    for record in records:
        written = text(record)
        if not plain(written):
            continue
        found = form(shape, written)
        if found is None:
            shape.learn(decode(written))
        else:
            assert found == canonical(decode(written), VOLATILE)


NUMBERS = ["1", "1.0", "-0.0", "0", "1e-400", "5e-324", "-5E-310", "1.5", "0.1", "1E3", "-1e-5", "1e22"]
TEXTS = ['"x"', r'"\u00e9"', r'"\/"', r'"\n"', '""', "true", "false", "null"]
OBJECTS = ['{"$t":1}', '{"$t":"a","$s":2.0}', '{"$t":null}', '{"$t":[1]}', "{}", "[1]", '{"X":1}']
spelt = st.lists(
    st.dictionaries(
        st.sampled_from(["A", "B", "$u", "V", "R_REF"]),
        st.sampled_from([*NUMBERS, *TEXTS, *OBJECTS]),
        min_size=1,
        max_size=5,
    ),
    min_size=3,
    max_size=30,
)


@settings(max_examples=100)
@given(spelt)
@example([{"R_REF": '{"$t":1}'}, {"R_REF": "null"}, {"R_REF": "null"}, {"R_REF": '{"$t":1}'}])
def test_a_member_may_be_now_this_and_now_that(records: list[dict[str, str]]) -> None:
    """Few members that keep changing what they are: each form is that of the long way all the same."""
    shape = Shape(VOLATILE)
    for record in records:
        written = ("{" + ",".join(f'"{name}":{value}' for name, value in record.items()) + "}").encode()
        found = form(shape, written)
        if found is None:
            shape.learn(decode(written))
        else:
            assert found == canonical(decode(written), VOLATILE)


def test_a_shape_is_learnt_from_one_record() -> None:
    """A record like the last takes the short way; a member never seen, or a list, does not."""
    shape = Shape(VOLATILE)
    first: dict[str, Any] = {
        "$uuid": "a",
        "A": "x",
        "CUR": "EUR",
        "CUR_REF": {"$title": "Euro", "$scale": 2},
        "N": 1,
        "V": "now",
    }
    assert form(shape, text(first)) is None
    shape.learn(first)
    assert form(shape, text(first | {"A": "y", "N": 2.5, "V": "later"})) == b'{"A":"y","CUR":"EUR","N":2.5}'
    assert form(shape, text(first | {"NEW": 1})) is None
    assert form(shape, text(first | {"CUR_REF": {"NAME": "Euro"}})) is None
    shape.learn(first | {"L": [1]})
    assert form(shape, text(first)) is None


def test_an_object_in_place_of_a_scalar_widens_the_shape() -> None:
    """A reference that was empty so far, and now is an object, is learnt like any other member."""
    shape = Shape(VOLATILE)
    shape.learn({"A": 1, "REF": None})
    shape.learn({"A": 1, "REF": {"$title": "x", "$uuid": "y"}})
    assert form(shape, b'{"A":2,"REF":{"$title":"z","$uuid":"y"}}') == b'{"A":2}'
    assert form(shape, b'{"A":2,"REF":null}') == b'{"A":2,"REF":null}'


def test_what_does_not_count_must_be_sound_all_the_same() -> None:
    """Broken text in a member that does not count, read or unread, has no form: the decoder says what is wrong."""
    for first in ({"$title": "x"}, {"$title": ["x"]}, {"A_REF": {"$title": "x"}}, {"A_REF": {"$title": {"$en": "x"}}}):
        shape = Shape(VOLATILE)
        shape.learn(first)
        sound = text(first).replace(b"x", "Łódź".encode())
        assert plain(sound)
        assert form(shape, sound) == b"{}"
        assert form(shape, text(first).replace(b"x", b"\xff")) is None
        assert form(shape, text(first).replace(b"x", b"\\ud800")) is None
    assert not plain(b'{"$x":12345678901234567890}')


@pytest.mark.parametrize("spelling", ["1e-400", "-1e-400", "4.94065645841247e-324", "-2.5e-320", "1.5E-310"])
def test_a_number_near_nothing_takes_the_long_way(spelling: str) -> None:
    """Below the least normal float digits are lost, so the spelling itself is looked at; a plain 0.0 is 0."""
    shape = Shape(VOLATILE)
    shape.learn({"A": 1.5})
    assert form(shape, b'{"A":%s}' % spelling.encode()) is None
    assert form(shape, b'{"A":0.0}') == b'{"A":0}'
    assert form(shape, b'{"A":-12.0}') == b'{"A":-12}'


def test_records_that_take_the_long_way_for_their_values_teach_nothing() -> None:
    """A shape is not given up because of values: only what widens it counts."""
    shape = Shape(VOLATILE)
    shape.learn({"A": 1.5})
    for _ in range(100):
        shape.learn({"A": 2.5})
    assert form(shape, b'{"A":3.5}') == b'{"A":3.5}'


def test_what_is_not_json_has_no_form() -> None:
    """Bytes that are no JSON are left to the decoder, which says what is wrong."""
    shape = Shape(frozenset())
    shape.learn({"A": "x"})
    assert form(shape, b'{"A":"\\q"}') is None
    assert form(shape, b'{"A":"\xff"}') is None
