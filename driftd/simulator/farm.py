"""A farm of tenants: what one simulated X3 host serves."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from driftd.simulator.catalogue import CLASSES, counts, known
from driftd.simulator.ledger import Ledger
from driftd.simulator.switches import Switches
from driftd.simulator.tenant import Tenant
from driftd.simulator.worldtime import WorldTime

_NAMES = ("aldgate", "borough", "camden", "dalston", "euston")


class Farm(Mapping[str, Tenant]):
    """Tenants by name."""

    def __init__(self, tenants: Sequence[Tenant], time: WorldTime) -> None:
        self._tenants = {tenant.name: tenant for tenant in tenants}
        self._time = time

    @classmethod
    def build(
        cls,
        tenants: int = 3,
        records: int | Mapping[str, int] = 200,
        seed: int = 7,
        switches: Switches | None = None,
        only: Sequence[str] | None = None,
    ) -> "Farm":
        """Build tenants `aldgate`, `borough`, `camden`, `dalston`, `euston`, `t06`, …, each with a business of its own.

        `records` is a number for every class or by class (see `catalogue.counts`), `only` the classes to serve. Each
        tenant gets its own copy of the switches. Nothing is drawn until it is asked for; `warm` renders it before.
        Raises `KeyError` for a class there is not, `ValueError` for records that lack what they build on.
        """
        served = {known(name) for name in only} if only is not None else CLASSES.keys()
        models = [model for name, model in CLASSES.items() if name in served]
        made, time = counts(records), WorldTime()
        built = []
        for number in range(1, tenants + 1):
            name = _NAMES[number - 1] if number <= len(_NAMES) else f"t{number:02d}"
            ledger = Ledger(name, models, made, seed)
            built.append(Tenant(name, ledger, seed=seed, switches=switches or Switches(), time=time))
        return cls(built, time)

    def __getitem__(self, name: str) -> Tenant:
        return self._tenants[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tenants)

    def __len__(self) -> int:
        return len(self._tenants)

    @property
    def clock(self) -> Callable[[], float]:
        """Monotonic seconds: token lives, rate limits, late transactions. Replace it to rule them."""
        return self._time.clock

    @clock.setter
    def clock(self, clock: Callable[[], float]) -> None:
        self._time.clock = clock

    @property
    def wall(self) -> Callable[[], float]:
        """Seconds since 1970: `UPDDATTIM`, `$etag`, `Date`. Replace it to rule them."""
        return self._time.wall

    @wall.setter
    def wall(self, wall: Callable[[], float]) -> None:
        self._time.wall = wall

    def warm(self) -> None:
        """Render every `$query` row now that is not rendered yet, so that pages are served from memory."""
        for tenant in self.values():
            with tenant.lock:
                tenant.ledger.warm(tenant.switches)

    def at_endpoint(self, endpoint: str) -> Tenant | None:
        """Return the tenant behind an endpoint."""
        return next((tenant for tenant in self.values() if tenant.endpoint == endpoint), None)

    def at_token_path(self, path: str) -> Tenant | None:
        """Return the tenant whose token endpoint a path is, its own or the gateway's."""
        return next((tenant for tenant in self.values() if path in {tenant.token_path, tenant.pair_path}), None)
