"""One connection, for ever: due → cycle → next due.

Each resource has at most one cycle at a time, and each cycle is a task of its own: a resource that takes hours keeps no
other one waiting, as the limits count requests, not cycles.
"""

from typing import Final, NamedTuple

import anyio
import anyio.lowlevel
from anyio.abc import TaskGroup
from msgspec.structs import replace

from driftd.core.backoff import Retries, earned, spent
from driftd.core.backoff import wait as wait_after
from driftd.core.health import Poll, Result, Trouble
from driftd.core.model import Kind, Resource
from driftd.core.reasons import MEANINGS, Reach, State
from driftd.errors import DamagedStoreError, FencedError, Reason, StoreError
from driftd.runtime.agenda import Agenda
from driftd.runtime.cycle import cycle
from driftd.runtime.heard import Heard
from driftd.runtime.post import Post
from driftd.runtime.tally import CycleReport, Failure, Tally
from driftd.runtime.tenant import Tenant
from driftd.runtime.view import Present
from driftd.runtime.world import World

_UNANSWERED: Final = frozenset({Reason.TIMEOUT, Reason.CONNECTION_RESET})
"""What says nothing of a host that was reached before, and ends no trial of one that was not.

A reset before any byte came is the host's own doing, or that of what stands before it, as a refusal is.
"""

_UNSENT: Final = _UNANSWERED | {Reason.RATE_LIMITED, Reason.GATEWAY_ERROR}
"""What, besides a host that is down, is told to others who would go the same way, before they send anything."""


class Begun(NamedTuple):
    """When a poll began: epoch ms, and monotonic seconds."""

    at: int
    monotonic: float
    trial: bool
    """Whether it is the trial of a breaker."""


