"""The canonical form is one byte string for one record."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from driftd.adapters.x3.records import decode
from driftd.core.canonical import canonical, overlay, refreshed, without
from tests.core.records import exactly, objects, plain, spelt_twice


def form(text: bytes, **options: Any) -> bytes:
    return canonical(json.loads(text, parse_float=Decimal), **options)


@given(spelt_twice())
@example((b'{"A":1}', b'{"A":1.0}'))
@example((b'{"A":1E0}', b'{"A":0.1e1}'))
@example((b'{"A":123456789012345e3}', b'{"A":123456789012345000}'))
@example((b'{"A":1e400}', b'{"A":10e399}'))
@example((b'{"A":-0.0}', b'{"A":0}'))
def test_order_and_spelling_do_not_count(spellings: tuple[bytes, bytes]) -> None:
    """Member order, escapes and number spelling give the same bytes."""
    first, second = spellings
    assert form(first) == form(second)


@given(spelt_twice())
def test_the_fast_decoder_gives_the_same_form(spellings: tuple[bytes, bytes]) -> None:
    """What the adapter decodes, floats where they are exact, has the form of the exact decoding."""
    first, second = spellings
    assert canonical(decode(first)) == form(second)


@given(spelt_twice())
def test_nothing_but_dollar_members_is_lost(spellings: tuple[bytes, bytes]) -> None:
    """Decoding the canonical form exactly gives the record without ``$`` members."""
    text, _ = spellings
    assert exactly(form(text)) == plain(exactly(text))


@given(spelt_twice())
def test_idempotent(spellings: tuple[bytes, bytes]) -> None:
    """The canonical form of a canonical form is itself."""
    once = form(spellings[0])
    assert form(once) == once


@given(objects, st.frozensets(st.sampled_from(["A", "B", "V", "LINES"])))
def test_volatile_members_can_be_left_out_afterwards(record: dict[str, Any], volatile: frozenset[str]) -> None:
    """Leaving members out of a canonical form equals leaving them out of the record."""
    assert without(canonical(record), volatile) == canonical(record, volatile)


@pytest.mark.parametrize(
    ("number", "spelt"),
    [
        ("0.1234567890123456789", b"0.1234567890123456789"),
        ("12345678901234567890.5", b"12345678901234567890.5"),
        ("18446744073709551616", b"18446744073709551616"),
        ("1e3", b"1000"),
        ("1.50", b"1.5"),
        ("1e-400", b"1e-400"),
        ("-12e500", b"-1.2e501"),
    ],
)
def test_numbers_keep_every_digit(number: str, spelt: bytes) -> None:
    """A number beyond 64 bits, or with more digits than a float holds, stays what it is."""
    assert form(b'{"A":' + number.encode() + b"}") == b'{"A":' + spelt + b"}"


def test_empties_are_different() -> None:
    """Absent, null, empty text and the empty date are four things."""
    forms = {canonical(record) for record in ({}, {"D": None}, {"D": ""}, {"D": "0000-00-00"})}
    assert len(forms) == 4


def test_lines_are_compared_by_their_key() -> None:
    """A collection with a line key has one form in whatever order it comes."""
    one = {"L": [{"N": 1000, "Q": 5}, {"N": 2000, "Q": 7}]}
    other = {"L": [{"N": 2000, "Q": 7}, {"N": 1000, "Q": 5}]}
    assert canonical(one, lines={"L": ("N",)}) == canonical(other, lines={"L": ("N",)})
    assert canonical(one) != canonical(other)


def test_lines_may_have_a_key_of_several_members() -> None:
    """Rows are put in the order of all members of their key; as they came where one of it is missing or mixed."""
    key = {"L": ("N", "T")}
    rows: list[Any] = [{"N": n, "T": t, "V": n * t} for n in (1, 2, 10) for t in (1, 2)]
    assert canonical({"L": rows[::-1]}, lines=key) == canonical({"L": rows})
    odd: dict[str, Any]
    for odd in ({"N": 3}, {"N": "3", "T": 1}):
        mixed = [*rows[::-1], odd]
        assert canonical({"L": mixed}, lines=key) == canonical({"L": mixed})


@given(objects, objects)
def test_query_members_lie_over_details(body: dict[str, Any], details: dict[str, Any]) -> None:
    """The whole record has every member of both facets; those of both are the query's."""
    query, lines = canonical(body), canonical(details)
    assert overlay(query, lines) == canonical({**exactly(lines), **exactly(query)})
    assert overlay(query, None) == query


@given(objects, objects)
def test_later_details_refresh_the_query_members(body: dict[str, Any], details: dict[str, Any]) -> None:
    """After a refresh, laying the query body over the details changes nothing in them that they know."""
    query, later = canonical(body), canonical(details)
    whole = exactly(overlay(refreshed(query, later), later))
    assert {name: whole[name] for name in exactly(later)} == exactly(later)
    assert set(whole) == set(exactly(query)) | set(exactly(later))
