"""No command leaves in a core dump what it knows of secrets and records."""

import ctypes
import resource
import sys
from collections.abc import Iterator

import pytest

from tests.cli.conftest import Driftd, Site

READ, SET = 3, 4
"""prctl(2)'s numbers for the flag without which a process leaves no core."""
OF = ("--connection", "aldgate", "--resource", "BPCUSTOMER")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")


@pytest.fixture
def dumping() -> Iterator[ctypes.CDLL]:
    """Have this process leave one meanwhile, as far as it may."""
    system, (soft, hard) = ctypes.CDLL(None), resource.getrlimit(resource.RLIMIT_CORE)
    before = system.prctl(READ, 0, 0, 0, 0)
    system.prctl(SET, 1, 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    yield system
    system.prctl(SET, before, 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))


@pytest.mark.parametrize(
    "arguments",
    [("poll",), ("connections", "test", "aldgate"), ("check", "config"), ("records", *OF), ("changes",),
     ("db", "erase", *OF, "--key", "x", "--reason", "y")],
    ids=lambda each: " ".join(each[:2]),
)  # fmt: skip
def test_a_command_leaves_no_core(dumping: ctypes.CDLL, driftd: Driftd, site: Site, arguments: tuple[str, ...]) -> None:
    assert dumping.prctl(READ, 0, 0, 0, 0) == 1
    driftd(*arguments, "-c", site.config)
    assert dumping.prctl(READ, 0, 0, 0, 0) == 0
    assert resource.getrlimit(resource.RLIMIT_CORE)[0] == 0
