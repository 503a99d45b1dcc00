"""A daemon in name only, and its HTTP surface on loopback."""

import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Never

import anyio
import httpx
from msgspec.structs import replace
from starlette.types import ASGIApp

from driftd.config.model import WebConfig
from driftd.core.access import Caller, Token
from driftd.core.alerts.model import Alert
from driftd.core.alerts.search import find
from driftd.core.brought import Brought, Change, Put
from driftd.core.casefile import Case
from driftd.core.decision import Decided, Decision, Removal, Word
from driftd.core.health import NOT_ASIDE, Aside, ConnectionHealth, Flip, Trouble
from driftd.core.pausing import Directive, directed
from driftd.core.reasons import State
from driftd.core.renewal import Renewal, Renewed
from driftd.core.retention import Pruned
from driftd.core.schema.model import SchemaVersion
from driftd.core.sealed import Kept
from driftd.core.status import Status
from driftd.core.stored import StoredTable
from driftd.core.trial import Trial
from driftd.errors import Reason
from driftd.faces.http.address import bind
from driftd.faces.http.application import application
from driftd.faces.http.inside import Check, Deeds, Entry, Inside, Source, Stretch, Tenants, TokenDeeds, Upkeep
from driftd.faces.http.serve import Patience, serve
from driftd.ports import Done, Hour, Pages, Polled
from tests.faces import views
from tests.fakes.log import Line, Told
from tests.fakes.memory_store import MemoryStore

OURS = {"x-driftd": "1"}
"""What shows that no page of another site sent a request."""
PATIENT = Patience(stop=1)


async def for_ever(*_: object) -> Never:
    """Do what does not end."""
    await anyio.sleep_forever()
    raise AssertionError


DOWN = views.connection(
    "down",
    state=State.UNREACHABLE,
    health=ConnectionHealth(up=False),
    trouble=Trouble(Reason.DNS_FAILURE, "no such name", "ask their network admin", None, views.NOW, views.NOW, 3),
)


def values(body: str) -> dict[str, float]:
    """Return each series as it is written, and its value."""
    lines = (line.rpartition(" ") for line in body.splitlines() if not line.startswith("#"))
    return {series: float(value) for series, _, value in lines}


