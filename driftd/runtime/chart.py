"""How one connection is doing: each poll is noted here, and the state that follows is told once when it changes."""

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from driftd.config import ConnectionConfig
from driftd.core import pausing
from driftd.core.health import (
    Aside,
    ConnectionHealth,
    Flip,
    Poll,
    ResourceHealth,
    Result,
    Trouble,
    connection_polled,
    host_struck,
    pardoned,
    resource_polled,
)
from driftd.core.model import Op
from driftd.core.reasons import State
from driftd.core.status import ConnectionStatus
from driftd.errors import Reason
from driftd.ports import Clock, Log, Polled
from driftd.runtime.alarms import Alarms
from driftd.runtime.asides import without
from driftd.runtime.book import Book
from driftd.runtime.tally import CycleReport
from driftd.runtime.traffic import ConnectionTraffic
from driftd.runtime.view import Known, Present, connection_status

_CALM: Final = frozenset({State.OK, State.PAUSED, State.MAINTENANCE, State.UNVALIDATED})


class Chart:
    """The health of one connection in memory; what changes goes to the book."""

    def __init__(
        self,
        connection: ConnectionConfig,
        host: str,
        known: Known,
        traffic: ConnectionTraffic,
        clock: Clock,
        alarms: Alarms,
    ) -> None:
        self._connection = connection
        self._host = host
        self._traffic = traffic
        self._clock = clock
        self._alarms = alarms
        self._resources: dict[str, ResourceHealth] = dict(known.resources)
        self.health = alarms.asides.applied(connection.name, known.health)
        self._written = (without(self.health), known.usage)
        self.status: ConnectionStatus = self._made(Present(), clock.now())

    def resource(self, name: str) -> ResourceHealth:
        """Return the health of one resource."""
        return self._resources.get(name, ResourceHealth())

    def polled(self, resource: str, report: CycleReport, began: int, book: Book, log: Log) -> Poll:
        """Note a finished poll that began at `began` (epoch ms)."""
        poll = told(report, began, self._clock.now())
        before = self.resource(resource)
        after = self._resources[resource] = resource_polled(before, poll)
        self.health = connection_polled(self.health, poll)
        book.polled(Polled(self._connection.name, resource, poll), after)
        self._tell(resource, before, after, log)
        return poll

    def struck(self, trouble: Trouble) -> None:
        """Note what keeps every resource from being read although none was tried."""
        self.health = host_struck(self.health, trouble)

    def halted(self, trouble: Trouble | None) -> None:
        """Note what keeps driftd itself from capturing anything, or with None that it is over."""
        outage = self.health.outage
        if trouble is not None:
            self.health = replace(self.health, outage=replace(trouble, at=self._clock.now()), good=0)
        elif outage is not None and outage.reason is Reason.STORE_ERROR:
            self.health = replace(self.health, outage=None)

    @property
    def evidence(self) -> tuple[ConnectionHealth, Mapping[str, ResourceHealth]]:
        """What the state of its credentials follows from."""
        return self.health, self._resources

    @property
    def known(self) -> Known:
        """What another chart of the connection can go on from."""
        name, alarms = self._connection.name, self._alarms
        return Known(
            self.health, self._traffic.purse.usage, self._resources, alarms.of(name), alarmed=alarms.alarmed(name)
        )

    def look(self, present: Present, book: Book, log: Log) -> None:
        """Judge the connection; a change of its state is written and logged."""
        now = self._clock.now()
        self.health = self._alarms.asides.applied(self._connection.name, self._traffic.settle(self.health))
        self._pardon(book, now)
        held = (present.held_until, present.breaker_open_until)
        if held != (self.health.held_until, self.health.breaker_open_until):
            self.health = replace(self.health, held_until=held[0], breaker_open_until=held[1])
        status = self._made(present, now)
        if status.state is not self.health.state:
            flip = Flip(
                self._connection.name,
                self.health.state,
                status.state,
                now,
                status.reason,
                status.trouble.message if status.trouble else pausing.told(self._aside, now),
            )
            self.health = replace(self.health, state=status.state, since=now)
            status = replace(status, health=self.health)
            book.flipped(flip)
            _tell_flip(flip, status, log)
        self.status = status
        known = (without(self.health), self._traffic.purse.usage)
        if known != self._written:
            self._written = known
            book.connection(self._connection.name, *known)

    @property
    def _aside(self) -> Aside:
        return self._alarms.asides.of(self._connection.name)

    def paused(self, now: int) -> bool:
        """Whether it is not to be polled at `now` (epoch ms)."""
        return self._aside.paused(now)

    def aside(self, now: int) -> State:
        """Return how it is put aside at `now` (epoch ms): paused, in maintenance, or with ``ok`` not at all."""
        if self._aside.paused(now):
            return State.PAUSED
        return State.MAINTENANCE if self._aside.maintained(now) else State.OK

    def turns_in(self, now: int) -> float | None:
        """Return the seconds after `now` (epoch ms) until a pause or a window begins or ends; None where none does."""
        at = self._aside.turns(now)
        return None if at is None else (at - now) / 1000

    def _pardon(self, book: Book, now: int) -> None:
        """Where a window of maintenance has ended: what failed in it, or before, has its whole grace again."""
        if self.health.state is not State.MAINTENANCE or self._aside.quiet(now):
            return
        self.health = replace(self.health, outage=pardoned(self.health.outage), failed=())
        for name, each in self._resources.items():
            if each.trouble is not None or each.failed:
                after = self._resources[name] = replace(each, trouble=pardoned(each.trouble), failed=())
                book.resource(self._connection.name, name, after)

    def _made(self, present: Present, now: int) -> ConnectionStatus:
        return connection_status(self._connection, self._host, self.known, present, now)

    def _tell(self, resource: str, before: ResourceHealth, after: ResourceHealth, log: Log) -> None:
        """Say once that a resource has a trouble of its own, and once that it is over."""
        if after.trouble is not None and before.trouble is None:
            trouble = after.trouble
            log.warning(
                "poll failed", resource=resource, reason=trouble.reason, error=trouble.message, hint=trouble.hint
            )
        elif after.trouble is None and before.trouble is not None:
            seconds = (self._clock.now() - before.trouble.since) / 1000
            log.info("poll recovered", resource=resource, reason=before.trouble.reason, after_seconds=round(seconds, 1))


def told(report: CycleReport, began: int, now: int) -> Poll:
    """Return a cycle's report as health and history keep it."""
    return Poll(
        kind=report.kind,
        result=Result(report.outcome),
        began=began,
        at=now,
        seconds=round(report.seconds, 3),
        records=report.records,
        changes=_changes(report),
        pending=report.pending,
        held=report.held,
        reason=report.reason,
        message=report.message,
        hint=report.hint,
        status=report.status,
        coverage=report.details_coverage,
        requests=report.requests,
        bytes=report.bytes,
        pages=report.pages,
        pages_unchanged=report.pages_unchanged,
        evaluated=report.evaluated,
        schema_changes=report.schema_changes,
    )


def _changes(report: CycleReport) -> Mapping[Op, int]:
    counts = {Op.CREATE: report.c, Op.UPDATE: report.u, Op.DELETE: report.d}
    return {op: count for op, count in counts.items() if count}


def _tell_flip(flip: Flip, status: ConnectionStatus, log: Log) -> None:
    if flip.after in _CALM:
        log.info("connection state changed", state=flip.after, before=flip.before)
        return
    log.warning(
        "connection state changed",
        state=flip.after,
        before=flip.before,
        reason=flip.reason,
        actor=status.actor,
        error=flip.message or None,
        hint=status.trouble.hint if status.trouble else None,
    )
