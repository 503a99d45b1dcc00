"""Sales orders, and the deliveries that draw on them. Their fields are guesses, for want of a source."""

from driftd.simulator.books import SITES
from driftd.simulator.class_model import ClassModel, Collection, Field
from driftd.simulator.drawdown import MOST, allocated, allocated_rest, basis, drawn, mapped, progress, share
from driftd.simulator.draws import (
    GIVEN,
    World,
    amount,
    code,
    copied,
    day,
    number,
    padded,
    pick,
    product,
    referenced,
    same_as,
    total,
    with_tax,
    words,
    yes,
)
from driftd.simulator.json_values import Json, Record
from driftd.simulator.products import STOCK_SITES
from driftd.simulator.references import codes
from driftd.simulator.wording import NOTES


def _order_key(ordinal: int) -> tuple[str]:
    return (f"SON{ordinal + 1:08d}",)


_ORDER_LINES = Collection(
    "SOHSOP",
    (
        Field("SOPLIN", lambda _n, draft: (draft.line + 1) * 1000),
        Field("ITMREF", referenced("ITMMASTER"), refers="ITMMASTER"),
        Field("ITMDES", copied("ITMMASTER"), revisable=True),
        Field("QTY", number(MOST, 60)),
        Field("DLVQTY", drawn("SORDER", "SDELIVERY", "QTY")),
        Field("SAU", pick(*codes("UOM")), refers="UOM"),
        Field("NETPRI", amount(400)),
        Field("LINAMT", product("NETPRI", "QTY")),
        Field("DISCRGVAL1", amount(15, empty=70), revisable=True),
        Field("DEMDLVDAT", day(), revisable=True),
        Field("SHIDAT", day(empty=30), revisable=True),
        Field("SOQSTA", progress("SORDER", "SDELIVERY")),
        Field("ALLQTY", allocated_rest("SORDER", "SDELIVERY", "QTY", "DLVQTY")),
        Field("VAT", padded(pick("NOR", "RED"), 3, 1)),
    ),
    "LINNBR",
    summed=("QTY", "NETPRI", "LINAMT"),
)

SORDER = ClassModel(
    name="SORDER",
    title="Sales orders",
    key=("SOHNUM",),
    key_of=_order_key,
    document=True,
    fields=(
        Field("SOHNUM", GIVEN, query=True),
        Field("SOHTYP", pick("SON", "SOI"), query=True),
        Field("SALFCY", pick(*SITES), query=True),
        Field("BPCORD", referenced("BPCUSTOMER"), query=True, refers="BPCUSTOMER"),
        Field("BPCNAM", copied("BPCUSTOMER"), query=True),
        Field("CUSORDREF", code("PO-{:06d}", 10**6, 10), query=True, revisable=True),
        Field("ORDDAT", day(), query=True),
        Field("SHIDAT", day(empty=5), query=True, revisable=True),
        Field("CUR", pick(*codes("CUR")), query=True),
        Field("DLVSTA", progress("SORDER", "SDELIVERY"), query=True),
        Field("ORDSTA", mapped("DLVSTA", 1, 1, 2), query=True),
        Field("ALLSTA", allocated("SORDER", "SDELIVERY", 3, 1), query=True),
        Field("LINNBR", pick(1, 2, 2, 3, 3, 4, 6), query=True),
        Field("ORDNOT", total("SOHSOP", "LINAMT"), query=True, derived=True),
        Field("ORDATI", with_tax("ORDNOT", 120), query=True, derived=True),
        Field("TOTLINQTY", total("SOHSOP", "QTY"), query=True, derived=True),
        Field("STOFCY", pick(*STOCK_SITES), refers="FCY"),
        Field("BPCINV", same_as("BPCORD")),
        Field("PTE", pick(*codes("PTE")), refers="PTE"),
        Field("VACBPR", pick(*codes("VAC")), refers="VAC"),
        Field("PRITYP", number(1, 2)),
        Field("DLVPIO", number(1, 3)),
        Field("TEXT", pick(None, None, "Call before delivery.")),
        Field("TSCCOD", padded(code("{:02d}", 40), 5, 1)),
    ),
    collections=(_ORDER_LINES,),
)


