from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from driftd.simulator.where import ExpressionError, Reading, UnknownPropertyError, parse
from tests.simulator.reader import Reader

RECORD: dict[str, Any] = {
    "BPCNUM": "O'Brien",
    "BPCNAM": "Test Works 25X",
    "BPCSTA": True,
    "OST": 771.42,
    "BPCTYP": 3,
    "BPCSNCDAT": "2017-11-05",
    "CRN": "",
    "UPDDATTIM": 1_541_515_193,  # 2018-11-06T14:39:53Z
    "NOTE": None,
    "BIG": Decimal("12345678901234567890.12"),
}


def holds(expression: str, collation: str = "binary", *, doubled_quotes: bool = True) -> bool:
    return parse(expression, RECORD, Reading(collation, doubled_quotes=doubled_quotes))(RECORD.__getitem__)


@pytest.mark.parametrize(
    "expression",
    [
        "left(BPCNAM,4) eq 'Test'",
        "(BPCTYP ne 4)",
        "BPCTYP between 2 and 3 and not OST lt 771.42",
        "OST eq 771.42 and OST gt -1",
        "BPCTYP in 1, 3",
        "BPCNUM in ('a', 'O''Brien')",
        "upper(BPCNAM) like '%25X%' or BPCTYP eq 9",
        "BPCNAM like 'Test%'",
        "BPCSNCDAT ge @2017-11-05@ and BPCSNCDAT lt @2017-11-06@",
        "BPCSNCDAT gt @0000-00-00@",
        "UPDDATTIM ge @2018-11-06T14:39:53Z@ and UPDDATTIM lt @2018-11-06T15:39:54+01:00@",
        "BPCSTA eq true",
        "CRN eq ''",
        "NOTE eq null",
        "BIG gt 12345678901234567890.11 and BIG lt 12345678901234567890.13",
        "BPCTYP eq 1 and BPCTYP eq 2 or BPCTYP eq 3",
        "not (BPCTYP eq 1 or BPCTYP eq 2)",
    ],
)
def test_true_expressions(expression: str) -> None:
    """Every form of the SData expression language that is documented is understood."""
    assert holds(expression)
    assert not holds(f"not ({expression})")


@pytest.mark.parametrize(
    "expression",
    ["", "BPCNAM", "BPCNAM eq", "eq 'x'", "BPCNAM eq 'x", "(BPCTYP eq 1", "BPCTYP == 1", "left(BPCNAM) eq 'x'",
     "lower(BPCNAM) eq 'x'", "BPCNAM eq 5", "BPCTYP eq 'x'", "BPCSNCDAT gt @yesterday@", "BPCTYP eq 1 BPCTYP eq 2"],
)  # fmt: skip
def test_nonsense_is_refused(expression: str) -> None:
    """What is no expression, or compares text with numbers, raises; it never silently selects."""
    with pytest.raises(ExpressionError):
        holds(expression)


def test_an_unknown_property_is_named() -> None:
    """A property the facet does not have is reported by its name."""
    with pytest.raises(UnknownPropertyError, match="XFIELD"):
        holds("XFIELD eq 1")


def test_quotes_may_be_impossible() -> None:
    """With `rejected`, a doubled quote is no way to write a quote."""
    with pytest.raises(ExpressionError):
        holds("BPCNUM eq 'O''Brien'", doubled_quotes=False)


@pytest.mark.parametrize(
    ("collation", "expression"),
    [
        ("case_insensitive", "BPCNAM eq 'test works 25x'"),
        ("trailing_blanks", "BPCNAM eq 'Test Works 25X  '"),
        ("numeric", "BPCNAM lt 'Test Works 100X'"),
    ],
)
def test_text_compares_as_the_database_does(collation: str, expression: str) -> None:
    """`where` compares text by the collation that orders it."""
    assert holds(expression, collation)
    assert not holds(expression, "binary")


def test_where_selects_as_the_records_say(reader: Reader) -> None:
    """Over HTTP, with paging, a selection is exactly the records that satisfy it."""
    held = reader.tenant.records("BPCUSTOMER")
    expected = {key for (key,), row in held.items() if row["BPCTYP"] == 2 and row["OST"] > 5000}  # type: ignore[operator]
    rows = reader.rows("BPCUSTOMER", where="BPCTYP eq 2 and OST gt 5000", orderBy="BPCNUM", count=3)
    assert {row["BPCNUM"] for row in rows} == expected


@pytest.mark.parametrize("parameter", ["where", "orderBy"])
@pytest.mark.parametrize("name", ["XFIELD", "TSCCOD", "UPDDATTIM"])
def test_unknown_properties_are_500(reader: Reader, parameter: str, name: str) -> None:
    """A property outside the `$query` facet is 500 in `where` and `orderBy`, whether or not `$details` shows it."""
    value = f"{name} eq 'x'" if parameter == "where" else name
    assert reader.query("BPCUSTOMER", **{parameter: value}).status_code == 500


@pytest.mark.parametrize("code", [400, 500])
@pytest.mark.parametrize(
    "parameters",
    [{"where": "BPCNAM eq"}, {"orderBy": "BPCNAM sideways"}, {"key": "near.C1"}, {"key": "gt"}, {"count": "many"}],
)
def test_what_cannot_be_parsed_has_its_own_code(reader: Reader, parameters: dict[str, str], code: int) -> None:
    """Expressions that cannot be parsed answer with the code of their switch."""
    reader.tenant.switches.move({"where_error_code": code})
    assert reader.query("BPCUSTOMER", **parameters).status_code == code


def test_the_watermark_selects_where_it_is_shown(reader: Reader) -> None:
    """With `UPDDATTIM` in `$query`, a delta by watermark shows exactly what changed since, in order."""
    tenant = reader.tenant
    tenant.switches.updatim_in_query = "present"
    before = tenant.state
    tenant.advance(create=2, update=4, delete=0, resource="BPCUSTOMER")
    changed = {change.key[0] for change in tenant.truth(before, tenant.state, "BPCUSTOMER")}
    rows = reader.rows("BPCUSTOMER", where="UPDDATTIM ge @2026-01-01T00:00:00Z@", orderBy="UPDDATTIM,BPCNUM", count=2)
    assert {row["BPCNUM"] for row in rows} >= changed
    stamps = [(row["UPDDATTIM"], row["BPCNUM"]) for row in rows]
    assert stamps == sorted(stamps)


def test_local_update_times_are_compared_as_clocks_show_them(reader: Reader) -> None:
    """Without a zone a literal means the tenant's clocks, with one an instant; the hour that comes twice is one."""
    reader.tenant.switches.move({"updatim_in_query": "present", "updatim_zone": "local"})
    rows = reader.rows("BPCUSTOMER", orderBy="UPDDATTIM,BPCNUM", count=7)
    shown = [row["UPDDATTIM"] for row in rows]
    assert shown == sorted(shown)
    middle = shown[len(shown) // 2]
    at = datetime.fromisoformat(middle).replace(tzinfo=ZoneInfo("Europe/Paris"))
    for literal in (middle, at.isoformat(), f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"):
        found = reader.rows("BPCUSTOMER", where=f"UPDDATTIM ge @{literal}@", count=50)
        assert {row["UPDDATTIM"] for row in found} == {each for each in shown if each >= middle}
