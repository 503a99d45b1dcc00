"""The stages of business: each finds a record that waits for it and moves it on, with all that hangs on it.

A stage returns the changes it made; none where nothing waits. Orders become deliveries and journal entries, purchase
orders become receipts, supplier invoices and journal entries; stock and balances follow.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from driftd.simulator.accounts import ENTRY_TYPES
from driftd.simulator.books import (
    BANK,
    CUSTOMER,
    PURCHASES,
    SALES,
    SITES,
    SUPPLIER,
    TAX,
    Columns,
    Entry,
    Posting,
    amounts,
    header_of,
    movements,
)
from driftd.simulator.class_model import Edits, Key
from driftd.simulator.desk import BusyError, Desk
from driftd.simulator.journal import Change
from driftd.simulator.json_values import Json, Record
from driftd.simulator.products import STOCK_SITES
from driftd.simulator.purchases import invoiced
from driftd.simulator.references import codes
from driftd.simulator.rows import Row
from driftd.simulator.sales import delivered

Line = dict[str, Any]
Stage = Callable[[Desk], list[Change]]


def used_products(desk: Desk) -> list[str]:
    """Return the keys of the products that are there and stand on lines of open orders, in their order."""
    if not desk.serves("SORDER", "ITMMASTER"):
        return []
    rows = [row for row in desk.ledger.tables["SORDER"] if row.literal is None]
    orders = (order for row in rows if (order := desk.content("SORDER", row))["ORDSTA"] == 1)
    named = {str(line["ITMREF"]) for order in orders for line in _lines(order, "SOHSOP")}
    return sorted(name for name in named if desk.ledger.tables["ITMMASTER"].get((name,)) is not None)


def order_more(desk: Desk) -> list[Change]:
    """Add a line to an order that nothing has been allocated to."""
    found = desk.find("SORDER", lambda order: (order["ALLSTA"], order["DLVSTA"]) == (1, 1))
    if found is None:
        return []
    row, order = found
    return [desk.change("SORDER", row, {"LINNBR": cast("int", order["LINNBR"]) + 1})]


def allocate(desk: Desk) -> list[Change]:
    """Allocate stock to all that an order lacks."""
    found = desk.find("SORDER", lambda order: (order["ALLSTA"], order["ORDSTA"]) == (1, 1))
    if found is None:
        return []
    row, order = found
    edits: Edits = {"ALLSTA": 3}
    wanted: Counter[str] = Counter()
    for number, line in enumerate(_lines(order, "SOHSOP")):
        open_quantity = line["QTY"] - line["DLVQTY"]
        edits[f"SOHSOP/{number}/ALLQTY"] = open_quantity
        wanted[str(line["ITMREF"])] += open_quantity
    moved = {product: {"PHYALL": quantity} for product, quantity in wanted.items()}
    return [desk.change("SORDER", row, edits), *_stock(desk, order["STOFCY"], moved)]


def deliver(desk: Desk) -> list[Change]:
    """Deliver what is allocated to an order, or a part of it; an order delivered in full is closed."""
    found = desk.find("SORDER", lambda order: (order["ALLSTA"], order["ORDSTA"]) == (3, 1))
    if found is None:
        return []
    row, order = found
    lines = _lines(order, "SOHSOP")
    quantities = _some([line["ALLQTY"] for line in lines], desk)
    edits: Edits = {}
    for number, (line, quantity) in enumerate(zip(lines, quantities, strict=True)):
        reached = line["DLVQTY"] + quantity
        edits[f"SOHSOP/{number}/DLVQTY"] = reached
        edits[f"SOHSOP/{number}/ALLQTY"] = line["ALLQTY"] - quantity
        edits[f"SOHSOP/{number}/SOQSTA"] = _progress(reached, line["QTY"])
    status = _progress(sum(_reached(edits, "DLVQTY")), sum(line["QTY"] for line in lines))
    edits |= {"DLVSTA": status, "ORDSTA": 2 if status == 3 else 1, "ALLSTA": 1 if status == 3 else 3}
    made = [desk.change("SORDER", row, edits)]
    made.append(desk.enter("SDELIVERY", {**delivered(order, quantities), "INVFLG": False}, _buildable))
    left: Counter[str] = Counter()
    for line, quantity in zip(lines, quantities, strict=True):
        left[str(line["ITMREF"])] += quantity
    moved = {product: {"PHYSTO": -quantity, "PHYALL": -quantity} for product, quantity in left.items()}
    return [*made, *_stock(desk, order["STOFCY"], moved)]


def bill(desk: Desk) -> list[Change]:
    """Invoice a delivery: its journal entry, and the balances."""
    found = desk.find("SDELIVERY", lambda delivery: delivery["INVFLG"] is False)
    if found is None:
        return []
    row, delivery = found
    total, net, tax = amounts(_cents(delivery["DLVNOT"]))
    customer = Posting(f"{CUSTOMER}000", str(delivery["BPCORD"]), 1, total)
    others = (Posting(f"{SALES}000", "", -1, net), Posting(f"{TAX}000", "", -1, tax))
    written = Entry(str(delivery["SALFCY"]), str(delivery["CUR"]), desk.chance.randrange(365), (customer, *others))
    source: Record = {"JOU": "SAL", "REF": delivery["SDHNUM"], "BPRVCR": delivery["SDHNUM"]}
    return [desk.change("SDELIVERY", row, {"INVFLG": True}), *_booked(desk, "FAC", written, source)]


def receive(desk: Desk) -> list[Change]:
    """Receive what a purchase order lacks, or a part of it, into stock."""
    found = desk.find("PORDER", lambda order: order["RCPFLG"] != 3)
    if found is None:
        return []
    row, order = found
    lines = _lines(order, "PORDERQ")
    quantities = _some([line["QTYPUU"] - line["RCPQTYPUU"] for line in lines], desk)
    edits: Edits = {}
    arrived: Counter[str] = Counter()
    for number, (line, quantity) in enumerate(zip(lines, quantities, strict=True)):
        edits[f"PORDERQ/{number}/RCPQTYPUU"] = line["RCPQTYPUU"] + quantity
        arrived[str(line["ITMREF"])] += quantity
    edits["RCPFLG"] = _progress(sum(_reached(edits, "RCPQTYPUU")), sum(line["QTYPUU"] for line in lines))
    moved = {product: {"PHYSTO": quantity} for product, quantity in arrived.items()}
    return [desk.change("PORDER", row, edits), *_stock(desk, order["RCPFCY"], moved)]


def invoice(desk: Desk) -> list[Change]:
    """Enter the supplier's invoice for what was received; an order invoiced in full is closed."""

    def waits(order: Record) -> bool:
        return any(line["RCPQTYPUU"] > line["INVQTYPUU"] for line in _lines(order, "PORDERQ"))

    found = desk.find("PORDER", waits)
    if found is None:
        return []
    row, order = found
    lines = _lines(order, "PORDERQ")
    edits: Edits = {}
    for number, line in enumerate(lines):
        edits[f"PORDERQ/{number}/INVQTYPUU"] = line["RCPQTYPUU"]
        edits[f"PORDERQ/{number}/LINSTA"] = _progress(line["RCPQTYPUU"], line["QTYPUU"])
    status = _progress(sum(_reached(edits, "INVQTYPUU")), sum(line["QTYPUU"] for line in lines))
    edits |= {"INVFLG": status, "CLEFLG": status == 3}
    billed = invoiced(order, [line["RCPQTYPUU"] - line["INVQTYPUU"] for line in lines])
    return [desk.change("PORDER", row, edits), desk.enter("PINVOICE", {**billed, "STA": 1}, _buildable)]


