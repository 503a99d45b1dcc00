"""The oracle says of hand-made records what the designs say."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.drift.evidence import Evidence, Patched, proven
from tests.drift.facts import Survey
from tests.drift.happenings import Expected
from tests.drift.oracle import Ground, Verdict, verdict

Change = Callable[[dict[str, Any], int], dict[str, Any]]


def records(many: int) -> list[dict[str, Any]]:
    """Return so many records, with two lines each."""
    return [
        {
            "KEY": f"K{n:04}", "NAME": f"name {n}", "SORT": n % 4 + 1, "SPARE": "" if n % 3 else f"spare {n}",
            "DAY": f"2025-01-{n % 28 + 1:02}", "PRICE": n + 0.25, "UNITS": n + 1, "ON": n % 2 == 0,
            "LINES": [{"LIN": 1, "CODE": f"A{n}"}, {"LIN": 2, "CODE": f"B{n}"}],
        }
        for n in range(many)
    ]  # fmt: skip


def judged(
    change: str,
    do: Change,
    *,
    many: int = 400,
    field: str = "NAME",
    to: str | None = None,
    shown: int | None = None,
    ground: Ground | None = None,
) -> Verdict:
    """Judge records that `do` changed, of which the first `shown` were shown since."""
    before = records(many)
    keyed = {(record["KEY"],): record for record in before}
    after = {key: do(dict(record), n) for n, (key, record) in enumerate(keyed.items())}
    seen = frozenset(list(keyed)[:shown])
    paged = frozenset({*before[0], *(member for record in after.values() for member in record)})
    evidence = Evidence(("KEY",), Survey(keyed), Survey(after), seen, seen, paged)
    return verdict(Patched("CLASS", change, field, to), evidence, ground or Ground())


def names(told: Verdict) -> set[tuple[str, ...]]:
    """Return the findings of each right way."""
    return {tuple(sorted(each.name for each in way)) for way in told.ways}


def without(name: str, where: Callable[[int], bool] = lambda _n: True) -> Change:
    return lambda record, n: {k: v for k, v in record.items() if k != name or not where(n)}


def setting(name: str, value: Callable[[Any, int], Any], where: Callable[[int], bool] = lambda _n: True) -> Change:
    return lambda record, n: record | ({name: value(record[name], n)} if where(n) else {})


def renamed(old: str, new: str, where: Callable[[int], bool] = lambda _n: True) -> Change:
    return lambda record, n: {(new if k == old and where(n) else k): v for k, v in record.items()}


REMOVED = {("field_removed_always",)}
THINNER = {("required_to_optional",), ("became_nullable",)}
MOVED = {("field_renamed",), ("field_moved",)}
APART = {("field_added_optional", "field_removed_always")}


@pytest.mark.parametrize(
    ("look", "wanted"),
    [
        (lambda: judged("remove", without("NAME")), REMOVED),
        (lambda: judged("remove", without("NAME"), many=299), {("field_removed_sometimes",)}),
        (lambda: judged("remove", without("NAME"), many=29), {(), ("field_removed_sometimes",)}),
        (lambda: judged("remove", without("NAME", lambda n: n % 10 == 7)), THINNER),
        (lambda: judged("remove", without("NAME", lambda n: n == 7)), THINNER | {()}),
        (lambda: judged("remove", without("NAME", lambda n: n == 7), many=299), {()}),
        (lambda: judged("remove", without("NAME"), shown=50), REMOVED | THINNER),
        (lambda: judged("remove", without("NAME", lambda n: n > 60), shown=50), {()}),
        (lambda: judged("add", lambda record, n: record | {"NEW": n}, field="NEW"), {("field_added_optional",)}),
        (
            lambda: judged("add", lambda record, n: record | {"YNEW": n}, field="YNEW"),
            {("custom_field_added",), ("field_added_optional",)},
        ),
        (lambda: judged("rename", renamed("NAME", "NAME1"), to="NAME1"), MOVED),
        (lambda: judged("rename", renamed("NAME", "NAME1"), to="NAME1", many=30), MOVED),
        (
            lambda: judged("rename", renamed("NAME", "NAME1"), to="NAME1", many=29),
            {("field_added_optional",), ("field_added_optional", "field_removed_sometimes")},
        ),
        (lambda: judged("rename", renamed("SORT", "SORT1"), to="SORT1"), APART),
        (lambda: judged("rename", renamed("ON", "ON1"), to="ON1"), APART),
        (lambda: judged("rename", renamed("LINES", "ROWS"), field="LINES", to="ROWS"), {("collection_renamed",)}),
        (
            lambda: judged("nest", lambda record, _n: {"KEY": record["KEY"], "GROUP": {"NAME": record["NAME"]}}),
            set(),
        ),
        (lambda: judged("wrap", setting("NAME", lambda value, _n: {"code": value})), {("type_changed",)}),
        (
            lambda: judged("wrap", setting("NAME", lambda value, _n: {"code": value}, lambda n: n < 40)),
            {("type_changed",), ("type_widened",)},
        ),
        (lambda: judged("retype", setting("UNITS", lambda value, _n: str(value)), field="UNITS"), {("type_changed",)}),
        (lambda: judged("scale", setting("UNITS", lambda value, _n: value + 0.5), field="UNITS"), {("type_widened",)}),
        (
            lambda: judged("scale", setting("PRICE", lambda value, _n: value + 0.001), field="PRICE"),
            {("precision_changed",)},
        ),
        (lambda: judged("empty", setting("NAME", lambda *_: "")), {("became_nullable",), ("type_widened",)}),
        (lambda: judged("empty", setting("SPARE", lambda *_: ""), field="SPARE"), {()}),
        (
            lambda: judged("date_form", setting("DAY", lambda value, _n: value.replace("-", "")), field="DAY"),
            {("date_format_changed",)},
        ),
        (
            lambda: judged("menu", setting("SORT", lambda *_: 9, lambda n: n % 10 == 3), field="SORT"),
            {("enum_value_added",)},
        ),
        (
            lambda: judged("multiply", setting("PRICE", lambda value, _n: value * 100), field="PRICE"),
            {("scale_shift",)},
        ),
        (lambda: judged("multiply", setting("PRICE", lambda value, _n: value * 1.07), field="PRICE"), {()}),
        (lambda: judged("business", setting("NAME", lambda value, n: f"{value} {n}"), field=""), {()}),
        (lambda: judged("remove", without("KEY"), field="KEY"), {("key_changed",)}),
    ],
)
def test_a_verdict_follows_the_designs(look: Callable[[], Verdict], wanted: set[tuple[str, ...]]) -> None:
    """Presence, renames, types, emptiness, menus, scale and key, each at its limits."""
    told = look()
    assert names(told) == wanted or (not wanted and "nested" in told.cases)


def test_what_nobody_read_need_not_be_found() -> None:
    """A patch of records that no cycle has shown yet is silence."""
    assert judged("remove", without("NAME"), shown=0).null


def test_lines_and_records_differ_in_number() -> None:
    """With 300 lines in fewer records the designs leave open whether a member was always there."""
    told = judged(
        "remove", lambda record, _n: record | {"LINES": [{"LIN": 1}, {"LIN": 2}]}, many=200, field="LINES[].CODE"
    )
    assert names(told) == REMOVED | {("field_removed_sometimes",)}
    assert {each.paths for way in told.ways for each in way} == {frozenset({"LINES[].CODE"})}


PROTOTYPE: dict[str, dict[str, Any]] = {"KEY": {"$type": "text"}, "NAME": {"$type": "text", "$maxLength": 30}}


@pytest.mark.parametrize(
    ("after", "wanted"),
    [
        ({"KEY": {"$type": "text"}}, REMOVED | {("field_removed_sometimes",)}),
        (PROTOTYPE | {"NEW": {"$type": "text"}}, {("field_added_optional",)}),
        (PROTOTYPE | {"NEW": {"$type": "text", "$isMandatory": True}}, {("field_added_required",)}),
        (PROTOTYPE | {"NAME": {"$type": "text", "$maxLength": 40}}, {("limit_loosened",)}),
        (PROTOTYPE | {"NAME": {"$type": "text", "$maxLength": 20}}, {("limit_tightened",)}),
        (PROTOTYPE | {"NAME": {"$type": "number"}}, {("type_changed",)}),
        (PROTOTYPE | {"NAME": PROTOTYPE["NAME"] | {"$isMandatory": True}}, {("optional_to_required",)}),
        (PROTOTYPE | {"KEY": {"$type": "text", "$maxLength": 10}}, {("limit_set",), ("key_changed",)}),
        (PROTOTYPE, {()}),
    ],
)
def test_the_prototype_alone_is_judged(after: dict[str, Any], wanted: set[tuple[str, ...]]) -> None:
    """Without a change of records the contract's own change is what is to be told."""
    field = "KEY" if after["KEY"] != PROTOTYPE["KEY"] else "NAME"
    told = judged("format", lambda record, _n: record, field=field, ground=Ground(declared=(PROTOTYPE, after)))
    assert names(told) == wanted


