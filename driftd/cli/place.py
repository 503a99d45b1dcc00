"""Where a reader of the log is, and how that is remembered."""

from typing import TYPE_CHECKING, Self
from urllib.parse import quote

import click

from driftd.cli.saying import say
from driftd.errors import LockedError, StoreError

if TYPE_CHECKING:
    from driftd.config import Config
    from driftd.runtime.feed import Wanted


class Place:
    """A place that the reader remembers."""

    def __init__(self, wanted: "Wanted", after: int) -> None:
        self.wanted = wanted
        self.after = after
        self.patient = False
        """Whether to wait where a place cannot be written down now."""

    async def move(self, after: int) -> None:
        """Go on from `after`, behind what was printed."""
        self.after = after


class NamedPlace(Place):
    """A place that a cursor remembers: moved through the daemon where one runs, by ourselves where none does."""

    def __init__(self, config: "Config", name: str, wanted: "Wanted", after: int) -> None:
        super().__init__(wanted, after)
        self._config = config
        self._name = name

    @classmethod
    def found(cls, config: "Config", name: str, wanted: "Wanted", after: int | None) -> Self:
        """Return the place of the cursor `name`, made at the beginning of the log, or put at `after` where given.

        It is written down at once, so that whoever cannot move it later hears so before anything is printed. Raises
        `LockedError`, `StoreError` and `DecisionError` as that does.
        """
        from driftd.app import keeping
        from driftd.cli.loop import run

        known = {each.name: each for each in run(keeping.cursors, config)}.get(name)
        if known is not None and after is None:
            if (known.connection, known.resource) != (wanted.connection, wanted.resource):
                reads = f"{known.connection or 'every connection'}, {known.resource or 'every resource'}"
                raise click.UsageError(
                    f'cursor "{name}" reads {reads}: ask for the same, take another name, or say --after to begin anew'
                )
            after = known.seq
        place = cls(config, name, wanted, after or 0)
        run(place.write)
        return place

    async def move(self, after: int) -> None:
        """Go on from `after`, and write that down."""
        if after != self.after:
            self.after = after
            await (self._written() if self.patient else self.write())

    async def _written(self) -> None:
        """Write down where this is, as soon as that can be: a poll ends, a daemon starts, a database is replaced."""
        import anyio

        from driftd.cli.patience import SECONDS, Patience

        told, patience = False, Patience()
        while True:
            try:
                return await self.write()
            except (LockedError, StoreError) as error:
                if not patience.bears(error):
                    raise
                if not told:
                    say(f'driftd: cursor "{self._name}" waits to be moved: {error}', err=True)
                told = True
            await anyio.sleep(SECONDS)

    async def write(self) -> None:
        """Write down where this is."""
        from anyio import to_thread

        from driftd import app
        from driftd.app import keeping
        from driftd.cli.asking import sent
        from driftd.core.retention import Cursor

        connection, resource = self.wanted.connection, self.wanted.resource
        if app.running(self._config):
            body = {"after": self.after, "connection": connection, "resource": resource}
            await to_thread.run_sync(sent, self._config, f"/api/v1/cursors/{quote(self._name, safe='')}", body)
        else:
            await keeping.move(self._config, Cursor(self._name, self.after, app.now(), connection, resource))
