"""A pair in a real database, at a served gateway: given once by a person, renewed by each use, lost by no crash."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from driftd.adapters.sqlite import vault as sqlite_vault
from driftd.adapters.x3.pairing import PairAuthority
from driftd.app.pairing import SealedBook
from driftd.core.sealed import parse
from driftd.errors import DecisionError, Reason, SourceError
from driftd.simulator import Fault, RequestSeen
from tests.app import bringing
from tests.app.customer import Site, sites

pytestmark = pytest.mark.anyio
_SHORT = os.environ.get("DRIFTD_HEAVY") == "short"


class Ended(BaseException):
    """The process is killed."""


def ended(*_arguments: Any, **_named: Any) -> Any:
    raise Ended


async def ended_soon(*_arguments: Any, **_named: Any) -> Any:
    raise Ended


@pytest.fixture
def here() -> Iterator[tuple[Site, Path]]:
    with sites() as found:
        yield found


def shown(folder: Path, text: str) -> list[str]:
    """Return the files in which a text stands."""
    return [each.name for each in folder.rglob("*") if each.is_file() and text.encode() in each.read_bytes()]


async def test_a_refresh_token_is_given_once_and_kept_sealed_from_then_on(here: tuple[Site, Path]) -> None:
    """Each use replaces it, whoever of those that share it asks, over restarts too; none stands in clear in any file,
    and those in use are all that no log may show."""
    site, folder = here
    seen = [site.tenant.pair()]
    async with site.process() as first:
        assert "was taken by the gateway" in await first.given(seen[0])
        seen.append(site.tenant.gateway.token)
        await first.poll("aldgate")
        await first.poll("brigg")
        assert site.tenant.requests[site.tenant.pair_path] == 1
        assert site.learnt == [seen[-1]]
    async with site.process() as second:
        await second.poll("brigg")
        seen.append(site.tenant.gateway.token)
        kept = await second.kept()
        assert kept is not None
        assert (kept.number, parse(kept.blob).number) == (3, 3)
        assert (await second.interrupted(), await second.deeds()) == (False, ["keep_secret"])
    assert len({*seen}) == 3
    assert [each for each in seen for _ in shown(folder, each)] == []


STEPS = {
    "before the note": (SealedBook, "begin", ended_soon),
    "noted": (PairAuthority, "_ask", ended_soon),
    "answered": (PairAuthority, "_take", ended_soon),
    "being kept": (sqlite_vault, "_end_use", ended),
    "kept": (PairAuthority, "_use", ended),
}
LOST = {"answered", "being kept"}
"""After which the gateway has replaced the token, and nobody knows its successor."""


@pytest.mark.parametrize("step", list(STEPS))
@pytest.mark.parametrize("reuse", ["accepted", "refused"])
async def test_a_crash_loses_no_pair_that_the_gateway_takes_again(
    here: tuple[Site, Path], monkeypatch: pytest.MonkeyPatch, step: str, reuse: str
) -> None:
    """Where it does not, it is told as an interruption for as long as that lasts; another refresh token is enough."""
    site, _ = here
    site.tenant.switches.pairing_reuse = reuse  # type: ignore[assignment]
    async with site.process() as process:
        await process.given(site.tenant.pair())
    with monkeypatch.context() as patch:
        patch.setattr(*STEPS[step])
        with pytest.raises(Ended):
            async with site.process() as process:
                await process.poll()
    lost = step in LOST and reuse == "refused"
    for _ in range(2 if lost else 0):
        async with site.process() as process:
            with pytest.raises(SourceError, match="lost by an interruption at ") as error:
                await process.poll()
            assert error.value.reason is Reason.OAUTH_ERROR
    async with site.process() as process:
        if lost:
            await process.given(site.tenant.pair())
        await process.poll()
        assert not await process.interrupted()


@pytest.mark.parametrize("step", ["noted", "answered", "being kept"])
async def test_a_crash_while_a_refresh_token_is_given_leaves_it_to_be_tried_again(
    here: tuple[Site, Path], monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """By the next poll, where the gateway takes it."""
    site, _ = here
    site.tenant.switches.pairing_reuse = "accepted"
    token = site.tenant.pair()
    where, name, how = STEPS[step]
    if step == "being kept":
        where, name, how = SealedBook, "renewed", ended_soon
    with monkeypatch.context() as patch:
        patch.setattr(where, name, how)
        with pytest.raises(Ended):
            async with site.process() as process:
                await process.given(token)
    async with site.process() as process:
        await process.poll()


async def test_a_refresh_token_that_is_refused_changes_nothing(here: tuple[Site, Path]) -> None:
    """Where there was none, there is none; where there was one, it goes on, and what was known of it with it."""
    site, folder = here
    async with site.process() as process:
        with pytest.raises(SourceError, match="the refresh token was not kept"):
            await process.given("refresh-token-that-was-never-given")
        assert (await process.kept(), await process.deeds()) == (None, ["put_back", "keep_secret"])
        with pytest.raises(SourceError, match="driftd keeps none for it yet"):
            await process.poll()
        await process.given(site.tenant.pair())
        before = await process.kept()
        assert before is not None
        await process.store.vault.begin_use(before.place, 1_000)
        with pytest.raises(SourceError, match="the refresh token was not kept"):
            await process.given("refresh-token-that-was-never-given")
        after = await process.kept()
        assert after is not None
        assert (after.at, after.number) == (before.at, before.number + 2)
        assert await process.store.vault.begin_use(before.place, 2_000) == 1_000
        assert shown(folder, "refresh-token-that-was-never-given") == []
    async with site.process() as process:
        await process.poll()


async def test_a_gateway_that_is_not_reached_keeps_the_one_before(here: tuple[Site, Path]) -> None:
    """One whose answer never comes may have used what was given: that is kept, and tried again."""
    site, _ = here
    site.tenant.switches.pairing_reuse = "accepted"
    async with site.process() as process:
        await process.given(site.tenant.pair())
        site.tenant.faults.append(Fault("status", path="/v1/token", status=429, times=1))
        with pytest.raises(SourceError, match="the refresh token was not kept"):
            await process.given(site.tenant.pair())
        token = site.tenant.pair()
        site.tenant.faults.append(Fault("status", path="/v1/token", status=502, times=1))
        with pytest.raises(SourceError, match="it is kept, and tried again"):
            await process.given(token)
        assert await process.interrupted()
    async with site.process() as process:
        await process.poll()
        assert not await process.interrupted()


async def test_a_refresh_token_may_be_kept_untried(here: tuple[Site, Path]) -> None:
    """The next poll uses it, and not what the one before gave."""
    site, _ = here
    async with site.process() as process:
        await process.given(site.tenant.pair())
        asked = site.tenant.requests[site.tenant.pair_path]
        assert "kept untried" in await process.given(site.tenant.pair(), unchecked=True)
        assert site.tenant.requests[site.tenant.pair_path] == asked
        await process.poll()
        assert site.tenant.requests[site.tenant.pair_path] == asked + 1
        with pytest.raises(DecisionError, match="driftd keeps no client_secret"):
            await process.given("s3cret", "client_secret")


async def test_a_client_secret_is_tried_by_a_renewal() -> None:
    """One that is refused is not kept, and the pair goes on; the first one has no pair to be tried by yet."""
    with sites(secret="") as (site, _):
        async with site.process() as process:
            await process.given("not-it", "client_secret")
            with pytest.raises(SourceError, match="the refresh token was not kept"):
                await process.given(site.tenant.pair())
            await process.given(site.tenant.client_secret, "client_secret")
            await process.given(site.tenant.pair())
            new = site.tenant.rotate_secret()
            with pytest.raises(SourceError, match="refuses client id and secret"):
                await process.given("not-it-either", "client_secret")
            await process.given(new, "client_secret")
        async with site.process() as process:
            await process.poll()
            kept = await process.kept("client_secret")
            assert kept is not None
            assert kept.number == 3


def killed_there(site: Site | bringing.Site, process: "subprocess.Popen[str]") -> None:
    """Kill a process as its request for a pair arrives, which is then answered to nobody."""

    def kill(request: RequestSeen) -> None:
        if request.path.endswith("/v1/token"):
            process.send_signal(signal.SIGKILL)
            process.wait()

    site.tenant.on_request = kill


def victim(folder: Path, step: str) -> "subprocess.Popen[str]":
    """Start a process that polls once, and ends itself at a step; it waits for a line to begin."""
    line = [sys.executable, "-m", "tests.app.pairing_victim", str(folder / "driftd.toml"), step]
    return subprocess.Popen(line, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


_EVERY = [(step, reuse) for step in ("noted", "sent", "answered", "being kept", "kept") for reuse in (True, False)]
_SOME = [("sent", False)]
_FEW = [("being kept", True)]


@pytest.mark.parametrize(
    ("step", "reuse"),
    [*_SOME, *(pytest.param(*each, marks=pytest.mark.heavy) for each in (_FEW if _SHORT else _EVERY))],
)
async def test_a_process_that_is_killed_loses_no_pair_that_the_gateway_takes_again(
    here: tuple[Site, Path], step: str, *, reuse: bool
) -> None:
    """By SIGKILL: before its request, while that is answered, before its successor is kept, amid, and after."""
    site, folder = here
    site.tenant.switches.pairing_reuse = "accepted" if reuse else "refused"
    async with site.process() as process:
        await process.given(site.tenant.pair())
    given = site.tenant.gateway.given
    with victim(folder, step) as dying:
        if step == "sent":
            killed_there(site, dying)
        dying.communicate("\n", 60)
    site.tenant.on_request = None
    assert dying.returncode == -signal.SIGKILL
    assert site.tenant.gateway.given == given + (step != "noted")
    lost = step in {"sent", "answered", "being kept"} and not reuse
    async with site.process() as process:
        if lost:
            with pytest.raises(SourceError, match="lost by an interruption at "):
                await process.poll()
        else:
            await process.poll()
