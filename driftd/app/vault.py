"""The vault from outside the daemon: keys are made."""

from driftd.adapters.vault.making import add_to_file, made, make_file

__all__ = ["add_to_file", "made", "make_file"]
