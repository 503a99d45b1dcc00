"""What every test shares: asyncio as in production, and a word for what a fault led to."""

import gc
import os
import signal
from collections.abc import Callable

import pytest
from hypothesis import settings

from tests.faults.observing import Observe, observer

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # of hundreds of processes each would compile all of it anew
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as where a script left the tests in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)
gc.set_threshold(50_000, 20, 100)  # as a daemon does
# No law is about the speed of this machine. All changes are judged by the same examples; exploring seeks new ones.
settings.register_profile("same", deadline=None, max_examples=40, derandomize=True)
settings.register_profile("exploring", deadline=None, max_examples=300)
settings.load_profile("exploring" if "DRIFTD_EXPLORE" in os.environ else "same")


@pytest.fixture
def anyio_backend() -> str:
    """aiosqlite and uvicorn run on asyncio only."""
    return "asyncio"


@pytest.fixture
def observe(record_property: Callable[[str, object], None]) -> Observe:
    """What a test of a fault tells of what it saw."""
    return observer(record_property)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Have the report of a test say which faults it is about."""
    for mark in item.iter_markers("fault"):
        item.user_properties += [("fault", number) for number in mark.args]


def pytest_collection_finish() -> None:
    """Leave what was collected, which stays to the end, out of every search for garbage."""
    gc.collect()
    gc.freeze()
