"""Every implementation of a port, as a fixture."""

from collections.abc import AsyncIterator

import pytest

from driftd.ports import Store
from tests.contracts.stores import KINDS, Subject, opened, room


@pytest.fixture(params=KINDS)
async def subject(request: pytest.FixtureRequest) -> AsyncIterator[Subject]:
    with room() as data_dir:
        async with opened(request.param, data_dir) as subject:
            yield subject


@pytest.fixture
def store(subject: Subject) -> Store:
    return subject.store
