"""One ``[connections.auth]`` table to an `Auth`, and where its secret stands."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from driftd.config import shape
from driftd.config.model import Auth, Basic, ClientCredentials, ConnectedApp, Pairing
from driftd.config.report import Findings, join
from driftd.config.secret import SecretRef
from driftd.config.values import shown

_TYPES = '"client_credentials", "connected_app", "pairing" or "basic"'
_FORMS = '{ env = "NAME" } or { file = "path" }'


class Ground(NamedTuple):
    """What stands around a secret."""

    folder: Path
    """Where relative paths begin."""
    vault: bool
    """Whether there is a key, so that driftd keeps the secrets that stand nowhere else."""


def read_auth(raw: object, path: str, found: Findings, ground: Ground) -> Auth | None:
    """Read who we are at the tenant; notes every mistake and returns None where there are some."""
    if raw is None:
        found.add(
            path, "is missing: add [connections.auth] with token_url, client_id and client_secret, or another type"
        )
        return None
    kind = raw.get("type", "client_credentials") if isinstance(raw, dict) else "client_credentials"
    read = _READERS.get(kind) if isinstance(kind, str) else None
    if read is None:
        found.add(f"{path}.type", f"must be {_TYPES}, not {shown(kind)}")
        return None
    return read(raw, path, found, ground)


def _read_client(raw: object, path: str, found: Findings, ground: Ground) -> ClientCredentials | None:
    table = found.table(shape.Credentials, _with_secret(raw, "client_secret"), path)
    secret = _read_own(raw, "client_secret", path, found, ground)
    if table is None or secret is None:
        return None
    return ClientCredentials(table.token_url, table.client_id, secret, table.scope, table.secret_expires)


def _read_app(raw: object, path: str, found: Findings, ground: Ground) -> ConnectedApp | None:
    table = found.table(shape.ConnectedApp, _with_secret(raw, "client_secret"), path)
    secret = _read_own(raw, "client_secret", path, found, ground)
    if table is None or secret is None:
        return None
    return ConnectedApp(table.client_id, secret, table.username, table.audience, table.token_life, table.secret_expires)


def _read_pairing(raw: object, path: str, found: Findings, ground: Ground) -> Pairing | None:
    """Read a pair; its refresh token stands nowhere, as each use replaces it."""
    place = join(path, "refresh_token")
    if _get(raw, "refresh_token") is not None:
        found.add(place, "must not be given: each use replaces it, so driftd keeps it (`driftd connections rotate`)")
        raw = {name: value for name, value in raw.items() if name != "refresh_token"} if isinstance(raw, dict) else raw
    elif not ground.vault:
        found.add(place, "is kept by driftd itself, as each use replaces it: give [vault] a key")
    table = found.table(shape.Pairing, _with_secret(raw, "client_secret"), path)
    secret = _read_own(raw, "client_secret", path, found, ground)
    if table is None or secret is None:
        return None
    refresh = SecretRef(place, field="refresh_token")
    return Pairing(table.token_url, table.client_id, secret, refresh, table.pair or "", table.secret_expires)


def _read_basic(raw: object, path: str, found: Findings, ground: Ground) -> Basic | None:
    table = found.table(shape.BasicLogin, _with_secret(raw, "password"), path)
    secret = _read_own(raw, "password", path, found, ground)
    if table is None or secret is None:
        return None
    return Basic(table.username, secret, table.secret_expires)


_READERS: Final[Mapping[str, Callable[[object, str, Findings, Ground], Auth | None]]] = {
    "client_credentials": _read_client,
    "connected_app": _read_app,
    "pairing": _read_pairing,
    "basic": _read_basic,
}


def _read_own(raw: object, key: str, path: str, found: Findings, ground: Ground) -> SecretRef | None:
    """Read where a connection's own secret stands: in the vault where nothing is said and there is one."""
    given, place = _get(raw, key), join(path, key)
    if given is None and ground.vault:
        return SecretRef(place, field=key)
    if given is None:
        found.add(place, f"is missing: give {_FORMS}, or [vault] a key, and driftd keeps the secret itself")
        return None
    return read_secret(given, place, found, ground.folder)


def _get(raw: object, key: str) -> object:
    return raw.get(key) if isinstance(raw, dict) else None


def _with_secret(raw: object, key: str) -> object:
    """Leave the secret's own mistakes to `read_secret`, which never quotes it."""
    return {**raw, key: None} if isinstance(raw, dict) else raw


def read_secret(raw: object, path: str, found: Findings, folder: Path) -> SecretRef | None:
    """Read where a secret stands. A secret written in plain is refused and never quoted."""
    if raw is None:
        found.add(path, f"is missing: give {_FORMS}")
    elif isinstance(raw, str):
        found.add(path, f"must not stand in the file itself: give {_FORMS}")
    elif not isinstance(raw, dict) or len(raw) != 1 or not raw.keys() <= {"env", "file"}:
        found.add(path, f"must be either {_FORMS}")
    else:
        kind, value = next(iter(raw.items()))
        if not isinstance(value, str) or not value or "\0" in value or (kind == "env" and "=" in value):
            found.add(f"{path}.{kind}", f"must be {'a variable' if kind == 'env' else 'a file'}'s name in quotes")
        elif kind == "env":
            return SecretRef(path, env=value)
        else:
            return SecretRef(path, file=folder / value)
    return None
