import math
from itertools import product
from typing import Any

import pytest

from driftd.simulator import Switches
from tests.simulator.reader import Reader, stripped

ODD_KEYS = (
    "a1",
    "A1",
    "a10",
    "a9",
    "A01",
    "O'Brien",
    "x~y~z",
    "x~y",
    "Ж-1",
    "供应商",
    "two words",
    "two words ",
    "a/b%c",
)
WAYS = list(product(Switches.positions()["collation"], Switches.positions()["next_keeps"]))


@pytest.fixture(autouse=True, scope="module")
def odd_keys(served: Reader) -> None:
    for key in ODD_KEYS:
        served.tenant.put("BPCUSTOMER", {"BPCNUM": key, "BPCNAM": f"Odd {key}", "OST": 1.5})


@pytest.mark.parametrize(("collation", "keeps"), WAYS)
def test_paging_shows_every_record_once_in_server_order(reader: Reader, collation: str, keeps: str) -> None:
    """Whatever the collation and whatever `$next` keeps, following it shows each record once, in one order."""
    reader.tenant.switches.move({"collation": collation, "next_keeps": keeps, "cap": 7})
    whole = [row["BPCNUM"] for row in reader.rows("BPCUSTOMER", orderBy="BPCNUM")]
    assert len(whole) == len(set(whole))
    assert set(whole) == {key for (key,) in reader.tenant.records("BPCUSTOMER")}
    reader.tenant.switches.cap = 1000
    assert [row["BPCNUM"] for row in reader.rows("BPCUSTOMER", count=1000)] == whole


def test_collations_order_differently(reader: Reader) -> None:
    """Code points, folded case and numbers in text give three different orders of the same keys."""
    orders = []
    for collation in ("binary", "case_insensitive", "numeric"):
        reader.tenant.switches.move({"collation": collation})
        orders.append([row["BPCNUM"] for row in reader.rows("BPCUSTOMER", count=1000)])
    assert orders[0] == sorted(orders[0])
    assert orders[1] == sorted(orders[1], key=lambda key: (key.casefold(), key))
    assert orders[2].index("a9") < orders[2].index("a10")
    assert len({tuple(order) for order in orders}) == 3


@pytest.mark.parametrize("relation", ["gt", "ge", "lt", "le"])
@pytest.mark.parametrize("key", ODD_KEYS)
def test_a_cursor_cuts_the_order_at_its_key(reader: Reader, relation: str, key: str) -> None:
    """`gt` and `ge` give what follows a key, `lt` and `le` what stands just before it, for keys of any spelling."""
    reader.tenant.switches.collation = "case_insensitive"
    whole = [row["BPCNUM"] for row in reader.rows("BPCUSTOMER", count=1000)]
    at = whole.index(key) + (relation in {"gt", "le"})
    expected = whole[at : at + 5] if relation in {"gt", "ge"} else whole[max(at - 5, 0) : at]
    page = reader.query("BPCUSTOMER", count=5, key=f"{relation}.{key}", orderBy="BPCNUM").json()
    assert [row["BPCNUM"] for row in page["$resources"]] == expected


def test_a_cursor_need_not_exist(reader: Reader) -> None:
    """A cursor is a place, not a record: a key that was deleted still cuts the order."""
    rows = [row["BPCNUM"] for row in reader.rows("BPCUSTOMER", count=1000)]
    page = reader.query("BPCUSTOMER", count=1, key=f"gt.{rows[3]}\x01").json()
    assert page["$resources"][0]["BPCNUM"] == rows[4]


