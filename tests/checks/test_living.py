"""A tenant that lives without incident breaks no check, whatever is read when."""

import random

from driftd.simulator import Farm
from tests.checks.house import BEGIN, House, Some, key_of


def test_a_living_tenant_has_no_drift_and_no_breach_that_lasts() -> None:
    """Classes are read one after the other while business goes on between them; at rest nothing is open."""
    farm = Farm.build(tenants=1, records=24, seed=5)
    farm.wall = lambda: BEGIN / 1000
    tenant, chance, house = farm["aldgate"], random.Random(5), House.of()

    def seen(name: str) -> Some:
        return {key_of(*key): record for key, record in tenant.records(name, facet="$details").items()}

    names = list(house.shelves)
    for _ in range(7):
        for name in chance.sample(names, len(names)):
            assert house.cycle(name, seen(name)).drifts == ()
            tenant.step(6)
    assert sum(len(shelf.links) for shelf in house.shelves.values()) > 100
    assert sum(len(shelf.sums) for shelf in house.shelves.values()) > 300
    for _ in range(2):
        for name in names:
            assert house.cycle(name, seen(name)).drifts == ()
    assert [each for shelf in house.shelves.values() for each in shelf.breaches.values()] == []
