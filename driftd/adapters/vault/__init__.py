"""Secrets that driftd stores itself: the one door to `cryptography`, and the keys from where they are kept."""

from driftd.adapters.vault.envelope import opened, rewrapped, seal
from driftd.adapters.vault.keyring import Kek, Keyring, read_text

__all__ = ["Kek", "Keyring", "opened", "read_text", "rewrapped", "seal"]
