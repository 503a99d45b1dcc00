"""A fault at one tenant of ten: explained as it is, without effect on the others, and overcome when it ends."""

import os
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from driftd.errors import Reason
from tests.faults.observing import Observe
from tests.house.cases import CASES, Case
from tests.house.faults import Row, run, table

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
ROWS = {
    "connection refused": 11,
    "connect unanswered": 11,
    "connection reset": 11,
    "hangs": 12,
    "a byte a second": 12,
    "not JSON": 14,
    "429 Retry-After": 15,
    "500 JSON": 16,
    "500 HTML": 16,
    "502": 16,
    "503 Retry-After": 16,
    "paging in circles": 18,
    "key twice": 19,
    "401 with a fresh token": 21,
    "401 fresh token expired": 21,
    "token: secret rotated": 22,
    "token: secret rotated, tokens live": 22,
    "403 at one class": 23,
    "403 at all classes": 23,
    "class unlicensed": 24,
    "login page with 200": 25,
    "empty answer": 27,
    "half deleted": 28,
    "answer too large": 34,
    "wrong folder": 38,
}
"""The rows of the table of faults that cases belong to."""
TENANTS_FAULTS = frozenset(Reason) - {Reason.PROXY_ERROR, Reason.ADDRESS_NOT_ALLOWED, Reason.FROZEN}


def params(cases: list[Case]) -> list[ParameterSet]:
    """Return cases with their rows."""
    marks = {name: pytest.mark.fault(number) for name, number in ROWS.items()}
    return [pytest.param(each, id=each.name, marks=marks.get(each.name, ())) for each in cases]


def observed(row: Row, observe: Observe) -> None:
    """Tell what came of a case."""
    state, reason, actor = row.seen
    others = "; ".join(row.touched) or "the other nine untouched"
    overcome = f"well after {row.polls} polls" if row.polls is not None else "never well again"
    text = f"{row.case.name} at one of ten: {state} by {reason}, {actor} acts; {others}; {overcome}"
    observe(text, lost=row.lost, invented=row.invented)


@pytest.mark.parametrize("case", params([each for each in CASES if each.name in FEW]))
async def test_a_fault_at_one_tenant_is_explained_and_overcome(case: Case, tmp_path: Path, observe: Observe) -> None:
    """State, reason, actor and next step are right, nine tenants go on untouched, and the log tells the truth."""
    row = await run(case, tmp_path)
    observed(row, observe)
    assert row.sound, table([row])


@pytest.mark.heavy
@pytest.mark.parametrize("case", params(HEAVY))
async def test_each_fault_at_one_tenant_is_explained_and_overcome(case: Case, tmp_path: Path, observe: Observe) -> None:
    """The same of every fault (`python -m tests.house.faults` prints the table); of some of each kind in short."""
    row = await run(case, tmp_path)
    print(table([row]))
    observed(row, observe)
    assert row.sound, table([row])


def test_every_reason_that_a_tenant_can_cause_has_its_fault() -> None:
    """No reason is left out but those that need a proxy, a refused address, or a policy that stops the polls."""
    assert {each.expected[1] for each in CASES} == TENANTS_FAULTS
