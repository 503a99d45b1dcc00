"""The secret that a connection of the database is to have: the one that is given, sealed, or the one there is."""

from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import urlsplit
from uuid import uuid4

from msgspec import Struct

from driftd.adapters.sqlite.vault import SqliteVault
from driftd.adapters.vault.envelope import opened, seal
from driftd.adapters.vault.keyring import Keyring
from driftd.adapters.vault.safe import Safe
from driftd.config import ClientCredentials, ConnectionConfig
from driftd.core.sealed import Kept, Place
from driftd.core.secret import Secret
from driftd.errors import DecisionError, SealError

_ANEW = "give it anew, as client_secret or password of auth"


class Entrusted(Struct, frozen=True):
    """A connection's secret as it is to be."""

    safe: Safe
    """Opens it."""
    kept: Kept | None = None
    """What is to be stored; None: what is stored stays."""

    @property
    def named(self) -> str:
        """Which secret is to be stored, for the audit log."""
        return "" if self.kept is None else f"{self.kept.place.field} {self.kept.number}"


class Given(Struct, frozen=True):
    """What a connection comes with."""

    connection: ConnectionConfig
    secrets: Mapping[str, Kept | Secret]
    """By the setting that they stand for."""
    at: int
    """Epoch ms."""
    before: ConnectionConfig | None = None
    """What it takes the place of."""


async def entrusted(given: Given, vault: SqliteVault, safe: Safe, keys: Callable[[], Awaitable[Keyring]]) -> Entrusted:
    """Return the secret that a connection is to have; `keys` reads those to seal with.

    Raises `DecisionError` for a secret that its way in has not, one that does not open, and one that is missing though
    it is about to be sent elsewhere than so far.
    """
    connection, field = given.connection, given.connection.auth.secret.field
    if other := given.secrets.keys() - {field}:
        raise _invalid(f'"{connection.name}" signs in with {field}, not with {min(other)}', f"give {field} of auth")
    secret = given.secrets.get(field)
    if secret is None:
        _check_stays(given, safe.kept(connection.name, field))
        return Entrusted(safe)
    if _is_kept(secret, connection.name, field, safe):
        return Entrusted(safe)
    kept = await _sealed(secret, given, vault, safe.kept(connection.name, field), await keys())
    return Entrusted(Safe(safe.keys, [kept]), kept)


def goes(connection: ConnectionConfig) -> tuple[object, ...]:
    """Return where the secret of a connection, and what it is exchanged for, is sent."""
    auth = connection.auth
    token = auth.token_url if isinstance(auth, ClientCredentials) else ""
    ends = [urlsplit(each)[:2] for each in (connection.base_url, token)]
    return type(auth), *ends, connection.proxy if any(scheme == "http" for scheme, _ in ends) else None


def _check_stays(given: Given, kept: Kept | None) -> None:
    name = given.connection.name
    if kept is not None and given.before is None:
        hint = f"{_ANEW}; or `driftd keys shred {name}` first"
        raise DecisionError(f'driftd still keeps a secret of an earlier "{name}", which stays where it is', hint=hint)
    if kept is not None and given.before is not None and goes(given.before) != goes(given.connection):
        raise DecisionError(f'the secret of "{name}" would be sent elsewhere than so far', hint=_ANEW)


def _is_kept(secret: Kept | Secret, name: str, field: str, safe: Safe) -> bool:
    """Tell whether a secret is the one that is kept."""
    try:
        given = opened(secret.blob, secret.place, safe.keys) if isinstance(secret, Kept) else secret
        return safe.secret(name, field) == given
    except SealError:
        return False


async def _sealed(secret: Kept | Secret, given: Given, vault: SqliteVault, before: Kept | None, keys: Keyring) -> Kept:
    name, field = given.connection.name, given.connection.auth.secret.field
    place = Place(await vault.store() or uuid4().hex, name, field)
    try:
        if isinstance(secret, Kept):
            opened(secret.blob, secret.place, keys)
            return Kept(secret.place, secret.number, secret.blob, given.at)
        number = 1 + (before.number if before else 0)
        return Kept(place, number, seal(secret, place, number, keys.first), given.at)
    except SealError as error:
        raise _invalid(f'the {field} of "{name}" cannot be kept: {error}', _ANEW) from error


def _invalid(message: str, hint: str) -> DecisionError:
    return DecisionError(message, hint=hint, invalid=True)
