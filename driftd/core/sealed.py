"""How a sealed secret is laid out, and what it is bound to. Knows no cipher.

A blob is, in this order: magic, the layout's version, id of the key-encryption key (KEK), id of the data key, number of
the secret, nonce and data key wrapped under the KEK, nonce and ciphertext of the secret under the data key; integers
big-endian. What it is bound to names the data key and not the KEK, so that another KEK leaves the ciphertext alone.
"""

import struct
from hashlib import blake2b
from typing import Final, NoReturn

from msgspec import Struct

from driftd.errors import SealError

MAGIC: Final = b"drfV"
VERSION: Final = 1
KEY: Final = 32
"""Bytes of a key, for AES-256."""
NONCE: Final = 12
TAG: Final = 16
"""Bytes by which a ciphertext of AES-GCM is longer than what it hides."""
LONGEST: Final = 16_384
"""Bytes of a secret."""
_HEAD: Final = struct.Struct(f">4sB8s16sI{NONCE}s{KEY + TAG}s{NONCE}s")


class Place(Struct, frozen=True):
    """Where a sealed secret belongs, and nowhere else."""

    store: str
    """Id of the database."""
    connection: str
    field: str
    """The setting that it stands for, such as ``client_secret``."""


class Sealed(Struct, frozen=True):
    """A sealed secret, taken apart."""

    kek: bytes
    """Id of the key that the data key is wrapped under, 8 bytes."""
    dek: bytes
    """Id of the data key, 16 bytes."""
    number: int
    """1 for the first secret of its place, one more for each that replaces it."""
    wrap_nonce: bytes
    wrapped: bytes
    nonce: bytes
    ciphertext: bytes


class Kept(Struct, frozen=True):
    """A sealed secret as it is stored."""

    place: Place
    number: int
    blob: bytes
    at: int
    """When it was sealed, epoch ms."""
    given: bytes | None = None
    """The mark (see `mark`) of what a person gave, where this is it or came of it by use."""


def mark(*texts: str) -> bytes:
    """Return what tells some texts from others, a secret that was drawn among them; 16 bytes.

    It does not tell the secret; one that a person thought of could be guessed by it.
    """
    digest = blake2b(digest_size=16, person=b"driftd-given")
    for each in texts:
        raw = each.encode("utf-8", "surrogatepass")
        digest.update(len(raw).to_bytes(8, "big") + raw)
    return digest.digest()


def pack(sealed: Sealed) -> bytes:
    """Return the blob."""
    head = (sealed.kek, sealed.dek, sealed.number, sealed.wrap_nonce, sealed.wrapped, sealed.nonce)
    return _HEAD.pack(MAGIC, VERSION, *head) + sealed.ciphertext


def parse(blob: bytes) -> Sealed:
    """Take a blob apart. Raises `SealError` for what is none, or one of a later release."""
    if not _HEAD.size + TAG <= len(blob) <= _HEAD.size + TAG + LONGEST:
        _refuse(f"has {len(blob):,} bytes, which no sealed secret has")
    magic, version, *head = _HEAD.unpack_from(blob)
    if magic != MAGIC:
        _refuse("does not begin as a sealed secret does")
    if version != VERSION:
        _refuse(f"is of layout {version}, ours is {VERSION}: upgrade driftd")
    kek, dek, number, wrap_nonce, wrapped, nonce = head
    return Sealed(kek, dek, number, wrap_nonce, wrapped, nonce, blob[_HEAD.size :])


def bound(place: Place, sealed: Sealed) -> bytes:
    """Return what the ciphertext is bound to; the data key, by `wrapping`, to the same."""
    return _joined("driftd", "v1", *_named(place, sealed))


def wrapping(place: Place, sealed: Sealed) -> bytes:
    """Return what the wrapped data key is bound to."""
    return _joined("driftd", "v1", "key", *_named(place, sealed))


def _named(place: Place, sealed: Sealed) -> tuple[str, ...]:
    return place.store, place.connection, place.field, sealed.dek.hex(), str(sealed.number)


def _joined(*parts: str) -> bytes:
    """Join parts so that no two sets of them come out the same; raises `SealError` for one that the mark stands in."""
    if any("|" in each for each in parts):
        raise SealError("what a secret is bound to has no | in its names")
    return "|".join(parts).encode()


def _refuse(what: str) -> NoReturn:
    raise SealError(f"what is stored of it {what}")
