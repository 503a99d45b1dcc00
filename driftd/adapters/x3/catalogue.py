"""The X3 classes that driftd knows: representation, key, references. A further class is a further row.

Keys are those of the V11 dictionary. Representation names follow the class where Sage's samples do; an installation
that names them otherwise says so in its configuration.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from msgspec import Struct, field


class CatalogueClass(Struct, frozen=True):
    """One class as a standard installation shows it."""

    name: str
    representation: str
    key: tuple[str, ...]
    """Members that identify a record, in the order of the composite key."""
    document: bool = False
    """Whether it has lines, which only the details facet shows."""
    references: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Member → class that it names."""
    lines: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Collection → member that identifies its lines within the document."""

    @property
    def details(self) -> bool:
        """Whether its records are completed from the details facet unless the configuration says otherwise."""
        return self.document


_STANDARD: Final = (
    CatalogueClass("BPCUSTOMER", "BPCUSTOMER", ("BPCNUM",)),
    CatalogueClass("ITMMASTER", "ITMMASTER", ("ITMREF",)),
    CatalogueClass(
        "SORDER",
        "SORDER",
        ("SOHNUM",),
        document=True,
        references=MappingProxyType({"BPCORD": "BPCUSTOMER", "ITMREF": "ITMMASTER"}),
        lines=MappingProxyType({"SOHSOP": "SOPLIN"}),
    ),
)
_BY_NAME: Final = MappingProxyType({known.name: known for known in _STANDARD})


def standard() -> tuple[str, ...]:
    """Return the classes polled where a connection lists no resources, in that order."""
    return tuple(_BY_NAME)


def lookup(name: str) -> CatalogueClass | None:
    """Return what is known of class `name`; None for one that the configuration must describe."""
    return _BY_NAME.get(name)
