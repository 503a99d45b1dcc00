"""What one cycle knows of persons: the field rules in force and those of before, and whom it must not see again."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Final, TypeAlias

from msgspec.structs import replace

from driftd.core import veil as rules
from driftd.core.diff import Sides
from driftd.core.model import JsonObject, KeyBytes, Resource, Standing, Stored
from driftd.core.veil import Veil, derived
from driftd.ports import Store

Secret: TypeAlias = Callable[[str], Awaitable[bytes]]
"""Gives the key of a connection's private members; raises `SourceError`, ``config_error``, without it."""
SETS: Final = 8
"""Field rules of before that are remembered."""


async def no_secret(connection: str) -> bytes:
    """Give the key of a world in which nothing is kept."""
    return derived(b"", "private", connection)


class Veiling:
    """Field rules and erasures of one resource in one cycle."""

    def __init__(self, resource: Resource, standing: Standing, key: bytes, erased: frozenset[bytes]) -> None:
        self._resource = resource
        self._standing = standing
        self._key = key
        self._erased = erased
        self.changed = standing.baselined and standing.private != resource.private
        """Whether the field rules are others than those under which all was read."""
        self.veil = Veil((resource.private,), key) if resource.private else None

    @classmethod
    async def begin(cls, resource: Resource, standing: Standing, secret: Secret, store: Store) -> "Veiling":
        """Return what is known at the beginning of a cycle; where there is neither rule nor erasure, at no cost."""
        erased: frozenset[bytes] = frozenset()
        key = b""
        if resource.private or standing.private or standing.erased:
            key = await secret(resource.connection)
        if standing.erased:
            erased = await store.erased(resource)
        return cls(resource, standing, key, erased)

    @property
    def raw_key(self) -> bytes | None:
        """The key of the hashes of raw bytes, another one under other rules; None where nothing is private."""
        private = self._resource.private
        return derived(self._key, "raw", rules.recipe(private)) if private else None

    @property
    def stricter(self) -> Veil | None:
        """What is to be made of all that is stored before anything is compared; None: it is as it must be."""
        resource, standing = self._resource, self._standing
        return self.veil if standing.baselined and standing.scrubbed != resource.private else None

    def shown(self, record: JsonObject) -> JsonObject:
        """Return a decoded record as it may be looked at and kept."""
        return record if self.veil is None else self.veil.record(record)

    def sides(self, stored: Stored | None, *, details: bool, volatile: frozenset[str]) -> Sides:
        """Return how a sighting and what is stored are compared; `details` tells whether its details were read."""
        if stored is None or not (self.veil or self.changed or self._standing.lifted):
            return Sides(volatile)
        now = Veil((self._resource.private,), self._key)
        lifted = self._standing.lifted
        if self.changed:
            return Sides(volatile, now.with_(self._standing.private, *lifted))
        if _before(stored.absent_since, self._standing.lifted_at):
            return Sides(volatile, now.with_(*lifted))
        stale = details and _before(stored.details_at, self._standing.lifted_at)
        return Sides(volatile, now, now.with_(*lifted) if stale else None)

    def alike(self, body: bytes, stored: Stored | None) -> bool:
        """Tell whether a record looks other than it is stored by new field rules alone."""
        if not self.changed or stored is None or stored.deleted_at is not None:
            return False
        sides = self.sides(stored, details=False, volatile=frozenset())
        return sides.compared(body, None) == sides.compared(stored.body, None)

    def left_out(self, keys: Iterable[KeyBytes]) -> frozenset[KeyBytes]:
        """Return those of `keys` that were erased and are not to be seen again."""
        if not self._erased:
            return frozenset()
        return frozenset(key for key in keys if key and erasure(self._key, self._resource.name, key) in self._erased)

    def remembered(self, standing: Standing, now: int, *, whole: bool) -> Standing:
        """Return the checkpoint with the rules under which all is stored; `whole`: after a complete sweep."""
        private = self._resource.private
        if not whole or (standing.private == private and standing.scrubbed == private):
            return standing
        lifted: tuple[Mapping[str, object], ...] = standing.lifted
        at = standing.lifted_at
        if self.changed:
            lifted, at = (*standing.lifted, standing.private)[-SETS:], now
        return replace(standing, private=private, scrubbed=private, lifted=lifted, lifted_at=at)


async def among(secret: Secret, store: Store, resource: Resource, keys: Iterable[KeyBytes]) -> frozenset[KeyBytes]:
    """Return those of the keys of a resource that were erased."""
    veiling = Veiling(resource, Standing(), await secret(resource.connection), await store.erased(resource))
    return veiling.left_out(keys)


def erasure(key: bytes, resource: str, record: KeyBytes) -> bytes:
    """Return what is remembered of an erased record: a hash of its key, with a key of the connection."""
    return derived(key, "erased", f"{resource}|{record.decode(errors='backslashreplace')}")[:16]


def _before(at: int | None, moment: int) -> bool:
    return at is not None and at < moment