@pytest.mark.parametrize(
    "order",
    ["BPCNUM desc", "BPCTYP desc, BPCNUM asc", "OST;BPCNUM desc", "CRY,BPCNAM,BPCNUM", "BPCSTA,BPCNUM",
     "UPDDATTIM,BPCNUM", "UPDDATTIM desc,BPCNUM desc"],
)  # fmt: skip
def test_order_by_pages_completely(reader: Reader, order: str) -> None:
    """Any order whose last property is unique pages through every record once, those without a value too."""
    reader.tenant.switches.updatim_in_query = "present"
    rows = reader.rows("BPCUSTOMER", orderBy=order, count=9)
    keys = [row["BPCNUM"] for row in rows]
    assert len(keys) == len(set(keys)) == len(reader.tenant.records("BPCUSTOMER"))
    if order == "BPCNUM desc":
        assert keys == sorted(keys, reverse=True)
    if order.startswith("BPCTYP"):
        assert [(-(row.get("BPCTYP") or 0), row["BPCNUM"]) for row in rows] == sorted(
            (-(row.get("BPCTYP") or 0), row["BPCNUM"]) for row in rows
        )


def test_count_is_capped_and_defaults_to_twenty(reader: Reader) -> None:
    """`$itemsPerPage` says what the server gives: 20 unasked, what was asked, or the cap."""
    assert reader.query("SORDER").json()["$itemsPerPage"] == 20
    assert reader.query("SORDER", count=30).json()["$itemsPerPage"] == 30
    reader.tenant.switches.cap = 11
    page = reader.query("SORDER", count=30).json()
    assert page["$itemsPerPage"] == len(page["$resources"]) == 11


@pytest.mark.parametrize("keeps", Switches.positions()["next_keeps"])
def test_next_keeps_what_the_switch_says(reader: Reader, keeps: str) -> None:
    """`$next` is absolute and drops just the parameters the switch names."""
    reader.tenant.switches.move({"next_keeps": keeps})
    page = reader.query("SORDER", count=5, orderBy="SOHNUM", where="ORDSTA eq 1").json()
    url = page["$links"]["$next"]["$url"]
    assert url.startswith(f"{reader.server.url}/api1/x3/erp/{reader.tenant.endpoint}/SORDER?")
    assert ("count=" in url) == (keeps != "not_count")
    assert ("where=" in url) == ("orderBy=" in url) == (keeps != "not_filter")


def test_links_lead_around(reader: Reader) -> None:
    """`$prev` of the second page and `$first` show the first page again, `$last` the last rows."""
    first, second = list(reader.pages("SORDER", count=25))[:2]
    everything = [row["SOHNUM"] for row in reader.rows("SORDER", count=1000)]

    def keys(url: str) -> list[Any]:
        return [row["SOHNUM"] for row in reader.client.get(url, headers=reader.headers).json()["$resources"]]

    assert "$prev" not in first["$links"]
    assert keys(second["$links"]["$prev"]["$url"]) == everything[:25] == keys(second["$links"]["$first"]["$url"])
    assert keys(first["$links"]["$last"]["$url"]) == everything[-25:]


def test_rows_inserted_behind_the_cursor_are_missed(reader: Reader) -> None:
    """A hook changes the tenant between two pages: what is inserted behind the cursor is not shown, ahead of it is."""
    tenant = reader.tenant

    def insert(seen: Any) -> None:
        if seen.page == 2:
            for key in ("!behind", "zzz-ahead"):
                tenant.put("ITMMASTER", {"ITMREF": key})

    tenant.on_request = insert
    keys = [row["ITMREF"] for row in reader.rows("ITMMASTER", count=20)]
    tenant.on_request = None
    assert "zzz-ahead" in keys
    assert "!behind" not in keys
    for key in ("!behind", "zzz-ahead"):
        tenant.remove("ITMMASTER", key)


def test_an_empty_selection_is_an_empty_list(reader: Reader) -> None:
    """Nothing found is 200 with an empty `$resources` and no `$next`."""
    page = reader.query("BPCUSTOMER", where="BPCNUM eq 'nobody'").json()
    assert page["$resources"] == []
    assert "$next" not in page["$links"]


