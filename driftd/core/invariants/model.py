"""The nouns of exact checks: what a record breaks, what it refers to, and what it adds to a sum."""

from collections.abc import Mapping
from typing import NamedTuple

from msgspec import Struct

from driftd.core.drift import Check
from driftd.core.model import KeyBytes


class Breach(Struct, frozen=True):
    """One record that breaks one check; a row is kept until the record no longer does."""

    check: Check
    field: str
    """Path of what is wrong, such as ``SOHSOP[].ITMREF``; with check and key it identifies the breach."""
    key: KeyBytes
    since: int
    """When it was first seen, epoch ms."""
    fingerprint: bytes = b""
    """Of the record that breaks it."""
    times: int = 1
    """Evaluations that found it; it counts from the second on."""
    accepted: bool = False
    """Whether a person said that it is to be so: it then never counts."""


class Link(NamedTuple):
    """A record's reference to a record of another class of the same connection."""

    target: str
    """The class that it names."""
    value: KeyBytes
    """The key of the record that it names there."""
    field: str
    """Path of the member that carries it."""
    key: KeyBytes
    """The record that refers."""


class SumKey(NamedTuple):
    """What amounts are added up for: the quantities delivered of one order line, the debits of one account."""

    name: str
    value: bytes
    """The members that identify it, as compact JSON array."""


Sums = Mapping[SumKey, tuple[str, ...]]
"""Amounts of each sum, exact decimals as text: so many columns as the sum has."""
