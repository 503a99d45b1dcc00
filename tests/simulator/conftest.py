from collections.abc import Iterator

import pytest

from driftd.simulator import Farm, Switches
from tests.simulator.reader import Reader, reading


@pytest.fixture(scope="module")
def served() -> Iterator[Reader]:
    """One small served farm per module: tests put its switches, faults, patches and hooks back (see `reader`)."""
    with reading(Farm.build(tenants=2, records=60)) as reader:
        yield reader


@pytest.fixture
def reader(served: Reader) -> Iterator[Reader]:
    """The served tenant as it is by default."""
    yield served
    served.tenant.switches.move(dict(Switches().shown()))
    served.tenant.faults.clear()
    served.tenant.unpatch()
    served.tenant.on_request = None
