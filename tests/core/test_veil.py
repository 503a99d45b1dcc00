"""Field rules: what they show, and that what is stored can be made stricter without the tenant."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driftd.core.canonical import canonical
from driftd.core.model import Privacy
from driftd.core.veil import SETS, Veil, derived, in_force, recipe, united, unsettled
from tests.core.records import objects

KEY = derived(b"k" * 32, "private", "aldgate")
RECORD = {
    "KEY": "C1",
    "EMAIL": "jo@example.test",
    "CNT": [{"EMAIL": "al@example.test", "NAME": "Al"}, {"EMAIL": "", "NAME": None}],
    "BANK": {"IBAN": "GB00", "CRY": "GB"},
}
names = st.sampled_from(["A", "B", "V", "LINES", "LINES.A", "A.B", "B.A.A"])
rules = st.dictionaries(names, st.sampled_from(Privacy), max_size=4)


def veil(*sets: dict[str, str]) -> Veil:
    return Veil(tuple(in_force(each) for each in sets), KEY)


def shown(record: Any, *sets: dict[str, str]) -> Any:
    return json.loads(canonical(veil(*sets).record(record)))


def test_each_rule_shows_what_it_says() -> None:
    """A name counts at every depth, a path before it; nulls and empties are not hashed."""
    seen = shown(RECORD, {"EMAIL": "hash", "CNT.NAME": "mask", "BANK[].IBAN": "drop"})
    assert seen["KEY"] == "C1"
    assert seen["BANK"] == {"CRY": "GB"}
    assert [each["NAME"] for each in seen["CNT"]] == ["***", "***"]
    assert (seen["EMAIL"][:5], len(seen["EMAIL"])) == ("hash:", 37)
    assert seen["CNT"][1]["EMAIL"] == ""
    assert seen["CNT"][0]["EMAIL"] not in ("", RECORD["EMAIL"], seen["EMAIL"])


def test_what_lies_in_a_member_follows_it_unless_it_has_a_rule() -> None:
    assert shown(RECORD, {"BANK": "mask", "BANK.CRY": "keep"})["BANK"] == {"IBAN": "***", "CRY": "GB"}
    assert "BANK" not in shown(RECORD, {"BANK": "drop", "BANK.CRY": "keep"})


def test_of_several_sets_the_strictest_counts() -> None:
    assert shown(RECORD, {"EMAIL": "hash"}, {"EMAIL": "mask"})["EMAIL"] == "***"
    assert "EMAIL" not in shown(RECORD, {"EMAIL": "drop"}, {"EMAIL": "hash"})


@pytest.mark.parametrize(("one", "other"), [(1, "1"), (True, 1), (0, False), ("a", "A"), (1.5, "1.5"), (None, "null")])
def test_different_values_have_different_hashes(one: object, other: object) -> None:
    assert shown({"A": one}, {"A": "hash"}) != shown({"A": other}, {"A": "hash"})


def test_the_same_number_has_the_same_hash_however_it_is_spelt() -> None:
    assert shown({"A": 1.0}, {"A": "hash"}) == shown({"A": 1}, {"A": "hash"})


def test_a_hash_is_of_its_connection_and_its_field() -> None:
    """The same address cannot be followed from one connection, or one field, to another."""
    here = Veil((in_force({"A": "hash", "B": "hash"}),), derived(b"k" * 32, "private", "aldgate"))
    there = Veil(here.sets, derived(b"k" * 32, "private", "borough"))
    assert len({*here.record({"A": "x", "B": "x"}).values(), *there.record({"A": "x"}).values()}) == 3


@settings(max_examples=40)
@given(objects, rules)
def test_what_is_stored_stays_under_the_same_rules(record: Any, of: dict[str, str]) -> None:
    """`stored` is idempotent, and leaves what `record` showed as it is."""
    body = canonical(veil(of).record(record))
    assert veil(of).stored(body) == body


@settings(max_examples=40)
@given(objects, rules, rules)
def test_what_is_stored_becomes_what_the_stricter_rules_would_have_stored(
    record: Any, one: dict[str, str], other: dict[str, str]
) -> None:
    """Members whose objects are empty for that may stay as empty objects."""
    both = veil(one, other)
    stored = both.stored(canonical(veil(one).record(record)))
    assert without_empty(json.loads(stored)) == without_empty(json.loads(canonical(both.record(record))))


@settings(max_examples=40)
@given(objects, rules, rules, rules)
def test_what_is_compared_is_the_same_from_whichever_side(
    record: Any, one: dict[str, str], other: dict[str, str], third: dict[str, str]
) -> None:
    """A record stored under one set and under another looks the same under both, and under any further."""
    all_ = veil(one, other, third)
    first, second = (canonical(veil(each).record(record)) for each in (one, other))
    assert without_empty(json.loads(all_.compared(first))) == without_empty(json.loads(all_.compared(second)))


@settings(max_examples=40)
@given(objects, rules, st.text(max_size=3))
def test_what_is_masked_tells_no_change(record: Any, of: dict[str, str], value: str) -> None:
    """Whatever stands in a masked or dropped member of the record, it is none of what is compared."""
    hidden = [
        name for name in record if veil(of).hides(name) and "." not in name and not isinstance(record[name], dict)
    ]
    other = record | dict.fromkeys(hidden, value)
    if all(not isinstance(record[name], list) for name in hidden):
        sides = [veil(of).compared(canonical(veil(of).record(each))) for each in (record, other)]
        assert sides[0] == sides[1]


def test_rules_that_keep_all_are_none() -> None:
    assert in_force({"A": "keep"}) == {}
    assert recipe(in_force({"B": "hash", "A": "keep"})) == "A=keep,B=hash"


@settings(max_examples=40)
@given(objects, st.lists(rules, min_size=9, max_size=12))
def test_many_sets_of_rules_are_remembered_as_few_that_are_no_laxer(record: Any, of: list[dict[str, str]]) -> None:
    """What may be compared under those few is what may be under all, or less."""
    few = united(map(in_force, of))
    assert len(few) <= SETS
    whole = canonical(record)
    once = veil(*of).compared(Veil(few, KEY).compared(whole))
    assert without_empty(json.loads(once)) == without_empty(json.loads(Veil(few, KEY).compared(whole)))


def test_what_has_another_rule_is_unsettled() -> None:
    old, new = in_force({"A": "hash", "B": "drop"}), in_force({"A": "hash", "C": "mask"})
    assert unsettled([old], new) == {"A": "hash", "B": "mask", "C": "mask"}
    assert unsettled([new, old], new) == unsettled([old], new)
    assert unsettled([], new) == new


def without_empty(value: Any) -> Any:
    """Return a value without members that hold nothing but empty objects."""
    if isinstance(value, dict):
        kept = {name: without_empty(inner) for name, inner in value.items()}
        return {name: inner for name, inner in kept.items() if inner != {}}
    return [without_empty(each) for each in value] if isinstance(value, list) else value
