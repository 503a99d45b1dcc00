"""Passwords of users, looked at in a thread: each look is meant to take its time."""

import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

import bcrypt
from anyio import CapacityLimiter, to_thread

from driftd.core.secret import Secret

AT_ONCE: Final = 2
"""Looks at passwords at once; others wait."""
REMEMBERED: Final = 256
"""Names with their right passwords that need no further look."""
_LONGEST: Final = 72
"""Bytes of a password: bcrypt reads no more, and takes none that is longer."""
_NOBODY: Final = "." * 53


class Passwords:
    """The users of one web configuration: name → hash."""

    def __init__(self, users: Mapping[str, Secret]) -> None:
        self._hashes = {name: each.reveal().encode() for name, each in users.items()}
        cost = max((int(each[4:6]) for each in self._hashes.values()), default=10)
        self._nobody = f"$2b${cost:02}${_NOBODY}".encode()
        """Looked at for a name that is none, so that it takes as long."""
        self._key = secrets.token_bytes(32)
        self._right: OrderedDict[bytes, None] = OrderedDict()
        self._room = CapacityLimiter(AT_ONCE)

    def __len__(self) -> int:
        """Return how many users there are."""
        return len(self._hashes)

    def remembered(self, name: str, password: str) -> bool:
        """Tell whether these were looked at before, and right."""
        return self._mark(name, password) in self._right

    async def right(self, name: str, password: str) -> bool:
        """Tell whether a name and a password belong together."""
        found = await to_thread.run_sync(self._look, name, password.encode("utf-8", "replace"), limiter=self._room)
        if found:
            self._right[self._mark(name, password)] = None
            while len(self._right) > REMEMBERED:
                self._right.popitem(last=False)
        return found

    def _look(self, name: str, password: bytes) -> bool:
        known = self._hashes.get(name)
        try:
            same = bcrypt.checkpw(password[:_LONGEST], known or self._nobody)
        except ValueError:  # a NUL, or a hash that is none after all
            return False
        return same and known is not None and len(password) <= _LONGEST

    def _mark(self, name: str, password: str) -> bytes:
        """Return what stands for a name and password in memory, and is of no use elsewhere."""
        text = f"{len(name)}:{name}{password}".encode("utf-8", "replace")
        return hmac.digest(self._key, text, hashlib.sha256)