class Poller:
    """Polls one connection until it is told to stop."""

    def __init__(self, post: Post, tenant: Tenant, world: World) -> None:
        self._post = post
        self._tenant = tenant
        self._world = world
        self._agenda = Agenda(post.connection, tenant.clock)
        self._progress: dict[str, int] = {}
        self._decided: dict[tuple[str, str], int] = {}
        """How often a person had decided something of a resource when it was last looked at."""
        self._noted: dict[str, tuple[str, ...]] = {}
        """The latest notes of each resource."""
        self._running: dict[str, anyio.CancelScope] = {}
        """By resource, what ends its cycle."""
        self._retries = Retries()
        self._trying = False
        """Whether one of our cycles is the trial of a breaker."""
        self._aside = State.OK
        """How the connection was put aside when it was last looked at; ``ok``: not at all."""
        self._wake = anyio.Event()
        self._stopping = False
        self.looked_at = tenant.clock.monotonic()
        """When the connection was last looked at, monotonic seconds."""

    def nudge(self) -> None:
        """Have what is due looked at again."""
        self._wake.set()

    def ask(self) -> None:
        """Poll what is not being polled, now."""
        self._agenda.ask()
        self.nudge()

    def stop(self) -> None:
        """Begin no further cycle; `run` ends with the last one that runs."""
        self._stopping = True
        self.nudge()

    async def run(self) -> None:
        """Poll; raises `FencedError` and `DamagedStoreError` where the store is no longer ours or sound, and bugs."""
        way = self._post.way
        for resource in self._post.connection.resources:
            self._agenda.settle(resource, await self._tenant.store.standing(resource))
        way.join(self._told)
        self._world.halt.join(self._halted)
        self._halted()
        try:
            async with anyio.create_task_group() as group:
                while not self._stopping:
                    self._wake = anyio.Event()
                    await self._thawed()
                    self._turned()
                    wait = self._until_turned(self._begin_due(group))
                    self.look()
                    with anyio.move_on_after(wait):
                        await self._wake.wait()
        finally:
            way.leave(self._told)
            self._world.halt.leave(self._halted)
            way.abandoned(self._post.traffic)
            for resource in self._post.connection.resources:
                self._world.sweeps.forget((self, resource.name))
            self.look()

    def look(self) -> None:
        """Judge the connection as it is now."""
        self.looked_at = self._tenant.clock.monotonic()
        self._post.chart.look(self._present(), self._world.book, self._post.log)

    def cut(self) -> None:
        """End the cycles that still run of a connection that is paused: they never were."""
        if self._post.chart.paused(self._tenant.clock.now()):
            for scope in self._running.values():
                scope.cancel()

    def _turned(self) -> None:
        """Where a pause or a window of maintenance has ended, let nothing rest that waited for another try."""
        before, self._aside = self._aside, self._post.chart.aside(self._tenant.clock.now())
        if before is not State.OK and self._aside in {State.OK, State.MAINTENANCE} and before is not self._aside:
            self._agenda.ease()

    def _until_turned(self, wait: float) -> float:
        turns = self._post.chart.turns_in(self._tenant.clock.now())
        return wait if turns is None else min(wait, turns)

    async def _thawed(self) -> None:
        """Look again at frozen resources of which a person decided something."""
        decided = self._world.detector.decided
        for resource in self._agenda.frozen():
            names = (resource.connection, resource.name)
            if decided[names] != self._decided.get(names, 0):
                self._decided[names] = decided[names]
                await self._settled(resource)

    def _begin_due(self, group: TaskGroup) -> float:
        """Begin each cycle that is due and may run; return the seconds until the next look."""
        tick = self._world.tick
        if not self._may_ask():
            return tick
        wait = tick
        self._agenda.spread(self._post.traffic.purse)
        for resource in self._agenda.idle():
            delay, large = self._agenda.delay(resource), self._agenda.is_large(resource)
            if delay > 0 or self._trying or self._agenda.on_trial or not self._post.way.claim(self._post.traffic):
                self._world.sweeps.forget((self, resource.name))
                wait = min(wait, delay if delay > 0 else self._post.way.opens_in or tick)
            elif not large or self._world.sweeps.enter((self, resource.name), self.nudge):
                self._trying = self._post.way.opens_in is not None
                self._begin(group, resource, large)
        return wait

    def _may_ask(self) -> bool:
        """Whether the tenant may be asked at all: there is room, no pause, and the budget is not used up."""
        chart, purse, now = self._post.chart, self._post.traffic.purse, self._tenant.clock.now()
        if self._world.halt.trouble is not None or chart.paused(now):
            return False
        if purse.budget.allows(purse.usage):
            return True
        outage = chart.health.outage
        told = outage if outage is not None and outage.reason is Reason.BUDGET_EXHAUSTED else None
        if told is None or not self._agenda.started <= told.at <= now:  # what else would tell of it until tomorrow?
            spent = purse.spent()
            chart.struck(Trouble(spent.reason, str(spent), spent.hint, None, since=now, at=now, times=1))
        return False

    def _begin(self, group: TaskGroup, resource: Resource, roomy: bool) -> None:  # noqa: FBT001 - for `_once`
        kind, late = self._agenda.begin(resource)
        self._world.gauges.started(late)
        group.start_soon(self._once, resource, kind, roomy, name=f"{resource.connection} {resource.name} {kind}")

    async def _once(self, resource: Resource, kind: Kind, roomy: bool) -> None:  # noqa: FBT001 - for start_soon
        """Run one cycle; whatever is no failure of tenant or store is a bug, which costs this cycle only."""
        clock, trial = self._tenant.clock, self._trying
        begun = Begun(clock.now(), clock.monotonic(), trial)
        report: CycleReport | None = None
        try:
            with self._world.gauges.polling(), anyio.CancelScope() as self._running[resource.name]:
                report = await cycle(self._heard(resource, begun.monotonic), resource, kind)
        except (FencedError, DamagedStoreError):
            raise
        except Exception as error:
            self._post.log.error("poll ended by a bug", resource=resource.name, kind=kind, error=error)
            report = _bug(resource, kind, clock.monotonic() - begun.monotonic, error)
        finally:
            self._running.pop(resource.name, None)
            self._progress.pop(resource.name, None)
            self._agenda.end(resource)
            if roomy:
                self._world.sweeps.leave()
            if trial:
                self._trying = False
        if report is not None:  # an abandoned one never was
            await self._settle(resource, report, begun)
        if trial:
            self._post.way.abandoned(self._post.traffic)
        self.nudge()

    async def _settle(self, resource: Resource, report: CycleReport, begun: Begun) -> None:
        """Note what a cycle gave, and when the next one may begin."""
        post = self._post
        if report.outcome == "failed" and self._was_refused(report):
            if report.retry_after is not None:
                self._agenda.hold(None, report.retry_after)
            elif begun.trial or self._post.way.opens_in is None:
                self._agenda.hold(None, self._world.restart)  # not the breaker's doing: it would begin again at once
            return
        poll = post.chart.polled(resource.name, report, begun.at, self._world.book, post.log)
        self._world.gauges.polls.observe(report.seconds)
        self._note(resource, report.notes)
        if poll.result is not Result.FAILED or poll.status is not None:
            post.way.passed()  # before anything is held: a way that is free again releases the connection
        if poll.result is Result.FAILED:
            self._hold(resource, poll, report)
        else:
            self._retries = earned(self._retries, report.requests)
            self._agenda.release(resource, begun.monotonic)
            await self._settled(resource)

    def _note(self, resource: Resource, notes: tuple[str, ...]) -> None:
        """Say what a cycle noted, unless that was said of its resource the last time there was something."""
        if notes and notes != self._noted.get(resource.name):
            self._noted[resource.name] = notes
            for note in notes:
                self._post.log.warning("poll noted", resource=resource.name, note=note)

    async def _settled(self, resource: Resource) -> None:
        try:
            self._agenda.settle(resource, await self._tenant.store.standing(resource))
        except (FencedError, DamagedStoreError):
            raise
        except StoreError:
            self._agenda.hold(resource, self._world.restart)  # it would seem due at once

    def _was_refused(self, report: CycleReport) -> bool:
        """Whether a breaker, a quota or the rest after a failed token kept the cycle from sending: that is no poll."""
        if report.requests or report.reason is None:
            return False
        return report.reason in _UNSENT or MEANINGS[report.reason].reach is Reach.HOST

    def _hold(self, resource: Resource, poll: Poll, report: CycleReport) -> None:
        chart, settings, way = self._post.chart, self._post.connection.settings, self._post.way
        trouble = chart.health.outage if _is_wide(poll) else chart.resource(resource.name).trouble
        if trouble is None or poll.reason is None:
            return
        silent = poll.reason is Reason.CONNECTION_RESET and not poll.bytes
        unanswered = poll.reason in _UNANSWERED and (silent or way.opens_in is not None)
        if MEANINGS[poll.reason].reach is Reach.HOST or unanswered:
            way.failed(trouble)
        # what was heard is heard a second time at the usual look, and then holds for as long as it does
        asked = None if report.heard and not trouble.lasting else report.retry_after
        after = wait_after(
            self._world.pacing,
            (poll.reason, asked),
            0 if report.heard and trouble.lasting else _times(trouble, poll.reason),
            probe=resource.probe,
            second_look=settings.second_look,
            chance=self._world.chance(),
        )
        seconds = after.seconds
        if asked is None and seconds < resource.probe:
            left = spent(self._retries, poll.requests)
            self._retries, seconds = (self._retries, resource.probe) if left is None else (left, seconds)
        self._agenda.hold(resource if after.reach is Reach.RESOURCE else None, seconds)

    def _heard(self, resource: Resource, begun: float) -> Tenant:
        """Return the tenant for one cycle, which gets on as long as answers come, and ends a trial with the first.

        Once the connection is paused it is asked nothing more: a cycle that needs no more than it has commits.
        """

        async def may_ask() -> None:
            if self._post.chart.paused(self._tenant.clock.now()):
                self._running[resource.name].cancel()
                await anyio.lowlevel.checkpoint()

        def heard() -> None:
            if self._agenda.on_trial:
                self._agenda.release(None, begun)
                self.nudge()
            self._progress[resource.name] = self._tenant.clock.now()

        return replace(self._tenant, source=Heard(self._tenant.source, may_ask, heard))

    def _told(self, trouble: Trouble | None) -> None:
        """Take note that another connection found the way to the host down, or free again, or gave up its trial."""
        if trouble is not None:
            self._post.chart.struck(trouble)
        elif self._post.way.opens_in is None:
            self._agenda.release(None)
        self.nudge()

    def _halted(self) -> None:
        """Take note that there is no room for anything, or room again."""
        trouble = self._world.halt.trouble
        self._post.chart.halted(trouble)
        for scope in self._running.values() if trouble is not None else ():
            scope.cancel()
        self.nudge()

    def _present(self) -> Present:
        return self._agenda.present(self._progress, self._post.way.reopens_at)


def _is_wide(poll: Poll) -> bool:
    return poll.reason is not None and MEANINGS[poll.reason].reach is not Reach.RESOURCE


def _times(trouble: Trouble, reason: Reason) -> int:
    """Return how often a failure is taken to have come: refused in one way and then in another is no second look yet,
    and whoever is told only then must not be told a quarter of an hour later.
    """
    slow = MEANINGS[reason].state in {State.AUTH_FAILED, State.CONFIG_ERROR}
    return 1 if slow and not trouble.lasting else trouble.times


def _bug(resource: Resource, kind: Kind, seconds: float, error: Exception) -> CycleReport:
    hint = "report it with the log's traceback; the resource is polled again as ever"
    message = f'"{resource.connection}" {resource.name}: the poll ended by a bug ({type(error).__name__})'
    return Tally(resource, kind).report(seconds, Failure(Reason.INTERNAL_ERROR, message, hint))
