"""Journal entries and account balances, as the books have them."""

from driftd.simulator.books import COMPANY, LEDGERS, PERIODS, YEAR, balance, entry, header_of, key_of
from driftd.simulator.class_model import ClassModel, Collection, Field
from driftd.simulator.draws import GIVEN, Maker, World, code, day, fixed, padded, pick, same_as, words, yes
from driftd.simulator.json_values import Record
from driftd.simulator.wording import NOTES

ENTRY_TYPES = ("FAC", "FACF", "OD")
"""Types of entries by what is posted: a sale, a purchase, a payment. The n-th entry has the type of n."""
_LEDGER_SLOTS = 10


def _entry_key(ordinal: int) -> tuple[str, str]:
    return ENTRY_TYPES[ordinal % len(ENTRY_TYPES)], f"{ordinal + 1:010d}"


def _from_start(world: World, ordinal: int) -> Record:
    return header_of(entry(world, ordinal)) if ordinal < world.count("GACCENTRY") else {}


def _slots(*names: str) -> Maker:
    return fixed([*names, *[""] * (_LEDGER_SLOTS - len(names))])


_LINES = Collection(
    "GACCENTRYD",
    (
        Field("LIN", GIVEN),
        Field("LEDTYP", GIVEN),
        Field("IDTLIN", same_as("LIN")),
        Field("CPY", fixed(COMPANY)),
        Field("FCYLIN", GIVEN, refers="FCY"),
        Field("FIY", fixed(YEAR)),
        Field("PER", GIVEN),
        Field("ACCDAT", GIVEN),
        Field("ACC", GIVEN),
        Field("BPR", GIVEN),
        Field("SNS", GIVEN),
        Field("CUR", GIVEN),
        Field("AMTCUR", GIVEN),
        Field("CURLED", GIVEN),
        Field("AMTLED", GIVEN),
        Field("DES", words(NOTES), revisable=True),
        Field("FREREF", code("F{:05d}", 10**5, 50), revisable=True),
        Field("MTC", pick("", "", "A", "B"), revisable=True),
    ),
    "LINNBR",
)

GACCENTRY = ClassModel(
    name="GACCENTRY",
    title="Journal entries",
    key=("TYP", "NUM"),
    key_of=_entry_key,
    document=True,
    booked=True,
    source=_from_start,
    fields=(
        Field("TYP", GIVEN, query=True),
        Field("NUM", GIVEN, query=True),
        Field("JOU", pick("SAL", "PUR", "BNK", "MISC"), query=True),
        Field("CPY", fixed(COMPANY), query=True),
        Field("FCY", GIVEN, query=True, refers="FCY"),
        Field("FIY", fixed(YEAR), query=True),
        Field("PER", GIVEN, query=True),
        Field("ACCDAT", GIVEN, query=True),
        Field("CAT", fixed(1), query=True),
        Field("STA", fixed(2), query=True),
        Field("CUR", GIVEN, query=True),
        Field("REF", code("D{:07d}", 10**7, 10), query=True, revisable=True),
        Field("DESVCR", words(NOTES), query=True, revisable=True),
        Field("BPRVCR", code("SDH{:08d}", 10**6, 30), query=True),
        Field("LINNBR", GIVEN, query=True),
        Field("ENTDAT", same_as("ACCDAT")),
        Field("DUDDAT", day(empty=30)),
        Field("REFINT", fixed("")),
        Field("LED", _slots(*(ledger for ledger, _ in LEDGERS))),
        Field("CURLED", _slots(*(currency for _, currency in LEDGERS))),
        Field("RATMLT", GIVEN),
        Field("RATDIV", padded(fixed(1), _LEDGER_SLOTS, len(LEDGERS), 0)),
        Field("RVS", fixed(1)),
        Field("FLGPAZ", yes(0)),
    ),
    collections=(_LINES,),
)

_ZEROS = padded(fixed(0), PERIODS + 1, PERIODS + 1)

BALANCE = ClassModel(
    name="BALANCE",
    title="Account balances",
    key=("LEDTYP", "CPY", "FCY", "FIY", "ACC", "BPR", "CUR"),
    key_of=key_of,
    booked=True,
    source=balance,
    fields=(
        Field("LEDTYP", GIVEN, query=True),
        Field("CPY", GIVEN, query=True),
        Field("FCY", GIVEN, query=True, refers="FCY"),
        Field("FIY", GIVEN, query=True),
        Field("ACC", GIVEN, query=True),
        Field("BPR", GIVEN, query=True),
        Field("CUR", GIVEN, query=True, refers="CUR"),
        Field("DEB", _ZEROS, query=True),
        Field("CDT", _ZEROS, query=True),
        Field("DEBLED", _ZEROS, query=True),
        Field("CDTLED", _ZEROS, query=True),
        Field("LED", lambda _n, draft: _ledger(draft.values["LEDTYP"])[0]),
        Field("CURLED", lambda _n, draft: _ledger(draft.values["LEDTYP"])[1]),
        Field("COA", fixed("FRA")),
    ),
)


def _ledger(number: object) -> tuple[str, str]:
    return LEDGERS[number - 1] if isinstance(number, int) and 0 < number <= len(LEDGERS) else ("", "")
