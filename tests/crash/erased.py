"""A person's record that is erased, as a scenario of the crash matrix."""

from collections.abc import Callable, Coroutine
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from msgspec import structs

from driftd.adapters.sqlite import SqliteStore
from driftd.core.alerts.model import AlertState
from driftd.core.memory import Memory
from driftd.core.scale import Shift
from driftd.ports import Detected, Entries, Erasure, Filing
from tests.adapters.sqlite.dredging import found
from tests.contracts.detecting import CUSTOMER, alert, deed, notice
from tests.contracts.noted import failed, flip, polled
from tests.contracts.staged import CUSTOMERS, key
from tests.crash.differing import Shown
from tests.crash.shown import shown as shown_by_store

Act = Callable[[Path], Coroutine[Any, Any, None]]
_NAMES: Final = (CUSTOMERS.connection, CUSTOMERS.name)
_WHOM: Final = "a"
_STANDS_FOR_IT: Final = sha256(b"a person").digest()


def erasing(*, forget: bool) -> Act:
    """Return the act of erasing a record: begun where it was not, and gone on with by nothing but what is stored."""

    async def erase(data_dir: Path) -> None:
        async with SqliteStore.open(data_dir, clock_now=lambda: 1) as store:
            if await store.unfinished():
                await store.resume(*_NAMES)
            elif await store.known(CUSTOMERS, [key(_WHOM)]):
                await store.erase(CUSTOMERS, Erasure(key(_WHOM), _STANDS_FOR_IT, 5, Detected(), forget=forget))
            while not await store.wipe(*_NAMES):
                pass

    return erase


async def tell(data_dir: Path) -> None:
    """Have alerts, notices, memory, polls, flips and the audit log name the record."""
    names = f"it is {key(_WHOM).decode()}"
    drift = structs.replace(alert().drift, samples=(key(_WHOM).decode(),), hint=names)
    each = structs.replace(alert("named"), drift=drift)
    resolved = structs.replace(alert("resolved", AlertState.RESOLVED), drift=drift)
    memory = Memory(shifts=(Shift(("PRICE",), "10", 1, 2, 2, (key(_WHOM), key("c"))),), review=key(_WHOM))
    async with SqliteStore.open(data_dir, clock_now=lambda: 1) as store:
        await store.casebook.file(
            Filing(
                alerts=[each, resolved],
                notices=[notice(each), notice(resolved)],
                deeds=[structs.replace(deed(), reason=_WHOM)],
                memories={CUSTOMER: memory},
            )
        )
        broken = structs.replace(failed(), message=f"no answer of BPCUSTOMER('{_WHOM}')")
        told = structs.replace(flip(), message=names)
        await store.logbook.write(Entries(flips=[told], polls=[polled(broken)]))


async def shown(data_dir: Path) -> Shown:
    """Return what the store shows, and where the key is still to be found."""
    seen = await shown_by_store(data_dir)
    return replace(seen, rest=f"{seen.rest}, {sorted(found(data_dir, key(_WHOM)))}")