def _delivery_key(ordinal: int) -> tuple[str]:
    return (f"SDH{ordinal + 1:08d}",)


def delivered(order: Record, quantities: list[int]) -> Record:
    """Return what a delivery is given by its order, and by how much it delivers of each of the order's lines."""
    rows: list[Json] = []
    lines = order["SOHSOP"]
    assert isinstance(lines, list)
    for line, quantity in zip(lines, quantities, strict=True):
        assert isinstance(line, dict)
        if quantity:
            same = {name: line[name] for name in ("SOPLIN", "ITMREF", "SAU", "NETPRI")}
            rows.append({**same, "SDDLIN": (len(rows) + 1) * 1000, "SOHNUM": order["SOHNUM"], "QTY": quantity})
    header = {name: order[name] for name in ("SOHNUM", "BPCORD", "BPCNAM", "SALFCY", "STOFCY", "CUR")}
    return {**header, "LINNBR": len(rows), "SDELIVERYD": rows}


def _from_start(world: World, ordinal: int) -> Record:
    found = basis(world, "SORDER", "SDELIVERY", ordinal)
    if found is None:
        return {}
    order, part, parts = found
    content = world.first("SORDER", order)
    lines = content["SOHSOP"]
    assert isinstance(lines, list)
    return delivered(content, [share(line["QTY"], part, parts) for line in lines if isinstance(line, dict)])


_DELIVERY_LINES = Collection(
    "SDELIVERYD",
    (
        Field("SDDLIN", GIVEN),
        Field("SOHNUM", GIVEN, refers="SORDER"),
        Field("SOPLIN", GIVEN),
        Field("ITMREF", GIVEN, refers="ITMMASTER"),
        Field("QTY", GIVEN),
        Field("SAU", GIVEN, refers="UOM"),
        Field("NETPRI", GIVEN),
        Field("LINAMT", product("NETPRI", "QTY")),
        Field("LOT", code("L{:06d}", 10**6, 40), revisable=True),
        Field("DES", words(NOTES), revisable=True),
    ),
    "LINNBR",
    summed=("QTY", "NETPRI", "LINAMT"),
)

SDELIVERY = ClassModel(
    name="SDELIVERY",
    title="Deliveries",
    key=("SDHNUM",),
    key_of=_delivery_key,
    document=True,
    booked=True,
    source=_from_start,
    fields=(
        Field("SDHNUM", GIVEN, query=True),
        Field("SOHNUM", GIVEN, query=True, refers="SORDER"),
        Field("BPCORD", GIVEN, query=True, refers="BPCUSTOMER"),
        Field("BPCNAM", GIVEN, query=True),
        Field("SALFCY", GIVEN, query=True),
        Field("STOFCY", GIVEN, query=True, refers="FCY"),
        Field("DLVDAT", day(), query=True),
        Field("SHIDAT", day(empty=10), query=True, revisable=True),
        Field("CUR", GIVEN, query=True),
        Field("CFMFLG", yes(95), query=True),
        Field("INVFLG", yes(85), query=True),
        Field("LINNBR", GIVEN, query=True),
        Field("DLVNOT", total("SDELIVERYD", "LINAMT"), query=True, derived=True),
        Field("DLVATI", with_tax("DLVNOT", 120), query=True, derived=True),
        Field("TOTLINQTY", total("SDELIVERYD", "QTY"), query=True, derived=True),
        Field("GROWEI", amount(900, scale=3), query=True, revisable=True),
        Field("BPTNUM", pick("DHL", "UPS", "OWN", "")),
        Field("MDL", number(1, 4)),
        Field("TRACKNUM", code("TRK{:09d}", 10**9, 25)),
    ),
    collections=(_DELIVERY_LINES,),
)