def test_one_cause_is_told_once_where_both_tell_it() -> None:
    """Of records and prototype it is the records' word that is right."""
    told = judged("remove", without("NAME"), ground=Ground(declared=(PROTOTYPE, {"KEY": {"$type": "text"}})))
    assert told.ways == {frozenset({Expected("field_removed_always", frozenset({"NAME"}), ("breaking", "warning"))})}


def test_a_used_field_is_one_that_is_named() -> None:
    """Use decides how much a break weighs: by the configuration, or because a check reckons with the field."""
    assert "NAME" in judged("remove", without("NAME"), ground=Ground(used=frozenset({"NAME"}))).used
    assert judged("remove", without("NAME")).used == {"KEY"}


@pytest.mark.parametrize(
    ("k", "m", "n", "wanted"),
    [
        (32, 320, 320, True),
        (1, 320, 320, False),
        (3, 320, 320, False),
        (2, 2, 10_000, False),
        (3, 3, 1_000, True),
        (25, 1_000, 100_000, False),
        (1, 1, 1, False),
        (29, 29, 29, True),
    ],
)
def test_rarity_is_told_from_change(k: int, m: int, n: int, wanted: bool) -> None:
    """By the tail at the rate that n records leave possible, by the difference, and never by one or two records."""
    assert proven(k, m, n) is wanted
