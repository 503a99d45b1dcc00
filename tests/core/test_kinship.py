"""Another tenant is told from the same one that changed."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftd.core.kinship import LEAST, Met, another, few_left, other_keys, other_things, strangers

ONE = {
    "NAM": "Nord Trading",
    "CTY": "Lyon",
    "TEL": "+33 1",
    "CUR": "EUR",
    "OST": 5,
    "NOTE": "",
    "UPD": "2026-01-01T10:00",
}


@pytest.mark.parametrize(
    ("change", "is_another"),
    [
        ({}, False),
        ({"NAM": "Blue River", "CTY": "London", "TEL": "+44 2"}, True),
        ({"NAM": "Blue River", "CTY": "London"}, False),
        ({"NAM": "NORD TRADING  ", "CTY": "LYON", "TEL": " +33 1", "CUR": "eur"}, False),
        ({"NEW": "a", "MORE": "b", "LAST": "c", "NOTE": "d"}, False),
        ({"CTY": "London", "TEL": "+44 2", "UPD": "2026-01-02T10:00"}, False),
        ({"OST": 7, "CUR": 5, "CTY": None, "NAM": ["x"]}, False),
    ],
)
def test_another_thing_has_other_texts(change: dict[str, object], is_another: bool) -> None:
    assert another(orjson.dumps(ONE), orjson.dumps(ONE | change)) is is_another


@given(st.integers(101, 1000), st.integers(0, 10_000), st.integers(0, 89))
def test_deletes_creates_and_ordinary_updates_are_no_other_tenant(known: int, created: int, others: int) -> None:
    """Whatever is deleted or created besides, or updated in less than nearly all: it is the same tenant."""
    met = Met(1000, known + created, known, created, known, 100, others)
    assert not (other_keys(met) and few_left(met))
    assert not other_things(met)


@given(st.integers(LEAST, 1000), st.integers(LEAST, 1000))
def test_all_replaced_is_another_tenant(trusted: int, seen: int) -> None:
    keys = Met(trusted, seen, 0, seen, 0, 0, 0)
    assert other_keys(keys)
    assert few_left(keys)
    looked = min(seen, 100)
    assert other_things(Met(trusted, seen, seen, 0, seen, looked, looked))


@given(st.integers(1, 1000), st.data())
def test_one_in_ten_that_is_what_it_was_says_that_it_is_the_same_tenant(compared: int, data: st.DataObject) -> None:
    """Of what was asked for beside; where nothing of it is there, nothing speaks for the tenant."""
    others = data.draw(st.integers(0, compared))
    assert strangers(compared, others) is (10 * others >= 9 * compared)
    assert strangers(0, 0)


@given(st.sets(st.sampled_from(["NAM", "CTY", "TEL", "CUR"])), st.booleans())
def test_what_only_rules_make_other_is_no_other_thing(ruled: set[str], masked: bool) -> None:
    """Hashes against plain texts are what they are once they may be compared; what may not counts as it was."""
    stored = ONE | dict.fromkeys(ruled, "***" if masked else "hash:0")
    hidden = {name: stored[name] for name in stored if not masked or name not in ruled}
    for updated in (dict[str, object](), {"OST": 9}, {"NAM": "Blue River", "CTY": "London", "OST": 9}):
        seen = ONE | updated
        told = seen | dict.fromkeys(ruled, "hash:0")
        shown = {name: told[name] for name in hidden}
        comparable = orjson.dumps(hidden), orjson.dumps(shown)
        assert not another(orjson.dumps(stored), orjson.dumps(seen), comparable)


def test_a_text_that_is_hidden_counts_as_one_that_stayed() -> None:
    """Three other texts of seven are no other thing, wherever the four that stayed may not be compared."""
    texts = {f"T{n}": f"text {n}" for n in range(7)}
    seen = texts | {f"T{n}": f"other {n}" for n in range(3)}
    visible = [orjson.dumps({f"T{n}": whole[f"T{n}"] for n in range(3)}) for whole in (texts, seen)]
    assert another(visible[0], visible[1])
    assert not another(orjson.dumps(texts), orjson.dumps(seen), (visible[0], visible[1]))
