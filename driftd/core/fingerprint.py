"""Bytes → fingerprint. Two kinds: of a record's raw bytes (the fast path) and of its canonical form (the truth)."""

import hashlib
import struct
from collections.abc import Collection, Iterable
from itertools import repeat
from typing import Final

from xxhash import xxh3_128_digest

RECIPE: Final = 1
"""Number of the recipe by which fingerprints are made; the first byte of each canonical one. Raise it with any change
of `canonical` that gives another form for the same record."""
RAW_SIZE: Final = 16


def raw(record: bytes, seed: int) -> bytes:
    """Return the 16-byte hash of raw bytes: xxh3-128, seeded per resource so that no tenant can craft a collision."""
    return xxh3_128_digest(record, seed)


def raws(records: Iterable[bytes], seed: int) -> list[bytes]:
    """Return the hash of each of many records' bytes."""
    return list(map(xxh3_128_digest, records, repeat(seed)))


def keyed(record: bytes, key: bytes) -> bytes:
    """Return the 16-byte hash of raw bytes that hold private members: blake2b-128 with a key.

    Without a key whoever knows the rest of a record could try values until the hash is right, seed or no seed.
    """
    return hashlib.blake2b(record, digest_size=RAW_SIZE, key=key).digest()


def unpacked(raws: bytes) -> tuple[bytes, ...]:
    """Return the fingerprints of raw bytes that were packed one behind the other."""
    return struct.unpack(f"{RAW_SIZE}s" * (len(raws) // RAW_SIZE), raws)


def of(canonical: bytes) -> bytes:
    """Return the 17-byte fingerprint of a canonical form: the recipe's number, then blake2b-128."""
    return bytes((RECIPE,)) + hashlib.blake2b(canonical, digest_size=16).digest()


def all_of(canonicals: Iterable[bytes]) -> list[bytes]:
    """Return the fingerprint of each of many canonical forms."""
    mark, hashed = bytes((RECIPE,)), hashlib.blake2b
    return [mark + hashed(canonical, digest_size=16).digest() for canonical in canonicals]


def recipe(volatile: Collection[str]) -> str:
    """Name what raw hashes are made with: two hashes under different names say nothing about each other."""
    return f"{RECIPE}:{','.join(sorted(volatile))}"
