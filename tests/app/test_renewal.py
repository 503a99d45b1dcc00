"""A new secret is kept for the connection that it was tried for, or not at all; one that is refused is forgotten."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from driftd.adapters.vault.safe import Safe
from driftd.app.renewal import Means, Renewals
from driftd.config import ConnectionConfig
from driftd.core.brought import Change
from driftd.core.decision import Word
from driftd.core.renewal import Renewal
from driftd.core.sealed import Kept
from driftd.core.secret import Secret
from driftd.core.trial import Check, Step, StepOutcome, Trial
from driftd.errors import DecisionError
from tests.app.bringing import WORD, sites

VALID = Trial(
    "aldgate",
    tuple(Step(each, "it", StepOutcome.OK, 0.1, "good") for each in Check),
    requests=1,
    wire_bytes=1,
    seconds=0.1,
)
INVALID = Trial("aldgate", (Step(Check.TOKEN, "aldgate", StepOutcome.FAILED, 0.1, "refused"),), 1, 1, 0.1)
FIRST, NEW = Secret("planted-first"), Secret("planted-new")


def table(base: str) -> dict[str, Any]:
    auth = {"token_url": f"{base}/token", "client_id": "driftd"}
    resources = [{"name": "BPCUSTOMER", "key": ["BPCNUM"]}]
    return {"name": "aldgate", "base_url": base, "folder": "X", "auth": auth, "resources": resources}


class House:
    """A process with a connection, and what it learns of secrets."""

    def __init__(self, process: Any, url: str) -> None:
        self.process, self.url = process, url
        self.learnt: list[str] = []

    async def rotate(self, trial: Trial, meanwhile: Callable[[], Awaitable[object]] | None = None) -> Change:
        """Give the new secret; something may happen while it is tried."""

        async def try_(_connection: ConnectionConfig, _safe: Safe) -> Trial:
            if meanwhile is not None:
                await meanwhile()
            return trial

        async def keep(kept: Kept, word: Word, unchecked: bool, name: str) -> str:
            return str(await self.process.adoption.keep(kept, word, unchecked=unchecked, name=name))

        process = self.process
        means = Means(
            lambda: process.held.config,
            process.store.vault,
            process.pairs.safe,
            process.pairs.now,
            self.learnt.append,
            self.learnt.remove,
            try_,
            keep,
        )
        return (await Renewals(means).rotate(Renewal("aldgate", NEW), WORD)).change

    async def put(self, base: str, secret: Secret) -> None:
        await self.process.connections.put(table(base), {"client_secret": secret}, WORD, check=False)

    async def anew(self) -> None:
        await self.process.connections.remove("aldgate", WORD, erase=False)
        await self.put(self.url, Secret("planted-another"))

    @property
    def kept(self) -> Secret:
        found: Secret = self.process.pairs.safe.secret("aldgate", "client_secret")
        return found


@pytest.mark.parametrize("anew", [False, True], ids=["sent elsewhere", "removed and brought anew"])
async def test_a_connection_that_is_another_one_by_then_gets_no_secret(*, anew: bool) -> None:
    with sites() as site:
        async with site.process() as process:
            house = House(process, site.url)
            await house.put(site.url, FIRST)
            elsewhere = site.url.replace("127.0.0.1", "localhost")
            with pytest.raises(DecisionError, match="was changed meanwhile"):
                await house.rotate(VALID, house.anew if anew else lambda: house.put(elsewhere, FIRST))
            assert house.kept == (Secret("planted-another") if anew else FIRST)


async def test_only_a_secret_that_is_kept_is_looked_for_in_the_log() -> None:
    """Else whoever gives wrong ones could have any word taken out of it."""
    with sites() as site:
        async with site.process() as process:
            house = House(process, site.url)
            await house.put(site.url, FIRST)
            assert (await house.rotate(INVALID), house.learnt, house.kept) == (Change.REFUSED, [], FIRST)
            assert (await house.rotate(VALID), house.learnt, house.kept) == (Change.CHANGED, [NEW.reveal()], NEW)
            assert (await house.rotate(VALID), house.learnt) == (Change.UNCHANGED, [NEW.reveal()])
