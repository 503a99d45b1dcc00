"""Secrets in files that others look after: where one was refused, and another stands there now, it is tried at once."""

import secrets
from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import Final

from anyio import to_thread

from driftd.config import ConnectionConfig
from driftd.errors import ConfigError
from driftd.ports import Clock

EVERY: Final = 5.0
"""Seconds between two looks. A secret must stand there for two of them: a file may be half written."""


class Marks:
    """What was last read of each connection's secret, as marks that do not tell it."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._read: dict[str, bytes] = {}

    def read(self, name: str, secret: str) -> None:
        """Take note of a secret that was read to be used."""
        self._read[name] = self.mark(secret)

    def of(self, name: str) -> bytes | None:
        """Return the mark of what was last read."""
        return self._read.get(name)

    def mark(self, secret: str) -> bytes:
        """Return what tells a secret from another one, as long as this process lives."""
        return blake2b(secret.encode("utf-8", "surrogateescape"), key=self._key, digest_size=16).digest()


class Changing:
    """Looks whether the secret of a connection that waits for a person is another one than that which was refused."""

    def __init__(
        self, marks: Marks, refused: Callable[[], Iterable[ConnectionConfig]], renew: Callable[[str], None]
    ) -> None:
        """Prepare; `refused` gives the connections that wait, `renew` has one begin anew."""
        self._marks = marks
        self._refused = refused
        self._renew = renew
        self._seen: dict[str, bytes] = {}
        """What stood there at the last look."""
        self._told: dict[str, bytes] = {}
        """For what each began anew last: it may take a while until it is read."""

    async def run(self, clock: Clock) -> None:
        """Look, for ever."""
        while True:
            await clock.sleep(EVERY)
            await self.look()

    async def look(self) -> None:
        """Have those begin anew whose secret was not tried yet, and stood there at the last look too."""
        waiting = [each for each in self._refused() if not each.auth.secret.field]
        before, self._seen = self._seen, await to_thread.run_sync(self._found, waiting) if waiting else {}
        for name, mark in self._seen.items():
            if mark == before.get(name) and mark not in (self._marks.of(name), self._told.get(name)):
                self._told[name] = mark
                self._renew(name)

    def _found(self, waiting: Iterable[ConnectionConfig]) -> dict[str, bytes]:
        found = {}
        for each in waiting:
            try:
                found[each.name] = self._marks.mark(each.auth.secret.read())
            except ConfigError:  # the connection says so itself
                continue
        return found
