"""Orders, and edits of records, for a resource that is polled."""

from collections.abc import Callable
from typing import Any

from driftd.core.model import ChangeReason, Resource
from driftd.core.schema.model import SchemaChange
from tests.core.schema.polled import Polled, Record, told

ORDER = Resource("acme", "SORDER", "SORDER", ("SOHNUM",), details=True, lines={"SOHSOP": ("SOPLIN",)})


def order(number: int) -> Record:
    """What the query facet shows of an order."""
    return {"SOHNUM": f"S{number:05}", "BPCORD": f"C{number % 97:03}"}


def lines(number: int, count: int = 3) -> Record:
    """What the details facet shows beside it."""
    rows = [{"SOPLIN": at * 1000, "ITMREF": f"I{(number + at) % 50:03}", "QTY": 1 + at} for at in range(1, count + 1)]
    return {"SOHSOP": rows, "STOFCY": f"SITE{number % 7}"}


def orders(count: int = 300, read: int | None = None) -> Polled:
    """Orders of which the first `read` have their details read."""
    polled = Polled(map(order, range(count)), ORDER)
    polled.details = dict(zip(polled.records, map(lines, range(count)), strict=True))
    assert not polled.sweep(read=polled.keys(count if read is None else read))
    return polled


def setting(name: str, value: Any) -> Callable[[Record], None]:
    """Return an edit that sets a member, to a value or to what is made of the old one."""

    def edit(record: Record) -> None:
        record[name] = value(record.get(name)) if callable(value) else value

    return edit


def dropping(*names: str) -> Callable[[Record], None]:
    """Return an edit that drops members."""

    def edit(record: Record) -> None:
        for name in names:
            record.pop(name, None)

    return edit


def renaming(old: str, new: str) -> Callable[[Record], None]:
    """Return an edit that renames a member."""

    def edit(record: Record) -> None:
        if old in record:
            record[new] = record.pop(old)

    return edit


def reasons(polled: Polled) -> set[ChangeReason | None]:
    """Return the reasons of the last cycle's events."""
    return {event.reason for event in polled.events}


def only(changes: tuple[SchemaChange, ...]) -> SchemaChange:
    """Return the one change."""
    assert len(changes) == 1, told(changes)
    return changes[0]
