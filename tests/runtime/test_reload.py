"""A reload takes over exactly what differs, and a stop ends in order."""

from collections.abc import Callable
from pathlib import Path

import anyio
import pytest
from msgspec.structs import replace

from driftd.config import Basic, Config
from driftd.core.reasons import State
from driftd.errors import FencedError, Reason, StoreError
from driftd.runtime.daemon import Instruments, Running, needs_restart
from tests.fakes.virtual import virtual_run
from tests.runtime.rig import Rig, connection


def test_a_reload_adds_removes_and_replaces_and_touches_nothing_else() -> None:
    """What stays keeps its source and its schedule; what is removed is no longer polled; what changed goes on anew."""

    async def story(rig: Rig) -> None:
        await rig.until(lambda: all(rig.status(name).state is State.OK for name in "abc"))
        sent = len(rig.tenants["a"].sent)
        rig.connections = [connection("a"), connection("b", probe=60.0, delta=60.0), connection("d")]
        changes = rig.supervisor.apply(rig.config)
        assert (changes.added, changes.removed, changes.changed) == (("d",), ("c",), ("b",))
        assert [each.name for each in rig.supervisor.statuses] == ["a", "b", "d"]
        assert rig.status("b").state is State.OK
        await rig.until(lambda: rig.status("d").state is State.OK)
        assert len(rig.tenants["a"].sent) == sent
        assert rig.tenants["a"].opened == 1
        assert rig.tenants["b"].opened == 2
        gone = len(rig.tenants["c"].sent)
        before, polled = rig.clock.monotonic(), len(rig.tenants["b"].sent)
        await rig.reach(before + 600)
        assert len(rig.tenants["c"].sent) == gone
        assert 18 <= len(rig.tenants["b"].sent) - polled <= 20

    Rig([connection(name) for name in "abc"]).run(story)


def test_a_connection_that_moves_in_the_files_is_the_same() -> None:
    """What stands before it in the configuration may come and go: it keeps its source and its schedule."""

    async def story(rig: Rig) -> None:
        await rig.until(lambda: rig.status("b").state is State.OK)
        (moved,) = rig.connections
        secret = replace(moved.auth.secret, path="connections[0].auth.password")
        moved = replace(moved, place="connections[0]", auth=Basic("user", secret))
        rig.connections = [moved]
        assert not any(rig.supervisor.apply(rig.config))
        assert rig.tenants["b"].opened == 1
        rig.connections = [replace(moved, auth=Basic("another", secret))]
        assert rig.supervisor.apply(rig.config).changed == ("b",)

    Rig([replace(connection("b"), place="connections[1]")]).run(story)


def test_a_connection_that_comes_back_remembers() -> None:
    """Removed and added again before its poller has ended, it goes on with what was known."""

    async def story(rig: Rig) -> None:
        await rig.until(lambda: rig.status("a").state is State.OK)
        polls = rig.status("a").resources[0].health.polls
        rig.tenants["a"].latency = 5.0
        kept, rig.connections = rig.connections, []
        rig.supervisor.apply(rig.config)
        rig.connections = kept
        rig.supervisor.apply(rig.config)
        assert rig.status("a").resources[0].health.polls >= polls
        await rig.until(lambda: rig.status("a").resources[0].health.polls > polls)
        assert rig.status("a").state is State.OK

    Rig([connection("a")]).run(story)


def test_a_connection_that_comes_back_later_remembers_its_latest() -> None:
    """Not what was known of it when the daemon started."""

    async def story(rig: Rig) -> None:
        await rig.until(lambda: rig.status("a").state is State.OK)
        kept, rig.connections = rig.connections, []
        rig.supervisor.apply(rig.config)
        await rig.until(lambda: "a" not in rig.supervisor._lives)
        polls, rig.connections = sum(rig.gauges.polls.shown().counts), kept
        rig.supervisor.apply(rig.config)
        assert sum(each.health.polls for each in rig.status("a").resources) == polls > 0

    Rig([connection("a")]).run(story)


