"""Many tenants behind one simulated server, most of them small, one slow, one huge, and business at all of them."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from driftd.adapters.clock import SystemClock
from driftd.core.model import Resource
from driftd.simulator import Farm, Tenant
from driftd.simulator.catalogue import CLASSES as MODELS
from driftd.simulator.catalogue import counts
from driftd.simulator.faults import Fault
from driftd.simulator.ledger import Ledger
from driftd.simulator.switches import Switches
from driftd.simulator.tenant import RequestSeen
from driftd.simulator.worldtime import WorldTime
from tests.house.lateness import lateness

CLASSES = {"BPCUSTOMER": "BPCNUM", "ITMMASTER": "ITMREF"}
"""The classes polled, and their keys."""
HOSTS = 250
SLOW, HUGE = "slow", "huge"


FEW = 6
"""Records of a class that business leaves: what is suddenly empty would be held until somebody has looked."""


@dataclass(frozen=True)
class Town:
    """What is asked for."""

    tenants: int
    huge: int = 20_000
    """Records of the huge one's customers."""
    small: int = 12
    delay: float = 5.0
    """Seconds that each answer of the slow one takes."""
    probe: float = 30.0
    sweep: float = 60.0
    """Seconds between sweeps of the huge one."""
    pace: float = 10.0
    """Advances of business a second, all tenants together."""
    seed: int = 1
    timeout: float = 120.0
    """Seconds that a request may take."""

    def farm(self) -> Farm:
        """Build the tenants."""
        time = WorldTime()
        names = [f"c{number:03}" for number in range(self.tenants - 2)] + [SLOW, HUGE]
        farm = Farm([self._tenant(name, time) for name in names], time)
        farm[SLOW].faults.append(Fault("delay", seconds=self.delay))
        return farm

    def _tenant(self, name: str, time: WorldTime) -> Tenant:
        made = counts(dict.fromkeys(CLASSES, self.small) | ({"BPCUSTOMER": self.huge} if name == HUGE else {}))
        ledger = Ledger(name, [MODELS[each] for each in CLASSES], made, self.seed)
        return Tenant(name, ledger, seed=self.seed, switches=Switches(), time=time)

    def _head(self, folder: Path) -> str:
        return (
            f'[daemon]\ndata_dir = "{folder}/data"\nlog_level = "warning"\n[web]\nlisten = "127.0.0.1:0"\n'
            '[store]\nballast = "64KiB"\n'
            '[network]\nallow_networks = ["127.0.0.0/8"]\nallow_http = ["127.0.0.0/8"]\n[defaults]\n'
            f'probe = "{self.probe}s"\ndelta = "{self.probe}s"\nsecond_look = "1s"\nmass_delete_ratio = 1.0\n'
            f'timeout = "{self.timeout}s"\n'
            'requests_per_day = 1000000000\nbytes_per_day = "900TB"\n'
        )

    def configuration(self, farm: Farm, folder: Path, port: int) -> Path:
        """Write the configuration that reads them, each second one at a host of its own."""
        text = [self._head(folder)]
        for number, tenant in enumerate(farm.values()):
            url = f"http://127.0.{number % HOSTS + 1}.1:{port}"
            secret = folder / f"{tenant.name}.secret"
            secret.touch(0o600)
            secret.write_text(tenant.client_secret)
            more = f'sweep = "{self.sweep}s"\n' if tenant.name == HUGE else ""
            text.append(
                f'[[connections]]\nname = "{tenant.name}"\nbase_url = "{url}"\nfolder = "{tenant.folder}"\n{more}'
                f'[connections.auth]\ntoken_url = "{url}{tenant.token_path}"\nclient_id = "{tenant.client_id}"\n'
                f'client_secret = {{ file = "{secret}" }}'
            )
            text += [
                f'[[connections.resources]]\nname = "{name}"\nkey = {json.dumps([key])}\ndetails = false'
                for name, key in CLASSES.items()
            ]
        place = folder / "driftd.toml"
        place.write_text("\n".join(text))
        return place


@dataclass
class Visits:
    """When the tenants were asked for the first page of each class, epoch ms."""

    times: dict[tuple[str, str], list[int]] = field(default_factory=dict)

    def attend(self, farm: Farm) -> None:
        """Note the requests to a farm from now on."""
        now = SystemClock().now

        def seen(request: RequestSeen) -> None:
            if request.resource and request.page == 1:
                self.times.setdefault((request.tenant, request.resource), []).append(now())

        for tenant in farm.values():
            tenant.on_request = seen

    def lateness(self, interval: float, since: int, until: int) -> tuple[list[float], int]:
        """Return by how many seconds each due time of a small class was met late, and how many were missed."""
        found, missed = [], 0
        for (tenant, name), times in self.times.items():
            if tenant not in {SLOW, HUGE}:
                resource = Resource(tenant, name, name, (CLASSES[name],), probe=interval)
                late, none = lateness(resource, times, (since, until))
                found += late
                missed += none
        return found, missed


@contextmanager
def business(farm: Farm, pace: float, seed: int) -> Iterator[None]:
    """Let random tenants create, update and delete until the block ends, `pace` times a second in all."""
    over, chance, tenants = threading.Event(), Random(seed), list(farm.values())

    def go_on() -> None:
        while not over.wait(1 / pace):
            tenant = farm[HUGE] if chance.random() < 0.05 else chance.choice(tenants)
            name = chance.choice(list(CLASSES))
            tenant.advance(
                create=chance.randint(0, 1),
                update=chance.randint(0, 2),
                update_lines=0,
                delete=chance.randint(0, 1) if tenant.ledger.size(name) > FEW else 0,
                resource=name,
            )

    thread = threading.Thread(target=go_on, name="business", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
