"""What tenants do meanwhile: at their own times, and in the middle of what is read."""

from random import Random

import anyio

from driftd.simulator import Tenant as X3Tenant
from tests.simulation.network import Asked
from tests.simulation.scene import Scene, chance

PACE = 700.0
"""Seconds between two changes at the tenants, on average."""
DOCUMENTS = ("SORDER",)
SHIFTS = 0.12
"""Share of the requests under which something changes."""


class Business:
    """Changes records until it is told to rest."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._chance: Random = chance(scene.shape, "business")
        self._resting = False

    async def run(self) -> None:
        """Change something every now and then."""
        while not self._resting:
            await anyio.sleep(self._chance.expovariate(1 / PACE))
            tenant, name = self._chance.choice(self._scene.tenants), self._chance.choice(self._scene.shape.classes)
            if not self._resting:
                self._change(tenant, name)

    def rest(self) -> None:
        """Change nothing any more; what was stamped before is committed."""
        self._resting = True
        for tenant in self._scene.farm.values():
            tenant.settle()

    def shift(self, asked: Asked) -> None:
        """Change something of a class while a page of it is read, sometimes."""
        place = (asked.tenant, asked.resource)
        if place in self._scene.places and not self._resting and self._chance.random() < SHIFTS:
            self._change(self._scene.farm[asked.tenant], asked.resource)

    def _change(self, tenant: X3Tenant, name: str) -> None:
        there, chance, usual = tenant.ledger.size(name), self._chance, self._scene.shape.records
        room = there < usual * 1.4
        tenant.advance(
            create=chance.choice([0, 1, 2]) if room else 0,
            update=chance.choice([0, 1, 3]),
            update_lines=chance.choice([0, 1, 2]) if name in DOCUMENTS else 0,
            delete=chance.choice([0, 0, 1]) if there > usual * 0.7 else 0,
            late=chance.choice([0, 0, 0, 1, 2]) if room else 0,  # half of them are new
            late_by=chance.choice([20.0, 200.0, 500.0]),
            resource=name,
        )
