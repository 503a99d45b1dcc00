"""All that the study of one resource's shape remembers from cycle to cycle, as bytes: counts, and what is watched."""

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Struct

from driftd.core.schema.compare import Evidence

VERSION: Final = 1
"""First byte of the packed form."""


class Remembered(Struct, frozen=True, array_like=True):
    """What stands in `Learnt.counts`."""

    counts: bytes = b""
    trails: Mapping[str, tuple[int, int]] = {}
    """What may be new or only rare: sign → how often it was seen in how many records written since it first was."""
    renamed: Mapping[str, tuple[str, str]] = {}
    """Vanished path → where its values are now, and why that is thought."""
    evidence: Mapping[str, Evidence] = {}
    """What the open differences rest on."""
    swaps: Mapping[str, Mapping[str, str]] = {}
    """Menu → which value became which, at the latest exchange."""
    keyless: bool = False
    """Whether rows without a usable key are nothing new."""
    fingerprint: str = ""
    """Of the newest learnt version."""
    stated: str = ""
    """Of the newest declared version."""


_DECODE: Final = msgspec.msgpack.Decoder(Remembered).decode
_ENCODE: Final = msgspec.msgpack.Encoder(order="sorted").encode


def packed(remembered: Remembered) -> bytes:
    """Return it as bytes."""
    return bytes((VERSION,)) + _ENCODE(remembered)


def unpacked(told: bytes) -> Remembered:
    """Return what bytes tell; nothing where they are of a release that remembers otherwise."""
    if told[:1] != bytes((VERSION,)):
        return Remembered()
    try:
        return _DECODE(told[1:])
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return Remembered()
