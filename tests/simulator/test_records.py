from decimal import Decimal
from typing import Any

import orjson
import pytest

from driftd.simulator import Farm
from tests.simulator.reader import Reader, reading, stripped


def test_query_shows_fewer_members_than_details(reader: Reader) -> None:
    """`$query` is a part of `$details`, with the same values and without lines."""
    for resource, model in reader.tenant.classes.items():
        row = reader.rows(resource)[3]
        whole = reader.details(resource, "~".join(str(row[name]) for name in model.key)).json()
        assert set(stripped(row)) < set(stripped(whole))
        assert all(whole[name] == value for name, value in stripped(row).items())
        assert not any(part.name in row for part in model.collections)
        assert all(part.name in whole for part in model.collections)


def test_details_look_like_x3(reader: Reader) -> None:
    """Padded arrays, two levels of rows with `$uuid`, references in pairs, empties, and who is reading."""
    whole = reader.details("BPCUSTOMER", reader.rows("BPCUSTOMER")[0]["BPCNUM"]).json()
    assert (whole["$actxFolder"], whole["$actxUser"], whole["$actxLan"]) == ("ALDGATE", "ws.aldgate", "ENG")
    assert len(whole["TSCCOD"]) == 5
    assert whole["TSCCOD"][-1] == ""
    assert [len(address["BPCBPRBPACOLTEL"]) for address in whole["BPCBPRBPA"]] == [5] * len(whole["BPCBPRBPA"])
    assert len({slot["$uuid"] for slot in whole["BPCBPRBPA"][0]["BPCBPRBPACOLTEL"]}) == 5
    assert set(whole["CUR_REF"]) == {"$title", "$description", "$symbol", "$scale", "$precision"}
    assert whole["BPCBPD"][0]["BPCBPDC_REP"][-1] == {"REPNUM": "", "$title": ""}
    assert whole["$properties"]["BPCNUM"] == {"$isMandatory": True}
    records = reader.tenant.records("BPCUSTOMER", facet="$details").values()
    assert {record["CNTBIR"] for record in records} >= {"0000-00-00"}
    assert {record["CLAINVTEX"] for record in records} >= {None}


def test_a_customer_row_is_of_realistic_size() -> None:
    """A `BPCUSTOMER` row of `$query` has about 25 members in about 660 bytes."""
    with reading(Farm.build(tenants=1, records=200)) as reader:
        page = reader.query("BPCUSTOMER", count=200)
    rows = page.json()["$resources"]
    assert 630 <= len(page.content) / 200 <= 690
    assert 20 <= len(stripped(rows[0])) <= 26


def test_titles_follow_the_referenced_record(reader: Reader) -> None:
    """When a customer's name changes, its orders show the new title at once; as records they stay the same."""
    order = reader.rows("SORDER")[0]
    state, customer = reader.tenant.state, order["BPCORD"]
    record = reader.tenant.records("BPCUSTOMER", facet="$details")[customer,]
    reader.tenant.put("BPCUSTOMER", {**record, "BPCNAM": "Renamed plc"})
    again = next(row for row in reader.rows("SORDER") if row["SOHNUM"] == order["SOHNUM"])
    assert again["BPCORD_REF"]["$title"] == "Renamed plc" != order["BPCORD_REF"]["$title"]
    assert reader.tenant.truth(state, reader.tenant.state, "SORDER") == []


@pytest.mark.parametrize(
    "key", ["O'Brien", "a~b", "~", "two words", "end ", "Ж-1", "供应商", "a/b", "50%", "a+b&c=d?e#f", "''", '"', "\\"]
)
def test_any_key_can_be_read(reader: Reader, key: str) -> None:
    """Whatever a key holds, its record is listed, and found by `CLASS('KEY')` with the key percent-encoded."""
    reader.tenant.put("ITMMASTER", {"ITMREF": key, "ITMDES1": "odd"})
    assert key in [row["ITMREF"] for row in reader.rows("ITMMASTER", count=7)]
    assert reader.details("ITMMASTER", key).json()["ITMREF"] == key
    assert reader.details("ITMMASTER", key.replace("'", "''")).json()["ITMREF"] == key
    reader.tenant.remove("ITMMASTER", key)


@pytest.mark.parametrize("spelling", ["compact", "spaced"])
def test_big_numbers_keep_their_digits(reader: Reader, spelling: str) -> None:
    """Integers beyond 64 bits and decimals of twenty digits go over the wire digit by digit, and are held exactly."""
    reader.tenant.switches.move({"whitespace": spelling})
    digits = "12345678901234567890.12"
    record = {"ITMREF": "BIG", "WHOLE": 2**70, "LONG": Decimal(digits), "SHORT": Decimal("1.50")}
    reader.tenant.put("ITMMASTER", record)  # type: ignore[arg-type]
    text = reader.query("ITMMASTER", where="ITMREF eq 'BIG'").text
    assert str(2**70) in text
    assert digits in text
    held = reader.tenant.records("ITMMASTER")["BIG",]
    assert held == {"ITMREF": "BIG", "WHOLE": 2**70, "LONG": Decimal(digits), "SHORT": 1.5}
    reader.tenant.remove("ITMMASTER", "BIG")


