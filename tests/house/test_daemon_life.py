"""The daemon's life as a process: it starts, polls, ends in order, and goes on where it ended."""

import signal
from functools import partial
from pathlib import Path

import pytest

from driftd.simulator import Fault, RequestSeen
from tests.faults.observing import Observe
from tests.house.process import CLASSES, Daemon, Ran, amiss, crowd, equal, estate, read, running


def polled(daemon: Daemon, name: str = "aldgate", times: int = 1) -> None:
    """Wait until each resource was read so often, from now on."""

    def polls() -> list[float]:
        return [daemon.value("driftd_polls_total", connection=name, resource=each) for each in CLASSES]

    before = polls()
    daemon.until(lambda: all(now >= then + times for now, then in zip(polls(), before, strict=True)), "polls")


def test_a_daemon_ends_in_order_and_goes_on_where_it_ended(tmp_path: Path) -> None:
    """What is shown is the tenant; after a restart the log goes on with what was done meanwhile, and no baseline."""
    with estate(tmp_path) as site:
        tenant = site.tenants[0]
        with running(tmp_path) as daemon:
            assert daemon.ready().get("/-/healthy").status_code == 200
            daemon.becomes("aldgate", "ok")
            tenant.advance(create=4, update=6, delete=0, resource="BPCUSTOMER")
            polled(daemon, times=3)
            assert daemon.end() == 0
        first = read(tmp_path, tenant)
        equal(first)
        state = tenant.state
        tenant.advance(create=3, update=5, delete=2, resource="BPCUSTOMER")
        with running(tmp_path) as daemon:
            daemon.becomes("aldgate", "ok")
            polled(daemon, times=4)
            assert daemon.end() == 0
            assert not [line for line in daemon.lines() if line["level"] == "error"]
        second = read(tmp_path, tenant, first)
        meant = tenant.truth(state, tenant.state, "BPCUSTOMER")
        assert {key for _, _, key, _ in second.after} == {each.key for each in meant}
        assert len(second.after) == len(meant)
        equal(second)


@pytest.mark.fault(40)
def test_a_sweep_that_takes_too_long_is_not_waited_for(tmp_path: Path, observe: Observe) -> None:
    """The daemon ends within `stop_grace` though a tenant does not answer, and nothing of that sweep is to be seen."""
    with estate(tmp_path) as site:
        tenant = site.tenants[0]
        site.write(daemon={"stop_grace": "300ms"}, page_size=10)
        with running(tmp_path) as daemon:
            daemon.becomes("aldgate", "ok")
            daemon.until(lambda: daemon.value("driftd_polls_total", connection="aldgate") >= len(CLASSES))
            fault = Fault("hang", facet="$query", page=3)
            tenant.faults.append(fault)
            tenant.advance(update=20, create=5, delete=0, resource="BPCUSTOMER")
            daemon.until(lambda: fault.acted >= len(CLASSES), "every sweep hangs")
            assert daemon.end(20) == 0
            (ended,) = daemon.lines("polls ended")
            assert ended["cancelled"] == "1"
        first = read(tmp_path, tenant)
        tenant.faults.clear()
        assert not first.after
        with running(tmp_path) as daemon:
            polled(daemon, times=2)
            assert daemon.end() == 0
        second = read(tmp_path, tenant, first)
        lost, invented = amiss(second)
        observe(
            f"longer than its grace: cancelled, nothing of it written; {len(second.after)} events told later",
            lost=lost,
            invented=invented,
        )
        assert second.after
        equal(second)


