"""The classes of a simulated folder, as data. A further class is a further entry.

Names and shapes: Sage web-service guide (querying, reading details) and a public payload of a real `BPCUSTOMER`.
"""

from driftd.simulator.class_model import ClassModel, Collection, Field
from driftd.simulator.draws import (
    KEY_PART,
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
    share,
    total,
    words,
    yes,
)
from driftd.simulator.references import codes

_FIRST = ("Ace", "Nord", "Établissements", "Müller", "Delta", "Blue River", "Cape", "São", "Atlas", "Old Mill", "Łódź")
_SECOND = (
    "Trading",
    "Works",
    "Foods",
    "Marine",
    "Optics",
    "Textiles",
    "Energy",
    "& Sons",
    "Logistics",
    "Paper",
    '"Plus"',
)
_FORM = ("Ltd", "SARL", "GmbH", "PLC", "SA", "Inc.", "(Pty) Ltd")
_STREETS = ("1 High Street", "12 rue de l'Église", "Hauptstraße 7", "Unit 4\\5, Dock Road", "99 Long Street")
_SITES = ("https://www.ace-trading.example/order/welcome.html", "https://shop.blue-river.example/fr/catalogue/")
_TOWNS = ("PARIS", "LYON", "LONDON", "CAPE TOWN", "KÖLN", "PORTO")
_THINGS = ("Bolt M8", "Valve", "Copper pipe", "Pump", "Filter 0,2 µm", "Gasket", "Bearing", "Sensor", "Cable 3×1.5 mm²")
_KINDS = ("standard", "long", "stainless", "2nd choice", "spare part", "export")


def _customer_key(ordinal: int) -> tuple[str]:
    """Mixed as in old folders: padded and unpadded, upper and lower case, so that collations differ."""
    return (("C{}", "{:07d}", "FR{:05d}", "bp{}", "Z-{}", "c{}x")[ordinal % 6].format(ordinal),)


def _item_key(ordinal: int) -> tuple[str]:
    return (("BMS{:05d}", "itm{}", "ITM{}", "{:06d}", "R{} B")[ordinal % 5].format(ordinal),)


def _order_key(ordinal: int) -> tuple[str]:
    return (f"SON{ordinal + 1:08d}",)


_PHONES = Collection("BPCBPRBPACOLTEL", (Field("TELNUM", code("0{:09d}", 10**8, 60)), Field("TELTYP", number(1, 5))), 5)
_WEB = Collection("BPCBPRBPACOLWEB", (Field("WEB", fixed("")), Field("WEBTYP", number(1, 2))), 5)
_ADDRESSES = Collection(
    "BPCBPRBPA",
    (
        Field("BPR_BPA_BPANUM", code("{:03d}", 9)),
        Field("BPADES", words(_TOWNS)),
        Field("BPAADDLIG", padded(words(_STREETS), 3, 1)),
        Field("POSCOD", code("{:04d}", 9999)),
        Field("CTY", words(_TOWNS)),
        Field("CRY", pick(*codes("CRY")), refers="CRY"),
    ),
    "BPANBR",
    nested=(_PHONES, _WEB),
)
_DELIVERY = Collection(
    "BPCBPD",
    (
        Field("BPC_BPD_BPAADD", code("{:03d}", 9)),
        Field("STOFCY", pick(*codes("FCY")), refers="FCY"),
        Field("DAYLTI", number(0, 9)),
        Field(
            "BPCBPDC_REP",
            padded(lambda _n, _d: {"REPNUM": "EN001", "$title": "Anna Field"}, 3, 1, {"REPNUM": "", "$title": ""}),
        ),
    ),
    1,
)

BPCUSTOMER = ClassModel(
    name="BPCUSTOMER",
    title="Customers",
    key=("BPCNUM",),
    key_of=_customer_key,
    title_field="BPCNAM",
    fields=(
        Field("BPCNUM", KEY_PART, query=True),
        Field("BPCNAM", words(_FIRST, _SECOND, _FORM), query=True, revisable=True),
        Field("BPCSHO", words(_FIRST), query=True),
        Field("BPCSTA", yes(93), query=True, revisable=True),
        Field("BPCTYP", number(1, 4), query=True),
        Field("BCGCOD", pick("DOM", "EXP", "GRP"), query=True, revisable=True),
        Field("CUR", pick(*codes("CUR")), query=True, refers="CUR"),
        Field("PTE", pick(*codes("PTE")), query=True, revisable=True),
        Field("VACBPR", pick(*codes("VAC")), query=True),
        Field("BPCRSK", code("{:01d}", 9, 70), query=True),
        Field("OST", amount(90_000, empty=20), query=True, revisable=True),
        Field("OSTAUZ", amount(250_000), query=True, revisable=True),
        Field("CDTISR", amount(50_000, empty=50), query=True, revisable=True),
        Field("ABCCLS", number(1, 4), query=True),
        Field("CRY", pick(*codes("CRY")), query=True),
        Field("CRN", code("{:09d}", 10**9), query=True),
        Field("EECNUM", code("FR{:011d}", 10**9, 40), query=True),
        Field("LAN", pick("ENG", "FRA", "POR"), query=True),
        Field("BPAADDLIG", words(_STREETS), query=True),
        Field("POSCOD", code("{:05d}", 99_999), query=True),
        Field("CTY", words(_TOWNS), query=True),
        Field("TEL", code("+33 {:09d}", 10**9), query=True),
        Field("WEB", words(_SITES), query=True),
        Field("BPCSNCDAT", day(), query=True),
        Field("CDTISRDAT", day(empty=70), query=True),
        Field("BPC_BPR_CUR", pick(*codes("CUR")), refers="CUR"),
        Field("BPCINV", same_as("BPCNUM")),
        Field("BPCPYR", same_as("BPCNUM")),
        Field("ACCCOD", pick("FRA", "EXP", "")),
        Field("ORDCLE", yes(50)),
        Field("INVPER", number(1, 6)),
        Field("FCY", pick(*codes("FCY")), refers="FCY"),
        Field("CNT_CCNCRM", code("{:015d}", 10**9)),
        Field("CNTBIR", day(empty=80)),
        Field("BPCBPRC_BPRNAM", padded(words(_FIRST, _SECOND), 2, 1)),
        Field("TSCCOD", padded(code("{:02d}", 40), 5, 2)),
        Field("CLAINVTEX", pick(None, None, "Payable within 30 days.\nNo discount.")),
        Field("RATMLT", amount(2, scale=6)),
        Field("BPANBR", number(1, 2)),
        Field("EXPNUM", fixed(0)),
    ),
    collections=(_ADDRESSES, _DELIVERY),
)

