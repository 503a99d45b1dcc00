"""All that the study of one resource's shape remembers from cycle to cycle, as bytes: counts, and what is watched.

The bytes carry a checksum: a number that was damaged where it is stored would still be one, and be believed.
"""

import zlib
from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Struct

from driftd.core.schema.compare import Evidence

VERSION: Final = 2
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
    """Return it as bytes: the version, a CRC-32 of what follows (big-endian), and that."""
    told = _ENCODE(remembered)
    return bytes((VERSION,)) + _sum(told) + told


def unpacked(packed: bytes) -> Remembered:
    """Return what bytes tell; nothing where they are damaged, or of a release that remembers otherwise."""
    version, checksum, told = packed[:1], packed[1:5], packed[5:]
    if version != bytes((VERSION,)) or checksum != _sum(told):
        return Remembered()
    try:
        return _DECODE(told)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return Remembered()


def _sum(told: bytes) -> bytes:
    return zlib.crc32(told).to_bytes(4, "big")
