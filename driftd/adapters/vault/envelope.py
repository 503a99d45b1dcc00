"""Sealing: AES-256-GCM under a data key of each secret's own, which is wrapped under a key-encryption key.

A data key encrypts once and a nonce is drawn for each use, so that no pair of them comes twice.
"""

import secrets
from typing import Final

from msgspec.structs import replace

from driftd.adapters.vault.keyring import Kek, Keyring
from driftd.core.sealed import KEY, LONGEST, NONCE, Kept, Place, Sealed, bound, pack, parse, wrapping
from driftd.core.secret import Secret
from driftd.errors import SealError

_DEK_ID: Final = 16


def seal(secret: Secret, place: Place, number: int, kek: Kek) -> bytes:
    """Return the blob of a secret. Raises `SealError` for one that is empty, too long or no UTF-8."""
    plain = _plain(secret)
    data_key = secrets.token_bytes(KEY)
    sealed = Sealed(kek.id, secrets.token_bytes(_DEK_ID), number, b"", b"", secrets.token_bytes(NONCE), b"")
    sealed = _wrapped(sealed, place, data_key, kek)
    return pack(replace(sealed, ciphertext=_encrypted(data_key, sealed.nonce, plain, bound(place, sealed))))


def following(before: Kept | None, secret: Secret, place: Place, kek: Kek, at: int) -> Kept:
    """Return a secret sealed for the place of the one before it, as given `at` (epoch ms); raises as `seal` does."""
    number = 1 + (before.number if before else 0)
    return Kept(place, number, seal(secret, place, number, kek), at)


def opened(blob: bytes, place: Place, keys: Keyring) -> Secret:
    """Return the secret of a blob. Raises `SealError` where its key is missing, or it is not what was sealed there."""
    sealed = parse(blob)
    plain = _decrypted(_data_key(sealed, place, keys), sealed.nonce, sealed.ciphertext, bound(place, sealed))
    return Secret(plain.decode())


def rewrapped(blob: bytes, place: Place, keys: Keyring) -> bytes:
    """Return the blob under the first key, the same one where it is already. Raises `SealError` as `opened` does."""
    sealed, first = parse(blob), keys.first
    if sealed.kek == first.id:
        return blob
    data_key = _data_key(sealed, place, keys)
    _decrypted(data_key, sealed.nonce, sealed.ciphertext, bound(place, sealed))  # nothing damaged gets a new wrap
    return pack(_wrapped(replace(sealed, kek=first.id), place, data_key, first))


def _plain(secret: Secret) -> bytes:
    try:
        plain = secret.reveal().encode()
    except UnicodeEncodeError:
        raise SealError("the secret is not UTF-8 text") from None
    if not plain:
        raise SealError("the secret is empty")
    if len(plain) > LONGEST:
        raise SealError(f"the secret is longer than {LONGEST:,} bytes")
    return plain


def _wrapped(sealed: Sealed, place: Place, data_key: bytes, kek: Kek) -> Sealed:
    nonce = secrets.token_bytes(NONCE)
    wrapped = _encrypted(kek.reveal(), nonce, data_key, wrapping(place, sealed))
    return replace(sealed, wrap_nonce=nonce, wrapped=wrapped)


def _data_key(sealed: Sealed, place: Place, keys: Keyring) -> bytes:
    kek = keys.key(sealed.kek)
    return _decrypted(kek.reveal(), sealed.wrap_nonce, sealed.wrapped, wrapping(place, sealed))


def _encrypted(key: bytes, nonce: bytes, plain: bytes, associated: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # takes 30 ms: most commands need none

    return AESGCM(key).encrypt(nonce, plain, associated)


def _decrypted(key: bytes, nonce: bytes, ciphertext: bytes, associated: bytes) -> bytes:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        return AESGCM(key).decrypt(nonce, ciphertext, associated)
    except InvalidTag:
        raise SealError("what is stored of it is damaged, or belongs to another connection or database") from None
