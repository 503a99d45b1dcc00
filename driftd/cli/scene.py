"""Where the demo plays: simulated hosts, a configuration in a temporary folder, and the daemon composed for haste."""

import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, TypeAlias

import anyio
import click
from msgspec import Struct

from driftd import app
from driftd.app import daemon
from driftd.cli.failures import foreseen
from driftd.cli.incidents import Incident, incidents
from driftd.cli.simulated import Setting, configuration, listening
from driftd.cli.story import Pace, Story, Watched
from driftd.cli.telling import Speaker, Stage
from driftd.config import Config, load
from driftd.core.alerts.terms import Terms
from driftd.core.backoff import Pacing
from driftd.core.breaker import Limits
from driftd.core.explained import Place
from driftd.errors import ConfigError
from driftd.simulator import Farm, Serving, Tenant

_CLASSES: Final = ("BPCUSTOMER", "ITMMASTER", "SORDER", "PINVOICE")
"""The classes that are polled."""
_RECORDS: Final = {
    "BPCUSTOMER": 120, "ITMMASTER": 80, "ITMMVT": 60, "SORDER": 40, "SDELIVERY": 20, "PORDER": 20, "PINVOICE": 12,
    "GACCENTRY": 20, "BALANCE": 48,
}  # fmt: skip
_SHARED: Final = "127.0.0.1"
_OWN: Final = "localhost"
"""Hosts are told apart by name: the last tenant has one of its own, all others share one."""
_STEPS: Final = 12.0
"""Stages of business a minute at each tenant."""


Plot: TypeAlias = Callable[[Farm, str, Serving], Sequence[Incident]]
"""Gives the incidents of a farm, at the shared host and the server behind it."""


class Haste(Struct, frozen=True):
    """How fast everything goes; seconds."""

    interval: float
    """Between two polls of a resource."""
    pace: Pace
    steps: float
    """Stages of business a minute."""

    @classmethod
    def of(cls, speed: float) -> "Haste":
        """Return everything so many times as fast; polls not so fast that this machine could not keep up."""
        return cls(max(1.0, 2.0 / speed), Pace(6.0 / speed, 7.0 / speed), _STEPS * min(speed, 3.0))

    @property
    def settings(self) -> Mapping[str, Setting]:
        """Return the settings of all connections."""
        return {
            "probe": f"{self.interval:.3f}s",
            "delta": f"{self.interval:.3f}s",
            "sweep": f"{2 * self.interval:.3f}s",  # of one page each, they are swept at the probe's pace all the same
            "second_look": f"{self.interval / 4:.3f}s",
            "details_per_hour": 40,
            "requests_per_day": 10**9,
            "bytes_per_day": "900TB",
            "max_per_host": 16,
        }

    @property
    def tempo(self) -> daemon.Tempo:
        """Return what no configuration sets, in proportion to the interval as it is to that of a real tenant."""
        often = self.interval
        return daemon.Tempo(
            terms=Terms(hold=often, cycles=4.0),
            pacing=Pacing(first=often / 2, slow=often, slowest=2 * often),
            limits=Limits(first=often / 2, longest=often),
            tick=often / 4,
        )


async def played(
    address: tuple[str, int], speed: float, seconds: float | None, speaker: Speaker, plot: Plot = incidents
) -> bool:
    """Play the story, at most, and at least, for so many seconds; return whether what was told is right."""
    haste = Haste.of(speed)
    farm = Farm.build(tenants=5, records=_RECORDS)
    with _served(farm, haste) as served, _configured(farm, served, haste, address) as config:
        async with _living(config, haste) as alive:
            stage = _stage(alive.url, config, served)
            speaker.opening(stage)
            watched = Watched(lambda: alive.running.status().connections, alive.store.casebook, app.now)
            story = Story(watched, plot(farm, _SHARED, served[_SHARED]), speaker, haste.pace)
            with anyio.move_on_after(seconds):
                await story.settled()
                speaker.begun(_counted(alive))
                await story.play()
                if seconds is not None:
                    await story.follow()
            speaker.closing(story.outcome)
    return story.outcome.right


@contextmanager
def _served(farm: Farm, haste: Haste) -> Iterator[Mapping[str, Serving]]:
    """Serve the farm at both hosts; its business goes on by itself."""
    with ExitStack() as stack:
        own = stack.enter_context(listening(farm, ("127.0.0.1", 0)))
        shared = stack.enter_context(listening(farm, (_SHARED, 0), haste.steps))
        yield {_SHARED: shared, _OWN: own}


@contextmanager
def _configured(farm: Farm, served: Mapping[str, Serving], haste: Haste, address: tuple[str, int]) -> Iterator[Config]:
    """Write a configuration with its secrets and its data directory to a folder that goes at the end."""
    urls = {host: each.url.replace(_SHARED, host) for host, each in served.items()}
    last = [*farm][-1]

    def url(tenant: Tenant) -> str:
        return urls[_OWN if tenant.name == last else _SHARED]

    host, port = address
    listen = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    with TemporaryDirectory(prefix="driftd-demo-") as name:
        folder = Path(name)
        for tenant in farm.values():
            (folder / tenant.name).write_text(tenant.client_secret)
        text = configuration(
            farm,
            url,
            secret=lambda tenant: f'{{ file = "{tenant.name}" }}',
            tables={
                "daemon": {"data_dir": "data", "log_level": "error"},
                "store": {"ballast": "64KiB"},
                "web": {"listen": listen},
                "defaults": haste.settings,
            },
            only=_CLASSES,
        )
        (folder / "driftd.toml").write_text(text)
        yield load(folder / "driftd.toml", app.catalogue())


@asynccontextmanager
async def _living(config: Config, haste: Haste) -> AsyncIterator[daemon.Alive]:
    """Have the daemon live; an address that it cannot listen at is the user's mistake."""
    process = daemon.Process(lambda: config, sys.stderr, os.environ, tempo=haste.tempo)
    try:
        async with daemon.living(config, process) as alive, anyio.create_task_group() as group:
            group.start_soon(alive.running.run)
            await alive.running.begun.wait()
            yield alive
            group.cancel_scope.cancel()
    except (ConfigError, BaseExceptionGroup) as error:
        found = foreseen(error)
        if not isinstance(found, ConfigError):
            raise
        raise click.UsageError(f"{found.mistakes[0].message}: give another --listen") from None


def _stage(url: str, config: Config, served: Mapping[str, Serving]) -> Stage:
    homes = {each.name: Place(each.host, each.folder, each.port) for each in config.connections}
    at = {host: [name for name, home in homes.items() if home.host == host] for host in served}
    return Stage(url, {served[host].url.replace(_SHARED, host): names for host, names in at.items()}, homes)


def _counted(alive: daemon.Alive) -> Mapping[str, int]:
    found = alive.running.status().connections
    return {each.name: sum(resource.health.records for resource in each.resources) for each in found}
