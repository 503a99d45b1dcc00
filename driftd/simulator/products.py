"""Products, and their stock by site."""

from driftd.simulator.class_model import ClassModel, Field
from driftd.simulator.drawdown import built_upon
from driftd.simulator.draws import GIVEN, amount, code, day, number, padded, pick, words, yes
from driftd.simulator.references import codes
from driftd.simulator.wording import KINDS, THINGS

STOCK_SITES = ("FR011", "GB011")
"""Sites that deliver."""
_ROWS = (*STOCK_SITES, "")
"""A row of each product for each of them, and one of blank site, which X3 may have."""
PER_PRODUCT = len(_ROWS)


def _product_key(ordinal: int) -> tuple[str]:
    return (("BMS{:05d}", "itm{}", "ITM{}", "{:06d}", "R{} B")[ordinal % 5].format(ordinal),)


ITMMASTER = ClassModel(
    name="ITMMASTER",
    title="Products",
    key=("ITMREF",),
    key_of=_product_key,
    title_field="ITMDES1",
    fields=(
        Field("ITMREF", GIVEN, query=True),
        Field("ITMDES1", words(THINGS, KINDS), query=True, revisable=True),
        Field("ITMDES2", words(KINDS), query=True, revisable=True),
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


def _stock_key(ordinal: int) -> tuple[str, str]:
    place, site = divmod(ordinal, PER_PRODUCT)
    return (*_product_key(built_upon(place)), _ROWS[site])


ITMMVT = ClassModel(
    name="ITMMVT",
    title="Stock by site",
    key=("ITMREF", "STOFCY"),
    key_of=_stock_key,
    booked=True,
    fields=(
        Field("ITMREF", GIVEN, query=True, refers="ITMMASTER"),
        Field("STOFCY", GIVEN, query=True, refers="FCY"),
        Field("PHYSTO", number(5_000, 50_000), query=True),
        Field("CTLSTO", number(0, 40), query=True),
        Field("REJSTO", number(0, 9), query=True),
        Field("PHYALL", number(0, 900), query=True),
        Field("GLOALL", number(0, 300), query=True),
        Field("ORDSTO", number(0, 2_000), query=True),
        Field("AVC", amount(400, scale=4), query=True, revisable=True),
        Field("LASRCPDAT", day(empty=10)),
        Field("LASISSDAT", day(empty=10)),
    ),
)
