"""What commands do to pause, resume or maintain a connection where no daemon runs, and the audit log of all deeds."""

from collections.abc import Sequence
from contextlib import suppress

from driftd.adapters.clock import SystemClock
from driftd.app.opening import amending, reading
from driftd.config import Config
from driftd.core.pausing import Directive
from driftd.errors import EmptyStoreError
from driftd.ports import Done, Pages
from driftd.runtime import pausing
from driftd.runtime.asides import Asides


async def direct(config: Config, connection: str, order: Directive) -> str:
    """Carry an order out, and say what came of it.

    Raises `DecisionError` where it cannot be taken, `LockedError` where a daemon owns the data directory after all.
    """
    known = {each.name for each in config.connections}
    async with amending(config) as store:
        asides = Asides()
        await asides.load(store.casebook)
        said, _ = await pausing.Pausing(asides, store.casebook, SystemClock(), known.__contains__).direct(
            connection, order
        )
    return said


async def audit(config: Config, pages: Pages) -> Sequence[Done]:
    """Return what persons did, newest first; raises `StoreError` where the store cannot be used."""
    with suppress(EmptyStoreError):
        async with reading(config) as store:
            return await store.casebook.audit(pages)
    return ()
