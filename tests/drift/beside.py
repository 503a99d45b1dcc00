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
    Check("balances", (
        "BALANCE.DEB[]", "BALANCE.CDT[]", "BALANCE.DEBLED[]", "BALANCE.CDTLED[]",
        "GACCENTRY.GACCENTRYD[].AMTCUR", "GACCENTRY.GACCENTRYD[].ACC", "GACCENTRY.GACCENTRYD[].BPR",
        "GACCENTRY.GACCENTRYD[].CPY", "GACCENTRY.GACCENTRYD[].CUR", "GACCENTRY.GACCENTRYD[].FCYLIN",
        "GACCENTRY.GACCENTRYD[].FIY", "GACCENTRY.GACCENTRYD[].PER", "GACCENTRY.CUR", "GACCENTRY.FIY", "GACCENTRY.PER",
    )),
    Check(
        "header_totals",
        (
            "SORDER.ORDNOT", "SORDER.ORDATI", "SORDER.TOTLINQTY",
            "SORDER.SOHSOP[].LINAMT", "SORDER.SOHSOP[].QTY",
            "SDELIVERY.DLVNOT", "SDELIVERY.DLVATI", "SDELIVERY.TOTLINQTY",
            "SDELIVERY.SDELIVERYD[].LINAMT", "SDELIVERY.SDELIVERYD[].QTY",
            "PORDER.TOTLINAMT", "PORDER.TOTORD", "PORDER.TOTLINQTY",
            "PORDER.PORDERQ[].LINAMT", "PORDER.PORDERQ[].QTYPUU",
            "PINVOICE.AMTNOT", "PINVOICE.AMTATI", "PINVOICE.PINVOICED[].AMTNOTLIN",
        ),
    ),
    # a price is reckoned with where new documents are compared with the item's last one
    Check("scale_shift", (
        "SORDER.SOHSOP[].NETPRI", "SORDER.SOHSOP[].SAU", "SORDER.CUR",
        "PORDER.PORDERQ[].NETPRI", "PORDER.PORDERQ[].PUU", "PORDER.CUR",
    )),
    Check("set_changes", ("SORDER.SALFCY", "SORDER.CUR", "GACCENTRY.CPY", "GACCENTRY.FCY")),
    Check(
        "date_range",
        (
            "SORDER.ORDDAT", "SORDER.SHIDAT", "SORDER.SOHSOP[].DEMDLVDAT", "SORDER.SOHSOP[].SHIDAT",
            "SDELIVERY.DLVDAT", "SDELIVERY.SHIDAT",
            "PORDER.ORDDAT", "PORDER.EXTRCPDAT1", "PORDER.PORDERQ[].EXTRCPDAT", "PORDER.PORDERQ[].DEMRCPDAT",
            "PINVOICE.ACCDAT", "PINVOICE.STRDUDDAT",
            "GACCENTRY.ACCDAT", "GACCENTRY.ENTDAT", "GACCENTRY.VALDAT", "GACCENTRY.DUDDAT",
        ),
    ),
    Check(
        "menu_values",
        (
            "SORDER.ORDSTA", "SORDER.ALLSTA", "PORDER.POHTYP", "PORDER.RCPFLG", "PORDER.PORDERQ[].LINSTA",
            "PINVOICE.PINVOICED[].PIHTYP", "PINVOICE.PINVOICED[].TYPORI", "PINVOICE.PINVOICED[].TWMSTA",
            "GACCENTRY.CAT", "GACCENTRY.STA", "GACCENTRY.RVS",
        ),
    ),
    Check(
        "delivered_over_ordered",
        ("SORDER.SOHSOP[].QTY", "SDELIVERY.SDELIVERYD[].QTY",
         "SDELIVERY.SDELIVERYD[].SOPLIN"),
    ),
    Check("stock_signs", ("ITMMVT.PHYSTO", "ITMMVT.CTLSTO", "ITMMVT.REJSTO", "ITMMVT.PHYALL")),
    Check(
        "orphans",
        (
            # those of open documents matter most: whether one is closed is read as well
            "SDELIVERY.INVFLG", "PORDER.CLEFLG", "PINVOICE.STA",
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
