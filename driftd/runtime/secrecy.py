"""The key of private members: made when it is first needed, and never another one than that of the hashes there are."""

import hmac
from typing import Final, Protocol

import anyio
from anyio import to_thread

from driftd.core.veil import derived
from driftd.errors import ConfigError, Reason, SourceError

_PROOF: Final = 16


class Keys(Protocol):
    """Where the key is kept; both raise `ConfigError` where it cannot be used."""

    def read(self) -> bytes | None:
        """Return the key; None where there is none."""
        ...

    def make(self) -> bytes:
        """Make a key, and return it."""
        ...


class Proofs(Protocol):
    """What is stored of a key: not the key, but what tells it from another one."""

    async def key_proof(self, proof: bytes) -> bytes | None:
        """Return what is stored; None: nothing was, and `proof` is from now on."""
        ...

    async def proved(self) -> bool:
        """Tell whether anything is stored."""
        ...


class Secrecy:
    """Gives each connection its key."""

    def __init__(self, keys: Keys, proofs: Proofs) -> None:
        self._keys = keys
        self._proofs = proofs
        self._lock = anyio.Lock()
        self._key: bytes | None = None

    async def of(self, connection: str) -> bytes:
        """Return the key of a connection; raises `SourceError`, ``config_error``, where it is not to be had."""
        async with self._lock:
            if self._key is None:
                self._key = await self._proven()
        return derived(self._key, "private", connection)

    async def _proven(self) -> bytes:
        try:
            found = await to_thread.run_sync(self._keys.read)
            if found is None and await self._proofs.proved():
                raise _refused("the key of private members is gone, and hashes were made with it")
            key = await to_thread.run_sync(self._keys.make) if found is None else found
        except ConfigError as error:
            raise SourceError(Reason.CONFIG_ERROR, str(error), hint="nothing private is read until then") from error
        proof = derived(key, "proof")[:_PROOF]
        known = await self._proofs.key_proof(proof)
        if known is not None and not hmac.compare_digest(known, proof):
            raise _refused("the key of private members is another one than that of the hashes in the database")
        return key


def _refused(what: str) -> SourceError:
    hint = 'put back the "private.key" that belongs to this database: with another one every hash would change'
    return SourceError(Reason.CONFIG_ERROR, what, hint=hint)