class Pretended:
    """What the surface asks for, as a test sets it."""

    def __init__(self, view: Status | None = None) -> None:
        self.view = view or views.status()
        self.web = WebConfig()
        self.missing: str | None = None
        self.reloading: Callable[[], Awaitable[str]] = for_ever
        self.checking: Callable[[str], Awaitable[Check]] = for_ever
        self.said: list[Line] = []
        self.decisions: list[Decision] = []
        self.removals: list[Removal] = []
        self.deeds: list[tuple[object, ...]] = []
        """What was asked of the secrets that are kept, and of connections."""
        self.brought: dict[str, str] = {}
        """What is stored of connections, by name."""
        self.renewed = Renewed(Change.CHANGED, "kept", views.TRIAL)
        self.came = Put("aldgate", Change.CREATED, "done", views.TRIAL)
        """What comes of every connection that is brought."""
        self.directives: list[tuple[str, Directive]] = []
        self.pages: list[Pages] = []
        self.deciding: Exception | None = None
        """What every decision fails with."""
        self.history: Sequence[SchemaVersion] = views.HISTORY
        self.seconds = 1000.0
        self.gate = threading.Event()
        """Shut, nothing that asks for the time gets on."""
        self.gate.set()
        self.changelog = MemoryStore().changelog
        self.pruned = [Pruned(removed=3, more=True), Pruned(removed=2)]
        """What each prune does."""
        self.tokens: dict[str, Caller] = {}
        """Whom a token lets in, by its text. Without tokens and passwords nobody has to say who they are."""
        self.passwords: dict[tuple[str, str], Caller] = {}
        self.remembered: dict[tuple[str, str], Caller] = {}
        self.headers: dict[str, str] = {}
        """What every answer carries besides."""
        self.looked = 0
        """How often a password was looked at."""
        self.listed: list[Token] = []
        self.views = 0
        """How often the view was asked for."""
        self.settings = 0
        """How often the settings were."""

    def now(self) -> int:
        return self.view.at

    def monotonic(self) -> float:
        assert self.gate.wait(20)
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        raise AssertionError(seconds)

    def status(self) -> Status:
        self.views += 1
        return self.view

    def in_force(self) -> WebConfig:
        self.settings += 1
        return self.web

    async def reload(self) -> str:
        return await self.reloading()

    async def check(self, name: str) -> Check:
        return await self.checking(name)

    async def alerts(self, since: int | None) -> Sequence[Alert]:
        return [each for one in self.view.connections for each in one.alerts if each.open or since is not None]

    async def case(self, id_: str) -> Case:
        found = find(id_, [each for one in self.view.connections for each in one.alerts])
        return Case(found, self.history, [views.DEED], 3, "00ff")

    async def versions(self, connection: str, resource: str) -> Sequence[SchemaVersion]:
        return self.history

    async def decide(self, decision: Decision) -> Decided:
        self.decisions.append(decision)
        if self.deciding is not None:
            raise self.deciding
        return Decided((await self.case(decision.alert)).alert.id, "done")

    async def prune(self) -> Pruned:
        return self.pruned.pop(0)

    async def erase(self, removal: Removal) -> str:
        self.removals.append(removal)
        if self.deciding is not None:
            raise self.deciding
        return "erased"

    async def keep(self, kept: Kept, word: Word, unchecked: bool) -> str:
        return self._done(kept, word, unchecked)

    async def rotate(self, word: Word) -> str:
        return self._done(word)

    async def shred(self, connection: str, word: Word) -> str:
        return self._done(connection, word)

    def sources(self) -> Mapping[str, Source]:
        return {each.name: Source(each.name in self.brought, "connections[0]") for each in self.view.connections}

    async def stored(self) -> Sequence[StoredTable]:
        return [StoredTable(name, text, 5, "jo", 7, "mo") for name, text in self.brought.items()]

    async def put(self, brought: Brought, word: Word) -> Put:
        self._done(brought, word)
        return self.came

    async def remove(self, name: str, word: Word, erase: bool) -> str:
        return self._done(name, word, erase)

    async def happened(self, stretch: Stretch) -> Sequence[Flip | Polled | Hour]:
        self._done(stretch)
        return views.HAPPENED

    async def flips(self, name: str, since: int) -> int:
        return 3

    async def renew(self, renewal: Renewal, word: Word) -> Renewed:
        self._done(renewal, word)
        return self.renewed

    async def try_(self, name: str) -> Trial:
        self._done(name)
        return views.TRIAL

    def ask(self, name: str) -> None:
        self._done(name)

    async def direct(self, connection: str, order: Directive) -> tuple[str, Aside]:
        self.directives.append((connection, order))
        if self.deciding is not None:
            raise self.deciding
        return "done", directed(NOT_ASIDE, order, self.now())

    async def audit(self, pages: Pages) -> Sequence[Done]:
        self.pages.append(pages)
        if self.deciding is not None:
            raise self.deciding
        return [Done(9 - n, replace(views.DEED, at=views.DEED.at - n)) for n in range(min(pages.limit, 3))]

    async def user(self, name: str, password: str) -> Caller | None:
        self.looked += 1
        return self.passwords.get((name, password))

    async def make(self, token: Token, word: Word) -> str:
        return self._done(token, word)

    async def revoke(self, name: str, word: Word) -> str:
        return self._done(name, word)

    def schemes(self) -> list[str]:
        return [*(["bearer"] if self.tokens or self.passwords else []), *(["basic"] if self.passwords else [])]

    def _done(self, *said: object) -> str:
        self.deeds.append(said)
        if self.deciding is not None:
            raise self.deciding
        return "done"

    def done(self) -> list[object]:
        """Return all that was decided and done."""
        return [*self.decisions, *self.removals, *self.directives, *self.deeds]

    def inside(self) -> Inside:
        return Inside(
            self.status,
            self.in_force,
            lambda: self.missing,
            self.reload,
            self.check,
            self.alerts,
            self.case,
            self.versions,
            self.decide,
            self.erase,
            self,
            Told(self.said),
            Upkeep(self.prune, self.changelog.cursors, self.changelog.move, self.changelog.forget),
            Deeds(self.keep, self.rotate, self.shred),
            tenants=Tenants(
                self.sources,
                self.stored,
                self.put,
                self.remove,
                self.happened,
                self.flips,
                self.renew,
                self.try_,
                self.ask,
            ),
            direct=self.direct,
            audit=self.audit,
            entry=Entry(
                lambda: not (self.tokens or self.passwords),
                self.tokens.get,
                lambda: bool(self.passwords),
                lambda name, password: self.remembered.get((name, password)),
                self.user,
                self.schemes,
                lambda: self.headers,
            ),
            tokens=TokenDeeds(lambda: self.listed, self.make, self.revoke),
        )


@asynccontextmanager
async def served(
    pretended: Pretended, patience: Patience = PATIENT, watched: Callable[[ASGIApp], ASGIApp] = lambda app: app
) -> AsyncIterator[httpx.AsyncClient]:
    """Serve the surface until the block ends."""
    bound = bind("127.0.0.1:0")
    app = watched(application(pretended.inside(), bound.address))
    async with anyio.create_task_group() as group:
        url = await group.start(serve, app, bound, patience)
        async with httpx.AsyncClient(base_url=url, trust_env=False, verify=False, timeout=20, headers=OURS) as client:
            yield client
        group.cancel_scope.cancel()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition, 20 seconds at most."""
    with anyio.fail_after(20):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await anyio.sleep(0.005)
