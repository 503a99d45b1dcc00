"""What is patched shows in records, prototypes and keys as the patch says."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from driftd.simulator import Farm, Patch
from tests.simulator.reader import Reader, reading
from tests.simulator.test_patches import records
from tests.simulator.test_prototypes import prototype


@pytest.fixture(scope="module")
def served() -> Iterator[Reader]:
    """A farm smaller than that of other modules."""
    with reading(Farm.build(tenants=1, records=24)) as reader:
        yield reader


def one(reader: Reader) -> Any:
    return records(reader)["SON00000002",]


def patched(reader: Reader, *patches: Patch) -> Any:
    reader.tenant.patch(*patches)
    return one(reader)


def test_structure(reader: Reader) -> None:
    """What is renamed, moved, nested, wrapped and flattened has the old values at the new place, companions too."""
    old = one(reader)
    new = patched(
        reader,
        Patch("SORDER", "rename", "BPCORD", "CUSTOMER"),
        Patch("SORDER", "nest", "CUR,PTE", "TERMS"),
        Patch("SORDER", "rename", "TERMS.PTE", "PAYMENT"),
        Patch("SORDER", "wrap", "SOHSOP[].ITMREF"),
        Patch("SORDER", "move", "CUSORDREF", "SOHSOP[].REFERENCE"),
        Patch("SORDER", "move", "SOHTYP", "KIND.TYPE"),
    )
    assert (new["CUSTOMER"], new["TERMS"], new["KIND"]) == (
        old["BPCORD"],
        {"CUR": old["CUR"], "PAYMENT": old["PTE"]},
        {"TYPE": old["SOHTYP"]},
    )
    assert not {"BPCORD", "CUR", "PTE", "CUSORDREF", "SOHTYP"} & new.keys()
    for line, was in zip(new["SOHSOP"], old["SOHSOP"], strict=True):
        assert (line["ITMREF"], line["REFERENCE"]) == ({"code": was["ITMREF"]}, old["CUSORDREF"])
    wire = reader.details("SORDER", "SON00000002").json()
    assert wire["CUSTOMER_REF"]["$title"]
    assert wire["TERMS"]["PAYMENT_REF"]["$title"]
    assert wire["SOHSOP"][0]["ITMREF"]["code_REF"]["$title"]
    assert not {"BPCORD_REF", "PTE_REF"} & wire.keys()
    flat = patched(reader, Patch("SORDER", "flatten", "TERMS"), Patch("SORDER", "flatten", "SOHSOP[].ITMREF"))
    assert (flat["CUR"], flat["PAYMENT"], "TERMS" in flat) == (old["CUR"], old["PTE"], False)
    assert [line["code"] for line in flat["SOHSOP"]] == [line["ITMREF"] for line in old["SOHSOP"]]


@pytest.mark.parametrize(
    ("patch", "now"),
    [
        (Patch("SORDER", "retype", "ORDDAT", "integer"), lambda old: int(old["ORDDAT"].replace("-", ""))),
        (Patch("SORDER", "retype", "DLVSTA", "text"), lambda old: str(old["DLVSTA"])),
        (Patch("SORDER", "retype", "ORDNOT", "text"), lambda old: str(old["ORDNOT"])),
        (Patch("SORDER", "retype", "ORDNOT", "integer"), lambda old: int(old["ORDNOT"])),
        (Patch("SORDER", "retype", "DLVSTA", "boolean"), lambda old: old["DLVSTA"] > 1),
        (Patch("SORDER", "retype", "CUR", "object"), lambda old: {"code": old["CUR"]}),
        (Patch("SORDER", "retype", "CUR", "array"), lambda old: [old["CUR"]]),
        (Patch("SORDER", "retype", "TSCCOD", "integer"), lambda old: [int(each or 0) for each in old["TSCCOD"]]),
        (Patch("SORDER", "empty", "BPCNAM"), lambda _old: ""),
        (Patch("SORDER", "empty", "ORDDAT"), lambda _old: "0000-00-00"),
        (Patch("SORDER", "empty", "ORDNOT"), lambda _old: None),
        (Patch("SORDER", "empty", "ORDNOT", 0), lambda _old: 0),
        (Patch("SORDER", "empty", "SOHSOP"), lambda _old: []),
        (Patch("SORDER", "empty", "TSCCOD"), lambda _old: [""] * 5),
        (Patch("SORDER", "lengthen", "BPCNAM", 90), lambda old: old["BPCNAM"].ljust(90, "x")),
        (Patch("SORDER", "lengthen", "BPCNAM", 3), lambda old: old["BPCNAM"][:3]),
        (Patch("SORDER", "multiply", "ORDNOT", 100), lambda old: int(Decimal(str(old["ORDNOT"])) * 100)),
        (Patch("SORDER", "multiply", "ORDNOT", -1), lambda old: -old["ORDNOT"]),
        (Patch("SORDER", "scale", "ORDNOT", 0), lambda old: int(Decimal(str(old["ORDNOT"])).quantize(1))),
        (Patch("SORDER", "date_form", "ORDDAT", "YYYYMMDD"), lambda old: old["ORDDAT"].replace("-", "")),
        (Patch("SORDER", "date_form", "ORDDAT", "DD/MM/YYYY"), lambda old: "/".join(old["ORDDAT"].split("-")[::-1])),
        (Patch("SORDER", "date_form", "ORDDAT", "datetime"), lambda old: old["ORDDAT"] + "T00:00:00Z"),
        (Patch("SORDER", "date_form", "UPDDATTIM", "local"), lambda old: old["UPDDATTIM"][:-1]),
        (Patch("SORDER", "menu", "DLVSTA", 9), lambda _old: 9),
        (Patch("SORDER", "shift_menu", "DLVSTA", {"1": 2, "2": 3, "3": 4}), lambda old: old["DLVSTA"] + 1),
        (Patch("SORDER", "shift_menu", "CUR", {"EUR": "EU", "GBP": "GB", "USD": "US", "ZAR": "ZA"}),
         lambda old: old["CUR"][:2]),
    ],
)  # fmt: skip
def test_values(reader: Reader, patch: Patch, now: Any) -> None:
    """A changed value is the old one in the new type, length, unit, form or meaning."""
    old = records(reader)
    reader.tenant.patch(patch)
    for key, record in records(reader).items():
        value, want = record[patch.field], now(old[key])
        assert (value, type(value)) == (want, type(want)), key


def test_a_finer_scale_ends_in_a_digit(reader: Reader) -> None:
    """Of an amount to four digits the last is never 0, and the amount is what it was but for the digits added."""
    old = records(reader)
    reader.tenant.patch(Patch("SORDER", "scale", "ORDNOT", 4))
    for key, record in records(reader).items():
        value, was = Decimal(str(record["ORDNOT"])), Decimal(str(old[key]["ORDNOT"]))
        assert value.as_tuple().exponent == -4
        assert 0 < value - was < Decimal(1)


def test_added_fields(reader: Reader) -> None:
    """An added field has the value, one of the values, or one made up for its type, the same at every read."""
    patches = (
        Patch("SORDER", "add", "XA", "fixed"),
        Patch("SORDER", "add", "XB", {"values": [1, 2]}),
        Patch("SORDER", "add", "XC", {"type": "date", "mandatory": True}),
        Patch("SORDER", "add", "", "XD"),
        Patch("SORDER", "add", "SOHSOP[].XE", {"value": False}),
    )
    reader.tenant.patch(*patches)
    found = records(reader)
    assert found == records(reader)
    assert {record["XA"] for record in found.values()} == {"fixed"}
    assert {record["XB"] for record in found.values()} == {1, 2}
    assert len({record["XD"] for record in found.values()}) > 12
    assert all(line["XE"] is False for record in found.values() for line in record["SOHSOP"])
    properties = prototype(reader, "SORDER", "$query")["$properties"]
    kinds = {name: properties[name]["$type"] for name in ("XA", "XB", "XC", "XD")}
    assert kinds == {
        name: f"application/x-{kind}" for name, kind in zip(kinds, ("string", "integer", "date", "string"), strict=True)
    }
    assert [bool(properties[name].get("$isMandatory")) for name in kinds] == [False, False, True, False]


@pytest.mark.parametrize(
    ("patch", "member", "value"),
    [
        (Patch("SORDER", "retype", "CUR", "integer"), "$type", "application/x-integer"),
        (Patch("SORDER", "wrap", "CUR"), "$type", "application/json"),
        (Patch("SORDER", "lengthen", "CUR", 44), "$maxLength", 44),
        (Patch("SORDER", "mandatory", "SHIDAT"), "$isMandatory", True),
        (Patch("SORDER", "mandatory", "CUR", False), "$isMandatory", None),
        (Patch("SORDER", "exclude", "CUR"), "$isExcluded", True),
        (Patch("SORDER", "format", "CUR", "K:5c"), "$x3Format", "K:5c"),
        (Patch("SORDER", "format", "ORDNOT"), "$x3Format", None),
        (Patch("SORDER", "scale", "ORDNOT", 4), "$x3Format", "N:13.4"),
        (Patch("SORDER", "date_form", "ORDDAT", "datetime"), "$type", "application/x-datetime"),
        (Patch("SORDER", "date_form", "ORDDAT", "YYYYMMDD"), "$x3Format", "YYYYMMDD"),
    ],
)
def test_properties(reader: Reader, patch: Patch, member: str, value: Any) -> None:
    """A changed property differs in the member that tells of it."""
    before = prototype(reader, "SORDER", "$query")["$properties"][patch.field]
    reader.tenant.patch(patch)
    after = prototype(reader, "SORDER", "$query")["$properties"][patch.field]
    assert after.get(member) == value != before.get(member)


def test_titles(reader: Reader) -> None:
    """A new title is told by number and text, and stands at the companion; nothing else moves."""
    before = prototype(reader, "SORDER", "$details")
    reader.tenant.patch(Patch("SORDER", "title", "BPCORD", "Buyer"))
    after = prototype(reader, "SORDER", "$details")
    number = after["$properties"]["BPCORD"]["$title"]
    assert after["$localization"][number.strip("{}")].startswith("Buyer")
    before["$properties"]["BPCORD"]["$title"] = number
    assert after["$properties"] == before["$properties"]
    assert reader.details("SORDER", "SON00000002").json()["BPCORD_REF"]["$title"] == "Buyer"


def test_a_new_part_of_the_key_doubles_records(reader: Reader) -> None:
    """Under the old key there are two rows then, which the new part tells apart; the prototype tells of it."""
    reader.tenant.patch(Patch("SORDER", "key_part", "SITE", ["A", "B"], share=0.5))
    rows = reader.rows("SORDER", count=7)
    keys = [(row["SOHNUM"], row["SITE"]) for row in rows]
    assert len(set(keys)) == len(keys) > len({number for number, _ in keys}) == len(records(reader))
    assert len({row["$uuid"] for row in rows}) == len(rows)
    by_both = reader.rows("SORDER", count=7, orderBy="SOHNUM,SITE")
    assert [(row["SOHNUM"], row["SITE"]) for row in by_both] == sorted(keys)
    told = prototype(reader, "SORDER", "$query")
    assert told["$key"] == "{SOHNUM}~{SITE}"
    number = next(number for number, part in keys if part == "B")
    assert [reader.details("SORDER", f"{number}~{part}").json()["SITE"] for part in "AB"] == ["A", "B"]
    assert reader.details("SORDER", number).json()["SITE"] == "B"


@pytest.mark.parametrize(
    ("patch", "key", "name"),
    [
        (Patch("SORDER", "rename", "SOHNUM", "ORDERNUMBER"), "{ORDERNUMBER}", "ORDERNUMBER"),
        (Patch("SORDER", "retype", "SOHNUM", "integer"), "{SOHNUM}", "SOHNUM"),
        (Patch("SORDER", "wrap", "SOHNUM"), "{SOHNUM.code}", None),
        (Patch("SORDER", "remove", "SOHNUM"), "", None),
    ],
)
def test_a_key_may_change(reader: Reader, patch: Patch, key: str, name: str | None) -> None:
    """All records stay readable: by the order of the server, by the key's new name and spelling where it has one."""
    count = len(records(reader))
    reader.tenant.patch(patch)
    assert prototype(reader, "SORDER", "$query")["$key"] == key
    assert len(reader.rows("SORDER", count=7)) == count
    if name is None:
        return
    rows = reader.rows("SORDER", count=7, orderBy=name)
    assert len({row[name] for row in rows}) == len(rows) == count
    assert [row[name] for row in rows] == sorted(row[name] for row in rows)
    assert reader.details("SORDER", str(rows[3][name])).json()[name] == rows[3][name]
    value = f"'{rows[3][name]}'" if isinstance(rows[3][name], str) else rows[3][name]
    assert len(reader.rows("SORDER", where=f"{name} eq {value}")) == 1


def test_an_unknown_property_is_500_once_it_is_gone(reader: Reader) -> None:
    """A removed or renamed member cannot be filtered or sorted on, its new name can; the watermark as any other."""
    reader.tenant.switches.updatim_in_query = "present"
    since = "UPDDATTIM ge @2020-01-01T00:00:00Z@"
    assert len(reader.rows("SORDER", where=since)) == len(records(reader))
    number = reader.tenant.patch(Patch("SORDER", "remove", "UPDDATTIM"))
    assert reader.query("SORDER", where=since).status_code == 500
    assert reader.query("SORDER", orderBy="UPDDATTIM,SOHNUM").status_code == 500
    reader.tenant.unpatch(number)
    reader.tenant.patch(Patch("SORDER", "rename", "UPDDATTIM", "CHANGED"))
    assert reader.query("SORDER", where=since).status_code == 500
    ordered = reader.rows("SORDER", where=since.replace("UPDDATTIM", "CHANGED"), orderBy="CHANGED,SOHNUM", count=9)
    assert [row["CHANGED"] for row in ordered] == sorted(row["CHANGED"] for row in ordered)
    assert len(ordered) == len(records(reader))
