"""The typed configuration: TOML in, frozen nouns out, every mistake at once.

`parse` is pure and works on text; `load` reads the file and its ``conf.d``; a secret is read when it is needed.
"""

from driftd.config.fit import above_limits
from driftd.config.load import load
from driftd.config.model import (
    Auth,
    Basic,
    ClassDefaults,
    ClientCredentials,
    Config,
    ConnectedApp,
    ConnectionConfig,
    DaemonConfig,
    Pairing,
    ResourceConfig,
    Settings,
    StoreConfig,
    VaultConfig,
    WebConfig,
    WebhookConfig,
)
from driftd.config.pairs import at_odds
from driftd.config.parse import Document, parse, parse_documents
from driftd.config.plan import Cost, Plan, Priced, ResourcePlan, Sizes, plan, proof_interval
from driftd.config.secret import SecretRef
from driftd.config.stored import SECRETS, joined, kept_as, placed, read_stored
from driftd.core.model import Policy

__all__ = [
    "SECRETS",
    "Auth",
    "Basic",
    "ClassDefaults",
    "ClientCredentials",
    "Config",
    "ConnectedApp",
    "ConnectionConfig",
    "Cost",
    "DaemonConfig",
    "Document",
    "Pairing",
    "Plan",
    "Policy",
    "Priced",
    "ResourceConfig",
    "ResourcePlan",
    "SecretRef",
    "Settings",
    "Sizes",
    "StoreConfig",
    "VaultConfig",
    "WebConfig",
    "WebhookConfig",
    "above_limits",
    "at_odds",
    "joined",
    "kept_as",
    "load",
    "parse",
    "parse_documents",
    "placed",
    "plan",
    "proof_interval",
    "read_stored",
]
