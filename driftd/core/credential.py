"""What answers show of credentials, certificates and clocks, as it is remembered of a connection."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

WINDOW: Final = 24
"""Tokens whose longest life is compared with the usual one: an endpoint may hand a kept token out again and again,
with what is left of its life."""
ADOPTED: Final = 7 * 86_400_000
"""Milliseconds after which a shorter life is the usual one."""
REFRESH_LIFE: Final = 30 * 86_400_000
"""Milliseconds for which a refresh token of Sage's cloud gateway is good that is not used (Sage developer site)."""
SKEW: Final = 60.0
"""Seconds by which clocks may differ."""


class Credential(StrEnum):
    """What of a connection's credentials ends one day."""

    CLIENT_SECRET = "client_secret"  # noqa: S105 - a name
    TLS_CERTIFICATE = "tls_certificate"
    CLIENT_CERTIFICATE = "client_certificate"
    REFRESH_TOKEN = "refresh_token"  # noqa: S105 - a name
    ACCESS_TOKEN = "access_token"  # noqa: S105 - a name


class CredentialState(StrEnum):
    """How a credential stands; in the order of weight."""

    REJECTED = "rejected"
    EXPIRED = "expired"
    EXPIRING = "expiring"
    UNKNOWN = "unknown"
    """There is no evidence, which is not the same as valid."""
    VALID = "valid"


class Issued(Struct, frozen=True):
    """A token was issued: the credentials are good."""

    at: int
    """Epoch ms."""
    life: float
    """Seconds until it ends."""

    @property
    def ends_at(self) -> int:
        """When it ends, epoch ms."""
        return self.at + round(self.life * 1000)


class Certificate(Struct, frozen=True):
    """The certificate that a server showed, and that was trusted."""

    host: str
    ends_at: int
    """``notAfter``, epoch ms."""
    issuer: str = ""


class Dated(Struct, frozen=True):
    """An answer said what its clock shows."""

    at: int
    """Epoch ms by our clock."""
    ahead: float
    """Seconds by which the other clock is ahead of ours for certain; negative where it is behind."""


Sign: TypeAlias = Issued | Certificate | Dated


class TokenLife(Struct, frozen=True):
    """How long tokens live, compared with their own past; lives in seconds."""

    at: int | None = None
    """When the latest was issued, epoch ms."""
    life: float = 0.0
    """Of the latest."""
    usual: float = 0.0
    """0: not known yet."""
    longest: float = 0.0
    """Of the latest whole window."""
    best: float = 0.0
    """Longest of the present window."""
    n: int = 0
    """Tokens of the present window."""
    lower_since: int | None = None
    """Since when windows have been shorter than usual, epoch ms."""


class Skew(Struct, frozen=True):
    """By how much another clock differs from ours."""

    ahead: float = 0.0
    """Seconds; 0 while they agree."""
    row: int = 0
    """Answers in a row that say so, at most 3."""
    since: int | None = None
    """When the first of these was, epoch ms."""
    at: int | None = None
    """When the latest was."""


class Signs(Struct, frozen=True):
    """All that is remembered of the signs that a connection's answers gave."""

    token: TokenLife = TokenLife()
    certificates: Mapping[str, Certificate] = {}
    """The latest of each host."""
    skew: Skew | None = None
    """None: no answer told the time."""


def noted(signs: Signs, sign: Sign) -> Signs:
    """Return what is remembered with one sign more."""
    if isinstance(sign, Issued):
        return replace(signs, token=_lived(signs.token, sign))
    if isinstance(sign, Certificate):
        return replace(signs, certificates={**signs.certificates, sign.host: sign})
    return replace(signs, skew=_skewed(signs.skew or Skew(), sign))


def _lived(token: TokenLife, issued: Issued) -> TokenLife:
    best, n = max(token.best, issued.life), token.n + 1
    latest = replace(token, at=issued.at, life=issued.life, best=best, n=n)
    if n < WINDOW:
        return latest
    usual = max(token.usual, best)
    since = (token.lower_since or issued.at) if best < usual else None
    if since is not None and issued.at - since >= ADOPTED:
        usual, since = best, None
    return replace(latest, usual=usual, longest=best, best=0.0, n=0, lower_since=since)


def _skewed(skew: Skew, dated: Dated) -> Skew:
    if abs(dated.ahead) <= SKEW:
        return Skew()
    same = skew.row > 0 and skew.ahead * dated.ahead > 0
    return Skew(
        ahead=float(round(dated.ahead)),
        row=min(3, skew.row + 1) if same else 1,
        since=skew.since if same else dated.at,
        at=dated.at,
    )
