"""The JWT of a connected application as X3 judges it: good, or the number of what is wrong with it.

Claims and algorithm: Sage developer site, connected applications. The numbers: public documentation of a connector,
quoting X3's. In which order X3 looks is a guess: at the client first, whose secret then proves the rest.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass

import orjson

FUTURE = 21
"""Issued in the future."""
ISSUER, SUBJECT, AUDIENCE = 41, 42, 45
SIGNATURE = 50
"""A wrong signature, or a token that has ended."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a tenant knows of its connected application."""

    client_id: str
    secrets: tuple[str, ...]
    username: str
    audience: str


def stated(token: str) -> Mapping[str, object] | None:
    """Return the claims of a JWT, whoever signed it; None for what is none."""
    try:
        header, claims = (orjson.loads(_unpadded(part)) for part in token.rpartition(".")[0].split("."))
    except (ValueError, binascii.Error):
        return None
    return claims if isinstance(header, dict) and isinstance(claims, dict) else None


def judged(token: str, claims: Mapping[str, object], known: Known, wall: float, validity: float) -> int | None:
    """Return what is wrong with a token at `wall` (epoch seconds) that may live for `validity` seconds, if anything."""
    if claims.get("iss") != known.client_id:
        return ISSUER
    issued, end = claims.get("iat"), claims.get("exp")
    signed = any(_signed(token, each) for each in known.secrets)
    if not signed or not isinstance(issued, int) or not isinstance(end, int):
        return SIGNATURE
    if issued > wall:
        return FUTURE
    if end <= wall or end - issued > validity:
        return SIGNATURE
    if claims.get("sub") != known.username:
        return SUBJECT
    return None if claims.get("aud") == known.audience else AUDIENCE


def _signed(token: str, secret: str) -> bool:
    head, _, signature = token.rpartition(".")
    try:
        algorithm = orjson.loads(_unpadded(head.partition(".")[0])).get("alg")
        expected = hmac.new(secret.encode(), head.encode(), hashlib.sha256).digest()
        return algorithm == "HS256" and hmac.compare_digest(_unpadded(signature), expected)
    except (ValueError, binascii.Error):
        return False


def _unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
