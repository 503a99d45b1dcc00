"""What a patch does beside its own finding: checks that it breaks in truth, and which fields count as used.

From drift 4.2 (the exact checks and what they reckon with), 2.1 (mass update) and 3.3 (used: mapped, configured, in a
check, or written).
"""

from typing import Final, NamedTuple


class Check(NamedTuple):
    """An exact check, and the fields that it reckons with."""

    name: str
    fields: tuple[str, ...]
    """As ``CLASS.PATH``."""


CHECKS: Final = (
    Check("journal_balance", ("GACCENTRY.GACCENTRYD[].SNS", "GACCENTRY.GACCENTRYD[].AMTLED")),
    Check("balances", ("BALANCE.DEB[]", "BALANCE.CDT[]", "BALANCE.DEBLED[]", "BALANCE.CDTLED[]")),
    Check(
        "header_totals",
        (
            "SORDER.ORDNOT", "SORDER.ORDATI", "SORDER.TOTLINQTY",
            "SORDER.SOHSOP[].LINAMT", "SORDER.SOHSOP[].NETPRI", "SORDER.SOHSOP[].QTY",
            "SDELIVERY.DLVNOT", "SDELIVERY.DLVATI", "SDELIVERY.TOTLINQTY",
            "SDELIVERY.SDELIVERYD[].LINAMT", "SDELIVERY.SDELIVERYD[].NETPRI", "SDELIVERY.SDELIVERYD[].QTY",
            "PORDER.TOTLINAMT", "PORDER.TOTORD", "PORDER.TOTLINQTY",
            "PORDER.PORDERQ[].LINAMT", "PORDER.PORDERQ[].NETPRI", "PORDER.PORDERQ[].QTYPUU",
            "PINVOICE.AMTNOT", "PINVOICE.AMTATI",
            "PINVOICE.PINVOICED[].AMTNOTLIN", "PINVOICE.PINVOICED[].NETPRI", "PINVOICE.PINVOICED[].QTYPUU",
        ),
    ),
    Check(
        "delivered_over_ordered",
        ("SORDER.SOHSOP[].QTY", "SORDER.SOHSOP[].DLVQTY", "SDELIVERY.SDELIVERYD[].QTY",
         "SDELIVERY.SDELIVERYD[].SOPLIN"),
    ),
    Check("stock_signs", ("ITMMVT.PHYSTO", "ITMMVT.CTLSTO", "ITMMVT.REJSTO", "ITMMVT.PHYALL")),
    Check(
        "orphans",
        (
            "SORDER.BPCORD", "SORDER.SOHSOP[].ITMREF", "SDELIVERY.SOHNUM", "SDELIVERY.BPCORD", "ITMMVT.ITMREF",
            "SDELIVERY.SDELIVERYD[].SOHNUM", "SDELIVERY.SDELIVERYD[].ITMREF", "PORDER.PORDERQ[].ITMREF",
            "PINVOICE.POHNUM", "PINVOICE.PINVOICED[].POHNUM", "PINVOICE.PINVOICED[].ITMREF",
        ),
    ),
)  # fmt: skip
"""Drift 4.2. A patch that changes *values* of these fields breaks the check in truth, so that it may be told beside."""

VALUES: Final = frozenset({"scale", "multiply", "empty", "retype", "shift_menu", "menu", "lengthen", "date_form"})
"""Changes that alter values and not only where they stand: more than half of the records altered in one sweep may also
be told as `mass_update` (drift 2.1), and checks may fail in truth."""

USED: Final = frozenset(name for check in CHECKS for name in check.fields)
"""Fields that a check rests on; those of the key, of line keys and of references are used as well (drift 3.3)."""
