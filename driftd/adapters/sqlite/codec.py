"""Bodies, small: zstandard with a dictionary that each resource learns from its first records.

Measured over records of 480 bytes: 124 bytes with a dictionary of 8 KiB, 294 without, in half the time. Four more are a
checksum: without it, half of all flipped bytes would be read as another body.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import zstandard

from driftd.core.model import Row

LEARNS_FROM: Final = 400
"""Records below which a dictionary would not pay for its own room."""
_SAMPLES: Final = 1_000
_SIZE: Final = 8_192
_LEVEL: Final = 1
KEPT: Final = 64
"""Dictionaries kept in memory, about 100 KB each when made ready."""
_NAMES_A_DICTIONARY: Final = 0b11
"""Bits of a frame's fifth byte (RFC 8878 §3.1.1.1.1) that tell whether it names one."""


class Codec:
    """How one resource's bodies are made small and large again, with the dictionary it has, if any."""

    def __init__(self, dictionary: bytes | None) -> None:
        self.name = b"" if dictionary is None else dictionary[:8]
        """Magic number and name of the dictionary."""
        self._dictionary = zstandard.ZstdCompressionDict(dictionary) if dictionary is not None else None
        self._plain = zstandard.ZstdDecompressor()
        self._learnt = self._plain
        if self._dictionary is not None:
            self._learnt = zstandard.ZstdDecompressor(dict_data=self._dictionary)

    @property
    def learnt(self) -> bool:
        """Whether there is a dictionary."""
        return self._dictionary is not None

    def compressor(self) -> Callable[[bytes], bytes]:
        """Return a function that compresses, for one thread and many bodies: making it takes 0.1 ms."""
        if self._dictionary is None:
            return zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compress
        return zstandard.ZstdCompressor(level=_LEVEL, dict_data=self._dictionary, write_checksum=True).compress

    def decompress(self, frame: bytes) -> bytes:
        """Return what was compressed, with or without the dictionary. For one thread at a time."""
        return (self._learnt if frame[4] & _NAMES_A_DICTIONARY else self._plain).decompress(frame)


class Codecs:
    """The codecs in use lately, by resource id; what is not here is loaded again. For one thread."""

    def __init__(self) -> None:
        self._codecs: OrderedDict[int, Codec] = OrderedDict()

    def get(self, resource: int) -> Codec | None:
        """Return the codec of `resource` if it is at hand."""
        if resource in self._codecs:
            self._codecs.move_to_end(resource)
        return self._codecs.get(resource)

    def forget(self, resource: int) -> None:
        """Have the codec of `resource` loaded again, since its dictionary is another one."""
        self._codecs.pop(resource, None)

    def keep(self, resource: int, codec: Codec) -> Codec:
        """Have `codec` at hand, and let go of the one not used for longest."""
        self._codecs[resource] = codec
        self._codecs.move_to_end(resource)
        if len(self._codecs) > KEPT:
            self._codecs.popitem(last=False)
        return codec


def named(resource: int, before: bytes | None) -> int:
    """Return the number by which frames name the next dictionary of a resource.

    `before` is the beginning of the one that it had; frames of both are then never taken for each other.
    """
    return resource if before is None else int.from_bytes(before[4:8], "little") + 1


def learn(rows: Sequence[Row], name: int) -> bytes | None:
    """Return a dictionary for records like `rows`, named so in each frame; None where they teach nothing.

    Takes 20 to 60 ms.
    """
    return learned((body for row in rows[:_SAMPLES] for body in (row.body, row.details) if body is not None), name)


def learned(bodies: Iterable[bytes], name: int) -> bytes | None:
    """Return a dictionary for bodies like these, as `learn` does."""
    samples: list[bytes | bytearray | memoryview] = list(bodies)
    try:
        return zstandard.train_dictionary(_SIZE, samples, level=_LEVEL, dict_id=name).as_bytes()
    except zstandard.ZstdError:  # too little in them, or all alike
        return None
