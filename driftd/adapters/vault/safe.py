"""Sealed secrets in memory: each is opened when it is read, and kept nowhere in clear."""

from collections.abc import Iterable, Mapping
from typing import Final

from driftd.adapters.vault.envelope import opened
from driftd.adapters.vault.keyring import Keyring
from driftd.core.sealed import Kept, parse
from driftd.core.secret import Secret
from driftd.errors import SealError


class Safe:
    """What is kept, and the keys there are. Keys and secrets change while it is in use."""

    def __init__(self, keys: Keyring | None = None, kept: Iterable[Kept] = ()) -> None:
        self.keys = keys or Keyring()
        self._kept = {(each.place.connection, each.place.field): each for each in kept}

    def take(self, kept: Kept) -> None:
        """Have a secret in the place of the one before it."""
        self._kept[kept.place.connection, kept.place.field] = kept

    def drop(self, connection: str, field: str | None = None) -> None:
        """Have none of a connection any more, or not the one of a field."""
        self._kept = {at: kept for at, kept in self._kept.items() if at[0] != connection or field not in {None, at[1]}}

    def kept(self, connection: str, field: str) -> Kept | None:
        """Return what is kept, sealed."""
        return self._kept.get((connection, field))

    def secret(self, connection: str, field: str) -> Secret:
        """Return a secret. Raises `SealError` where none is kept, or it does not open."""
        kept = self.kept(connection, field)
        if kept is None:
            raise SealError("driftd keeps none for it yet")
        return opened(kept.blob, kept.place, self.keys)

    def missing(self, wanted: Iterable[tuple[str, str]]) -> Mapping[str, list[str]]:
        """Return the keys that are missing, by their ids, each with the connections whose secrets it sealed."""
        found: dict[str, list[str]] = {}
        for at in wanted:
            id_ = _key_of(self._kept.get(at))
            if id_ is not None and id_ not in self.keys:
                found.setdefault(id_.hex(), []).append(at[0])
        return found


def _key_of(kept: Kept | None) -> bytes | None:
    """Return the id of a secret's key; None where there is no secret, or it is damaged: its connection says so."""
    try:
        return None if kept is None else parse(kept.blob).kek
    except SealError:
        return None


EMPTY: Final = Safe()
"""Nothing kept, nothing opened."""
