"""The connection in trouble reached through the fault proxy: what it suffers must change nothing, or be exact."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from driftd.runtime.tally import CycleReport
from tests.adapters.x3.asking import CERTIFICATES
from tests.faults.observing import Observe
from tests.faults.proxy import FaultProxy, proxied
from tests.house.door import Door
from tests.house.rig import joined
from tests.house.troubled import SICK, Troubled, shown, troubled


@dataclass
class Carried:
    """One class of one tenant behind the proxy, and another tenant that is not."""

    house: Troubled
    proxy: FaultProxy

    async def endures(self) -> CycleReport:
        """Poll while business goes on, and count what a cycle that fails tells, or one that does not gets wrong."""
        house = self.house
        house.advance()
        before = await shown(house.store, "aldgate", SICK)
        reports = await house.poll()
        report = reports.pop(("aldgate", SICK))
        if report.outcome == "failed":
            assert await shown(house.store, "aldgate", SICK) == before
            house.invented += len(await house.events())
        else:
            await house.compared()
            await house.remember()
        assert all(each.outcome == "ok" for each in reports.values())
        return report

    async def well(self) -> None:
        """Take every toxic away, and see that exactly what happened is told."""
        for toxics in (self.proxy.up, self.proxy.down):
            toxics.clear()
        await self.proxy.cut()
        await self.house.recovers()


@asynccontextmanager
async def carried(
    directory: Path, observe: Observe, what: str, seed: int = 1, *, tls: bool = False, **settings: Any
) -> AsyncIterator[Carried]:
    """Give a connection that was swept once through the proxy; `settings` are its own."""
    async with AsyncExitStack() as stack:
        house = await stack.enter_async_context(troubled(directory, classes=(SICK,), observe=observe, what=what))
        server, direct = int(house.server.url.rpartition(":")[2]), house.patient
        if tls:
            door = Door("127.0.0.1", server, "good")
            await door.open()
            stack.push_async_callback(door.close)
            server, settings["ca_file"] = door.port, CERTIFICATES / "good.pem"
            direct.resources = [replace(each, page_size=100) for each in direct.resources]  # links would say http
        proxy = await stack.enter_async_context(proxied(server, seed))
        url = f"https://localhost:{proxy.port}" if tls else proxy.url
        through = joined(direct.tenant, url, house.store, direct.resources, **settings)
        house.patient = await stack.enter_async_context(through)
        await house.settled()
        yield Carried(house, proxy)