ITMMASTER = ClassModel(
    name="ITMMASTER",
    title="Products",
    key=("ITMREF",),
    key_of=_item_key,
    title_field="ITMDES1",
    fields=(
        Field("ITMREF", KEY_PART, query=True),
        Field("ITMDES1", words(_THINGS, _KINDS), query=True, revisable=True),
        Field("ITMDES2", words(_KINDS), query=True, revisable=True),
        Field("TCLCOD", pick(*codes("TCL")), query=True, refers="TCL"),
        Field("ITMSTA", number(1, 6), query=True, revisable=True),
        Field("STU", pick(*codes("UOM")), query=True),
        Field("SAU", pick(*codes("UOM")), query=True),
        Field("PUU", pick(*codes("UOM")), query=True),
        Field("ACCCOD", pick("FINI", "RAW", "SERV"), query=True),
        Field("STOMGTCOD", number(1, 3), query=True),
        Field("ITMWEI", amount(80, scale=3), query=True, revisable=True),
        Field("BASPRI", amount(900), query=True, revisable=True),
        Field("EANCOD", code("{:013d}", 10**9), query=True),
        Field("LIFSTRDAT", day(empty=60), query=True),
        Field("STU_PUU_COE", amount(10, scale=4), revisable=False),
        Field("TSICOD", padded(code("{:02d}", 30), 5, 3)),
        Field("SAFSTO", number(0, 500)),
        Field("OFS", number(0, 60)),
        Field("LOTMGTCOD", yes(30)),
        Field("ITMTEX", pick(None, "Keep dry.")),
        Field("BUY", pick(*codes("REP")), refers="REP"),
    ),
)

_ORDER_LINES = Collection(
    "SOHSOP",
    (
        Field("SOPLIN", lambda _n, draft: (draft.line + 1) * 1000),
        Field("ITMREF", referenced("ITMMASTER"), refers="ITMMASTER"),
        Field("ITMDES", copied("ITMMASTER"), revisable=True),
        Field("QTY", number(1, 60)),
        Field("SAU", pick(*codes("UOM")), refers="UOM"),
        Field("NETPRI", amount(400)),
        Field("LINAMT", product("NETPRI", "QTY")),
        Field("DISCRGVAL1", amount(15, empty=70), revisable=True),
        Field("DEMDLVDAT", day(), revisable=True),
        Field("SHIDAT", day(empty=30), revisable=True),
        Field("SOQSTA", number(1, 3), revisable=True),
        Field("ALLQTY", number(0, 20), revisable=True),
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
        Field("SOHNUM", KEY_PART, query=True),
        Field("SOHTYP", pick("SON", "SOI"), query=True),
        Field("SALFCY", pick("FR011", "FR012", "GB011"), query=True),
        Field("BPCORD", referenced("BPCUSTOMER"), query=True, refers="BPCUSTOMER"),
        Field("BPCNAM", copied("BPCUSTOMER"), query=True),
        Field("CUSORDREF", code("PO-{:06d}", 10**6, 10), query=True, revisable=True),
        Field("ORDDAT", day(), query=True),
        Field("SHIDAT", day(empty=5), query=True, revisable=True),
        Field("CUR", pick(*codes("CUR")), query=True),
        Field("ORDSTA", number(1, 2), query=True, revisable=True),
        Field("ALLSTA", number(1, 3), query=True, revisable=True),
        Field("LINNBR", pick(1, 2, 2, 3, 3, 4, 6), query=True, revisable=True),
        Field("ORDNOT", total("SOHSOP", "LINAMT"), query=True, derived=True),
        Field("ORDATI", share("ORDNOT", 120), query=True, derived=True),
        Field("TOTLINQTY", total("SOHSOP", "QTY"), query=True, derived=True),
        Field("STOFCY", pick("FR011", "GB011"), refers="FCY"),
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

CLASSES: dict[str, ClassModel] = {model.name: model for model in (BPCUSTOMER, ITMMASTER, SORDER)}
