"""The X3 classes that driftd knows: representation, key, references. A further class is a further row.

Keys are those of the V11 dictionary; collections are called as their tables are, but for those of sales orders, which
public samples show. Representation names follow the class where Sage's samples do; an installation
that names them otherwise says so in its configuration.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from msgspec import Struct, field

from driftd.adapters.x3.personal import PERSONAL
from driftd.adapters.x3.rules import RULES
from driftd.core.rules import Rules


class CatalogueClass(Struct, frozen=True):
    """One class as a standard installation shows it."""

    name: str
    representation: str
    key: tuple[str, ...]
    """Members that identify a record, in the order of the composite key."""
    document: bool = False
    """Whether it has lines, which only the details facet shows."""
    references: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Member, of the record or of its lines → class that it names."""
    lines: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """Collection → members that together identify its lines within the document."""
    watermark: str = "UPDDATTIM"
    """Member that tells of the last update where the tenant's query facet shows it: often it does not, so it is used
    only where the configuration names it."""

    @property
    def details(self) -> bool:
        """Whether its records are completed from the details facet unless the configuration says otherwise."""
        return self.document

    @property
    def rules(self) -> Rules:
        """Which member plays which part in exact checks."""
        return RULES.get(self.name, Rules())

    @property
    def personal(self) -> tuple[str, ...]:
        """Members that usually tell of persons."""
        return PERSONAL.get(self.name, ())


def _document(
    name: str, key: tuple[str, ...], lines: tuple[str, tuple[str, ...]], references: Mapping[str, str]
) -> CatalogueClass:
    collection, line_key = lines
    return CatalogueClass(
        name,
        name,
        key,
        document=True,
        references=MappingProxyType(dict(references)),
        lines=MappingProxyType({collection: line_key}),
    )


_STANDARD: Final = (
    CatalogueClass("BPCUSTOMER", "BPCUSTOMER", ("BPCNUM",)),
    CatalogueClass("ITMMASTER", "ITMMASTER", ("ITMREF",)),
    CatalogueClass("ITMMVT", "ITMMVT", ("ITMREF", "STOFCY"), references=MappingProxyType({"ITMREF": "ITMMASTER"})),
    _document("SORDER", ("SOHNUM",), ("SOHSOP", ("SOPLIN",)), {"BPCORD": "BPCUSTOMER", "ITMREF": "ITMMASTER"}),
    _document(
        "SDELIVERY",
        ("SDHNUM",),
        ("SDELIVERYD", ("SDDLIN",)),
        {"SOHNUM": "SORDER", "BPCORD": "BPCUSTOMER", "ITMREF": "ITMMASTER"},
    ),
    _document("PORDER", ("POHNUM",), ("PORDERQ", ("POPLIN", "POQSEQ")), {"ITMREF": "ITMMASTER"}),
    _document("PINVOICE", ("NUM",), ("PINVOICED", ("PIDLIN",)), {"POHNUM": "PORDER", "ITMREF": "ITMMASTER"}),
    _document("GACCENTRY", ("TYP", "NUM"), ("GACCENTRYD", ("LIN", "LEDTYP")), {}),
    CatalogueClass("BALANCE", "BALANCE", ("LEDTYP", "CPY", "FCY", "FIY", "ACC", "BPR", "CUR")),
)
_BY_NAME: Final = MappingProxyType({known.name: known for known in _STANDARD})


def standard() -> tuple[str, ...]:
    """Return the classes polled where a connection lists no resources, in that order."""
    return tuple(_BY_NAME)


def lookup(name: str) -> CatalogueClass | None:
    """Return what is known of class `name`; None for one that the configuration must describe."""
    return _BY_NAME.get(name)
