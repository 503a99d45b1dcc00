"""The secrets that a connection of the database is to have: those that are given, sealed, or those there are."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from urllib.parse import urlsplit
from uuid import uuid4

from msgspec import Struct

from driftd.adapters.sqlite.vault import SqliteVault
from driftd.adapters.vault.envelope import following, opened, seal
from driftd.adapters.vault.keyring import Keyring
from driftd.adapters.vault.safe import Safe
from driftd.app import staging
from driftd.app.pairing import FIELD
from driftd.config import ClientCredentials, ConnectionConfig, Pairing
from driftd.core.sealed import Kept, Place, mark
from driftd.core.secret import Secret
from driftd.errors import DecisionError, SealError


class Entrusted(Struct, frozen=True):
    """A connection's secrets as they are to be."""

    safe: Safe
    """Opens them, but for the refresh token of a pair."""
    kept: tuple[Kept, ...] = ()
    """What is to be stored; what is stored besides stays."""
    token: staging.Given | None = None
    """The refresh token of a pair that is to be stored; None: what is stored stays."""

    @property
    def anew(self) -> bool:
        """Whether any is another than so far."""
        return bool(self.kept) or self.token is not None

    @property
    def named(self) -> str:
        """Which secrets are to be stored, for the audit log."""
        return ", ".join([f"{each.place.field} {each.number}" for each in self.kept] + ([FIELD] if self.token else []))


class Given(Struct, frozen=True):
    """What a connection comes with."""

    connection: ConnectionConfig
    secrets: Mapping[str, Kept | Secret]
    """By the setting that they stand for."""
    at: int
    """Epoch ms."""
    before: ConnectionConfig | None = None
    """What it takes the place of."""
    sharing: Sequence[ConnectionConfig] = ()
    """Others of the same pair."""
    bound: bool = False
    """Whether it must show that it has the secrets of a pair which it was not of so far."""

    @property
    def name(self) -> str:
        """The name under which its secrets are kept."""
        return self.connection.kept_as


async def entrusted(given: Given, vault: SqliteVault, safe: Safe, keys: Callable[[], Awaitable[Keyring]]) -> Entrusted:
    """Return the secrets that a connection is to have; `keys` reads those to seal with.

    Raises `DecisionError` for a secret that its way in has not, one that does not open, and one that is missing though
    it is about to be sent elsewhere than so far.
    """
    fields = [each.field for each in given.connection.secrets]
    if other := given.secrets.keys() - {*fields}:
        known = " and ".join(reversed(fields))
        what = f'"{given.connection.name}" signs in with {known}, not with {min(other)}'
        raise _invalid(what, f"give {known} of auth")
    _check_with_others(given)
    for field in fields:
        if field not in given.secrets:
            _check_stays(given, safe.kept(given.name, field))
    store = await vault.store() or next((each.place.store for each in _sealed_ones(given)), uuid4().hex)
    token = await _token(given, store, safe, keys)
    found = [each for each in fields if each != FIELD and each in given.secrets]
    anew = [each for each in found if not _is_kept(given.secrets[each], (given.name, each), safe)]
    ring = await keys() if anew else safe.keys
    kept = tuple(_sealed(given, Place(store, given.name, each), safe.kept(given.name, each), ring) for each in anew)
    old = [each for field in fields if field not in anew and (each := safe.kept(given.name, field))]
    return Entrusted(Safe(safe.keys, [*old, *kept]) if kept else safe, kept, token)


def goes(connection: ConnectionConfig) -> tuple[str, ...]:
    """Return where the secrets of a connection, and what they are exchanged for, are sent."""
    auth = connection.auth
    token = auth.token_url if isinstance(auth, ClientCredentials | Pairing) else ""
    ends = [urlsplit(each) for each in (connection.base_url, token)]
    clear = connection.proxy if any(each.scheme == "http" for each in ends) else None
    return type(auth).__name__, *(f"{each.scheme}://{each.netloc}" for each in ends), clear or ""


def mark_of(connection: ConnectionConfig, token: Secret) -> bytes:
    """Return the mark of a refresh token that is given for a connection.

    It holds for where the token is sent alone: who has a token that was used up must not have its successor sent
    elsewhere by it.
    """
    auth = connection.auth
    whom = (auth.token_url, auth.client_id) if isinstance(auth, Pairing) else ()
    return mark(token.reveal(), connection.kept_as, *goes(connection), *whom)


def came_of(kept: Kept | None, connection: ConnectionConfig, token: Secret, keys: Keyring) -> bool:
    """Tell whether the refresh token that is kept came of this one by use: this one is used up, and no other."""
    if kept is None or kept.given != mark_of(connection, token):
        return False
    try:
        return opened(kept.blob, kept.place, keys) != token
    except SealError:
        return False


