"""Nouns of detection, small: MessagePack in a zstd frame. For what is written seldom and read whole."""

import threading
from typing import Final, TypeVar

from msgspec import Struct
from zstandard import ZstdCompressor, ZstdDecompressor, ZstdError

from driftd.adapters.sqlite.salvage import pack, unpack

T = TypeVar("T", bound=Struct)
_LEVEL: Final = 3


class _Press(threading.local):
    """What compresses and what decompresses: making one takes longer than using it, and each is for one thread."""

    def __init__(self) -> None:
        self.compress = ZstdCompressor(level=_LEVEL, write_checksum=True).compress
        self.decompress = ZstdDecompressor().decompress


_PRESS: Final = _Press()


def boxed(noun: Struct) -> bytes:
    """Return a noun as it is stored."""
    return _PRESS.compress(pack(noun))


def unboxed(box: bytes, noun: type[T]) -> T | None:
    """Return what was stored, as far as this release understands it: see `salvage.unpack`; None for a damaged box."""
    try:
        return unpack(_PRESS.decompress(box), noun)
    except (ZstdError, MemoryError):
        return None
