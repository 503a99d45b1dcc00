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


def test_what_began_before_a_rest_does_not_end_it() -> None:
    """A poll under way when the tenant asked to wait may go well: that is no leave to ask on."""
    clock = FakeClock()
    given = connection("aldgate", classes=["ONE", "TWO"])
    one, two = given.resources
    agenda = Agenda(given, clock)
    for each in (one, two):
        agenda.settle(each, Standing())
    begun = clock.monotonic()
    clock.ms += 1000
    agenda.hold(None, 600.0)
    agenda.release(two, begun)
    assert agenda.delay(one) == agenda.delay(two) == 600.0
    agenda.release(two, clock.monotonic())
    assert agenda.delay(one) <= 0


def test_a_resource_rests_alone() -> None:
    """What one resource waits for holds no other one back."""
    clock = FakeClock()
    given = connection("aldgate", classes=["ONE", "TWO"])
    one, two = given.resources
    agenda = Agenda(given, clock)
    for each in (one, two):
        agenda.settle(each, Standing())
    agenda.hold(one, 60.0)
    assert agenda.delay(one) == 60.0
    assert agenda.delay(two) <= 0
    clock.ms += 60_000
    assert agenda.delay(one) <= 0
    assert agenda.begin(one) == (Kind.SWEEP, 0.0)


def test_a_clock_that_was_far_ahead_puts_no_sweep_off_for_long() -> None:
    """What was put off to a day that is years away is due as ever once the clock is right again."""
    clock = FakeClock()
    (planned,) = (given := connection("aldgate", classes=["CLASS"])).classes
    agenda = Agenda(given, clock)
    right, clock.ms = clock.ms, clock.ms + 10 * 365 * 86_400_000
    agenda.settle(planned.resource, READ)
    agenda.spread(Purse("aldgate", Budget(1, 1, "UTC"), Usage(), clock))
    assert not agenda.is_large(planned.resource)
    clock.ms = right
    assert agenda.is_large(planned.resource)
