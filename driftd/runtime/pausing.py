"""Orders to pause, resume and maintain are carried out: written with their row of the audit log, in force at once."""

from collections.abc import Callable

import anyio

from driftd.core.health import Aside
from driftd.core.pausing import Directive, deed, directed, says, told
from driftd.errors import DecisionError
from driftd.ports import Casebook, Clock, Filing
from driftd.runtime.asides import Asides


class Pausing:
    """Carries orders out, one at a time."""

    def __init__(
        self,
        asides: Asides,
        casebook: Casebook,
        clock: Clock,
        known: Callable[[str], bool],
        turned: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._asides = asides
        self._casebook = casebook
        self._clock = clock
        self._known = known
        self._turned = turned
        self._lock = anyio.Lock()

    def told(self, connection: str) -> str:
        """Return why and until when a connection is paused; empty where it is not."""
        now, aside = self._clock.now(), self._asides.of(connection)
        return told(aside, now) if aside.paused(now) else ""

    async def direct(self, connection: str, order: Directive) -> tuple[str, Aside]:
        """Carry an order out and return what is said of it, and how the connection is put aside then.

        What was so already is not written again. Raises `DecisionError` where the order cannot be taken, or of a
        connection that nobody knows, and `StoreError` where it is not written: then nothing changed.
        """
        async with self._lock:
            if not self._known(connection):
                hint = "`driftd status` shows those there are"
                raise DecisionError(f'no connection is named "{connection}"', hint=hint, unknown=True)
            now, before = self._clock.now(), self._asides.of(connection)
            after = directed(before, order, now)
            if after != before:
                done = deed(connection, order, before, after, now)
                with anyio.CancelScope(shield=True):
                    await self._casebook.file(Filing(asides={connection: after}, deeds=[done]))
                    self._asides.put(connection, after)
                self._turned(connection)
            return says(connection, order, before, after, now), after
