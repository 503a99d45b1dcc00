"""What one cycle knows of persons: the field rules in force and those of before, and whom it must not see again."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Final, TypeAlias

from msgspec.structs import replace

from driftd.core import veil as rules
from driftd.core.diff import Sides
from driftd.core.model import JsonObject, KeyBytes, Privacy, Resource, Row, Standing, Stored
from driftd.core.segment import NOTHING
from driftd.core.veil import Veil, derived
from driftd.ports import Store

Secret: TypeAlias = Callable[[str], Awaitable[bytes]]
"""Gives the key of a connection's private members; raises `SourceError`, ``config_error``, without it."""
SEEDS: Final = 1 << 64
"""Seeds of raw fingerprints there are."""


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
        self._before = rules.of_before(standing, resource.private)
        self.changed = bool(self._before)
        """Whether some of what is stored may stand under other field rules than those of now: all is read anew."""
        self.veil = Veil((resource.private,), key) if resource.private else None

    @classmethod
    async def begin(cls, resource: Resource, standing: Standing, secret: Secret, store: Store) -> "Veiling":
        """Return what is known at the beginning of a cycle; where there is neither rule nor erasure, at no cost."""
        erased: frozenset[bytes] = frozenset()
        key = b""
        before = (*rules.of_before(standing, resource.private), *standing.lifted)
        hashed = any(Privacy.HASH in each.values() for each in before)
        if resource.private or hashed or standing.erased:
            key = await secret(resource.connection)
        if standing.erased:
            erased = await store.erased(resource)
        return cls(resource, standing, key, erased)

    def raw_key(self, seed: int) -> bytes | None:
        """Return the key of the hashes of raw bytes, of its own for each `seed`; None where nothing is private."""
        private = self._resource.private
        return derived(self._key, "raw", f"{rules.recipe(private)}|{seed}") if private else None

    def reseeded(self, standing: Standing) -> Standing:
        """Return the checkpoint with which a cycle begins: where the rules changed, no bytes look as they are known.

        Rules that were taken back at once are the same as before, and what is stored is not.
        """
        return replace(standing, seed=(standing.seed + 1) % SEEDS) if self.changed else standing

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
        old = now.with_(*self._before, *self._standing.lifted)
        if self._unread(stored):
            return Sides(volatile, old)
        stale = details and stored.details_at is not None and stored.details_at < self._standing.lifted_at
        return Sides(volatile, now, old if stale else None)

    def kept(self, stored: Stored, row: Row) -> Row:
        """Return the row of a live record that a sweep did not show, marked where it stands under rules of before."""
        return row._replace(raw=NOTHING) if self._unread(stored) else row

    def _unread(self, stored: Stored) -> bool:
        """Tell whether a record may stand as it was read under rules of before: no sweep has shown it since."""
        if self.changed or stored.raw == NOTHING:
            return True
        return stored.absent_since is not None and stored.absent_since <= self._standing.lifted_at

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

    def remembered(self, standing: Standing, begun: int, *, whole: bool) -> Standing:
        """Return the checkpoint with the rules under which all is stored; `whole`: after a complete sweep.

        `begun` is when the cycle began, epoch ms: details read since stand under the rules of now.
        """
        private = self._resource.private
        if not whole:
            return standing
        standing = replace(standing, private=private, scrubbed=private, halfway=())
        if not self.changed:
            return standing
        lifted = rules.united(each for each in (*standing.lifted, *self._before) if each and each != private)
        return replace(standing, lifted=lifted, lifted_at=begun)


async def among(secret: Secret, store: Store, resource: Resource, keys: Iterable[KeyBytes]) -> frozenset[KeyBytes]:
    """Return those of the keys of a resource that were erased."""
    veiling = Veiling(resource, Standing(), await secret(resource.connection), await store.erased(resource))
    return veiling.left_out(keys)


def erasure(key: bytes, resource: str, record: KeyBytes) -> bytes:
    """Return what is remembered of an erased record: a hash of its key, with a key of the connection."""
    return derived(key, "erased", f"{resource}|{record.decode(errors='backslashreplace')}")[:16]
