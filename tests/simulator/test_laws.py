"""What belongs together in a tenant stays together, from the start, after any step and after any advance."""

import os
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driftd.simulator import Farm, Tenant
from driftd.simulator.desk import BusyError
from driftd.simulator.references import TABLES
from driftd.simulator.trade import moved_stock

CLASSES = tuple(Farm.build(tenants=1, records=0)["aldgate"].classes)


def money(value: Any) -> Decimal:
    return Decimal(str(value))


def whole(tenant: Tenant, resource: str) -> dict[Any, dict[str, Any]]:
    """Return the records of a class with their lines."""
    return tenant.records(resource, facet="$details")


def gone_on(seed: int, records: Any, steps: int, advances: int) -> Tenant:
    """Return a tenant whose business went on so long, by itself and by chance in turn."""
    farm = Farm.build(tenants=1, records=records, seed=seed)
    farm.wall = lambda: 1_800_000_000.0
    tenant = farm["aldgate"]
    tenant.step(steps // 2)
    for _ in range(advances):
        tenant.advance(create=4, update=6, update_lines=4, delete=2, late=2)
        tenant.settle()
    tenant.step(steps - steps // 2)
    return tenant


TENANTS = st.builds(
    gone_on,
    seed=st.integers(0, 10**6),
    records=st.one_of(
        st.integers(2, 40),
        st.builds(lambda e, b: dict.fromkeys(CLASSES, 9) | {"GACCENTRY": e, "BALANCE": b}, *[st.integers(0, 60)] * 2),
    ),
    steps=st.sampled_from((0, 40, 120)),
    advances=st.integers(0, 4),
)
often = settings(max_examples=12, deadline=None)


@often
@given(TENANTS)
def test_an_entry_balances_in_each_ledger(tenant: Tenant) -> None:
    """In every journal entry Σ SNS·AMTLED and Σ SNS·AMTCUR are 0 for each ledger type, to the cent."""
    for key, entry in whole(tenant, "GACCENTRY").items():
        sums: Counter[int] = Counter()
        for line in entry["GACCENTRYD"]:
            assert line["SNS"] in {1, -1}
            assert min(money(line["AMTLED"]), money(line["AMTCUR"])) >= 0
            for name in ("AMTLED", "AMTCUR"):
                sums[name, line["LEDTYP"]] += line["SNS"] * money(line[name])  # type: ignore[index]
        assert set(sums.values()) == {0}, key
        assert len(entry["GACCENTRYD"]) == entry["LINNBR"] > 0
        assert len({(line["LIN"], line["LEDTYP"]) for line in entry["GACCENTRYD"]}) == entry["LINNBR"]


@often
@given(TENANTS)
def test_balances_are_the_sums_of_entries(tenant: Tenant) -> None:
    """Each balance holds by period what the lines of all journal entries post to its account, and no account lacks."""
    posted: dict[Any, dict[str, list[Decimal]]] = {}
    for entry in whole(tenant, "GACCENTRY").values():
        for line in entry["GACCENTRYD"]:
            key = tuple(line[name] for name in ("LEDTYP", "CPY", "FCYLIN", "FIY", "ACC", "BPR", "CUR"))
            columns = posted.setdefault(key, {name: [Decimal(0)] * 13 for name in ("DEB", "CDT", "DEBLED", "CDTLED")})
            side = "DEB" if line["SNS"] == 1 else "CDT"
            columns[side][line["PER"]] += money(line["AMTCUR"])
            columns[f"{side}LED"][line["PER"]] += money(line["AMTLED"])
    balances = tenant.records("BALANCE")
    for key, balance in balances.items():
        want = posted.get(key, {})
        for name in ("DEB", "CDT", "DEBLED", "CDTLED"):
            assert [money(each) for each in balance[name]] == want.get(name, [0] * 13), (key, name)  # type: ignore[union-attr]
    if tenant.ledger.count("BALANCE") > 1:
        assert posted.keys() <= balances.keys()


@often
@given(TENANTS)
def test_no_more_is_delivered_than_was_ordered(tenant: Tenant) -> None:
    """Deliveries refer to lines of their order, which say how much of them was delivered; closed means all of it."""
    orders = whole(tenant, "SORDER")
    drawn: Counter[Any] = Counter()
    for delivery in whole(tenant, "SDELIVERY").values():
        assert delivery["SDELIVERYD"]
        for line in delivery["SDELIVERYD"]:
            assert line["QTY"] > 0
            assert line["SOHNUM"] == delivery["SOHNUM"]
            (ordered,) = [each for each in orders[line["SOHNUM"],]["SOHSOP"] if each["SOPLIN"] == line["SOPLIN"]]
            assert ordered["ITMREF"] == line["ITMREF"]
            drawn[line["SOHNUM"], line["SOPLIN"]] += line["QTY"]
        assert delivery["BPCORD"] == orders[delivery["SOHNUM"],]["BPCORD"]
    for order in orders.values():
        for line in order["SOHSOP"]:
            assert line["DLVQTY"] == drawn[order["SOHNUM"], line["SOPLIN"]] <= line["QTY"]
            assert 0 <= line["ALLQTY"] <= line["QTY"] - line["DLVQTY"]
        assert (order["ORDSTA"] == 2) == all(line["DLVQTY"] == line["QTY"] for line in order["SOHSOP"])


@often
@given(TENANTS)
def test_no_more_is_invoiced_than_was_received_than_was_ordered(tenant: Tenant) -> None:
    """Supplier invoices refer to lines of their order; invoiced ≤ received ≤ ordered; closed means all of it."""
    orders = whole(tenant, "PORDER")
    drawn: Counter[Any] = Counter()
    for invoice in whole(tenant, "PINVOICE").values():
        assert invoice["PINVOICED"]
        for line in invoice["PINVOICED"]:
            (ordered,) = [each for each in orders[line["POHNUM"],]["PORDERQ"] if each["POPLIN"] == line["POPLIN"]]
            assert (ordered["ITMREF"], ordered["NETPRI"]) == (line["ITMREF"], line["NETPRI"])
            drawn[line["POHNUM"], line["POPLIN"]] += line["QTYPUU"]
    for order in orders.values():
        for line in order["PORDERQ"]:
            assert line["INVQTYPUU"] == drawn[order["POHNUM"], line["POPLIN"]]
            assert line["INVQTYPUU"] <= line["RCPQTYPUU"] <= line["QTYPUU"]
        assert order["CLEFLG"] == all(line["INVQTYPUU"] == line["QTYPUU"] for line in order["PORDERQ"])


TOTALS = {
    "SORDER": ("SOHSOP", {"ORDNOT": "LINAMT", "TOTLINQTY": "QTY"}),
    "SDELIVERY": ("SDELIVERYD", {"DLVNOT": "LINAMT", "TOTLINQTY": "QTY"}),
    "PORDER": ("PORDERQ", {"TOTLINAMT": "LINAMT", "TOTLINQTY": "QTYPUU"}),
    "PINVOICE": ("PINVOICED", {"AMTNOT": "AMTNOTLIN"}),
}


@often
@given(TENANTS)
def test_headers_are_the_sums_of_their_lines(tenant: Tenant) -> None:
    """Every total of a document is the sum over its lines, to the cent, and it counts them."""
    for resource, (collection, totals) in TOTALS.items():
        for key, document in whole(tenant, resource).items():
            assert document["LINNBR"] == len(document[collection])
            for total, part in totals.items():
                assert money(document[total]) == sum(money(line[part]) for line in document[collection]), (key, total)


def references(tenant: Tenant) -> Iterator[tuple[str, str, str, str]]:
    """Yield every reference with where it stands: class, property, class or table referred to, code."""
    for resource, model in tenant.classes.items():
        for record in whole(tenant, resource).values():
            for each in model.fields:
                if each.refers:
                    yield resource, each.name, each.refers, record[each.name]
            for part in model.collections:
                for line in record[part.name]:
                    yield from ((resource, f.name, f.refers, line[f.name]) for f in part.fields if f.refers)


@often
@given(TENANTS)
def test_every_reference_resolves(tenant: Tenant) -> None:
    """Whatever a record or a line names is there."""
    held = {name: {str(key[0]) for key in tenant.records(name)} for name in CLASSES}
    found = {table: set(codes) for table, codes in TABLES.items()} | held
    dangling = [reference for reference in references(tenant) if reference[3] not in found[reference[2]]]
    assert dangling == []


@pytest.mark.parametrize("seed", range(3))
def test_the_same_seed_takes_the_same_steps(seed: int) -> None:
    """Tenants of one seed hold the same records of every class after the same steps; those of another seed do not."""
    first, second, other = (gone_on(each, 25, 60, 2) for each in (seed, seed, seed + 1))
    for resource in CLASSES:
        assert whole(first, resource) == whole(second, resource)
        assert whole(first, resource) != whole(other, resource)


def test_steps_take_orders_to_the_books() -> None:
    """Within a few hundred steps every class changes, orders close, and new deliveries and invoices reach the books."""
    tenant = gone_on(3, 30, 0, 0)
    before = {resource: whole(tenant, resource) for resource in CLASSES}
    tenant.step(400)
    for resource in CLASSES:
        assert tenant.truth(0, tenant.state, resource, "$details"), resource
    new = {name: [r for key, r in whole(tenant, name).items() if key not in before[name]] for name in CLASSES}
    booked = {entry["REF"] for entry in new["GACCENTRY"]}
    assert booked >= {delivery["SDHNUM"] for delivery in new["SDELIVERY"] if delivery["INVFLG"]} > set()
    assert booked >= {invoice["NUM"] for invoice in new["PINVOICE"] if invoice["STA"] == 2} > set()
    assert any(order["ORDSTA"] == 2 for order in new["SORDER"])
    assert any(order["CLEFLG"] for order in new["PORDER"])


def test_an_entry_has_the_amount_of_what_it_books() -> None:
    """The first line of an entry is the total of the delivery or invoice that it names."""
    tenant = gone_on(5, 30, 400, 0)
    totals = {r["SDHNUM"]: r["DLVATI"] for r in whole(tenant, "SDELIVERY").values()}
    totals |= {r["NUM"]: r["AMTATI"] for r in whole(tenant, "PINVOICE").values()}
    found = [entry for entry in whole(tenant, "GACCENTRY").values() if entry["REF"] in totals]
    assert len(found) > 10
    for entry in found:
        assert money(entry["GACCENTRYD"][0]["AMTCUR"]) == money(totals[entry["REF"]])


@pytest.mark.parametrize("only", [["SORDER"], ["ITMMVT"], ["GACCENTRY"], ["BALANCE"], ["SDELIVERY", "PINVOICE"]])
def test_business_goes_on_in_any_part(only: list[str]) -> None:
    """A tenant of some classes takes the steps that need no others, and no step where there is none to take."""
    tenant = Farm.build(tenants=1, records=30, only=only)["aldgate"]
    tenant.step(40)
    changed = {name for name in only if tenant.truth(0, tenant.state, name)}
    assert changed == {name for name in only if name in {"SORDER", "ITMMVT", "GACCENTRY"}}


def test_a_step_leaves_alone_what_a_late_transaction_holds() -> None:
    """Steps and late transactions never touch the same record, so that both are there once settled."""
    tenant = gone_on(7, 12, 0, 0)
    for _ in range(30):
        before = tenant.advance(0, 0, 0, 0, late=4, late_by=1e9)
        stepped = tenant.step(5)
        during = {(name, c.key) for name in CLASSES for c in tenant.truth(before, stepped, name)}
        settled = tenant.settle()
        late = {(name, c.key) for name in CLASSES for c in tenant.truth(stepped, settled, name)}
        assert len(late) > 0
        assert not late & during


@pytest.mark.parametrize("times", [-1, True, "2", 1.0])
def test_a_number_of_steps_is_a_whole_number(times: Any) -> None:
    """Anything else is refused."""
    with pytest.raises(ValueError, match="times"):
        gone_on(1, 2, 0, 0).step(times)


def test_a_class_needs_what_it_builds_on() -> None:
    """More deliveries than orders can hold are refused by name; one number for all makes as many as there can be."""
    with pytest.raises(ValueError, match="SDELIVERY need more than 10 of SORDER"):
        Farm.build(tenants=1, records={"SDELIVERY": 100, "SORDER": 10})
    few = Farm.build(tenants=1, records=1)["aldgate"]
    assert {name: len(few.records(name)) for name in CLASSES} == dict.fromkeys(CLASSES, 1) | {"ITMMVT": 0}


def shape(tenant: Tenant) -> dict[tuple[str, str], set[Any]]:
    """Return by class and path what values are like: type, digits behind the point, whether empty; menus by value."""
    found: dict[tuple[str, str], set[Any]] = {}

    def look(resource: str, path: str, value: Any) -> None:
        if isinstance(value, dict):
            for name, inner in value.items():
                look(resource, f"{path}.{name}", inner)
        elif isinstance(value, list):
            for inner in value:
                look(resource, f"{path}[]", inner)
        else:
            found.setdefault((resource, path), set()).update(_likeness(path.rpartition(".")[2], value))

    for resource in CLASSES:
        for record in whole(tenant, resource).values():
            look(resource, "", record)
    return found


def _likeness(name: str, value: Any) -> set[Any]:
    if name in MENUS or isinstance(value, bool):
        return {value}
    if value in (None, "", "0000-00-00"):
        return {"empty"}
    if isinstance(value, int | float):
        return set(range(max(-int(money(value).normalize().as_tuple().exponent), 0) + 1))
    return {"text"}


MENUS: dict[str, set[Any]] = {
    "ORDSTA": {1, 2}, "ALLSTA": {1, 3}, "DLVSTA": {1, 2, 3}, "SOQSTA": {1, 2, 3}, "RCPFLG": {1, 2, 3},
    "INVFLG": {1, 2, 3, False}, "LINSTA": {1, 2, 3}, "STA": {1, 2}, "APPFLG": {1, 2, 3}, "CAT": {1},
    "SNS": {1, -1}, "LEDTYP": {1, 2}, "BPCTYP": {1, 2, 3}, "ITMSTA": {1, 2, 3, 4, 5, 6}, "TYP": {"FAC", "FACF", "OD"},
    "JOU": {"SAL", "PUR", "BNK", "MISC"},
}  # fmt: skip


@often
@given(TENANTS)
def test_stock_is_there_and_no_more_of_it_allocated(tenant: Tenant) -> None:
    """Physical stock covers what is allocated, and neither is below 0."""
    for stock in tenant.records("ITMMVT").values():
        physical, detailed, globally = (int(stock[name]) for name in ("PHYSTO", "PHYALL", "GLOALL"))  # type: ignore[arg-type]
        assert min(physical, detailed, globally) >= 0
        assert physical >= detailed + globally


@settings(max_examples=4, deadline=None)
@given(TENANTS)
def test_menus_hold_known_values(tenant: Tenant) -> None:
    """No menu of any record has a value that is not known, and allocated is what has something allocated."""
    for (_, path), values in shape(tenant).items():
        name = path.rpartition(".")[2]
        assert name not in MENUS or values <= MENUS[name], path
    for order in whole(tenant, "SORDER").values():
        assert (order["ALLSTA"] == 3) == any(line["ALLQTY"] for line in order["SOHSOP"])
        assert order["ALLSTA"] == 1 or order["ORDSTA"] == 1


def no_shape_changes(steps: int, advances: int) -> None:
    before = shape(gone_on(11, 200, 0, 0))
    after = shape(gone_on(11, 200, steps, advances))
    new = {place: values - before.get(place, set()) for place, values in after.items()}
    assert {place: values for place, values in new.items() if values} == {}


def test_business_changes_no_shape() -> None:
    """As business goes on, no field shows a type, scale, emptiness or value of a menu that none of 200 records had."""
    no_shape_changes(150, 3)


@pytest.mark.heavy
def test_business_changes_no_shape_in_the_long_run() -> None:
    """The same over 4000 steps (``DRIFTD_HEAVY=short``: 800), after which all other laws hold too."""
    steps = 800 if os.environ.get("DRIFTD_HEAVY") == "short" else 4000
    no_shape_changes(steps, 60)
    tenant = gone_on(12, 60, steps, 40)
    for law in (test_stock_is_there_and_no_more_of_it_allocated, test_menus_hold_known_values, *_LAWS):
        law.hypothesis.inner_test(tenant)  # type: ignore[attr-defined]


_LAWS = (
    test_an_entry_balances_in_each_ledger,
    test_balances_are_the_sums_of_entries,
    test_no_more_is_delivered_than_was_ordered,
    test_no_more_is_invoiced_than_was_received_than_was_ordered,
    test_headers_are_the_sums_of_their_lines,
    test_every_reference_resolves,
)


COUNTS = st.integers(0, 300)


CHANGES = st.dictionaries(st.sampled_from(["PHYSTO", "PHYALL"]), st.integers(-300, 300))


@given(st.builds(dict, PHYSTO=COUNTS, PHYALL=COUNTS, GLOALL=COUNTS), CHANGES)
def test_stock_moves_within_what_is_there(stock: Any, by: dict[str, int]) -> None:
    """A movement is as large as was asked, but releases no more than is allocated; where stock lacks, there is none."""
    want = {**stock, **{name: stock[name] + change for name, change in by.items()}}
    want["PHYALL"] = max(want["PHYALL"], 0)
    if want["PHYSTO"] < want["PHYALL"] + want["GLOALL"]:
        with pytest.raises(BusyError):
            moved_stock(stock, by)
    else:
        assert stock | moved_stock(stock, by) == want
