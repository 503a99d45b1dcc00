"""Orders, deliveries and masters, and a house that settles them."""

from typing import Any

from driftd.core.model import KeyBytes
from driftd.runtime.checks import Checked
from tests.checks.house import key_of

Record = dict[str, Any]


Some = dict[KeyBytes, Record]


def found(checked: Checked) -> dict[tuple[str, str | None], int]:
    """Return how many records depart, by finding and field."""
    return {(each.finding, each.field): each.affected for each in checked.drifts}


def order(number: int, *lines: tuple[str, int, float], customer: str = "C1", **members: Any) -> Record:
    """A sales order; each line is of product, quantity and price in whole euros."""
    rows: list[Record] = [
        {"SOPLIN": 1000 * n, "ITMREF": item, "QTY": qty, "SAU": "UN", "NETPRI": price, "LINAMT": price * qty}
        for n, (item, qty, price) in enumerate(lines, 1)
    ]
    head: Record = {"SOHNUM": f"O{number}", "BPCORD": customer, "SALFCY": "F1", "CUR": "EUR", "ORDDAT": "2025-11-01"}
    head |= {
        "ORDSTA": 1,
        "ALLSTA": 1,
        "ORDNOT": sum(r["LINAMT"] for r in rows),
        "TOTLINQTY": sum(r["QTY"] for r in rows),
    }
    return head | {"SOHSOP": rows} | members


def orders(*some: Record) -> Some:
    return {key_of(each["SOHNUM"]): each for each in some}


def many(count: int, **members: Any) -> Some:
    return orders(*(order(n, ("A", n, 2), **members) for n in range(1, count + 1)))


def delivery(number: int, of: int, quantity: int, line: int = 1000) -> Record:
    row = {"SDDLIN": 1000, "SOHNUM": f"O{of}", "SOPLIN": line, "ITMREF": "A", "QTY": quantity, "LINAMT": 2 * quantity}
    head = {"SDHNUM": f"D{number}", "SOHNUM": f"O{of}", "BPCORD": "C1", "CUR": "EUR", "INVFLG": False}
    return head | {"DLVNOT": 2 * quantity, "TOTLINQTY": quantity, "SDELIVERYD": [row]}


def deliveries(*some: Record) -> Some:
    return {key_of(each["SDHNUM"]): each for each in some}


def customers(*names: str) -> Some:
    return {key_of(name): {"BPCNUM": name} for name in names}


def products(*names: str) -> Some:
    return {key_of(name): {"ITMREF": name} for name in names}
