"""What records show is counted, and can be taken back."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import json

from driftd.core.schema.counts import MANY_CODES, MOST, WIDEST, Counts, decoded, total
from driftd.core.schema.judge import judged
from driftd.core.schema.model import Presence, ValueKind

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 200),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["", "0000-00-00", "2024-01-31", "20240131", "31/01/2024", "2024-01-31T10:00:00Z", "EUR", "x"]),
    st.text(max_size=12),
)
NAMES = st.sampled_from("ABCD")
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
RECORDS = st.lists(st.dictionaries(NAMES, VALUES, max_size=3), max_size=4)
FEWER = settings(max_examples=25)


def counted(records: list[dict[str, Any]], *, complete: bool = True) -> Counts:
    """Count records one by one."""
    counts = Counts()
    for record in records:
        counts.observe([record], complete=complete)
    return counts


@FEWER
@given(RECORDS, RECORDS, st.booleans())
def test_what_was_observed_can_be_taken_back(some: list[Any], more: list[Any], complete: bool) -> None:
    """Retracting what was observed leaves what was there before."""
    counts = counted(some)
    counts.observe(more, complete=complete)
    counts.retract(more, complete=complete)
    assert counts == counted(some)


@FEWER
@given(RECORDS)
def test_columns_count_what_records_show_one_by_one(records: list[Any]) -> None:
    """Many records counted at once give the counts of each counted alone."""
    many = records * 4
    counts = Counts()
    counts.observe(many)
    assert counts == counted(many)


@FEWER
@given(RECORDS, RECORDS, RECORDS)
def test_merging_commutes_and_associates(one: list[Any], two: list[Any], three: list[Any]) -> None:
    """Parts may be merged in any order, and give what the whole gives."""
    a, b, c = counted(one), counted(two, complete=False), counted(three)
    assert a.merge(b) == b.merge(a)
    assert a.merge(b).merge(c) == a.merge(b.merge(c)) == total([c, a, b])
    assert counted(one).merge(counted(three)) == counted(one + three)
    assert a.merge(Counts()) == a


@FEWER
@given(RECORDS, st.booleans())
def test_counts_survive_their_bytes(records: list[Any], complete: bool) -> None:
    """Packed and unpacked counts are equal, and go on alike."""
    counts = counted(records, complete=complete)
    again = Counts.unpack(counts.pack())
    assert again == counts
    assert again.pack() == counts.pack()
    again.retract(records, complete=complete)
    assert again == Counts()


@given(st.binary(max_size=40))
def test_unreadable_bytes_are_no_counts(told: bytes) -> None:
    """Bytes of another release, or none at all, start anew and never raise."""
    for version in (b"", b"\x01", b"\x02"):
        assert isinstance(Counts.unpack(version + told), Counts)
    assert Counts.unpack(b"\x02" + Counts().pack()[1:]) == Counts()


def test_a_line_is_never_more_evidence_than_its_document() -> None:
    """What ten lines show is counted once; lines that differ leave their record ragged."""
    counts = counted([{"LINES": [{"ITMREF": "A", "QTY": 1}] * 9 + [{"ITMREF": "B"}]}] * 3)
    assert counts.n("LINES[].QTY") == counts.present("LINES[].ITMREF") == 3
    assert (counts.missing("LINES[].ITMREF"), counts.missing("LINES[].QTY")) == (0, 3)


def test_a_member_counts_where_it_could_be() -> None:
    """A record without the object that a member lies in says nothing of the member."""
    counts = counted([{"A": {"B": {"C": 1}}}] * 5 + [{"A": {}}] * 3 + [{}] * 2)
    assert (counts.n("A"), counts.n("A.B"), counts.n("A.B.C")) == (10, 8, 5)
    assert (counts.missing("A"), counts.missing("A.B"), counts.missing("A.B.C")) == (2, 3, 0)


def test_members_of_details_count_only_where_details_were_read() -> None:
    """A document whose details nobody read does not lack them."""
    counts = Counts()
    counts.observe([{"NUM": "1"}] * 900, complete=False)
    counts.observe([{"NUM": "2", "LINES": [{"QTY": 1}]}] * 300)
    form = judged(counts).fields
    assert (counts.n("NUM"), counts.n("LINES")) == (1200, 300)
    assert form["NUM"].presence is form["LINES"].presence is Presence.ALWAYS


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (True, "boolean"),
        (7, "integer"),
        (7.5, "number"),
        (1e300, "integer"),
        ("7.5", "text"),
        ("2024-02-31", "date"),
        ("31/01/2024", "date_other"),
        ("20240131", "date_other"),
        ("20241331", "text"),
        ("2024-01-31T10:00:00Z", "datetime"),
        ("2024-01-31T10:00:00+02:00", "datetime"),
        ("2024-01-31T10:00:00", "datetime_local"),
        ({}, "object"),
        ([], "array"),
        ("0000-00-00", "date"),
    ],
)
def test_a_value_is_of_one_kind(value: Any, kind: str) -> None:
    """Every value has its kind, alone and among others."""
    for n in (1, 10):
        assert judged(counted([{"A": value}] * n)).fields["A"].kinds == (ValueKind(kind),)


def test_emptiness_is_no_kind() -> None:
    """Null and empty text leave the type unknown."""
    field = judged(counted([{"A": None}, {"A": ""}])).fields["A"]
    assert (field.kinds, field.nullable, field.presence) == ((), True, Presence.UNJUDGED)


@pytest.mark.parametrize(("n", "presence"), [(0, None), (1, "unjudged"), (299, "unjudged"), (300, "always")])
def test_always_asks_for_three_hundred_records(n: int, presence: str | None) -> None:
    """Below 300 records a member is not called always there, nor never empty, nor a set of values closed."""
    form = judged(counted([{"A": 1 + at % 3} for at in range(n)])).fields
    field = form.get("A")
    assert (field and field.presence) == presence
    assert (field and field.nullable) is (False if n == 300 else None)
    assert (field and field.values) == (("1", "2", "3") if n == 300 else None)


@pytest.mark.parametrize(
    "values",
    [range(13), [1] * 299 + [2], [1, 500], [0, -1], ["FR001", "FR002"], ["a", "b"]],
    ids=["many", "rare", "great", "negative", "long", "small letters"],
)
def test_an_open_set_is_not_closed(values: Any) -> None:
    """Many values, rare ones, numbers no menu has and texts that are no codes make no closed set."""
    found = [{"A": value} for value in list(values) * (600 // len(list(values)))]
    assert judged(counted(found)).fields["A"].values is None


def test_too_many_codes_are_given_up_for_ever() -> None:
    """What was a set with too many members stays open whatever is taken back, and its bytes stay few."""
    codes = [{"A": f"C{at}"} for at in range(MANY_CODES * 20)]
    counts = counted(codes)
    counts.retract(codes[5:])
    assert counts.open == {"A"}
    assert len(counts.pack()) < 100


def test_the_longest_text_shrinks_again() -> None:
    """The maximum of lengths and scales follows what is there."""
    counts = counted([{"A": "x" * 30, "B": 1.5}] * 40)
    long = [{"A": "x" * 35, "B": 1.255}]
    counts.observe(long)
    assert (judged(counts).fields["A"].max_length, judged(counts).fields["B"].scale) == (35, 3)
    counts.retract(long)
    assert (judged(counts).fields["A"].max_length, judged(counts).fields["B"].scale) == (30, 1)


def test_ten_thousand_members_do_not_blow_up() -> None:
    """Dynamic names are collapsed; what is there in most records is kept."""
    counts = Counts()
    for at in range(30):
        dynamic = {f"D{at}_{each}": each for each in range(100)}
        counts.observe([{"NUM": "1", "MAP": {"FIXED": 1, **dynamic}, "LINES": [dynamic]}])
    counts.observe([{f"N{each}": each for each in range(10_000)}] * 5)
    form = judged(counts).fields
    assert len(counts.paths) <= MOST
    assert form["MAP.*"].presence is Presence.SOMETIMES
    assert "MAP.FIXED" in form
    assert "LINES[].*" in form
    assert not [path for path in form if path.startswith("MAP.D")]
    assert sum("." not in path and "[" not in path for path in form) <= 2 * WIDEST


def test_deep_nesting_is_bounded() -> None:
    """What lies deeper than is looked into is known by its kind alone."""
    value: Any = 1
    for _ in range(100):
        value = {"A": [value]}
    counts = counted([value] * 5)
    assert len(counts.paths) < 20
    counts.retract([value] * 5)
    assert counts == Counts()


def test_numbers_out_of_bounds_are_decoded() -> None:
    """A number beyond a float is no reason to fail."""
    counts = Counts()
    counts.observe(decoded([b'{"A":1e999}', b'{"A":1.5}', b'{"A":123456789012345678901234567890}']))
    assert counts.present("A") == 3


@FEWER
@given(RECORDS, st.data())
def test_incremental_equals_rebuilt(records: list[Any], data: st.DataObject) -> None:
    """Whatever was replaced in between, the counts are those of what is left."""
    counts = counted(records)
    kept = [json.decode(json.encode(record)) for record in records]
    for at in data.draw(st.lists(st.integers(0, max(0, len(kept) - 1)), max_size=6)) if kept else []:
        new = data.draw(st.dictionaries(NAMES, VALUES, max_size=4))
        counts.retract([kept[at]])
        counts.observe([new])
        kept[at] = new
    assert counts == counted(kept)