def post(desk: Desk) -> list[Change]:
    """Post a supplier invoice: its journal entry, and the balances."""
    found = desk.find("PINVOICE", lambda invoice: invoice["STA"] == 1)
    if found is None:
        return []
    row, billed = found
    total, net, tax = amounts(_cents(billed["AMTNOT"]))
    supplier = Posting(f"{SUPPLIER}000", str(billed["BPR"]), -1, total)
    others = (Posting(f"{PURCHASES}000", "", 1, net), Posting(f"{TAX}000", "", 1, tax))
    written = Entry(str(billed["FCY"]), str(billed["CUR"]), desk.chance.randrange(365), (supplier, *others))
    source: Record = {"JOU": "PUR", "REF": billed["NUM"], "BPRVCR": billed["BPRVCR"]}
    return [desk.change("PINVOICE", row, {"STA": 2}), *_booked(desk, "FACF", written, source)]


def pay(desk: Desk) -> list[Change]:
    """Enter a customer's payment."""
    cents = desk.chance.randrange(100, 900_000)
    customer = desk.ledger.code("BPCUSTOMER", desk.chance.getrandbits(32))
    postings = (Posting(f"{BANK}000", "", 1, cents), Posting(f"{CUSTOMER}000", customer, -1, cents))
    site, currency = desk.chance.choice(SITES), desk.chance.choice(codes("CUR"))
    return _booked(desk, "OD", Entry(site, currency, desk.chance.randrange(365), postings), {"JOU": "BNK"})


