"""A file as tests write it, and what is read of it."""

import pytest

from driftd.config import ClassDefaults, Config, parse
from driftd.core.rules import Rules, Total
from driftd.errors import ConfigError

CATALOGUE = {
    "BPCUSTOMER": ClassDefaults("BPCUSTOMER", ("BPCNUM",)),
    "SORDER": ClassDefaults(
        "SOH",
        ("SOHNUM",),
        details=True,
        lines={"SOHSOP": ("SOPLIN",)},
        references={"BPCORD": "BPCUSTOMER"},
        rules=Rules(totals=(Total("TOTLINQTY", "SOHSOP", "QTY"),)),
        personal=("BPCNAM", "SOHCNT[].EMAIL", "SOHCNT[].TEL"),
    ),
}
TENANT = """
[[connections]]
name = "aldgate"
base_url = "https://x3.aldgate.example"
folder = "ALDGATE"
[connections.auth]
token_url = "https://x3.aldgate.example/auth/token"
client_id = "driftd"
client_secret = { env = "ALDGATE_SECRET" }
"""
CONNECTED_APP = """
[[connections]]
name = "camden"
base_url = "https://x3.camden.example"
folder = "CAMDEN"
[connections.auth]
type = "connected_app"
client_id = "driftd"
client_secret = { env = "CAMDEN_SECRET" }
username = "reader"
audience = "https://x3.camden.example/xtrem/api"
token_life = "5m"
"""


def read(text: str) -> Config:
    """Parse a file."""
    return parse(text, catalogue=CATALOGUE)


def mistakes(text: str) -> dict[str, str]:
    """Return the mistakes of a file, by their paths."""
    with pytest.raises(ConfigError) as caught:
        read(text)
    return {each.path: each.message for each in caught.value.mistakes}
