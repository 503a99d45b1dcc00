"""Writes a file of the newest schema, as its release is to leave one to those after it.

    python -m tests.adapters.sqlite.releasing

writes `released/schema-N.sql`, which is not written over: `test_migrating.py` says what must be found in it.
"""

import asyncio
import sqlite3
import sys
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Final

import pytest
from msgspec.structs import replace

from driftd.adapters.sqlite import SqliteStore
from driftd.adapters.sqlite.connections import Placing
from driftd.adapters.sqlite.sql import migrations
from driftd.adapters.vault.envelope import seal
from driftd.adapters.vault.keyring import Kek
from driftd.core.access import Scope, Token
from driftd.core.alerts.model import Deed
from driftd.core.health import Aside, Pause, Window
from driftd.core.model import Absence, Standing
from driftd.core.retention import Cursor
from driftd.core.sealed import Kept, Place
from driftd.core.secret import Secret
from driftd.core.stored import StoredTable
from driftd.ports import Detected, Erasure, Filing
from tests.contracts.detecting import detected
from tests.contracts.noted import group
from tests.contracts.staged import (
    ELSEWHERE,
    ORDERS,
    Part,
    created,
    deleted,
    key,
    poll,
    row,
    segment,
    together,
    updated,
)
from tests.contracts.stores import always_ahead, room

RELEASED: Final = Path(__file__).parent / "released"
"""What the driftd of each released schema wrote, numbered without a gap: whoever releases one adds a file."""
CURSOR: Final = Cursor("warehouse", 4, 5, "acme")
PROOF: Final = b"proof of the key"
GONE: Final = sha256(b"a person").digest()
"""What stands for a record that was erased."""
KEY: Final = Kek(bytes(range(32)))
SEALED: Final = Place("5f" * 16, "globex", "client_secret"), 1, "kept at a release"
"""Where a secret is kept, which one it is, and the secret."""
BROUGHT: Final = StoredTable("brigg", '{"folder":"BRIGG"}', 5, "jo", 6, "al")
USED: Final = Kept(Place("5f" * 16, "brigg", "refresh_token"), 1, b"", 5, b"mark of what was given")
"""A refresh token whose use began, without what it is sealed as."""
ASIDE: Final = Aside(Pause("audit", "jo", 50, 5, 9), Window(5, 60, "upgrade", "al"))
TOKEN: Final = Token("grafana", sha256(b"a token").digest(), Scope.READ, 5, "jo", "acme", 90, 7)
CLEARED: Final = "gone"
"""A connection that is being erased."""


async def fill(data_dir: Path) -> None:
    """Write something into each table that there is."""
    async with SqliteStore.open(data_dir, clock_now=lambda: 5, cycle_id=lambda: "cycle") as store:
        await _captured(store)
        await store.logbook.write(group(1))
        await store.changelog.move(CURSOR)
        await store.key_proof(PROOF)
        await store.erase(ELSEWHERE, Erasure(key("f"), GONE, 5, Detected()))
        await store.wipe(ELSEWHERE.connection, ELSEWHERE.name)
        place, number, secret = SEALED
        deed = Deed(5, "jo", "keep_secret", "acme", None, "client_secret 1", "the first", "", KEY.id.hex())
        await store.vault.keep(Kept(place, number, seal(Secret(secret), place, number, KEY), 5), deed)
        await _brought(store)


async def _brought(store: SqliteStore) -> None:
    """Bring a connection with a secret that is in use, a token and a pause, and begin to erase another one."""
    deed = Deed(5, "jo", "add_connection", BROUGHT.name, None, BROUGHT.name, "the first", "", BROUGHT.text)
    used = replace(USED, blob=seal(Secret("used"), USED.place, USED.number, KEY))
    await store.connections.put(Placing(None, BROUGHT, deed, (used,)))
    await store.vault.begin_use(USED.place, 5)
    await store.casebook.file(Filing(asides={BROUGHT.name: ASIDE}))
    await store.tokens.make(TOKEN, replace(deed, action="make_token", connection="acme", subject=TOKEN.name))
    erased = replace(deed, action="erase_connection", connection=CLEARED, subject=CLEARED)
    await store.connections.remove(CLEARED, erased, [CLEARED], clear=True)


async def _captured(store: SqliteStore) -> None:
    """Poll customers twice, orders with a cycle that is written ahead, and other customers with what was detected."""
    cut = segment("a", "b")
    await poll(store, together(created("a"), created("b"), cut), layout=[cut.segments[0][0]])
    held = Part([row("d", absent=Absence.HELD, absent_since=3)])
    await poll(store, together(updated("a", 1), deleted("b"), created("c"), held))
    with pytest.MonkeyPatch.context() as patch:
        always_ahead(patch)
        await poll(store, together(created("a"), updated("b", 2)), resource=ORDERS)
    whole = detected(3, connection="globex")
    both = Part([row("e", 3), row("f", 3)])
    await poll(store, both, resource=ELSEWHERE, standing=Standing(records=2), detected=whole)


def dumped(path: Path, schema: int) -> str:
    """Tell a database as sqlite3's shell does."""
    with closing(sqlite3.connect(path)) as db:
        ((application,),) = db.execute("PRAGMA application_id").fetchall()
        lines = "\n".join(db.iterdump())
    return (
        f"-- What driftd wrote at schema {schema}, told by sqlite3's dump: see test_migrating.py.\n"
        f"PRAGMA page_size = 4096;\nPRAGMA auto_vacuum = INCREMENTAL;\n{lines}\n"
        f"PRAGMA application_id = {application};\nPRAGMA user_version = {schema};\n"
    )


def main() -> int:
    """Write the file of the newest schema, unless there is one."""
    schema = len(migrations())
    place = RELEASED / f"schema-{schema}.sql"
    if place.exists():
        print(f"{place.name} is there: a release is not written again", file=sys.stderr)
        return 1
    with room() as data_dir:
        asyncio.run(fill(data_dir))
        place.write_text(dumped(data_dir / "driftd.db", schema), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
