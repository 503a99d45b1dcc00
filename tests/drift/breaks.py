"""The documented breaks of standard software from 2021R4 to 2024R1, in the form that each takes in the REST dialect.

The source tells of the GraphQL dialect; a break has a REST form where it is one of records and not of the language of
queries: the changed filter of 2024-05-30 alone has none. Classes and members here are the ones of the REST collections
that hold the same thing.
"""

from typing import Final, NamedTuple

from tests.drift.expected import MOVED, PAIR, RESOURCE, Way, one_of


class Break(NamedTuple):
    """One documented break, in the form that REST gives it."""

    name: str
    documented: str
    """Date and what changed, as documented."""
    resource: str
    change: str
    field: str
    to: str | None
    ways: tuple[Way, ...]


BREAKS: Final = (
    Break(
        "read id retyped",
        '2021-12-16 "2021R4": variable `String!` became `Id!`',
        "PINVOICE", "retype", "PINVOICED[].POPLIN", "text",
        one_of("type_changed"),
    ),
    Break(
        "supplier code became an object",
        "2022-10-25: `orderFromSupplier{code}` became `orderFromSupplier{code{code}}`",
        "PORDER", "wrap", "BPSNUM", "code",
        one_of("type_changed"),
    ),
    Break(
        "collection of lines renamed",
        "2024-03-08: `purchaseOrderQuantityLines` became `purchaseOrderLines`",
        "PORDER", "rename", "PORDERQ", "PORDERLINES",
        one_of("collection_renamed", place=PAIR),
    ),
    Break(
        "reference of a line became an object",
        "2024-03-08: receipt line `purchaseOrder` became `purchaseOrder{id}`",
        "PINVOICE", "wrap", "PINVOICED[].POHNUM", "id",
        one_of("type_changed"),
    ),
    Break(
        "namespace renamed",
        '2024-05-30 "2024R1": root `xtremX3Purchasing` became `x3Purchasing`; in REST the class is there no more',
        "PORDER", "withhold", "", None,
        one_of("resource_removed", place=RESOURCE),
    ),
    Break(
        "line and sequence number nested",
        "2024-05-30: `purchaseOrderLineNumber`, `purchaseOrderSequenceNumber` became "
        "`purchaseOrderLine{lineNumber sequenceNumber}`",
        "PINVOICE", "nest", "PINVOICED[].POPLIN,POQSEQ", "ORDERLINE",
        (*MOVED, *one_of("type_changed", place=PAIR)),
    ),
    Break(
        "member dropped",
        "2024-05-30: `_sortValue` dropped",
        "PORDER", "remove", "PORDERQ[].DISCRGVAL1", None,
        one_of("field_removed_always", "field_removed_sometimes"),
    ),
    Break(
        "member moved to the lines",
        "2024-05-30: list moved from `purchaseReceipt` to `purchaseReceiptLine`",
        "PORDER", "move", "ORDREF", "PORDERQ[].ORDREF",
        MOVED,
    ),
)  # fmt: skip
