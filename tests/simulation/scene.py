"""Everything a seed is played with: tenants, the truth about them, the way to them, and who judges."""

import asyncio
from dataclasses import dataclass, field
from random import Random
from typing import Any

from driftd.simulator import Farm
from driftd.simulator import Tenant as X3Tenant
from tests.fakes.virtual import VirtualClock
from tests.simulation.disk import Disk
from tests.simulation.life import Life, Surroundings
from tests.simulation.manners import Manners
from tests.simulation.network import Network
from tests.simulation.oracle import Oracle
from tests.simulation.shape import Shape, config_of, farm_of
from tests.simulation.troubles import Trouble
from tests.simulation.truth import Place, Truth
from tests.simulation.verdict import Verdict

EPOCH = 1_793_000_000_000
"""When it begins, epoch ms: later than the stamps of the simulator's first records."""


@dataclass
class Scene:
    """What is shared by all that happens in a seed."""

    shape: Shape
    verdict: Verdict
    clock: VirtualClock
    farm: Farm
    tenants: list[X3Tenant]
    truth: Truth
    oracle: Oracle
    manners: Manners
    network: Network
    around: Surroundings
    lives: list[Life] = field(default_factory=list)

    @classmethod
    def of(cls, shape: Shape, verdict: Verdict) -> "Scene":
        """Set it."""
        clock, farm = VirtualClock(EPOCH), farm_of(shape)
        farm.clock, farm.wall = time, lambda: EPOCH / 1000 + time()
        *names, intruder = farm
        tenants = [farm[name] for name in names]
        truth = Truth(farm, time)
        oracle = Oracle(truth, verdict, time)
        oracle.watermarked = shape.watermark
        manners = Manners(shape, verdict, oracle, time)
        manners.wall = clock.now
        network = Network(farm, intruder, manners, chance(shape, "network"), shape.latency)
        disk = Disk(network.active, chance(shape, "disk"), manners.struck)
        secrets = {each.name: each.client_secret for each in tenants}
        config = config_of(shape, tenants)
        around = Surroundings(config, clock, chance(shape, "daemon"), disk, oracle, secrets)
        return cls(shape, verdict, clock, farm, tenants, truth, oracle, manners, network, around)

    @property
    def places(self) -> list[Place]:
        """Every class of every tenant that is polled."""
        return [(each.name, name) for each in self.tenants for name in self.shape.classes]

    @property
    def active(self) -> list[Trouble]:
        """The troubles that last."""
        return self.network.active

    @property
    def now(self) -> float:
        """Seconds since the beginning."""
        return time()

    def happened(self, what: str) -> None:
        """Note what happened."""
        self.verdict.happened(self.now, what)

    def secrets(self) -> set[str]:
        """Return everything that must be shown nowhere."""
        found: set[str] = set()
        for tenant in self.tenants:
            found |= {tenant.client_secret, *tenant.credentials.former, *tenant.credentials.tokens}
        return found


def chance(shape: Shape, of: str) -> Random:
    """Return chance of its own for one matter, so that one does not move another."""
    return Random(f"{shape.seed}/{of}")


def time() -> float:
    """Return seconds since the beginning."""
    try:
        return asyncio.get_running_loop().time()
    except RuntimeError:
        return 0.0


class Drawn:
    """Takes the place of the module `secrets`: tokens from the seed."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance

    def token_urlsafe(self, size: int) -> str:
        """Return a token."""
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        return "".join(self._chance.choices(alphabet, k=size * 4 // 3))


def removed(tenant: X3Tenant, name: str, key: tuple[Any, ...]) -> None:
    """Delete a record with its twins, if it is there."""
    if tenant.ledger.tables[name].twins(key):
        tenant.remove(name, key)
