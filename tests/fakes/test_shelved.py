"""The quick tenant answers as the plain one does."""

from typing import Any

import pytest

from driftd.core.model import Query, Resource
from tests.fakes.shelved import ShelvedSource
from tests.fakes.source import FakeSource, FakeTable
from tests.runtime.world import key, row

RESOURCE = Resource("c", "ONE", "ONE", ("KEY",))


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"descending": True},
        {"start": key(30)},
        {"after": key(30)},
        {"start": key(31)},
        {"after": key(99)},
        {"next": key(40).decode()},
        {"next": key(40).decode(), "descending": True},
    ],
)
async def test_a_shelved_source_pages_as_any_other(asked: dict[str, Any]) -> None:
    """Whatever page is asked for, before and after records came and went, both give the same."""
    both = (FakeSource({"ONE": FakeTable(("KEY",))}), ShelvedSource(["ONE"]))
    for source in both:
        source.put("ONE", [row(number) for number in (50, 10, 40, 20, 30, 60)])
    query = Query(count=2, **asked)
    assert await both[0].page(RESOURCE, query) == await both[1].page(RESOURCE, query)
    for source in both:
        source.put("ONE", [row(35), row(20, NAME="new")])
        source.drop("ONE", [key(40)])
    assert await both[0].page(RESOURCE, query) == await both[1].page(RESOURCE, query)
