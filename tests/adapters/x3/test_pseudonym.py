"""Pseudonyms: the same shape, one to one, and nothing of the value."""

import re
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftd.adapters.x3.pseudonym import Pseudonyms

NAMES = Pseudonyms(b"a key")
NUMBERS = st.from_regex(r"-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,8})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)
DAYS = st.dates(date(1900, 1, 1), date(2999, 12, 31))


def shape(text: str) -> str:
    """Return a text with each digit as 9 but for leading zeros, and each letter as one of its case."""
    digits = re.sub("0*([1-9][0-9]*)?", lambda run: run[0].replace(run[1] or "", "9" * len(run[1] or "")), text)
    return "".join("A" if each.isupper() else "a" if each.islower() else each for each in digits)


@given(st.text("aZéÜżЖ19 .-~'/", max_size=60) | st.from_regex("0*[1-9][0-9]*", fullmatch=True))
def test_a_pseudonym_has_the_shape_of_its_value(text: str) -> None:
    assert shape(NAMES.text(text)) == shape(text)


@given(st.lists(st.text("ab19~éж漢-", max_size=12), unique=True, max_size=40))
def test_two_values_never_have_the_same_pseudonym(texts: list[str]) -> None:
    assert len({NAMES.text(each) for each in texts}) == len(texts)


@pytest.mark.parametrize("shown", ["{:d}", "{:04d}", "A{:d}", "{:d}.0"])
def test_each_shape_is_permuted_within_itself(shown: str) -> None:
    """However small the shape: every pseudonym of a four-digit number is one, and each is had once."""
    values = {shown.format(number) for number in range(10_000)}
    assert len({NAMES.text(each) for each in values}) == 10_000
    if shown in {"{:d}", "{:04d}"}:
        assert {NAMES.text(each) for each in values} == values


def zeros_at_the_end(mantissa: str) -> int:
    fraction = mantissa.partition(".")[2]
    return len(fraction) - len(fraction.rstrip("0"))


@given(NUMBERS)
def test_a_number_keeps_sign_digits_scale_and_whether_it_is_whole(spelling: str) -> None:
    told = NAMES.number(spelling)
    assert re.sub("[0-9]", "9", told) == re.sub("[0-9]", "9", spelling)
    assert (Decimal(told) == 0, Decimal(told) < 0) == (Decimal(spelling) == 0, Decimal(spelling) < 0)
    mantissa, other = (re.split("[eE]", each)[0] for each in (spelling, told))
    assert zeros_at_the_end(other) == zeros_at_the_end(mantissa)
    assert (Decimal(mantissa) % 1 == 0) == (Decimal(other) % 1 == 0)


@given(st.lists(NUMBERS, unique=True, max_size=30))
def test_two_numbers_never_have_the_same_pseudonym(spellings: list[str]) -> None:
    assert len({NAMES.number(each) for each in spellings}) == len(spellings)


@given(DAYS, DAYS)
def test_dates_keep_their_order_and_distance(one: date, other: date) -> None:
    moved = [date.fromisoformat(NAMES.text(each.isoformat())) for each in (one, other)]
    assert moved[0] - moved[1] == one - other
    assert moved[0] != one
    assert NAMES.text(f"{one}T12:00:00Z") == f"{moved[0]}T12:00:00Z"


@pytest.mark.parametrize("empty", ["", " ", "   ", "0000-00-00", "1599-12-31", "0000", "-", "~"])
def test_what_is_empty_stays_as_it_is(empty: str) -> None:
    assert NAMES.text(empty) == empty
    assert NAMES.number("0") == "0"
    assert NAMES.number("0.00") == "0.00"


def test_another_key_gives_other_pseudonyms() -> None:
    other = Pseudonyms(b"another key")
    for text in ("Aldgate Packaging", "SON00000001", "2025-03-14"):
        assert NAMES.text(text) != text
        assert NAMES.text(text) != other.text(text)
        assert NAMES.text(text) == Pseudonyms(b"a key").text(text)
