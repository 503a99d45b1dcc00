"""What is due follows from what was read when."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from driftd.core.cadence import HOUR, behind, details_in_hand, due, next_due
from driftd.core.model import Kind, Resource, Standing

R = Resource("c", "SORDER", "SORDER", ("SOHNUM",), details=True)
LARGE = Standing(baselined=True, records=100_000, last_sweep=1_000_000)


def test_the_first_cycle_is_a_sweep() -> None:
    """A resource that was never read completely is swept at once."""
    assert due(R, Standing(), 0) is Kind.SWEEP


def test_each_kind_at_its_pace() -> None:
    """Five minutes after a sweep the probe is due, after fifteen the delta, after a day the sweep."""
    assert due(R, LARGE, 1_000_000 + 299_999) is None
    assert due(R, LARGE, 1_000_000 + 300_000) is Kind.PROBE
    assert due(R, LARGE, 1_000_000 + 900_000) is Kind.DELTA
    assert due(R, LARGE, 1_000_000 + 24 * HOUR) is Kind.SWEEP


def test_a_resource_of_one_page_is_swept_at_the_probes_pace() -> None:
    """Reading one page completely costs what a probe costs."""
    assert due(R, replace(LARGE, records=500), 1_000_000 + 300_000) is Kind.SWEEP


@given(st.integers(0, 10**13), st.sampled_from(list(Kind)))
def test_after_a_cycle_it_is_due_later(now: int, kind: Kind) -> None:
    """next_due > now for the kind that just ran."""
    ran = replace(
        LARGE,
        last_sweep=now if kind is Kind.SWEEP else 0,
        last_delta=now if kind is Kind.DELTA else 0,
        last_probe=now if kind is Kind.PROBE else 0,
    )
    assert next_due(R, ran)[kind] > now


@given(st.integers(0, 10**13), st.integers(-10 * HOUR, 10 * HOUR), st.floats(0, 600))
def test_the_budget_fills_steadily(at: int, elapsed: int, left: float) -> None:
    """An hour gives an hour's worth, never more; a clock that went back gives nothing."""
    standing = Standing(details_budget=left, details_budget_at=at or 1)
    budget = details_in_hand(R, standing, (at or 1) + elapsed)
    assert left <= budget <= R.details_per_hour
    if elapsed >= HOUR:
        assert budget == R.details_per_hour


def test_behind_keeps_the_servers_form() -> None:
    """The overlap is taken off in the form in which the server writes its stamps."""
    assert behind("2026-11-23T00:05:00Z", 600) == "2026-11-22T23:55:00Z"
    assert behind("2026-11-23T00:05:00.250Z", 600) == "2026-11-22T23:55:00.250Z"
    assert behind("2026-11-23T02:05:00+02:00", 60) == "2026-11-23T02:04:00+02:00"
    assert behind(None, 600) is None
    assert behind("0000-00-00", 600) is None
