"""Words that nobody could say by chance, planted in a house, and looked for in all that comes out of it."""

import base64
import json
import secrets
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote, quote_plus

PART = 12
"""Characters of a secret that are enough to find it by: nothing else says these by chance."""


def planted(what: str) -> str:
    """Return a new word for what is planted, with signs that each form writes otherwise."""
    return f"{what}-{secrets.token_hex(12)}/é+\\'{secrets.token_hex(8)}"


def forms(secret: str) -> set[bytes]:
    """Return how a word may be written: as it is, escaped, encoded; whole, and in parts."""
    raw = secret.encode()
    written = {
        raw,
        secret.encode("latin-1", "ignore"),
        json.dumps(secret)[1:-1].encode(),
        json.dumps(json.dumps(secret))[1:-1].encode(),
        repr(secret)[1:-1].encode(),
        quote(secret, "").encode(),
        quote_plus(secret).encode(),
        raw.hex().encode(),
        raw[::-1],
    }
    return {*written, *_in_base64(raw), *_parts(secret)}


def found(secrets_: Mapping[str, str], texts: Mapping[str, bytes | str]) -> set[tuple[str, str]]:
    """Return which of the secrets, by name, is in which of the texts, by name."""
    wanted = {name: forms(secret) for name, secret in secrets_.items()}
    seen = {place: text.encode() if isinstance(text, str) else text for place, text in texts.items()}
    return {
        (name, place)
        for name, written in wanted.items()
        for place, text in seen.items()
        if any(form in text for form in written)
    }


def _in_base64(raw: bytes) -> Iterator[bytes]:
    """Yield what base64 makes of a word wherever it begins in what is encoded, without what its neighbours decide."""
    for ahead in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            told = encode(b"x" * ahead + raw)
            yield told[-(-ahead * 8 // 6) : len(told) // 4 * 4 - 4]


def _parts(secret: str) -> Iterable[bytes]:
    """Yield pieces of which each must be in any longer piece of the word, as far as it is of plain letters."""
    pieces = (secret[at : at + PART] for at in range(0, len(secret) - PART + 1, PART // 2))
    return {piece.encode() for piece in pieces if piece.isascii() and piece.replace("-", "").replace("_", "").isalnum()}
