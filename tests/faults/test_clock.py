"""The wall clock is set while a daemon runs: what was missed runs once, and the difference is told."""

from pathlib import Path

import pytest

from driftd.adapters.clock import SystemClock
from tests.faults.observing import Observe
from tests.house.process import Daemon, amiss, equal, estate, read, running

HOUR = 3_600_000


def skewed(daemon: Daemon) -> bool:
    """Tell whether it is told that the tenant's clock and ours differ."""
    alerts = daemon.get("/api/v1/alerts").json()["alerts"]
    return any(each["finding"] == "clock_skew" and each["state"] == "firing" for each in alerts)


def turned(place: Path, by: int) -> None:
    """Set the daemon's clock so many milliseconds ahead, as a whole: it is read at any moment."""
    beside = place.with_suffix(".new")
    beside.write_text(str(by))
    beside.replace(place)


@pytest.mark.heavy
@pytest.mark.fault(7)
def test_a_daemon_polls_on_under_a_clock_that_is_set(tmp_path: Path, observe: Observe) -> None:
    """Two days ahead, then two days behind: each time what changed is captured once, the 864,000 polls that are due by
    the calendar are a few, no stamp lies ahead of the clock, and that the tenant's clock differs is told."""
    place, polls, clock = tmp_path / "clock", [], SystemClock()
    turned(place, 0)
    with estate(tmp_path) as site:
        tenant = site.tenants[0]
        with running(tmp_path, program=("tests.faults.composed", f"clock={place}")) as daemon:
            daemon.becomes("aldgate", "ok")
            first = read(tmp_path, tenant)
            for ahead in (48 * HOUR, -48 * HOUR):
                before = daemon.value("driftd_polls_total")
                turned(place, ahead)
                tenant.advance(create=3, update=5, delete=2, resource="BPCUSTOMER")
                daemon.until(lambda: amiss(read(tmp_path, tenant, first)) == (0, 0))
                polls.append(daemon.value("driftd_polls_total") - before)
                stamps = [
                    value
                    for (name, _), value in daemon.series().items()
                    if name == "driftd_last_success_timestamp_seconds"
                ]
                assert max(stamps) <= (clock.now() + ahead) / 1000
            before = daemon.value("driftd_polls_total")
            daemon.until(lambda: daemon.value("driftd_polls_total") >= before + 6)
            turned(place, 61_000 - 48 * HOUR)
            daemon.until(lambda: skewed(daemon), "the clocks differ")
            assert daemon.state("aldgate") in {"ok", "degraded"}
            assert daemon.end() == 0
        whole = read(tmp_path, tenant, first)
    lost, invented = amiss(whole)
    most = max(polls)
    observe(f"set 48 h ahead and 48 h behind: {most:.0f} polls at most, the skew told", lost=lost, invented=invented)
    assert most < 1_000
    assert len(whole.after) == len(whole.ids)
    equal(whole)