@pytest.mark.fault(40)
def test_a_sweep_that_ends_within_the_grace_is_committed(tmp_path: Path, observe: Observe) -> None:
    """The daemon is told to end while a sweep waits for its third page: it waits for it, and all of it is written."""
    with estate(tmp_path) as site:
        tenant = site.tenants[0]
        site.write(page_size=10)
        with running(tmp_path) as daemon:
            daemon.becomes("aldgate", "ok")
            first = read(tmp_path, tenant)
            fault = Fault("delay", facet="$query", page=3, seconds=0.7)

            def change(seen: RequestSeen) -> None:
                """Change the class as a cycle of it begins: one that read of it before would not know of that."""
                if seen.resource == "BPCUSTOMER" and seen.page == 1:
                    tenant.on_request = None
                    tenant.advance(update=20, create=5, delete=0, resource="BPCUSTOMER")
                    tenant.faults.append(fault)

            tenant.on_request = change
            daemon.until(lambda: fault.acted >= len(CLASSES), "every sweep waits")
            assert daemon.end(20) == 0
            (ended,) = daemon.lines("polls ended")
        second = read(tmp_path, tenant, first)
        lost, invented = amiss(second)
        observe(f"within its grace: {len(second.after)} events written as it ended", lost=lost, invented=invented)
        assert (ended["running"], ended["cancelled"]) == ("2", "0")
        equal(second)


def test_a_second_signal_ends_at_once(tmp_path: Path) -> None:
    """Who does not want to wait for the grace says so again; that too is an end in order."""
    with estate(tmp_path) as site:
        site.write(daemon={"stop_grace": "10m"})
        fault = Fault("hang", facet="$query")
        site.tenants[0].faults.append(fault)
        with running(tmp_path) as daemon:
            daemon.until(lambda: fault.acted)
            daemon.process.send_signal(signal.SIGTERM)
            daemon.until(lambda: daemon.get("/-/ready").status_code == 503, "it is told to end")
            daemon.process.send_signal(signal.SIGINT)
            assert daemon.process.wait(20) == 0
            assert len(daemon.lines("driftd ended")) == 1


def test_an_end_in_the_midst_of_a_reload_is_an_end_in_order(tmp_path: Path) -> None:
    """A large configuration that is being read when the daemon is told to end is taken over wholly or not at all."""
    with estate(tmp_path) as site:
        with running(tmp_path) as daemon:
            daemon.becomes("aldgate", "ok")
            crowd(tmp_path / "conf.d", 3000)
            daemon.reload()
            daemon.process.send_signal(signal.SIGTERM)
            assert daemon.process.wait(60) == 0
            assert {line["msg"].strip('"') for line in daemon.lines()} <= {
                "driftd runs",
                "sqlite has a known fault",
                "connection state changed",
                "polls ended",
                "driftd ended",
                "configuration loaded",
            }
            assert len(daemon.lines("driftd ended")) == 1
            loaded = daemon.lines("configuration loaded")
            assert all("more" in line["added"] for line in loaded)
        (tmp_path / "conf.d" / "crowd.toml").unlink()
        equal(read(tmp_path, site.tenants[0]))


@pytest.mark.fault(39)
def test_a_data_directory_has_one_daemon_and_many_readers(tmp_path: Path, observe: Observe) -> None:
    """A second daemon and a poll are refused with code 3 and told by whom; whoever only reads is served."""
    with estate(tmp_path) as site, running(tmp_path) as daemon:

        def told(arguments: str, shown: str) -> Ran | None:
            found = site.run(arguments)
            return found if found.code == 0 and shown in found.out else None

        daemon.becomes("aldgate", "ok")
        site.tenants[0].advance(update=3, create=0, delete=0, resource="BPCUSTOMER")
        for arguments in ("run", "poll"):
            ran = site.run(arguments)
            assert (ran.code, ran.out) == (3, "")
            assert f"pid {daemon.process.pid}" in ran.err
            assert "stop it first" in ran.err
        customers = site.tenants[0].records("BPCUSTOMER")
        assert daemon.until(
            lambda: len(site.run("records --connection aldgate --resource BPCUSTOMER").out.splitlines())
        ) == len(customers)
        for arguments, shown in (
            ("status", "aldgate"),
            ("explain aldgate", "ALDGATE"),
            ("history aldgate", "BPCUSTOMER"),
            ("changes", '"op":"u"'),
        ):
            assert daemon.until(partial(told, arguments, shown), arguments).err == ""
        polled(daemon)
        assert daemon.process.poll() is None
        assert daemon.end() == 0
        lost, invented = amiss(read(tmp_path, site.tenants[0]))
        observe("run and poll end with 3 and name the first, which polls on", lost=lost, invented=invented)
