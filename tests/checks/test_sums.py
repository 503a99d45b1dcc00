"""Sums that follow changes are what a new reckoning gives, and what was added can be taken away again."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from driftd.adapters.x3.rules import RULES
from driftd.core.canonical import canonical
from driftd.core.invariants.model import SumKey
from driftd.core.invariants.reading import decoded
from driftd.core.invariants.sums import Amounts, add, broken, contribution, covered, moved
from driftd.core.rules import Agreement

ENTRY = RULES["GACCENTRY"]
amounts = st.integers(0, 10**25).map(lambda cents: Decimal(cents).scaleb(-2)) | st.just("12.50") | st.none()
lines = st.fixed_dictionaries(
    {
        "LEDTYP": st.integers(1, 2),
        "FCYLIN": st.sampled_from(["A", "B"]),
        "ACC": st.sampled_from(["411", "707", 1]),
        "BPR": st.just(""),
        "PER": st.integers(1, 3),
        "CUR": st.just("EUR"),
        "SNS": st.sampled_from([1, -1, 1, -1, 0]),
        "AMTCUR": amounts,
        "AMTLED": amounts,
    }
)
entries = st.fixed_dictionaries(
    {"CPY": st.just("C"), "FCY": st.just("A"), "FIY": st.just(1), "CAT": st.sampled_from([1, 1, 4])},
    optional={"GACCENTRYD": st.lists(lines, max_size=4)},
)
Held = dict[SumKey, tuple[str, ...]]


def reckoned(records: Sequence[dict[str, Any]]) -> Held:
    total: Amounts = {}
    for record in records:
        add(total, contribution(decoded(canonical(record)), ENTRY))
    return applied({}, total)


def applied(held: Held, by: Amounts) -> Held:
    after = held | moved(held, by)
    return {key: row for key, row in after.items() if row}


@settings(max_examples=40)
@given(st.lists(entries, max_size=5), st.lists(entries, max_size=5))
def test_subtracting_what_was_added_gives_the_sums_as_they_were(
    first: list[dict[str, Any]], then: list[dict[str, Any]]
) -> None:
    held = reckoned(first)
    by: Amounts = {}
    for record in then:
        add(by, contribution(decoded(canonical(record)), ENTRY))
    more = applied(held, by)
    assert more == reckoned(first + then)
    back: Amounts = {}
    for record in reversed(then):
        add(back, contribution(decoded(canonical(record)), ENTRY), -1)
    assert applied(more, back) == held


@given(st.permutations([{"LEDTYP": 1, "FCYLIN": "A", "ACC": str(n), "BPR": "", "PER": 1, "CUR": "EUR", "SNS": 1,
                         "AMTCUR": n, "AMTLED": n} for n in range(5)]))  # fmt: skip
def test_the_order_of_lines_does_not_matter(rows: list[dict[str, Any]]) -> None:
    head = {"CPY": "C", "FIY": 1, "CAT": 1}
    assert reckoned([head | {"GACCENTRYD": rows}]) == reckoned([head | {"GACCENTRYD": rows[::-1]}])


def test_a_record_that_cannot_be_read_adds_nothing_and_is_not_covered() -> None:
    whole = {"CPY": "C", "FIY": 1, "CAT": 1, "GACCENTRYD": []}
    assert covered("posted") in reckoned([whole])
    for other in ({"GACCENTRYD": None}, {"GACCENTRYD": [{"LEDTYP": 1}]}):
        assert covered("posted") not in reckoned([whole | other])
    assert reckoned([whole, whole])[covered("posted")] == ("2",)


def test_a_balance_adds_by_period_and_leaves_out_what_was_carried_forward() -> None:
    record = {"LEDTYP": 1, "CPY": "C", "FCY": "A", "FIY": 1, "ACC": "411", "BPR": "", "CUR": "EUR",
              "DEB": [9, 5, 0], "DEBLED": [9, 6, 0], "CDT": [0, 0, 2], "CDTLED": [0, 0, 3]}  # fmt: skip
    total: Amounts = {}
    add(total, contribution(record, RULES["BALANCE"]))
    found = {key.value: row for key, row in moved({}, total).items() if key != covered("balance")}
    assert found == {
        b'[1,"C","A",1,"411","","EUR",1]': ("5", "6", "0", "0"),
        b'[1,"C","A",1,"411","","EUR",2]': ("0", "0", "2", "3"),
    }


def test_parts_are_at_most_the_whole_or_equal_to_it() -> None:
    most = Agreement("delivered_over_ordered", "A", "w", "B", "p", "F", 1, over="0.1")
    same = Agreement("balances", "A", "w", "B", "p", "F", 1, equal=True)
    assert not broken(most, ("10",), ("11",))
    assert broken(most, ("10",), ("11.01",))
    assert not broken(most, None, ("11",))
    assert not broken(most, ("10",), None)
    assert not broken(same, ("1.0", "0"), ("1", "0.00"))
    assert broken(same, ("1", "0"), ("1", "0.01"))
    assert broken(same, None, ("1", "0"))
    assert not broken(same, None, None)
