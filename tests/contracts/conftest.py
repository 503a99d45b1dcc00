"""Every implementation of a port, as a fixture."""

from collections.abc import AsyncIterator

import pytest

from driftd.core.retention import DAY
from driftd.ports import Casebook, Changelog, Logbook, Store
from tests.contracts.logbooks import BOOKS, Kept, opened_book
from tests.contracts.stores import KINDS, Subject, opened, room


@pytest.fixture(params=KINDS)
async def subject(request: pytest.FixtureRequest) -> AsyncIterator[Subject]:
    with room() as data_dir:
        async with opened(request.param, data_dir) as subject:
            yield subject


@pytest.fixture
def store(subject: Subject) -> Store:
    return subject.store


@pytest.fixture
def casebook(subject: Subject) -> Casebook:
    return subject.casebook


@pytest.fixture
def changelog(subject: Subject) -> Changelog:
    """Of a thousandth day, so that what it keeps for months can be old."""
    subject.clock.now = 1_000 * DAY
    return subject.changelog


@pytest.fixture(params=BOOKS)
async def kept(request: pytest.FixtureRequest) -> AsyncIterator[Kept]:
    with room() as data_dir:
        async with opened_book(request.param, data_dir) as kept:
            yield kept


@pytest.fixture
def book(kept: Kept) -> Logbook:
    return kept.book