def test_query_holds_exactly_the_truth(reader: Reader) -> None:
    """What is read is what `records` says a reader must hold, in both facets, with every number equal."""
    for resource in reader.tenant.classes:
        rows = reader.rows(resource, count=50)
        names = reader.tenant.classes[resource].key
        held = {tuple(row[name] for name in names): stripped(row) for row in rows}
        assert held == reader.tenant.records(resource, facet="$query")
    details = reader.tenant.records("SORDER")
    for (key,) in list(details)[:10]:
        assert stripped(reader.details("SORDER", str(key)).json()) == details[key,]


def test_totals_equal_the_sum_of_lines(reader: Reader) -> None:
    """An order's net total is the sum of its lines, and it names a customer and products that exist."""
    customers, products = reader.tenant.records("BPCUSTOMER"), reader.tenant.records("ITMMASTER")
    for order in reader.tenant.records("SORDER").values():
        lines: Any = order["SOHSOP"]
        total: Any = order["ORDNOT"]
        assert math.isclose(total, sum(line["LINAMT"] for line in lines), abs_tol=0.001)
        assert order["LINNBR"] == len(lines)
        assert (order["BPCORD"],) in customers
        assert all((line["ITMREF"],) in products for line in lines)


COMPOSITE = ("ITMMVT", "GACCENTRY", "BALANCE")
ALL_WAYS = list(product(COMPOSITE, Switches.positions()["collation"], Switches.positions()["next_keeps"]))


def keys_of(reader: Reader, resource: str, **parameters: Any) -> list[tuple[Any, ...]]:
    names = reader.tenant.classes[resource].key
    return [tuple(row[name] for name in names) for row in reader.rows(resource, **parameters)]


@pytest.mark.parametrize(("resource", "collation", "keeps"), ALL_WAYS)
def test_composite_keys_page_completely(reader: Reader, resource: str, collation: str, keeps: str) -> None:
    """Ordered by a key of several parts, of which some are blank or numbers, `$next` shows every record once."""
    reader.tenant.switches.move({"collation": collation, "next_keeps": keeps, "cap": 7})
    order = ",".join(reader.tenant.classes[resource].key)
    paged = keys_of(reader, resource, orderBy=order)
    assert len(paged) == len(set(paged))
    assert set(paged) == set(reader.tenant.records(resource))
    reader.tenant.switches.cap = 1000
    assert keys_of(reader, resource, count=1000) == paged
    falling = ",".join(f"{name} desc" for name in reader.tenant.classes[resource].key)
    assert keys_of(reader, resource, orderBy=falling, count=1000) == paged[::-1]


@pytest.mark.parametrize("relation", ["gt", "ge", "lt", "le"])
@pytest.mark.parametrize("resource", COMPOSITE)
def test_a_composite_cursor_cuts_at_its_key_and_at_its_first_parts(
    reader: Reader, resource: str, relation: str
) -> None:
    """`key=gt.A~B` cuts the order at a record; `key=gt.A` at the last (`ge`, `lt`: the first) record that begins so."""
    whole = keys_of(reader, resource, count=1000)
    for at in (0, 7, len(whole) - 1):
        for width in (len(whole[at]), 1):
            begun = [index for index, key in enumerate(whole) if key[:width] == whole[at][:width]]
            cut = begun[-1] + 1 if relation in {"gt", "le"} else begun[0]
            expected = whole[cut : cut + 4] if relation in {"gt", "ge"} else whole[max(cut - 4, 0) : cut]
            cursor = "~".join(map(str, whole[at][:width]))
            page = reader.query(resource, count=4, key=f"{relation}.{cursor}").json()["$resources"]
            names = reader.tenant.classes[resource].key
            assert [tuple(row[name] for name in names) for row in page] == expected


@pytest.mark.parametrize("resource", COMPOSITE)
def test_a_composite_key_finds_its_record(reader: Reader, resource: str) -> None:
    """`CLASS('A~B')` shows the record of that key; with a part too few there is none."""
    for key in keys_of(reader, resource, count=50):
        found = reader.details(resource, "~".join(map(str, key))).json()
        assert tuple(found[name] for name in reader.tenant.classes[resource].key) == key
        assert "$diagnoses" in reader.details(resource, "~".join(map(str, key[:-1]))).json()
