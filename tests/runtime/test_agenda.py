import pytest
from msgspec.structs import replace

from driftd.config import ConnectionConfig, ResourceConfig
from driftd.core.budget import Budget, Usage
from driftd.core.cadence import next_due
from driftd.core.model import Kind, Privacy, Resource, Standing
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


def test_what_fails_late_is_no_leave_for_another_trial() -> None:
    """It began before the trial that is under way, and has the connection rest anew: that trial is the only one until
    it ends."""
    clock = FakeClock()
    given = connection("aldgate", classes=["ONE", "TWO"])
    one, two = given.resources
    agenda, seen = Agenda(given, clock), list[bool]()
    for each in (one, two):
        agenda.settle(each, Standing())
        agenda.begin(each)
    agenda.end(one)
    agenda.hold(None, 1.0)
    seen.append(agenda.on_trial)
    clock.ms += 1_100
    agenda.begin(one)
    seen.append(agenda.on_trial)
    agenda.end(two)
    clock.ms += 10
    agenda.hold(None, 1.0)
    clock.ms += 1_100
    seen.append(agenda.on_trial)
    assert agenda.delay(two) <= 0
    agenda.end(one)
    seen.append(agenda.on_trial)
    assert seen == [False, True, True, False]


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


HASHED = {"NAME": Privacy.HASH}


def ruled(classes: int, clock: FakeClock) -> tuple[Agenda, list[Resource]]:
    """Give classes whose field rules changed since they were swept a minute ago, and which are due for a probe."""
    given = connection("aldgate", classes=[f"CLASS{number}" for number in range(classes)])
    planned = tuple(replace(each, resource=replace(each.resource, private=HASHED)) for each in given.classes)
    given = replace(given, classes=planned)
    agenda = Agenda(given, clock)
    for each in given.resources:
        agenda.settle(each, replace(READ, last_sweep=clock.now(), last_probe=clock.now()))
    clock.ms += round(max(map(agenda.delay, given.resources)) * 1000)
    return agenda, list(given.resources)


def purse(requests: int, clock: FakeClock) -> Purse:
    """Give a day's budget of which nothing is used yet."""
    budget = Budget(requests, 10**9, "UTC")
    return Purse("aldgate", budget, Usage(budget.today(Usage(), clock.now()).day, 0, 0), clock)


def test_a_sweep_by_rules_is_planned_as_one() -> None:
    """It asks for a place as any large sweep, is told as what comes next, and leaves the rhythm as it was."""
    clock = FakeClock()
    agenda, (resource,) = ruled(1, clock)
    present = agenda.present({}, None)
    assert present.sweeps == present.due
    assert agenda.is_large(resource)
    assert agenda.begin(resource)[0] is Kind.SWEEP
    agenda.end(resource)
    read = replace(READ, last_sweep=clock.now(), private=HASHED, scrubbed=HASHED)
    agenda.settle(resource, read)
    assert not agenda.is_large(resource)
    plain = next_due(replace(resource, private={}), replace(read, private={}, scrubbed={}), clock.now())
    assert agenda.present({}, None).sweeps == {resource.name: plain[Kind.SWEEP]}
    assert agenda.delay(resource) == (min(plain.values()) - clock.now()) / 1000


def test_a_sweep_by_rules_that_the_day_does_not_bear_waits_for_the_next() -> None:
    """Nothing of the resource begins meanwhile, as whatever began would be that sweep."""
    clock = FakeClock()
    agenda, (resource,) = ruled(1, clock)
    spent = purse(5000, clock)
    for _ in range(4900):
        spent.send()
    agenda.spread(spent)
    assert agenda.delay(resource) == (spent.resumes - clock.now()) / 1000
    assert agenda.present({}, None).sweeps == {resource.name: spent.resumes}
    clock.ms = spent.resumes
    agenda.spread(spent)
    assert agenda.begin(resource) == (Kind.SWEEP, 0.0)


def test_a_sweep_by_rules_that_no_day_bears_is_tried_all_the_same() -> None:
    """Else the resource would never be polled again."""
    clock = FakeClock()
    agenda, (resource,) = ruled(1, clock)
    agenda.spread(purse(400, clock))
    assert agenda.delay(resource) <= 0


def test_sweeps_by_rules_begin_as_far_as_the_day_bears_all_that_run() -> None:
    """Of many that are due at once; the others look again, and begin once those are over, or after a rest."""
    clock = FakeClock()
    agenda, resources = ruled(4, clock)
    often = sum(1 / each.probe + 1 / each.delta for each in resources)
    probes = round((purse(0, clock).resumes - clock.now()) / 1000 * often)
    day = purse(probes + 2 * READ.requests + 10, clock)

    def ready() -> list[Resource]:
        agenda.spread(day)
        return [each for each in agenda.idle() if agenda.delay(each) <= 0]

    first = ready()
    assert len(first) == 2
    assert {agenda.begin(each)[0] for each in first} == {Kind.SWEEP}
    clock.ms += 60_000
    assert ready() == []
    for each in first:
        agenda.end(each)
        agenda.hold(each, 600.0)
    clock.ms += 60_000
    assert len(ready()) == 2
    assert not {each.name for each in first} & {each.name for each in ready()}
