"""Who we are to a tenant as a connected application: a token that we sign ourselves.

No endpoint issues it (Sage developer site, connected applications): the client says who it is in a JWT (RFC 7519),
signed with HS256 under its secret, and sends that as bearer. So each request proves the secret.

Six lines of the standard library sign it. PyJWT would add a tenth of a second to the start, and warns of secrets of
less than 32 bytes, whose length the tenant chooses.
"""

import base64
import hashlib
import hmac
from typing import Final

import orjson
from msgspec import Struct

from driftd.adapters.x3.answer import Tally
from driftd.adapters.x3.auth import read_secret
from driftd.adapters.x3.grant import Grant, Signed
from driftd.adapters.x3.settings import ConnectedApp
from driftd.core.secret import Secret
from driftd.ports import Clock

BACKDATED: Final = 30
"""Seconds before now at which a token says it was issued: a tenant whose clock is behind refuses it less soon.

Its end is reckoned from there too, so that neither from its issue nor from now it lives longer than it may.
"""
_HEADER: Final = b'{"alg":"HS256","typ":"JWT"}'


def claims(app: ConnectedApp, now: int) -> dict[str, str | int]:
    """Return what a token states that is signed at `now` (epoch ms); ``iat`` and ``exp`` in whole seconds."""
    issued = now // 1000 - BACKDATED
    return {
        "iss": app.client_id,
        "sub": app.username,
        "aud": app.audience,
        "iat": issued,
        "exp": issued + int(app.token_life),
    }


def sign(stated: dict[str, str | int], secret: Secret) -> str:
    """Return the JWT in compact form (RFC 7515 §3.1, RFC 7518 §3.2)."""
    content = _base64url(_HEADER) + b"." + _base64url(orjson.dumps(stated))
    key = secret.reveal().encode("utf-8", "surrogateescape")  # a variable may hold any bytes
    return (content + b"." + _base64url(hmac.digest(key, content, hashlib.sha256))).decode()


def _base64url(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


class _Held(Struct, frozen=True):
    grant: Grant
    renew_at: float
    """Monotonic seconds."""


class JwtAuthority:
    """Signs a token for each half of its life, and another where one is refused, with the secret read again."""

    def __init__(self, settings: ConnectedApp, connection: str, clock: Clock) -> None:
        self._settings = settings
        self._connection = connection
        self._clock = clock
        self._held: _Held | None = None
        self._secret: Secret | None = None

    async def grant(self, _tally: Tally) -> Grant:
        """Return the token in hand; signs another ahead of its end. The secret is read at the first call."""
        held = self._held
        if held is None or self._clock.monotonic() >= held.renew_at:
            held = self._sign(self._secret or read_secret(self._settings.secret, self._connection))
        return held.grant

    async def renewed(self, refused: Grant, _tally: Tally) -> Grant:
        """Return a token signed after the refused one: another call's, or a new one with the secret read again."""
        held = self._held
        if held is None or held.grant is refused:
            held = self._sign(read_secret(self._settings.secret, self._connection))
        return held.grant

    def _sign(self, secret: Secret) -> _Held:
        now = self._clock.now()
        stated = claims(self._settings, now)
        ends_at = 1000 * int(stated["exp"])
        grant = Grant(Secret(f"Bearer {sign(stated, secret)}"), bearer=True, signed=Signed(secret, ends_at))
        self._secret = secret
        self._held = _Held(grant, self._clock.monotonic() + (ends_at - now) / 2000)
        return self._held
