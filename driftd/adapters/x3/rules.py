"""Which members of X3's classes play which part in exact checks: rows of data, as the catalogue's.

Menus are those that the V11 dictionary spells out value by value; a menu of which only some values are known is left
out. Amounts of lines are unsigned in journal entries, their sign stands in ``SNS``; a balance has one array a column,
place 0 is carried forward (inferred from the dictionary, not tried on a live X3).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from driftd.core.rules import Agreement, Journal, Price, Rules, Stock, Sum, Total

_DELIVERED: Final = Agreement(
    check="delivered_over_ordered",
    of="SORDER",
    whole="ordered",
    by="SDELIVERY",
    parts="delivered",
    field="SOHSOP[].QTY",
    key=1,
)
_BALANCES: Final = Agreement(
    check="balances", of="BALANCE", whole="balance", by="GACCENTRY", parts="posted", field="DEBLED[]", key=7, equal=True
)
_ONLY_POSTED: Final = {"CAT": (2, 3, 4, 5)}
"""Entries of other categories than actual ones are in no balance."""

RULES: Final[Mapping[str, Rules]] = MappingProxyType(
    {
        "ITMMVT": Rules(stock=Stock("PHYSTO", ("PHYSTO", "CTLSTO", "REJSTO"), ("PHYALL",))),
        "SORDER": Rules(
            totals=(Total("ORDNOT", "SOHSOP", "LINAMT", "CUR"), Total("TOTLINQTY", "SOHSOP", "QTY")),
            menus={"ORDSTA": (1, 2), "ALLSTA": (1, 2, 3)},
            money={"ORDNOT": "CUR", "ORDATI": "CUR", "SOHSOP[].LINAMT": "CUR"},
            dates=("ORDDAT", "SHIDAT", "SOHSOP[].DEMDLVDAT", "SOHSOP[].SHIDAT"),
            sets=("SALFCY", "CUR"),
            closed={"ORDSTA": (2,)},
            sums=(Sum("ordered", ("SOHNUM", "SOPLIN"), ("QTY",), "SOHSOP"),),
            agreements=(_DELIVERED,),
            price=Price("SOHSOP", ("ITMREF", "SAU", "CUR"), "NETPRI"),
        ),
        "SDELIVERY": Rules(
            totals=(Total("DLVNOT", "SDELIVERYD", "LINAMT", "CUR"), Total("TOTLINQTY", "SDELIVERYD", "QTY")),
            money={"DLVNOT": "CUR", "DLVATI": "CUR", "SDELIVERYD[].LINAMT": "CUR"},
            dates=("DLVDAT", "SHIDAT"),
            closed={"INVFLG": (True, 2)},
            sums=(Sum("delivered", ("SOHNUM", "SOPLIN"), ("QTY",), "SDELIVERYD"),),
            agreements=(_DELIVERED,),
        ),
        "PORDER": Rules(
            totals=(Total("TOTLINAMT", "PORDERQ", "LINAMT", "CUR"), Total("TOTLINQTY", "PORDERQ", "QTYPUU")),
            menus={"POHTYP": (1, 2), "RCPFLG": (1, 2, 3, 4, 5), "PORDERQ[].LINSTA": (1, 2, 3)},
            money={"TOTLINAMT": "CUR", "TOTORD": "CUR", "PORDERQ[].LINAMT": "CUR"},
            dates=("ORDDAT", "EXTRCPDAT1", "PORDERQ[].EXTRCPDAT", "PORDERQ[].DEMRCPDAT"),
            closed={"CLEFLG": (True, 2)},
            price=Price("PORDERQ", ("ITMREF", "PUU", "CUR"), "NETPRI"),
        ),
        "PINVOICE": Rules(
            totals=(Total("AMTNOT", "PINVOICED", "AMTNOTLIN", "CUR"),),
            menus={
                "PINVOICED[].PIHTYP": (1, 2, 3, 4),
                "PINVOICED[].TYPORI": (1, 2, 3, 4, 5),
                "PINVOICED[].TWMSTA": (1, 2, 3, 4, 5),
            },
            money={"AMTNOT": "CUR", "AMTATI": "CUR", "PINVOICED[].AMTNOTLIN": "CUR"},
            dates=("ACCDAT", "STRDUDDAT"),
            closed={"STA": (2,)},
        ),
        "GACCENTRY": Rules(
            journal=Journal("GACCENTRYD", ("LEDTYP",), "SNS", "AMTLED", "CURLED", skip={"CAT": (4, 5)}),
            menus={"CAT": (1, 2, 3, 4, 5), "STA": (1, 2), "RVS": (1, 2, 3)},
            money={"GACCENTRYD[].AMTCUR": "CUR", "GACCENTRYD[].AMTLED": "CURLED"},
            dates=("ACCDAT", "ENTDAT", "VALDAT", "DUDDAT"),
            sets=("CPY", "FCY"),
            sums=(
                Sum(
                    "posted",
                    ("LEDTYP", "CPY", "FCYLIN", "FIY", "ACC", "BPR", "CUR", "PER"),
                    ("AMTCUR", "AMTLED"),
                    "GACCENTRYD",
                    sign="SNS",
                    skip=_ONLY_POSTED,
                ),
            ),
            agreements=(_BALANCES,),
        ),
        "BALANCE": Rules(
            sums=(
                Sum(
                    "balance",
                    ("LEDTYP", "CPY", "FCY", "FIY", "ACC", "BPR", "CUR"),
                    ("DEB", "DEBLED", "CDT", "CDTLED"),
                    spread=True,
                ),
            ),
            agreements=(_BALANCES,),
        ),
    }
)
"""By class; a class without a row has no exact checks but those of its references."""
