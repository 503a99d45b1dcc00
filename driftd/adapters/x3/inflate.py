"""Bodies put together under caps: bytes on the wire, bytes inflated, and the ratio between them. No I/O.

A gzip bomb must not be inflated before it is measured: httpx gave 150 MiB from 149 KiB (measured), so its decoders stay
unused and `zlib` is asked for a bounded piece at a time (reliability guide, row 33).
"""

import zlib
from collections.abc import Iterator
from typing import Final

from driftd.adapters.x3.settings import Caps
from driftd.errors import Reason, SourceError

_STEP: Final = 1 << 20
_GZIP: Final = 16 + zlib.MAX_WBITS


class Body:
    """A body as it arrives: `feed` each chunk, then `whole`.

    Each raises `SourceError`: ``payload_too_large`` over a cap, ``invalid_payload`` for what is not the gzip that was
    asked for, ``connection_reset`` for a compressed body that ends early.
    """

    def __init__(self, encoding: str, caps: Caps, whose: str) -> None:
        self._caps = caps
        self._whose = whose
        self._pieces: list[bytes] = []
        self._inflated = 0
        self._length = caps.wire
        """Most bytes that the wire brings."""
        self.wire_bytes = 0
        """Bytes fed so far."""
        self._gzip: zlib._Decompress | None = None
        encodings = [each.strip().lower() for each in encoding.split(",") if each.strip()]
        if encodings in (["gzip"], ["x-gzip"]):
            self._gzip = zlib.decompressobj(_GZIP)
        elif encodings not in ([], ["identity"]):
            raise SourceError(
                Reason.INVALID_PAYLOAD,
                f"{whose} comes in a content encoding that was not asked for",
                hint="report it: only gzip is accepted, and only once",
            )

    @property
    def large(self) -> bool:
        """Whether it is more by now than a body may be without a share of what the large ones have together."""
        return self._inflated > self._caps.small

    @property
    def most(self) -> int:
        """Bytes that it may become at most, by its caps and what was announced."""
        if self._gzip is None:
            return min(self._caps.body, self._length)
        return min(self._caps.body, max(self._caps.ratio_floor, self._length * self._caps.ratio))

    def announce(self, length: str) -> int:
        """Return the length that a body's head gives, or the most it may be where it gives none (``""``).

        Refuses one over its cap before it is read.
        """
        if not length.isdecimal():
            return self._caps.wire
        if len(length) > 20 or int(length) > self._caps.wire:
            raise self._too_large(f"announces more than {self._caps.wire} bytes")
        self._length = int(length)
        return self._length

    def feed(self, chunk: bytes) -> Iterator[None]:
        """Take a chunk from the wire.

        Yields between steps of at most 1 MiB inflated, so that the loop can breathe; of a `large` body after each.
        """
        self.wire_bytes += len(chunk)
        if self.wire_bytes > self._caps.wire:  # of a length that was not announced
            raise self._too_large(f"sends more than {self._caps.wire} bytes")
        if self._gzip is None:
            self._keep(chunk)
            if self.large:
                yield
            return
        yield from self._inflate(self._gzip, chunk)

    def whole(self) -> bytes:
        """Return the whole body."""
        if self._gzip is not None and not self._gzip.eof and self.wire_bytes:
            raise SourceError(
                Reason.CONNECTION_RESET, f"{self._whose} ends within its compressed body", hint="wait: it is read again"
            )
        return self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)

    def _inflate(self, stream: "zlib._Decompress", chunk: bytes) -> Iterator[None]:
        rest, full = chunk, False
        while rest or full:
            if stream.eof:
                raise SourceError(
                    Reason.INVALID_PAYLOAD,
                    f"{self._whose} goes on behind its compressed body",
                    hint="report it to the tenant",
                )
            try:
                piece = stream.decompress(rest, _STEP)
            except zlib.error:
                raise SourceError(
                    Reason.INVALID_PAYLOAD, f"{self._whose} is not the gzip it says", hint="report it to the tenant"
                ) from None
            self._keep(piece)
            rest = stream.unconsumed_tail or stream.unused_data
            full = len(piece) == _STEP and not stream.eof  # zlib may hold back output of input it has taken
            yield

    def _keep(self, piece: bytes) -> None:
        self._inflated += len(piece)
        if piece:
            self._pieces.append(piece)
        if self._inflated > self._caps.body:
            raise self._too_large(f"holds more than {self._caps.body} bytes")
        if self._inflated > max(self._caps.ratio_floor, self.wire_bytes * self._caps.ratio):
            raise self._too_large(f"inflates to more than {self._caps.ratio} times its size")

    def _too_large(self, how: str) -> SourceError:
        return SourceError(
            Reason.PAYLOAD_TOO_LARGE,
            f"{self._whose} {how}",
            hint="lower page_size; if that does not help, report it to the tenant",
        )
