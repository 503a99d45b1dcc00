"""The class of customers and prospects. Names and shapes: a public payload of a real `BPCUSTOMER`."""

from driftd.simulator.class_model import ClassModel, Collection, Field
from driftd.simulator.draws import GIVEN, amount, code, day, fixed, number, padded, pick, same_as, words, yes
from driftd.simulator.references import codes
from driftd.simulator.wording import FIRST, FORM, SECOND, STREETS, TOWNS, WEB


def _customer_key(ordinal: int) -> tuple[str]:
    """Mixed as in old folders: padded and unpadded, upper and lower case, so that collations differ."""
    return (("C{}", "{:07d}", "FR{:05d}", "bp{}", "Z-{}", "c{}x")[ordinal % 6].format(ordinal),)


_PHONES = Collection("BPCBPRBPACOLTEL", (Field("TELNUM", code("0{:09d}", 10**8, 60)), Field("TELTYP", number(1, 5))), 5)
_WEB = Collection("BPCBPRBPACOLWEB", (Field("WEB", fixed("")), Field("WEBTYP", number(1, 2))), 5)
_ADDRESSES = Collection(
    "BPCBPRBPA",
    (
        Field("BPR_BPA_BPANUM", code("{:03d}", 9)),
        Field("BPADES", words(TOWNS)),
        Field("BPAADDLIG", padded(words(STREETS), 3, 1)),
        Field("POSCOD", code("{:04d}", 9999)),
        Field("CTY", words(TOWNS)),
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
        Field("BPCNUM", GIVEN, query=True),
        Field("BPCNAM", words(FIRST, SECOND, FORM), query=True, revisable=True),
        Field("BPCSHO", words(FIRST), query=True),
        Field("BPCSTA", yes(93), query=True, revisable=True),
        Field("BPCTYP", pick(1, 1, 1, 1, 1, 2, 3, 3), query=True, revisable=True),  # 3: a prospect (inferred)
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
        Field("BPAADDLIG", words(STREETS), query=True),
        Field("POSCOD", code("{:05d}", 99_999), query=True),
        Field("CTY", words(TOWNS), query=True),
        Field("TEL", code("+33 {:09d}", 10**9), query=True),
        Field("WEB", words(WEB), query=True),
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
        Field("BPCBPRC_BPRNAM", padded(words(FIRST, SECOND), 2, 1)),
        Field("TSCCOD", padded(code("{:02d}", 40), 5, 2)),
        Field("CLAINVTEX", pick(None, None, "Payable within 30 days.\nNo discount.")),
        Field("RATMLT", amount(2, scale=6)),
        Field("BPANBR", number(1, 2)),
        Field("EXPNUM", fixed(0)),
    ),
    collections=(_ADDRESSES, _DELIVERY),
)
