"""A fault at one tenant of ten: explained as it is, without effect on the others, and overcome when it ends."""

import os
from pathlib import Path

import pytest

from driftd.errors import Reason
from tests.house.cases import CASES, Case
from tests.house.faults import run, table

FEW = ("connection refused",)
SHORT = (
    *("403 at one class", "not JSON"),
    *("name not found", "expired certificate", "hangs", "503 Retry-After", "429 Retry-After", "login page with 200"),
    *(
        "token: secret rotated, tokens live",
        "token: 500",
        "401 issued in the future",
        "secret missing",
        "wrong folder",
        "empty answer",
        "half deleted",
    ),
    *("key twice", "paging in circles", "day's requests used up", "store full", "bug"),
)
"""Where ``DRIFTD_HEAVY=short``."""
HEAVY = [each for each in CASES if each.name in SHORT or os.environ.get("DRIFTD_HEAVY") != "short"]
TENANTS_FAULTS = frozenset(Reason) - {Reason.PROXY_ERROR, Reason.ADDRESS_NOT_ALLOWED, Reason.FROZEN}


@pytest.mark.parametrize("case", [each for each in CASES if each.name in FEW], ids=str)
async def test_a_fault_at_one_tenant_is_explained_and_overcome(case: Case, tmp_path: Path) -> None:
    """State, reason, actor and next step are right, nine tenants go on untouched, and the log tells the truth."""
    row = await run(case, tmp_path)
    assert row.sound, table([row])


@pytest.mark.heavy
@pytest.mark.parametrize("case", HEAVY, ids=str)
async def test_each_fault_at_one_tenant_is_explained_and_overcome(case: Case, tmp_path: Path) -> None:
    """The same of every fault (`python -m tests.house.faults` prints the table); of some of each kind in short."""
    row = await run(case, tmp_path)
    print(table([row]))
    assert row.sound, table([row])


def test_every_reason_that_a_tenant_can_cause_has_its_fault() -> None:
    """No reason is left out but those that need a proxy, a refused address, or a policy that stops the polls."""
    assert {each.expected[1] for each in CASES} == TENANTS_FAULTS
