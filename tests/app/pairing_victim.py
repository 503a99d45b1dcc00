"""A process that polls one connection once, by its pair, and is killed at a step of that.

python -m tests.app.pairing_victim CONFIG STEP, then one line to begin
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any

import anyio

from driftd.adapters.sqlite import vault as sqlite_vault
from driftd.adapters.x3.pairing import PairAuthority
from driftd.config import load
from tests.app.customer import Site


def _kill(*_arguments: Any, **_named: Any) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


STEPS: dict[str, tuple[Any, str]] = {
    "noted": (PairAuthority, "_ask"),
    "answered": (PairAuthority, "_take"),
    "being kept": (sqlite_vault, "_end_use"),
    "kept": (PairAuthority, "_use"),
}


async def main(*arguments: str) -> None:
    """Poll."""
    config, step = arguments
    site: Any = Site(None, load(Path(config), {}))  # type: ignore[arg-type]
    async with site.process() as process:
        if step in STEPS:
            setattr(*STEPS[step], _kill)
        sys.stdin.readline()
        await process.poll()


if __name__ == "__main__":
    anyio.run(main, *sys.argv[1:])