def test_rows_without_a_usable_key_are_shown_but_held_by_nobody(reader: Reader) -> None:
    """A null key and a missing key are on the wire, and in no reader's snapshot."""
    state, count = reader.tenant.state, len(reader.tenant.records("ITMMASTER"))
    reader.tenant.put("ITMMASTER", {"ITMREF": None, "ITMDES1": "null"})
    assert None in [row["ITMREF"] for row in reader.rows("ITMMASTER", count=500)]
    reader.tenant.put("ITMMASTER", {"ITMDES1": "missing"})
    rows = reader.rows("ITMMASTER", count=500)
    assert [row["ITMDES1"] for row in rows if "ITMREF" not in row] == ["missing"]
    assert len(reader.tenant.records("ITMMASTER")) == count
    assert reader.tenant.truth(state, reader.tenant.state, "ITMMASTER") == []
    reader.tenant.remove("ITMMASTER", None)


def test_of_rows_under_one_key_the_last_shown_is_held(reader: Reader) -> None:
    """An identical twin is the same record; a different one takes its place for the reader."""
    tenant, key = reader.tenant, reader.rows("BPCUSTOMER")[5]["BPCNUM"]
    state = tenant.put_duplicate("BPCUSTOMER", key)
    twins = [row for row in reader.rows("BPCUSTOMER", count=500) if row["BPCNUM"] == key]
    assert twins[0] == twins[1]
    assert tenant.truth(state - 1, state, "BPCUSTOMER") == []
    after = tenant.put_duplicate("BPCUSTOMER", key, {"BPCNAM": "Another"})
    names = [row["BPCNAM"] for row in reader.rows("BPCUSTOMER", count=500) if row["BPCNUM"] == key]
    assert names == [twins[0]["BPCNAM"]] * 2 + ["Another"]
    (change,) = tenant.truth(state, after, "BPCUSTOMER")
    assert (change.op, change.after and change.after["BPCNAM"]) == ("u", "Another")
    tenant.remove("BPCUSTOMER", key)


def test_an_order_may_have_thousands_of_lines(reader: Reader) -> None:
    """A put order shows all its lines in `$details`, and none in `$query`."""
    lines: Any = [{"SOPLIN": 1000 * line, "ITMREF": "X", "QTY": line} for line in range(5000)]
    reader.tenant.put("SORDER", {"SOHNUM": "HUGE", "CUSORDREF": "x", "SOHSOP": lines})
    assert len(reader.details("SORDER", "HUGE").json()["SOHSOP"]) == 5000
    (row,) = reader.query("SORDER", where="SOHNUM eq 'HUGE'").json()["$resources"]
    assert stripped(row) == {"SOHNUM": "HUGE", "CUSORDREF": "x"}
    reader.tenant.remove("SORDER", "HUGE")


def test_a_put_record_is_exact() -> None:
    """Only `$…` members join what was put: no reference, no watermark."""
    with reading(Farm.build(tenants=1, records=3, only=["BPCUSTOMER"])) as reader:
        reader.tenant.switches.updatim_in_query = "present"
        put: Any = {"BPCNUM": "X", "CUR": "EUR", "NEW": {"a": [], "b": {}}, "$extra": 1}
        reader.tenant.put("BPCUSTOMER", put)
        row = next(row for row in reader.rows("BPCUSTOMER") if row["BPCNUM"] == "X")
        assert {name: row[name] for name in row if name not in {"$uuid", "$etag"}} == put
        assert reader.tenant.records("BPCUSTOMER")["X",] == {"BPCNUM": "X", "CUR": "EUR", "NEW": {"a": [], "b": {}}}


def test_renaming_needs_a_free_key(reader: Reader) -> None:
    """A rename is a delete and a create; onto a taken key it is refused."""
    first, second = [row["ITMREF"] for row in reader.rows("ITMMASTER")][:2]
    with pytest.raises(ValueError, match="already"):
        reader.tenant.rename("ITMMASTER", first, second)
    state = reader.tenant.rename("ITMMASTER", first, "free")
    changes = reader.tenant.truth(state - 1, state, "ITMMASTER")
    assert [(change.op, change.key) for change in changes] == [("d", (first,)), ("c", ("free",))]
    with pytest.raises(KeyError):
        reader.tenant.remove("ITMMASTER", first)


def test_equal_reads_are_equal_bytes(reader: Reader) -> None:
    """Under the default switches nothing in an unchanged page moves."""
    pages = {reader.query("SORDER", count=60).content for _ in range(3)}
    assert len(pages) == 1
    assert orjson.loads(pages.pop())["$resources"]