def check_joins(given: Given, safe: Safe) -> None:
    """Refuse a pair that it was not of so far to who is bound to a connection, unless he has its refresh token."""
    own = given.connection.name if given.before is None else given.before.kept_as
    if not given.bound or given.name == own:
        return
    secret = given.secrets.get(FIELD)
    if secret is not None and _is_of(secret, given, safe):
        return
    what = f'"{given.connection.name}" cannot take the pair "{given.name}" without its refresh token'
    raise DecisionError(what, hint="keep auth.pair as it is, or have who may add connections change it")


def _is_of(secret: Kept | Secret, given: Given, safe: Safe) -> bool:
    """Tell whether a refresh token is the one that is kept, or the kept one came of it."""
    if _is_kept(secret, (given.name, FIELD), safe):
        return True
    try:
        token = opened(secret.blob, secret.place, safe.keys) if isinstance(secret, Kept) else secret
    except SealError:
        return False
    return came_of(safe.kept(given.name, FIELD), given.connection, token, safe.keys)


def _check_with_others(given: Given) -> None:
    """Refuse to have what a pair gives sent elsewhere than by the others that share it, whatever secrets are given."""
    connection, before = given.connection, given.before
    if before is not None and before.kept_as == given.name and goes(before) == goes(connection):
        return
    if any(goes(each) != goes(connection) for each in given.sharing):
        what = f'the pair "{given.name}" would be sent elsewhere than by the others that share it'
        raise DecisionError(what, hint="give the same hosts as theirs, or a pair of its own")


def _check_stays(given: Given, kept: Kept | None) -> None:
    """Refuse to have a secret that is kept sent where it was not sent so far."""
    connection, before = given.connection, given.before
    if kept is None:
        return
    if before is not None and before.kept_as == given.name and goes(before) == goes(connection):
        return
    if not given.bound and any(goes(each) == goes(connection) for each in given.sharing):
        return
    field, name = kept.place.field, given.name
    anew = f"give it anew, as {field} of auth"
    if (given.sharing and not given.bound) or (before is not None and before.kept_as == name):
        raise DecisionError(f'the {field} of "{name}" would be sent elsewhere than so far', hint=anew)
    what = f'driftd still keeps a {field} of an earlier "{name}", which stays where it is'
    raise DecisionError(what, hint=f"{anew}; or `driftd keys shred {name}` first")


def _is_kept(secret: Kept | Secret, at: tuple[str, str], safe: Safe) -> bool:
    """Tell whether a secret is the one that is kept."""
    try:
        given = opened(secret.blob, secret.place, safe.keys) if isinstance(secret, Kept) else secret
        return safe.secret(*at) == given
    except SealError:
        return False


def _sealed_ones(given: Given) -> Iterable[Kept]:
    """Return what comes sealed and is stored so: a refresh token is sealed anew."""
    return (each for field, each in given.secrets.items() if isinstance(each, Kept) and field != FIELD)


async def _token(given: Given, store: str, safe: Safe, keys: Callable[[], Awaitable[Keyring]]) -> staging.Given | None:
    """Return the refresh token of a pair that is given; None where none is, or the one that is kept came of it."""
    secret = given.secrets.get(FIELD)
    if secret is None:
        return None
    ring, place = await keys(), Place(store, given.name, FIELD)
    try:
        token = opened(secret.blob, secret.place, ring) if isinstance(secret, Kept) else secret
        seal(token, place, 1, ring.first)  # one that cannot be kept must not be used
    except SealError as error:
        raise _unkept(given, FIELD, error) from error
    found, kept = staging.Given(token, mark_of(given.connection, token), place), safe.kept(given.name, FIELD)
    return None if kept is not None and kept.given == found.mark else found


def _sealed(given: Given, place: Place, before: Kept | None, keys: Keyring) -> Kept:
    secret = given.secrets[place.field]
    try:
        if isinstance(secret, Kept):
            opened(secret.blob, secret.place, keys)
            return Kept(secret.place, secret.number, secret.blob, given.at)
        return following(before, secret, place, keys.first, given.at)
    except SealError as error:
        raise _unkept(given, place.field, error) from error


def _unkept(given: Given, field: str, error: SealError) -> DecisionError:
    what = f'the {field} of "{given.connection.name}" cannot be kept: {error}'
    return _invalid(what, f"give it anew, as {field} of auth")


def _invalid(message: str, hint: str) -> DecisionError:
    return DecisionError(message, hint=hint, invalid=True)
