"""The simulated tenant as the benchmark rules it: started, asked for the truth, moved on, ended."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.request import Request, urlopen

from tests.bench.tenant import CLASS


@dataclass(frozen=True, slots=True)
class Control:
    """One tenant's control API; urllib, so that this process stays smaller than those it measures."""

    url: str
    folder: str
    name: str
    token_path: str
    client_id: str
    client_secret: str

    def state(self) -> int:
        return int(_called(f"{self.url}/control/tenants")["tenants"][0]["state"])

    def records(self) -> int:
        return int(_called(f"{self.url}/control/tenants")["tenants"][0]["classes"][CLASS])

    def advance(self, *, create: int, update: int, delete: int) -> int:
        """Let business go on, changes scattered by chance; return the new state."""
        plan = {"create": create, "update": update, "update_lines": 0, "delete": delete, "resource": CLASS}
        return int(_called(f"{self.url}/control/tenants/{self.name}/advance", plan)["state"])

    def switch(self, **positions: str) -> None:
        _called(f"{self.url}/control/tenants/{self.name}/switches", positions)

    def truth(self, before: int, after: int) -> Counter[str]:
        """Return how many records were created, updated and deleted between two states."""
        where = f"{self.url}/control/tenants/{self.name}/truth?before={before}&after={after}&resource={CLASS}"
        return Counter(change["op"] for change in _called(where)["changes"])


@contextmanager
def served(records: int, core: int | None) -> Iterator[Control]:
    """Serve a tenant of so many records from a process of its own until the block ends."""
    command = [sys.executable, "-m", "tests.bench.tenant", "--records", str(records)]
    command += [] if core is None else ["--core", str(core)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                raise RuntimeError("the simulator did not start")
            url = json.loads(line)["url"]
            (known,) = _called(f"{url}/control/tenants")["tenants"]
            taken = ("folder", "name", "token_path", "client_id", "client_secret")
            yield Control(url, **{name: known[name] for name in taken})
        finally:
            process.terminate()


def _called(address: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request(address, data=data), timeout=120) as answer:
        found: dict[str, Any] = json.load(answer)
        return found
