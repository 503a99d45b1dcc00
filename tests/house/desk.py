"""A person who decides of what a driftd has found."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from driftd.adapters.clock import SystemClock
from driftd.core.alerts.model import Alert, Deed
from driftd.core.decision import Action, Decision
from driftd.core.drift import Check
from driftd.core.model import Standing
from driftd.runtime.decisions import Decisions
from driftd.runtime.detect import Detector
from driftd.runtime.settling import Site
from driftd.simulator.patches import Patch
from tests.fakes.detection import detector_of
from tests.house.customers import NAME, customers, keys
from tests.house.rig import Rig

RETYPED = Patch(NAME, "retype", "BPCNAM", "integer")
SHORTENED = Patch(NAME, "retype", "CRY", "object")
RECORDS = 40


@dataclass
class Desk:
    """Decides, as the daemon would."""

    house: Rig
    sites: Callable[[], dict[tuple[str, str], Site]] | None = None

    @property
    def detector(self) -> Detector:
        """What cycles and decisions share."""
        return detector_of(self.house.store)

    @property
    def decisions(self) -> Decisions:
        """What carries decisions out."""
        return Decisions(self.detector, self.house.store, SystemClock(), self.sites or self.polled)

    @property
    def names(self) -> tuple[str, str]:
        """Connection and resource."""
        return self.house.tenant.name, NAME

    def now(self) -> int:
        """Return the wall clock, epoch ms."""
        return SystemClock().now()

    def polled(self) -> dict[tuple[str, str], Site]:
        """Return where the resources are polled."""
        return {(each.connection, each.name): Site(each, "127.0.0.1", "F") for each in self.house.resources}

    async def decide(self, action: Action, alert: str, **more: Any) -> str:
        """Decide; return what is said."""
        return (await self.decisions.decide(Decision(action, alert, "jo", "agreed", **more))).says

    async def patched(self, *patches: Patch) -> Sequence[Alert]:
        """Have the tenant patched, and poll until it fires; return what does."""
        self.house.tenant.patch(*patches)
        for _ in range(2):
            await self.house.poll()
        return self.firing()

    def firing(self) -> Sequence[Alert]:
        """Return what fires."""
        return [each for each in self.detector.alarms.of(self.house.tenant.name) if each.firing]

    async def deeds(self) -> Sequence[Deed]:
        """Return what was decided, newest first."""
        return await self.house.store.casebook.deeds(self.house.tenant.name, 99)  # type: ignore[attr-defined,no-any-return]

    async def standing(self) -> Standing:
        """Return how the resource stands."""
        return await self.house.store.standing(self.house.resources[0])


@asynccontextmanager
async def desk(directory: Path, **settings: Any) -> AsyncIterator[Desk]:
    """Give a person whose driftd reads one class of one page."""
    async with customers(directory, RECORDS, page_size=100, **settings) as house:
        yield Desk(house)


async def scaled(own: Desk) -> str:
    """Have all amounts of a field be a hundred times what they were; return the id of what is told of it."""
    own.house.tenant.patch(Patch(NAME, "multiply", "OSTAUZ", 100))
    await own.house.poll()
    (id_,) = (each.id for each in own.firing() if each.drift.finding == Check.SCALE_SHIFT)
    return id_


async def mass_deleted(own: Desk) -> str:
    """Have 30 of 40 records vanish; return the id of what is told of it."""
    for key in keys(own.house)[:30]:
        own.house.tenant.remove(NAME, key)
    await own.house.poll()
    (alert,) = own.firing()
    assert alert.drift.finding == Check.MASS_DELETE
    return alert.id
