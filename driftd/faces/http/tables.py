"""What a connection is brought with: one ``[[connections]]`` table, and beside it who brings it, why, its secret."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from msgspec import Meta, Struct, ValidationError, convert

from driftd.config import SECRETS, kept_as
from driftd.core.sealed import Kept, Place
from driftd.core.secret import Secret
from driftd.errors import DecisionError
from driftd.faces.http.body import By, Reason


class Sealed(Struct, forbid_unknown_fields=True):
    """A secret that the command line has sealed."""

    field: str
    store: str
    number: Annotated[int, Meta(ge=1, le=2**32 - 1)]
    blob: bytes
    at: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    """Epoch ms."""


class Words(Struct, forbid_unknown_fields=True, kw_only=True):
    """What stands beside the keys of the table."""

    reason: Reason = "brought by a client of the API"
    by: By = "api"
    sealed: list[Sealed] = []


class ConnectionBody(Words, forbid_unknown_fields=False, kw_only=True):
    """One ``[[connections]]`` table, with any of its keys; in ``auth`` the secret itself may stand as a text."""

    base_url: str
    folder: str
    auth: Mapping[str, Any]
    name: str | None = None
    """As in the path."""


class NewConnection(ConnectionBody, kw_only=True):
    """One ``[[connections]]`` table of a name that is new."""

    name: str


def words(said: dict[str, object]) -> Words:
    """Take out of a body what stands beside its table; raises `DecisionError` where that is wrong."""
    found = {name: said.pop(name) for name in Words.__struct_fields__ if name in said}
    try:
        return convert(found, Words)
    except ValidationError as error:
        hint = 'send "reason" and "by" as texts, and have the command line seal "sealed"'
        raise DecisionError(f"the body cannot be used: {error}", hint=hint, invalid=True) from None


def secrets(said: dict[str, object], sealed: Iterable[Sealed]) -> Mapping[str, Kept | Secret]:
    """Take the secrets out of a table: none is in what is read, stored or told from here on."""
    found: dict[str, Kept | Secret] = {}
    for each in sealed:
        place = Place(each.store, kept_as(said), each.field)
        found[each.field] = Kept(place, each.number, each.blob, each.at)
    auth = said.get("auth")
    if isinstance(auth, dict):
        for field in SECRETS:
            if isinstance(auth.get(field), str):
                found[field] = Secret(auth.pop(field).removesuffix("\n").removesuffix("\r"))
    return found
