"""A process that brings one connection with its pair, and is killed at a step of that.

python -m tests.app.bringing_victim FOLDER STEP, with client secret and refresh token as two lines
"""

import json
import sys
from pathlib import Path
from typing import Any

import anyio

from driftd.adapters.sqlite import connections as sqlite_connections
from driftd.adapters.sqlite import rewriting
from driftd.adapters.sqlite import vault as sqlite_vault
from driftd.adapters.x3.pairing import PairAuthority
from driftd.app import alone
from driftd.app.staging import _Aside
from driftd.config import load
from driftd.core.decision import Word
from driftd.core.secret import Secret
from tests.app.pairing_victim import _kill

STEPS: dict[str, tuple[Any, str]] = {
    "before the note": (_Aside, "begin"),
    "noted": (PairAuthority, "_ask"),
    "answered": (PairAuthority, "_take"),
    "being kept": (_Aside, "renewed"),
    "kept": (PairAuthority, "_use"),
    "tried": (sqlite_connections, "_put"),
    "being stored": (sqlite_vault, "remove"),
    "stored": (rewriting, "wipe"),
}


async def main(*arguments: str) -> None:
    """Bring it."""
    folder, step = arguments
    application, token = (Secret(sys.stdin.readline().strip()) for _ in range(2))
    table = json.loads((Path(folder) / "table.json").read_text())
    async with alone.connections(load(Path(folder) / "driftd.toml", {})) as connections:
        if step in STEPS:
            setattr(*STEPS[step], _kill)
        secrets = {"client_secret": application, "refresh_token": token}
        await connections.put(table, secrets, Word("jo", "new customer"))


if __name__ == "__main__":
    anyio.run(main, *sys.argv[1:])
