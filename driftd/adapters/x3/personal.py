"""Which members of X3's classes usually tell of persons: suggestions for field rules, by class.

A name stands for the member wherever it is in the record. What is a person's depends on whom a tenant deals with: a
customer may be a company or a man. Names are those of public payloads and of the V11 dictionary.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_AUDIT: Final = ("CREUSR", "UPDUSR")
"""Who made and who changed the record."""

PERSONAL: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "BPCUSTOMER": (
            "BPCNAM",
            "BPCSHO",
            "BPCBPRC_BPRNAM",
            "BPAADDLIG",
            "TEL",
            "TELNUM",
            "WEB",
            "BPCBPRCNT",
            "CNT_CCNCRM",
            "CNTBIR",
            "CRN",
            "EECNUM",
            *_AUDIT,
        ),
        "SORDER": ("BPCNAM", "TEXT", *_AUDIT),
        "SDELIVERY": ("BPCNAM", *_AUDIT),
        "PORDER": ("BPRNAM", "BUY", *_AUDIT),
        "PINVOICE": ("BPRNAM", *_AUDIT),
        "GACCENTRY": ("DESVCR", "DES", *_AUDIT),
    }
)
