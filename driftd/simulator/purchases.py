"""Purchase orders, and the supplier invoices that draw on them. The header of invoices is a guess, but for its core."""

from driftd.simulator.books import SITES
from driftd.simulator.class_model import ClassModel, Collection, Field
from driftd.simulator.drawdown import MOST, basis, drawn, mapped, progress, share
from driftd.simulator.draws import (
    GIVEN,
    World,
    amount,
    code,
    copied,
    day,
    fixed,
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
from driftd.simulator.references import TABLES, codes
from driftd.simulator.wording import NOTES


def _order_key(ordinal: int) -> tuple[str]:
    return (f"POH{ordinal + 1:08d}",)


def _invoice_key(ordinal: int) -> tuple[str]:
    return (f"PIH{ordinal + 1:08d}",)


_ORDER_LINES = Collection(
    "PORDERQ",
    (
        Field("POPLIN", lambda _n, draft: (draft.line + 1) * 1000),
        Field("POQSEQ", lambda _n, draft: (draft.line + 1) * 1000),
        Field("ITMREF", referenced("ITMMASTER"), refers="ITMMASTER"),
        Field("ITMDES", copied("ITMMASTER"), revisable=True),
        Field("QTYPUU", number(MOST, 500)),
        Field("PUU", pick(*codes("UOM")), refers="UOM"),
        Field("NETPRI", amount(300)),
        Field("LINAMT", product("NETPRI", "QTYPUU")),
        Field("EXTRCPDAT", day(), revisable=True),
        Field("DEMRCPDAT", day(empty=20), revisable=True),
        Field("RCPQTYPUU", drawn("PORDER", "PINVOICE", "QTYPUU")),
        Field("INVQTYPUU", drawn("PORDER", "PINVOICE", "QTYPUU")),
        Field("LINSTA", progress("PORDER", "PINVOICE")),
        Field("DISCRGVAL1", amount(15, empty=70), revisable=True),
        Field("VAT", padded(pick("NOR", "RED"), 3, 1)),
    ),
    "LINNBR",
    summed=("QTYPUU", "NETPRI", "LINAMT"),
)

PORDER = ClassModel(
    name="PORDER",
    title="Purchase orders",
    key=("POHNUM",),
    key_of=_order_key,
    document=True,
    fields=(
        Field("POHNUM", GIVEN, query=True),
        Field("POHTYP", fixed(1), query=True),
        Field("POHFCY", pick(*SITES), query=True),
        Field("BPSNUM", pick(*codes("BPS")), query=True, refers="BPS"),
        Field("BPRNAM", lambda _n, draft: [TABLES["BPS"][str(draft.values["BPSNUM"])].titles["ENG"], ""], query=True),
        Field("ORDDAT", day(), query=True),
        Field("ORDREF", code("REF {:07d}", 10**7, 20), query=True, revisable=True),
        Field("EXTRCPDAT1", day(empty=5), query=True, revisable=True),
        Field("CUR", pick(*codes("CUR")), query=True),
        Field("RCPFLG", progress("PORDER", "PINVOICE"), query=True),
        Field("INVFLG", progress("PORDER", "PINVOICE"), query=True),
        Field("CLEFLG", mapped("INVFLG", False, False, True), query=True),
        Field("APPFLG", number(1, 3), query=True, revisable=True),
        Field("LINNBR", pick(1, 1, 2, 2, 3, 5), query=True),
        Field("TOTLINAMT", total("PORDERQ", "LINAMT"), query=True, derived=True),
        Field("TOTORD", with_tax("TOTLINAMT", 120), query=True, derived=True),
        Field("TOTLINQTY", total("PORDERQ", "QTYPUU"), query=True, derived=True),
        Field("RCPFCY", pick("FR011", "GB011"), refers="FCY"),
        Field("INVFCY", same_as("POHFCY")),
        Field("BPSINV", same_as("BPSNUM"), refers="BPS"),
        Field("BUY", pick(*codes("REP")), refers="REP"),
        Field("PTE", pick(*codes("PTE")), refers="PTE"),
        Field("VACBPR", pick(*codes("VAC")), refers="VAC"),
        Field("PRNFLG", yes(60)),
        Field("REVNUM", number(0, 3)),
    ),
    collections=(_ORDER_LINES,),
)


def invoiced(order: Record, quantities: list[int]) -> Record:
    """Return what a supplier invoice is given by its order, and by how much of each of the order's lines it bills."""
    rows: list[Json] = []
    lines = order["PORDERQ"]
    assert isinstance(lines, list)
    for line, quantity in zip(lines, quantities, strict=True):
        assert isinstance(line, dict)
        if quantity:
            same = {name: line[name] for name in ("POPLIN", "POQSEQ", "ITMREF", "NETPRI")}
            rows.append({**same, "PIDLIN": (len(rows) + 1) * 1000, "POHNUM": order["POHNUM"], "QTYPUU": quantity})
    header: Record = {"BPR": order["BPSNUM"], "BPRNAM": order["BPRNAM"], "FCY": order["POHFCY"], "CUR": order["CUR"]}
    return {**header, "POHNUM": order["POHNUM"], "LINNBR": len(rows), "PINVOICED": rows}


def _from_start(world: World, ordinal: int) -> Record:
    found = basis(world, "PORDER", "PINVOICE", ordinal)
    if found is None:
        return {}
    order, part, parts = found
    content = world.first("PORDER", order)
    lines = content["PORDERQ"]
    assert isinstance(lines, list)
    return invoiced(content, [share(line["QTYPUU"], part, parts) for line in lines if isinstance(line, dict)])


_INVOICE_LINES = Collection(
    "PINVOICED",
    (
        Field("PIDLIN", GIVEN),
        Field("PIHTYP", fixed(1)),
        Field("TYPORI", fixed(1)),
        Field("POHNUM", GIVEN, refers="PORDER"),
        Field("POPLIN", GIVEN),
        Field("POQSEQ", GIVEN),
        Field("ITMREF", GIVEN, refers="ITMMASTER"),
        Field("QTYPUU", GIVEN),
        Field("NETPRI", GIVEN),
        Field("AMTNOTLIN", product("NETPRI", "QTYPUU")),
        Field("ITMDES", words(NOTES), revisable=True),
        Field("TWMSTA", number(1, 5), revisable=True),
        Field("VAT", padded(pick("NOR", "RED"), 3, 1)),
    ),
    "LINNBR",
    summed=("QTYPUU", "NETPRI", "AMTNOTLIN"),
)

PINVOICE = ClassModel(
    name="PINVOICE",
    title="Supplier invoices",
    key=("NUM",),
    key_of=_invoice_key,
    document=True,
    booked=True,
    source=_from_start,
    fields=(
        Field("NUM", GIVEN, query=True),
        Field("POHNUM", GIVEN, query=True, refers="PORDER"),
        Field("FCY", GIVEN, query=True),
        Field("BPR", GIVEN, query=True, refers="BPS"),
        Field("BPRNAM", GIVEN, query=True),
        Field("ACCDAT", day(), query=True),
        Field("BPRVCR", code("INV/{:06d}", 10**6), query=True, revisable=True),
        Field("CUR", GIVEN, query=True),
        Field("RATMLT", fixed(1), query=True),
        Field("STA", pick(2, 2, 2, 2, 1), query=True),  # 1 entered, 2 posted
        Field("LINNBR", GIVEN, query=True),
        Field("AMTNOT", total("PINVOICED", "AMTNOTLIN"), query=True, derived=True),
        Field("AMTATI", with_tax("AMTNOT", 120), query=True, derived=True),
        Field("STRDUDDAT", day(empty=10), query=True, revisable=True),
        Field("BPSINV", same_as("BPR"), refers="BPS"),
        Field("PTE", pick(*codes("PTE")), refers="PTE"),
        Field("DES", words(NOTES)),
    ),
    collections=(_INVOICE_LINES,),
)
