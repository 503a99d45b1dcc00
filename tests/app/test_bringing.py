"""A connection of the database that signs in by a pair: its refresh token is used once, and lost by no mistake."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from driftd.adapters.sqlite import connections as sqlite_connections
from driftd.adapters.sqlite import rewriting
from driftd.adapters.sqlite import vault as sqlite_vault
from driftd.adapters.x3.pairing import PairAuthority
from driftd.app.staging import ASIDE, _Aside
from driftd.app.vault import Vault
from driftd.core.brought import Change
from driftd.errors import SealError, SourceError, StoreError
from driftd.simulator import Fault
from tests.app.bringing import WORD, Site, sites
from tests.app.bringing_victim import STEPS as VICTIMS
from tests.app.test_pairing import Ended, ended, ended_soon, killed_there, shown

pytestmark = pytest.mark.anyio
_SHORT = os.environ.get("DRIFTD_HEAVY") == "short"
BOTH = [("aldgate", "client_secret"), ("aldgate", "refresh_token")]


@pytest.fixture
def site() -> Iterator[Site]:
    with sites() as found:
        yield found


async def test_it_is_tried_with_its_refresh_token_and_goes_on_with_what_came_of_it(site: Site) -> None:
    """Used once: the access token of the check is that of the first polls. The same again, with what was given or
    without, changes nothing and asks nobody; neither does it after a start."""
    given = site.tenant.pair()
    async with site.process() as process:
        put = await process.put(given)
        assert (put.change, put.trial and put.trial.valid) == (Change.CREATED, True)
        assert site.hidden == {site.tenant.gateway.token}
        used = site.tenant.gateway.given
        await process.poll()
        for token in (given, None):
            assert (await process.put(token)).change is Change.UNCHANGED
        assert site.tenant.gateway.given == used
        assert await process.kept() == BOTH
    async with site.process() as process:
        assert (await process.put(given)).change is Change.UNCHANGED
        await process.poll()
        assert (await process.put(given)).change is Change.UNCHANGED
        assert (await process.put(given, environment="test")).change is Change.CHANGED
        assert [each.action for each in await process.store.casebook.deeds("aldgate", 9)] == [
            "change_connection",
            "add_connection",
        ]
    assert [each for each in (given, site.tenant.gateway.token) if shown(site.folder, each)] == []


async def test_many_that_bring_the_same_at_once_use_its_token_once(site: Site) -> None:
    """Those that share its pair as well, each by a name of its own."""
    given, came = site.tenant.pair(), list[Change]()
    before = site.tenant.gateway.given
    async with site.process() as process, anyio.create_task_group() as group:

        async def bring(name: str) -> None:
            came.append((await process.put(given, name, pair="customer")).change)

        for name in ("aldgate", "brigg") * 5:
            group.start_soon(bring, name)
    assert sorted(came) == [*[Change.CREATED] * 2, *[Change.UNCHANGED] * 8]
    assert site.tenant.gateway.given == before + 1
    async with site.process() as process:
        await process.poll("aldgate")
        await process.poll("brigg")


async def test_a_mistake_after_the_token_was_used_costs_no_pair(site: Site) -> None:
    """It says so, stores nothing, and who brings the mended one with the same token goes on from what came of it, in
    another process too; or has it stored as it is."""
    given = site.tenant.pair()
    async with site.process() as process:
        put = await process.put(given, folder="GHOST")
        assert put.change is Change.REFUSED
        assert "its refresh token is used up" in put.says
        assert "with the same refresh token" in put.says
        assert (await process.names(), await process.kept()) == ([], [("aldgate", ASIDE)])
        used = site.tenant.gateway.given
        assert "is used up" in (await process.put(given, folder="GHOST")).says
        assert site.tenant.gateway.given == used
    async with site.process() as process:
        assert (await process.put(given)).change is Change.CREATED
        assert await process.kept() == BOTH
        await process.poll()
        other = site.tenant.pair()
        assert (await process.put(other, folder="GHOST")).change is Change.REFUSED
        assert (await process.put(other, folder="GHOST", check=False)).change is Change.CHANGED
        assert await process.kept() == BOTH
        assert (await process.put(other)).change is Change.CHANGED
        await process.poll()


async def test_a_change_that_is_refused_leaves_what_is_polled_alone(site: Site) -> None:
    """A token that the gateway refuses, or is not reached with, is not kept; what is in force goes on by its own."""
    async with site.process() as process:
        given = site.tenant.pair()
        await process.put(given)
        put = await process.put("never-given")
        assert (put.change, put.says) == (
            Change.REFUSED,
            '"aldgate" is not valid: nothing was stored; the gateway did not take its refresh token',
        )
        site.tenant.faults.append(Fault("status", path="/v1/token", status=429, times=1))
        assert "did not take" in (await process.put("another")).says
        assert await process.kept() == BOTH
        assert (await process.put(given)).change is Change.UNCHANGED
    async with site.process() as process:
        await process.poll()


async def test_an_answer_that_never_came_is_told_and_tried_again(site: Site) -> None:
    site.tenant.switches.pairing_reuse = "accepted"
    given = site.tenant.pair()
    async with site.process() as process:
        site.tenant.faults.append(Fault("status", path="/v1/token", status=502, times=1))
        assert "its refresh token may be used up: it is kept aside" in (await process.put(given)).says
        assert (await process.put(given)).change is Change.CREATED
        await process.poll()


async def test_what_is_kept_aside_goes_by_a_persons_word(site: Site) -> None:
    """Then what was given is no more than a token that was used up."""
    given = site.tenant.pair()
    async with site.process() as process:
        assert "`driftd keys shred aldgate` drops it" in (await process.put(given, folder="GHOST")).says
        vault = Vault(process.store.vault, process.pairs.safe, lambda: process.held.config, lambda: 5)
        await vault.shred("aldgate", WORD)
        put = await process.put(given)
        assert (put.change, "did not take" in put.says) == (Change.REFUSED, True)
        assert await process.kept() == []
        assert (await process.put(site.tenant.pair())).change is Change.CREATED
        await process.poll()


@pytest.mark.parametrize("check", [True, False])
async def test_without_room_what_the_gateway_gave_stays_in_memory(
    site: Site, monkeypatch: pytest.MonkeyPatch, *, check: bool
) -> None:
    """It is written as soon as the same is brought again."""
    given = site.tenant.pair()

    async def full(*_arguments: Any) -> None:
        raise StoreError("the disk is full")

    async with site.process() as process:
        with monkeypatch.context() as patch:
            patch.setattr(_Aside, "renewed", full)
            put = await process.put(given)
            assert put.trial is not None
            assert any("the disk is full" in each.message for each in put.trial.steps)
        assert (await process.put(given, check=check)).change is Change.CREATED
        await process.poll()
    async with site.process() as process:
        await process.poll()


async def test_another_client_secret_is_proved_by_a_renewal(site: Site) -> None:
    """The access token in hand says nothing of it."""
    async with site.process() as process:
        await process.put(site.tenant.pair())
        put = await process.put(None, application="not-it")
        assert (put.change, put.says) == (Change.REFUSED, '"aldgate" is not valid: nothing was stored')
        await process.poll()
        assert (await process.put(None, application=site.tenant.rotate_secret())).change is Change.CHANGED
    async with site.process() as process:
        await process.poll()


async def test_who_signed_in_elsewhere_is_shown_no_token_of_now(site: Site) -> None:
    """A cycle that still runs has the pair in hand, and the address of before."""
    elsewhere = site.url.replace("127.0.0.1", "localhost") + site.tenant.pair_path
    async with site.process() as process:
        await process.put(site.tenant.pair())
        running = process.pairs.named("aldgate")
        assert (await process.put(site.tenant.pair(), token_url=elsewhere)).change is Change.CHANGED
        assert running.held is None
        with pytest.raises(SealError, match="removed meanwhile"):
            await running.book.begin()
        await process.poll()


async def test_those_that_share_a_pair_begin_anew_with_it(site: Site) -> None:
    async with site.process() as process:
        await process.put(site.tenant.pair(), pair="customer")
        await process.put(None, "brigg", pair="customer")
        assert process.held.renewed == []
        await process.put(site.tenant.pair(), pair="customer")
        assert process.held.renewed == ["brigg"]
        await process.poll("brigg")


@pytest.mark.parametrize("unchecked", [False, True])
async def test_what_was_given_by_hand_since_is_known_as_well(site: Site, *, unchecked: bool) -> None:
    """To bring that changes nothing; what it replaced is refused by the gateway, and costs the pair nothing."""
    first = site.tenant.pair()
    async with site.process() as process:
        await process.put(first)
        second = site.tenant.pair()
        await process.rotate(second, unchecked=unchecked)
        assert (await process.put(second)).change is Change.UNCHANGED
        await process.poll()
        used = site.tenant.gateway.given
        assert "came of this one: nothing was changed" in await process.rotate(second)
        assert site.tenant.gateway.given == used
        assert (await process.put(first)).change is Change.REFUSED
        with pytest.raises(SourceError, match="was not kept"):
            await process.rotate("never-given")
        assert (await process.put(second)).change is Change.UNCHANGED
        await process.poll()


async def test_stored_untried_it_is_used_by_the_first_poll(site: Site) -> None:
    given = site.tenant.pair()
    async with site.process() as process:
        before = site.tenant.gateway.given
        assert (await process.put(given, check=False)).change is Change.CREATED
        assert (await process.put(given)).change is Change.UNCHANGED
        assert site.tenant.gateway.given == before
        await process.poll()
        assert (await process.put(given)).change is Change.UNCHANGED


STEPS: dict[str, tuple[Any, str, Any]] = {
    "before the note": (_Aside, "begin", ended_soon),
    "noted": (PairAuthority, "_ask", ended_soon),
    "answered": (PairAuthority, "_take", ended_soon),
    "being kept": (sqlite_vault, "_end_use", ended),
    "kept": (PairAuthority, "_use", ended),
    "tried": (sqlite_connections, "_put", ended),
    "being stored": (sqlite_vault, "remove", ended),
    "stored": (rewriting, "wipe", ended_soon),
}
LOST = {"answered", "being kept"}


@pytest.mark.parametrize(
    ("step", "reuse"), [*((step, "refused") for step in STEPS), *((step, "accepted") for step in sorted(LOST))]
)
async def test_a_crash_costs_no_pair_that_the_gateway_takes_again(
    site: Site, monkeypatch: pytest.MonkeyPatch, step: str, reuse: str
) -> None:
    """The same again is enough, whatever was reached. Where nobody has what the gateway gave, the interruption is told
    for as long as it is tried, and another token ends it."""
    site.tenant.switches.pairing_reuse = reuse  # type: ignore[assignment]
    given = site.tenant.pair()
    where, name, how = STEPS[step]
    with monkeypatch.context() as patch:
        if step == "being kept":
            where, name, how = _Aside, "renewed", ended_soon
        patch.setattr(where, name, how)
        with pytest.raises(Ended):
            async with site.process() as process:
                await process.put(given)
    lost = step in LOST and reuse == "refused"
    for _ in range(2 if lost else 0):
        async with site.process() as process:
            put = await process.put(given)
            assert put.change is Change.REFUSED
            assert put.trial is not None
            assert any("lost by an interruption at " in each.message for each in put.trial.steps)
            assert await process.names() == []
    async with site.process() as process:
        put = await process.put(site.tenant.pair() if lost else given)
        assert put.change is (Change.UNCHANGED if step == "stored" else Change.CREATED)
        await process.poll()
        assert await process.kept() == BOTH


def victim(site: Site, step: str) -> "subprocess.Popen[str]":
    """Start a process that brings a connection, and ends itself at a step; it waits for its secrets to begin."""
    (site.folder / "driftd.toml").write_text(site.head)
    (site.folder / "table.json").write_text(json.dumps(site.table("aldgate")))
    line = [sys.executable, "-m", "tests.app.bringing_victim", str(site.folder), step]
    return subprocess.Popen(line, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


_EVERY = [(step, reuse) for step in ("sent", *VICTIMS) for reuse in (True, False)]
_FEW = [("sent", False), ("being stored", False)]


@pytest.mark.heavy
@pytest.mark.parametrize(("step", "reuse"), _FEW if _SHORT else _EVERY)
async def test_a_process_that_is_killed_costs_no_pair_that_the_gateway_takes_again(
    site: Site, step: str, *, reuse: bool
) -> None:
    """By SIGKILL, amid the request too; the same again is enough, else the interruption is told."""
    site.tenant.switches.pairing_reuse = "accepted" if reuse else "refused"
    given = site.tenant.pair()
    with victim(site, step) as dying:
        if step == "sent":
            killed_there(site, dying)
        dying.communicate(f"{site.tenant.client_secret}\n{given}\n", 60)
    site.tenant.on_request = None
    assert dying.returncode == -signal.SIGKILL
    lost = step in {"sent", "answered", "being kept"} and not reuse
    async with site.process() as process:
        put = await process.put(given)
        if lost:
            assert put.trial is not None
            assert any("lost by an interruption at " in each.message for each in put.trial.steps)
            assert await process.names() == []
        else:
            assert put.change is (Change.UNCHANGED if step == "stored" else Change.CREATED)
            await process.poll()


async def test_an_interruption_is_told_of_what_is_stored_all_the_same(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = site.tenant.pair()
    with monkeypatch.context() as patch:
        patch.setattr(*STEPS["answered"])
        with pytest.raises(Ended):
            async with site.process() as process:
                await process.put(given)
    async with site.process() as process:
        assert (await process.put(given, check=False)).change is Change.CREATED
        with pytest.raises(SourceError, match="lost by an interruption at "):
            await process.poll()