def move(desk: Desk) -> list[Change]:
    """Move stock of a product from one site to another."""
    row = desk.pick("ITMMVT")
    if row is None:
        return []
    quantity, product = desk.chance.randrange(1, 100), str(row.key[0])
    here, there = desk.chance.sample(STOCK_SITES, 2)
    if any(desk.row("ITMMVT", (product, site)) is None for site in (here, there)):
        return []
    sent = _stock(desk, here, {product: {"PHYSTO": -quantity}})
    return [*sent, *_stock(desk, there, {product: {"PHYSTO": quantity}})]


def _stock(desk: Desk, site: Json, moved: Mapping[str, Mapping[str, int]]) -> Iterable[Change]:
    """Change the stock of products at a site, where there is such a row."""
    if not desk.serves("ITMMVT"):
        return []
    rows = {product: desk.row("ITMMVT", (product, site)) for product in moved}
    made = []
    for product, row in rows.items():
        if row is not None:
            made.append(desk.change("ITMMVT", row, moved_stock(desk.content("ITMMVT", row), moved[product])))
    return made


def moved_stock(stock: Record, by: Mapping[str, int]) -> Edits:
    """Return what a movement makes of a stock. Raises `BusyError` where more would be gone or allocated than is there.

    What was allocated before the tenant began is counted from 0 downwards: no more is released than is known of.
    """
    held = {name: cast("int", stock[name]) for name in ("PHYSTO", "PHYALL", "GLOALL")}
    edits = {
        name: max(held[name] + change, 0) if name == "PHYALL" else held[name] + change for name, change in by.items()
    }
    after = held | edits
    if after["PHYSTO"] < after["PHYALL"] + after["GLOALL"]:
        raise BusyError
    return {**edits}


def _booked(desk: Desk, kind: str, written: Entry, source: Record) -> list[Change]:
    """Enter a journal entry, and bring the balances of its accounts up to date."""
    number = ENTRY_TYPES.index(kind)
    entered = desk.enter("GACCENTRY", {**header_of(written), **source}, lambda n: n % len(ENTRY_TYPES) == number)
    if not desk.serves("BALANCE"):
        return [entered]
    moved: dict[Key, tuple[Row | None, Columns]] = {}
    for movement in movements(written):
        if movement.key not in moved:
            row = desk.row("BALANCE", movement.key)
            moved[movement.key] = row, Columns(desk.content("BALANCE", row) if row else {})
        moved[movement.key][1].move(movement)
    return [entered, *(_balanced(desk, key, row, columns.shown()) for key, (row, columns) in moved.items())]


def _balanced(desk: Desk, key: Key, row: Row | None, edits: Edits) -> Change:
    if row is None:
        return desk.enter_as("BALANCE", key, desk.number("BALANCE"), edits)
    return desk.change("BALANCE", row, edits)


def _lines(document: Record, name: str) -> list[Line]:
    return cast("list[Line]", document[name])


def _some(quantities: list[int], desk: Desk) -> list[int]:
    """Return all of each quantity, or about half, but something of the whole."""
    if desk.chance.random() < 0.5:
        return quantities
    return [-(-quantity // 2) for quantity in quantities]


def _reached(edits: Edits, name: str) -> list[int]:
    return [cast("int", value) for place, value in edits.items() if place.endswith(f"/{name}")]


def _progress(reached: int, whole: int) -> int:
    """1 nothing, 2 in part, 3 in full."""
    return 1 if not reached else 3 if reached >= whole else 2


def _buildable(ordinal: int) -> bool:
    return ordinal % 3 > 0


def _cents(amount: Json) -> int:
    return round(float(str(amount)) * 100)
