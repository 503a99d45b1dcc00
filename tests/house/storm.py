"""Faults that befall tenants at random, many at a time, each for a while: all that simulated tenants can be given."""

import heapq
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any, Final, get_args

from driftd.simulator import Farm, Fault, Tenant
from driftd.simulator.faults import Kind

Undo = Callable[[], None]
Trouble = Callable[[Tenant, Random], Undo]
TOKEN: Final = "/auth/token"
HOW: Final[dict[Kind, dict[str, Any]]] = {
    "delay": {"seconds": 2.0},
    "slow_first": {"seconds": 3.0},
    "drip": {"size": 40, "seconds": 0.2},
    "gzip_bomb": {"size": 40_000_000},
    "huge_body": {"size": 12_000_000},
    "deep": {"size": 5_000},
    "date_skew": {"seconds": 400.0},
    "raw_body": {"body": '{"$resources": 7}'},
    "raw_socket": {"body": "HTTP/1.1 banana\r\n\r\n"},
}
"""What makes a kind of fault bearable for the machine, or anything at all."""


def spoilt(kind: Kind, **how: Any) -> Trouble:
    """Spoil answers."""

    def trouble(tenant: Tenant, _: Random) -> Undo:
        fault = Fault(kind, **how)
        tenant.faults.append(fault)
        return lambda: tenant.faults.remove(fault)

    return trouble


def down(tenant: Tenant, _: Random) -> Undo:
    """Have the host answer nothing at all."""
    tenant.down = True
    return lambda: setattr(tenant, "down", False)


def ended(tenant: Tenant, _: Random) -> Undo:
    """End the tokens, and have those that follow live for two seconds."""
    before, tenant.switches.token_life = tenant.switches.token_life, 2.0
    tenant.revoke_tokens()
    return lambda: setattr(tenant.switches, "token_life", before)


def skewed(tenant: Tenant, chance: Random) -> Undo:
    """Set the tenant's clock."""
    tenant.switches.clock_skew = chance.choice([-300.0, 300.0])
    return lambda: setattr(tenant.switches, "clock_skew", 0.0)


def refused(tenant: Tenant, chance: Random) -> Undo:
    """Take the right to a class away."""
    name = chance.choice(sorted(tenant.classes))
    tenant.set_access({name: "forbidden"})
    return lambda: tenant.set_access({name: "open"})


def moved(tenant: Tenant, _: Random) -> Undo:
    """Have the endpoint answer under another name."""
    endpoint, tenant.endpoint = tenant.endpoint, "ELSEWHERE"
    return lambda: setattr(tenant, "endpoint", endpoint)


def rotated(folder: Path) -> Trouble:
    """Replace the secret; we are told the new one in the end."""

    def trouble(tenant: Tenant, _: Random) -> Undo:
        fresh = tenant.rotate_secret()
        tenant.revoke_tokens()
        return lambda: _write(folder / f"{tenant.name}.secret", fresh)

    return trouble


def _write(place: Path, text: str) -> None:
    place.write_text(text)


def troubles(folder: Path) -> dict[str, Trouble]:
    """Return all of them by name; the secrets that we are told stand in `folder`."""
    spoiling: dict[str, Trouble] = {kind: spoilt(kind, **HOW.get(kind, {})) for kind in get_args(Kind)}
    del spoiling["status"]
    return spoiling | {
        "429": spoilt("status", status=429, headers={"Retry-After": "2"}),
        "503 Retry-After": spoilt("status", status=503, headers={"Retry-After": "3"}),
        "500": spoilt("status", status=500),
        "502 HTML": spoilt("status", status=502, body="html"),
        "403": spoilt("status", status=403),
        "404": spoilt("status", status=404),
        "401": spoilt("status", status=401),
        "token 500": spoilt("status", status=500, path=TOKEN),
        "token 429": spoilt("status", status=429, path=TOKEN, headers={"Retry-After": "2"}),
        "token login page": spoilt("html_login", path=TOKEN),
        "token hangs": spoilt("hang", path=TOKEN),
        "down": down,
        "tokens end": ended,
        "clock wrong": skewed,
        "class refused": refused,
        "endpoint gone": moved,
        "secret rotated": rotated(folder),
    }


@dataclass
class Storm:
    """What befell whom."""

    folder: Path
    seed: int
    pace: float
    """Strikes a second."""
    longest: float = 15.0
    """Seconds that one lasts at most."""
    strikes: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def over(self, farm: Farm, mended: Callable[[], None]) -> Iterator[None]:
        """Strike until the block ends, and undo all by then; `mended` is told when a secret was put right."""
        over = threading.Event()
        thread = threading.Thread(target=self._rage, args=(farm, over, mended), name="storm", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _rage(self, farm: Farm, over: threading.Event, mended: Callable[[], None]) -> None:
        chance, all_ = Random(self.seed), troubles(self.folder)
        names, numbers = sorted(all_), count()
        struck: dict[str, Undo] = {}
        ends: list[tuple[float, int, str, bool]] = []
        while not over.wait(1 / self.pace):
            while ends and ends[0][0] <= monotonic():
                _, _, tenant, rotates = heapq.heappop(ends)
                struck.pop(tenant)()
                if rotates:
                    mended()
            tenant = chance.choice(sorted(farm))
            name = names[self.strikes.total()] if self.strikes.total() < len(names) else chance.choice(names)
            if tenant not in struck:
                struck[tenant] = all_[name](farm[tenant], chance)
                self.strikes[name] += 1
                ends_at = monotonic() + chance.uniform(2.0, self.longest)
                heapq.heappush(ends, (ends_at, next(numbers), tenant, name == "secret rotated"))
        for undo in struck.values():
            undo()
        mended()
