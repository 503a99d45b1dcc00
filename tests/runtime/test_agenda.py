import pytest
from msgspec.structs import replace

from driftd.config import ConnectionConfig, ResourceConfig
from driftd.core.budget import Budget, Usage
from driftd.core.model import Kind, Standing
from driftd.runtime.agenda import Agenda
from driftd.runtime.purse import Purse
from tests.runtime.rig import connection
from tests.runtime.world import FakeClock

READ = Standing(baselined=True, sweeps=1, records=10_000, requests=500, wire_bytes=10**6, last_sweep=0, last_probe=0)


@pytest.mark.parametrize("key", [("KEY",), ("TYP", "KEY")])
def test_a_sweep_that_is_put_off_is_not_made_up_by_deltas(key: tuple[str, ...]) -> None:
    """Where the day's budget does not bear the sweep, other cycles go on, each at its own pace and no faster."""
    clock = FakeClock()
    given = connection("aldgate", classes=["CLASS"])
    (planned,) = given.classes
    resource = replace(planned.resource, key=key)
    agenda = Agenda(_of(given, replace(planned, resource=resource)), clock)
    agenda.settle(resource, READ)
    budget = Budget(400, 10**9, "UTC")
    agenda.spread(Purse("aldgate", budget, Usage(budget.today(Usage(), clock.now()).day, 0, 0), clock))
    kinds, standing = [], READ
    for _ in range(6):
        kind, _late = agenda.begin(resource)
        agenda.end(resource)
        kinds.append(kind)
        standing = replace(standing, **{f"last_{kind.value}": clock.now()})
        agenda.settle(resource, standing)
        assert agenda.delay(resource) > 0
        clock.ms += round(agenda.delay(resource) * 1000)
    assert Kind.SWEEP not in kinds
    assert (Kind.DELTA in kinds) == (len(key) == 1)


def _of(given: ConnectionConfig, planned: ResourceConfig) -> ConnectionConfig:
    return replace(given, classes=(planned,))