@pytest.mark.parametrize("reason", [Reason.OAUTH_INVALID_CLIENT, Reason.WRONG_FOLDER])
def test_a_reload_tries_at_once_what_a_person_has_mended(reason: Reason) -> None:
    """Where credentials or configuration were refused, nobody who mended them waits for the rest to end."""

    async def story(rig: Rig) -> None:
        await rig.until(lambda: rig.status("a").state is State.OK)
        rig.tenants["a"].failing(reason)
        await rig.until(lambda: rig.status("a").state in {State.AUTH_FAILED, State.CONFIG_ERROR})
        rig.tenants["a"].well()
        rig.supervisor.apply(rig.config)
        assert await rig.until(lambda: rig.status("a").state is State.OK) < 5
        assert rig.tenants["a"].opened == 2

    Rig([connection("a")]).run(story)


def test_a_reload_tries_at_once_what_was_refused_a_moment_ago() -> None:
    """Where the state is still that of a short trouble, while the rest is a quarter of an hour already."""

    async def story(rig: Rig) -> None:
        await rig.until(lambda: rig.status("a").state is State.OK)
        rig.tenants["a"].failing(Reason.UNAUTHORIZED)
        await rig.until(lambda: rig.status("a").reason is Reason.UNAUTHORIZED)
        assert rig.status("a").state is State.RETRYING
        rig.tenants["a"].well()
        rig.supervisor.apply(rig.config)
        assert await rig.until(lambda: rig.status("a").state is State.OK) < 5
        assert rig.tenants["a"].opened == 2

    Rig([connection("a")]).run(story)


def test_a_reload_tries_at_once_what_could_not_be_opened() -> None:
    """A secret that was missing and is there now is found by a reload, not only at the next probe."""

    async def story(rig: Rig) -> None:
        await rig.until(lambda: rig.status("a").state is State.CONFIG_ERROR)
        rig.unopened.clear()
        await anyio.sleep(10)
        assert rig.status("a").state is State.CONFIG_ERROR
        rig.supervisor.apply(rig.config)
        assert await rig.until(lambda: rig.status("a").state is State.OK) < 5

    rig = Rig([connection("a")])
    rig.unopened.add("a")
    rig.run(story)


def test_a_reload_hurries_no_tenant_that_is_down() -> None:
    """Where the tenant or the way to it is what fails, a reload changes nothing of when it is asked."""

    async def story(rig: Rig) -> None:
        await rig.until(lambda: rig.status("a").state is State.OK)
        rig.tenants["a"].failing(Reason.RATE_LIMITED, retry_after=600.0)
        sent = len(rig.tenants["a"].sent)
        await rig.until(lambda: len(rig.tenants["a"].sent) > sent)
        await anyio.sleep(30)
        sent = len(rig.tenants["a"].sent)
        rig.supervisor.apply(rig.config)
        await anyio.sleep(60)
        assert len(rig.tenants["a"].sent) == sent

    Rig([connection("a")]).run(story)


def test_running_polls_end_within_their_grace() -> None:
    """A stop begins nothing new; what can end in time is committed, the rest is cancelled and never began."""

    async def story(rig: Rig) -> None:
        await rig.until(lambda: all(rig.status(name).state is State.OK for name in "ab"))
        rig.tenants["a"].latency, rig.tenants["b"].latency = 10.0, 100.0
        for tenant in rig.tenants.values():
            tenant.source.put("ONE", [{"KEY": "K00010", "NAME": "new"}])
            tenant.sent.clear()
        await rig.until(lambda: all(tenant.sent for tenant in rig.tenants.values()))
        await rig.until(lambda: rig.gauges.running == 4 or rig.clock.monotonic() > 900)
        sent = [len(tenant.sent) for tenant in rig.tenants.values()]
        begun = anyio.current_time()
        left = await rig.supervisor.stop()
        assert anyio.current_time() - begun <= 15.1
        assert left == 1
        assert sum(len(tenant.sent) for tenant in rig.tenants.values()) <= sum(sent) + 1

    rig = Rig([connection("a", probe=60.0, delta=60.0), connection("b", probe=60.0, delta=60.0)])
    rig.run(story)
    assert {each.connection for each in rig.store.log} <= {"a"}


def test_nothing_more_is_begun_after_a_stop() -> None:
    """A reload that comes too late starts nothing."""

    async def story(rig: Rig) -> None:
        await rig.until(lambda: rig.status("a").state is State.OK)
        await rig.supervisor.stop()
        sent = len(rig.tenants["a"].sent)
        await anyio.sleep(3600)
        assert len(rig.tenants["a"].sent) == sent

    Rig([connection("a")]).run(story)


