"""What has to be known of a connection that is added, one question after the other.

What an answer must be is not said here: the readers of the file judge it, in the words that they have for the file.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

from driftd.config.model import Basic, ClientCredentials, Config, ConnectedApp, ConnectionConfig, Pairing
from driftd.config.stored import read_stored
from driftd.core.network import literal
from driftd.errors import ConfigError, Mistake

Table = Mapping[str, object]
"""One ``[[connections]]`` table, as far as it is known."""


class Question(Struct, frozen=True):
    """One thing to ask."""

    key: str
    """Path of the setting in the table, such as ``auth.token_url``."""
    asks: str
    choices: tuple[str, ...] = ()
    optional: bool = False


NAME: Final = Question("name", "name of the connection, which metrics and commands call it by")
TYPE: Final = Question("auth.type", "way to sign in", ("client_credentials", "basic", "connected_app", "pairing"))
ENDS: Final = Question("auth.secret_expires", "day on which the secret ends, such as 2027-03-31", optional=True)
GENERAL: Final = (
    NAME,
    Question("base_url", "address of the tenant, before /api1/"),
    Question("folder", "X3 folder (dossier), sent with every request"),
    Question("environment", "what the folder is for", ("production", "test")),
    Question("customer", "whose it is, for people", optional=True),
    TYPE,
)
"""Asked whatever the way to sign in."""
_CLIENT: Final = Question("auth.client_id", "client id")
_USER: Final = Question("auth.username", "X3 user")
WAYS: Final[Mapping[str, tuple[Question, ...]]] = MappingProxyType(
    {
        "client_credentials": (
            Question("auth.token_url", "where tokens are issued"),
            _CLIENT,
            Question("auth.scope", "scope to ask for, where tokens are not issued without one", optional=True),
            ENDS,
        ),
        "basic": (_USER, ENDS),
        "connected_app": (
            _CLIENT,
            _USER,
            Question("auth.audience", "URL of the connected application, exactly as X3 shows it"),
            Question("auth.token_life", 'life of a token, at most the "Tokens validity" in X3'),
            ENDS,
        ),
        "pairing": (
            Question("auth.token_url", "where the gateway of the customer's region issues tokens"),
            _CLIENT,
            Question("auth.pair", "name of the customer's pair, where several connections share it", optional=True),
            ENDS,
        ),
    }
)
"""Asked for each way to sign in, besides its secret."""


def with_answer(table: Table, key: str, answer: str) -> Table:
    """Return a table with a setting more; one that is not answered stays away."""
    first, _, inner = key.partition(".")
    if not answer:
        return table
    if not inner:
        return {**table, key: answer}
    below = table.get(first)
    return {**table, first: {**(below if isinstance(below, Mapping) else {}), inner: answer}}


def answered(table: Table) -> Sequence[str]:
    """Return the paths of the settings that a table has."""
    auth = table.get("auth")
    inner = [f"auth.{key}" for key in auth] if isinstance(auth, Mapping) else []
    return [*(key for key in table if key != "auth"), *inner]


def answer_of(table: Table, key: str) -> str | None:
    """Return the answer that a table holds; None where there is none."""
    first, _, inner = key.partition(".")
    found = table.get(first)
    if inner:
        found = found.get(inner) if isinstance(found, Mapping) else None
    return found if isinstance(found, str) else None


def faults(config: Config, table: Table, keys: Sequence[str]) -> Sequence[Mistake]:
    """Return what is wrong with the settings named, each mistake with its key, in the words of the file's readers."""
    try:
        read_stored(config, table)
    except ConfigError as error:
        found = [(key, each.message) for each in error.mistakes for key in keys if each.path.endswith(f".{key}")]
        return [Mistake(key, message) for key, message in found]
    return ()


def kin(config: Config, table: Table) -> ConnectionConfig | None:
    """Return a connection at the same address: several folders of a customer share it, and often a client."""
    url = (answer_of(table, "base_url") or "").rstrip("/")
    return next((each for each in config.connections if each.base_url == url), None)


def suggestion(key: str, table: Table, like: ConnectionConfig | None) -> str:
    """Return the answer that is likely, of a connection at the same address first; empty where none is."""
    known = {**_usual(table), **(_of(like) if like is not None else {})}
    return known.get(key, "")


def _usual(table: Table) -> dict[str, str]:
    folder = (answer_of(table, "name") or "").upper()
    usual = {"folder": folder, "environment": "production", "auth.type": TYPE.choices[0]}
    return usual | {"auth.client_id": "driftd", "auth.username": "driftd", "auth.token_life": "5m"}


def _of(like: ConnectionConfig) -> dict[str, str]:
    auth, found = like.auth, {"customer": like.customer or ""}
    if isinstance(auth, ClientCredentials):
        found |= {"auth.type": "client_credentials", "auth.token_url": auth.token_url, "auth.client_id": auth.client_id}
    elif isinstance(auth, ConnectedApp):
        found |= {"auth.type": "connected_app", "auth.client_id": auth.client_id, "auth.username": auth.username}
        found |= {"auth.audience": auth.audience}
    elif isinstance(auth, Basic):
        found |= {"auth.type": "basic", "auth.username": auth.username}
    elif isinstance(auth, Pairing):  # all customers of a region have one address: this one may be another's
        found = {"auth.type": "pairing", "auth.token_url": auth.token_url, "auth.client_id": auth.client_id}
    return {key: value for key, value in found.items() if value}


def doubts(config: Config, table: Table, key: str) -> str:
    """Say what may be a slip in an answer that can be taken all the same; empty where there is nothing to say."""
    if key == "base_url":
        return _in_clear(table)
    if key == "auth.token_url":
        own, tokens = (urlsplit(answer_of(table, each) or "").hostname for each in ("base_url", key))
        return (
            f'the secret is sent to "{tokens}", which is not the host of base_url' if own not in {None, tokens} else ""
        )
    return _polled(config, table) if key == "folder" else ""


def _in_clear(table: Table) -> str:
    """Plain http to an address is admitted by the configuration, or refused; to a name it is judged at each connect."""
    url = urlsplit(answer_of(table, "base_url") or "")
    named = url.scheme == "http" and literal(url.hostname or "") is None
    return "over plain http credentials and records travel unencrypted" if named else ""


def _polled(config: Config, table: Table) -> str:
    url, folder = (answer_of(table, "base_url") or "").rstrip("/"), answer_of(table, "folder")
    same = next((each for each in config.connections if (each.base_url, each.folder) == (url, folder)), None)
    return f'"{same.name}" polls that folder at this address already' if same is not None else ""
