"""Who is measured: command lines that read the tenant into a database of their own, and what they say they found."""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.bench.control import Control
from tests.bench.tenant import CLASS

NAMES: Final = ("plain", "good", "limit", "driftd", "capture", "fetch")
TELLING: Final = frozenset({"plain", "good", "driftd", "capture"})
"""Those who tell changes, and must tell them right."""
OURS: Final = frozenset({"driftd", "capture", "fetch"})
"""Those whose start is taken off."""
_DRIFTD: Final = {"driftd": "driftd", "capture": "tests.bench.capture"}
"""Modules that are driftd: whole, and without its detection."""
PAGE_SIZE: Final = 1_000
_HERE: Final = Path(__file__).parent
_CONFIG: Final = """
[daemon]
data_dir = "{data}"
[network]
allow_networks = ["127.0.0.0/8"]
allow_http = ["127.0.0.0/8"]
[defaults]
second_look = "0s"
page_size = {page_size}
requests_per_day = 10000000
bytes_per_day = "1000GB"
[[connections]]
name = "{control.name}"
base_url = "{control.url}"
folder = "{control.folder}"
[connections.auth]
token_url = "{control.url}{control.token_path}"
client_id = "{control.client_id}"
client_secret = {{ env = "TENANT_SECRET" }}
[[connections.resources]]
name = "{resource}"
"""


@dataclass(frozen=True, slots=True)
class Told:
    """What a contender says of one sweep."""

    records: int | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    """Of `r`, `c`, `u`, `d`."""
    pending: int = 0
    """Deletes that wait for a second sweep."""
    held: int = 0


def environment(control: Control, folder: Path) -> Mapping[str, str]:
    """Return the environment of the contenders: the secret; byte code kept in `folder`, as an installation has it."""
    dropped = {"PYTHONDONTWRITEBYTECODE", "DRIFTD_CONFIG"}
    ours = {name: value for name, value in os.environ.items() if name not in dropped}
    return {**ours, "TENANT_SECRET": control.client_secret, "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}


def prepare(control: Control, folder: Path) -> None:
    """Make the room of one set of databases."""
    folder.mkdir()
    for name in _DRIFTD:
        text = _CONFIG.format(control=control, page_size=PAGE_SIZE, resource=CLASS, data=f"data-{name}")
        (folder / f"{name}.toml").write_text(text)


def command(name: str, control: Control, folder: Path, *, volatile: bool) -> list[str]:
    """Return the command line of a contender whose database is in `folder`."""
    if name in _DRIFTD:
        module = _DRIFTD[name]
        return [sys.executable, "-m", module, "poll", "--full", "--format", "json", "-c", str(folder / f"{name}.toml")]
    if name == "fetch":
        return [sys.executable, "-m", "tests.bench.fetch", str(folder / "driftd.toml")]
    where = [control.url, control.folder, control.url + control.token_path, control.client_id]
    cut = ["cut"] if volatile and name == "limit" else []
    return [sys.executable, str(_HERE / f"{name}.py"), *where, str(folder / f"{name}.db"), str(PAGE_SIZE), *cut]


def warming() -> list[str]:
    """Return a command that makes the byte code of all that contenders import."""
    names = "driftd.app, driftd.cli.poll, driftd.cli.version, json, sqlite3, httpx, msgspec, orjson, xxhash, zstandard"
    return [sys.executable, "-c", f"import {names}"]


def told(name: str, out: str) -> Told:
    """Read what a contender printed."""
    said = json.loads(out)
    if name in _DRIFTD:
        (said,) = said["resources"]
        if said["outcome"] != "ok":
            raise RuntimeError(f"driftd: {said['reason']}: {said['message']}")
    counts = {op: int(said[op]) for op in "rcud" if op in said}
    return Told(said.get("records"), counts, said.get("pending", 0), said.get("held", 0))


def stored(name: str, folder: Path) -> int:
    """Return the bytes on disk of a contender's database."""
    ours = name in _DRIFTD
    place, pattern = (folder / f"data-{name}", "driftd.db*") if ours else (folder, f"{name}.db*")
    return sum(file.stat().st_size for file in place.glob(pattern))