def test_a_process_that_lost_its_store_ends() -> None:
    """Another process owns the store: not one commit more, and no endless retrying."""

    async def story(rig: Rig) -> None:
        await rig.until(lambda: rig.status("a").state is State.OK)
        rig.store.fenced = True
        await anyio.sleep(3600)
        pytest.fail("it went on")

    rig = Rig([connection("a")])
    with pytest.raises(ExceptionGroup) as raised:
        virtual_run(rig._run, story)
    assert raised.group_contains(FencedError, match="later process")


def broken(rig: Rig) -> tuple[Callable[[], None], Callable[[], None]]:
    """Return how the store and the logbook are broken, and repaired."""
    begin, write = rig.store.begin, rig.logbook.write

    async def fail(*_given: object, **_named: object) -> None:
        raise StoreError("the disk is full")

    def breaks() -> None:
        rig.store.begin = fail  # type: ignore[assignment, method-assign]
        rig.logbook.write = fail  # type: ignore[method-assign]

    def repairs() -> None:
        rig.store.begin, rig.logbook.write = begin, write  # type: ignore[method-assign]

    return breaks, repairs


def test_a_full_disk_is_told_and_overcome() -> None:
    """While nothing can be written all is shown degraded and nothing is lost; afterwards all goes on by itself."""

    async def story(rig: Rig) -> None:
        breaks, repairs = broken(rig)
        await rig.until(lambda: rig.status("a").state is State.OK)
        breaks()
        rig.tenants["a"].source.put("ONE", [{"KEY": "K00010", "NAME": "new"}])
        await rig.until(lambda: rig.status("a").state is State.DEGRADED)
        failing = [rig.world.book.failing]
        repairs()
        await rig.until(lambda: rig.status("a").state is State.OK)
        assert [each.op.value for each in rig.store.log] == ["u"]
        assert [*failing, rig.world.book.failing] == [True, False]
        assert (await rig.logbook.recall()).resources["a", "ONE"].failures

    rig = Rig([connection("a")])
    rig.run(story)
    assert [line[1] for line in rig.told if line[0] == "error"] == ["logbook cannot be written"]


def test_a_reload_names_what_only_a_start_takes_over() -> None:
    """The address needs a restart, what is asked for at each request does not; nothing where nothing differs."""
    before = Rig([connection("a")]).config
    limits = replace(before.web, max_series=7, enable_reload=True)
    assert needs_restart(before, replace(before, web=limits)) == ()
    moved = replace(before, web=replace(limits, listen="127.0.0.1:9"), daemon=replace(before.daemon, stop_grace=1.0))
    assert needs_restart(before, moved) == ("daemon.stop_grace", "web.listen")
    stored = replace(
        before.store, ballast=1, low_water=2, backup_every=0.0, backups_kept=9, backup_dir=Path("elsewhere")
    )
    names = "backup_every", "backups_kept", "backup_dir", "ballast", "low_water"
    assert needs_restart(before, replace(before, store=stored)) == tuple(f"store.{name}" for name in names)


def test_every_setting_of_the_daemon_itself_is_taken_over_or_named() -> None:
    """Whoever adds one says which: what is neither would change nothing, and nobody would hear of it."""
    at_once = {"log_level", "max_concurrency", "retention"}
    at_once |= {"enable_reload", "external_url", "allowed_hosts", "metrics_detail", "max_series", "web_config_file"}
    before = Rig([connection("a")]).config
    for table in ("daemon", "web", "store"):
        settings = getattr(before, table)
        for name in settings.__struct_fields__:
            told = needs_restart(before, replace(before, **{table: replace(settings, **{name: object()})}))
            assert told == (() if name in at_once else (f"{table}.{name}",))


def test_what_needs_a_restart_is_named_until_it_comes() -> None:
    """By each reload, and no more once the setting is what it was at the start."""
    rig = Rig([connection("a")])
    begun = rig.config
    otherwise = replace(begun, store=replace(begun.store, low_water=2))
    loaded = [begun, otherwise, otherwise]

    async def load() -> Config:
        return loaded.pop()

    async def story() -> None:
        instruments = Instruments(load, dict, lambda: None, "test")
        running = Running(begun, rig.world, await rig.logbook.recall(), rig.log, instruments)
        async with anyio.create_task_group() as group:
            group.start_soon(running.run)
            await running.begun.wait()
            told = [(await running.reload()).needs_restart for _ in range(3)]
            await running.stop()
            group.cancel_scope.cancel()
        assert told == [("store.low_water",), ("store.low_water",), ()]

    virtual_run(story)
