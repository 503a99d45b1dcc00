"""Business that goes on by itself while the farm serves."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from driftd.simulator.farm import Farm


@dataclass(frozen=True, slots=True)
class Live:
    """Lets each tenant of a farm take so many steps a minute, the tenants evenly in turn."""

    farm: Farm
    pace: float
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic

    async def run(self) -> None:
        """Take steps for ever; where the machine cannot keep the pace, steps are left out."""
        tenants = [*self.farm.values()]
        if not tenants or not self.pace:
            return
        pause = 60 / self.pace / len(tenants)
        due = self.clock()
        while True:
            for tenant in tenants:
                due = max(due + pause, self.clock())
                await self.sleep(due - self.clock())
                tenant.step()
