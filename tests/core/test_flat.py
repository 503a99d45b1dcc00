"""The short way to a canonical form gives what the long way gives, or nothing."""

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from driftd.adapters.x3.records import decode
from driftd.core.canonical import canonical
from driftd.core.flat import Flat, plain
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


@given(st.lists(flat | objects, max_size=12))
@example([{"A": {"$t": 1}}, {"A": {}}])
@example([{"A": 1}, {"A": 1.0}, {"A": 1.5}, {"A": None}, {"A": "1"}, {"A": True}, {}, {"B": 2}])
@example([{"A": -0.0}, {"A": 1e300}, {"A": 1e-5}])
def test_the_short_way_is_the_long_way(records: list[dict[str, Any]]) -> None:
    """Whatever shapes were seen before, a form that is given equals canonical of the decoded record."""
    shape = Flat(VOLATILE)
    for record in records:
        written = text(record)
        if not plain(written):
            continue
        form = shape.form(written)
        if form is None:
            shape.learn(decode(written))
        else:
            assert form == canonical(decode(written), VOLATILE)


def test_a_shape_is_learnt_from_one_record() -> None:
    """A record like the last takes the short way; a member never seen, or a list, does not."""
    shape = Flat(VOLATILE)
    first: dict[str, Any] = {
        "$uuid": "a",
        "A": "x",
        "CUR": "EUR",
        "CUR_REF": {"$title": "Euro", "$scale": 2},
        "N": 1,
        "V": "now",
    }
    assert shape.form(text(first)) is None
    shape.learn(first)
    assert shape.form(text(first | {"A": "y", "N": 2.5, "V": "later"})) == b'{"A":"y","CUR":"EUR","N":2.5}'
    assert shape.form(text(first | {"NEW": 1})) is None
    assert shape.form(text(first | {"CUR_REF": {"NAME": "Euro"}})) is None
    shape.learn(first | {"L": [1]})
    assert shape.form(text(first)) is None


def test_what_is_skipped_unread_must_be_sound() -> None:
    """Broken text in a member that does not count is no plain record."""
    assert plain('{"$title":"Łódź"}'.encode())
    assert not plain(b'{"$title":"\xff"}')
    assert not plain(b'{"$title":"\\ud800"}')
    assert not plain(b'{"$x":12345678901234567890}')


def test_what_is_not_json_has_no_form() -> None:
    """Bytes that are no JSON are left to the decoder, which says what is wrong."""
    shape = Flat(frozenset())
    shape.learn({"A": "x"})
    assert shape.form(b'{"A":"\\q"}') is None
    assert shape.form(b'{"A":"\xff"}') is None
