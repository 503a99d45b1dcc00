"""The watch over what is no cycle's: outages, credentials, checks that do not run; and what many alerts have in common.

Each tick: statuses ─▶ drifts ─▶ alerts ─▶ correlation ─▶ notices ─▶ filed. Only connections about which there is
something new are evaluated, so that ten thousand quiet ones cost a glance each.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeAlias

import anyio
import anyio.lowlevel
from msgspec import Struct

from driftd.core.alerts.census import Census, Home
from driftd.core.alerts.correlation import correlate
from driftd.core.alerts.lifecycle import Evaluation, Look, evaluate, every, none, restless, settle
from driftd.core.alerts.model import Alert, AlertState
from driftd.core.drift import Check, Drift, SchemaKind
from driftd.core.outage import hindered, late, outlook, watched
from driftd.core.reasons import State
from driftd.core.status import ConnectionStatus
from driftd.errors import FencedError, StoreError
from driftd.ports import Casebook, Clock, Filing, Log
from driftd.runtime.alarms import Alarms
from driftd.runtime.draft import Draft

TICK: Final = 15.0
"""Seconds between looks."""
MINUTE: Final = 60.0
"""Seconds between looks at what seldom changes: where connections live, how long credentials last."""
FORGET: Final = 3600.0
"""Seconds between two looks for alerts that may be forgotten."""
GROUP: Final = 500
"""Alerts in one transaction, so that no commit waits long for it."""
_PAUSE: Final = 250
"""Connections that are looked at without letting others run."""
_BY_THE_MINUTE: Final = frozenset(
    {
        Check.SECRET_EXPIRES,
        Check.REFRESH_TOKEN_EXPIRES,
        Check.TOKEN_LIFE,
        Check.CERTIFICATE_EXPIRES,
        Check.CLOCK_SKEW,
        Check.LOG_BEGAN_ANEW,
    }
)


_Mark: TypeAlias = tuple[object, ...]


class Sight(Struct, frozen=True):
    """What the watch looks at."""

    statuses: Callable[[], Sequence[ConnectionStatus] | None]
    """All connections as they were last looked at; None: nothing is looked at, not yet or no more."""
    credentials: Callable[[int], Iterable[Drift]] | None = None
    """Gives the drifts of all credentials, certificates and clocks, and of a log that began anew; at epoch ms."""


class Watch:
    """Looks at everything, for ever."""

    def __init__(self, alarms: Alarms, casebook: Casebook, clock: Clock, log: Log, sight: Sight) -> None:
        self._alarms = alarms
        self._casebook = casebook
        self._clock = clock
        self._log = log
        self._sight = sight
        self._began = clock.now()
        self._hindered: dict[str, int] = {}
        """When each connection was last seen to be hindered, epoch ms."""
        self._marks: dict[str, _Mark] = {}
        self._census = Census()
        self._waiting: frozenset[str] = frozenset()
        self._version = -1
        """Of all alerts, when they were last looked at."""
        self._counted = self._proven = self._correlated = self._forgot = float("-inf")
        """When connections were last counted, credentials evaluated, and so on; monotonic seconds."""
        self.failing = False
        """Whether alerts could not be filed the last time."""

    async def run(self, tick: float = TICK) -> None:
        """Look, every `tick` seconds, for ever; raises `FencedError` only."""
        while True:
            await self.look()
            await self._clock.sleep(tick)

    async def look(self) -> None:
        """Look once. What cannot be filed is judged anew the next time; raises `FencedError` only."""
        seen = self._sight.statuses()
        if seen is None:
            return
        statuses = {each.name: each for each in seen}
        now, at = self._clock.now(), self._clock.monotonic()
        await self._count(statuses, at)
        draft, version = Draft(self._alarms), self._alarms.version
        marks = await self._outages(draft, statuses, now)
        self._gone(draft, statuses, now)
        proven = self._credentials(draft, now, at)
        self._correlate(draft, now, at)
        if await self._file(draft):
            self._marks, self._proven = marks, proven
            alone = self._alarms.version == version + draft.changes
            self._version = self._alarms.version if alone else version
        if at - self._forgot >= FORGET:
            self._forgot = at
            self._hindered = {name: last for name, last in self._hindered.items() if name in statuses}
            self._alarms.forget(now)

    async def _count(self, statuses: Mapping[str, ConnectionStatus], at: float) -> None:
        """Count connections anew where some came or went; once a minute it is seen where one has moved."""
        homes = self._census.homes
        if statuses.keys() == homes.keys():
            if at - self._counted < MINUTE:
                return
            self._counted = at
            if all(_is_home(homes[name], each) for name, each in statuses.items()):
                return
        census = Census()
        for number, (name, status) in enumerate(statuses.items()):
            if not number % _PAUSE:
                await anyio.lowlevel.checkpoint()
            census.add(name, _home(status))
        self._census = census

    async def _outages(self, draft: Draft, statuses: Mapping[str, ConnectionStatus], now: int) -> dict[str, _Mark]:
        """Evaluate each connection about which there is something new; return what is known of each then."""
        marks: dict[str, _Mark] = {}
        for number, (name, status) in enumerate(statuses.items()):
            if not number % _PAUSE:
                await anyio.lowlevel.checkpoint()
            own = [each for each in draft.known(name) if each.open and watched(each.drift)]
            if hindered(status):
                self._hindered[name] = now
            missed = _missed(status, self._since(name, now), now)
            if status.state is State.OK and not own and not missed:
                continue
            marks[name] = mark = _mark(status, missed)
            if mark != self._marks.get(name) or any(each.good for each in own):
                self._outage(draft, status, now)
        return marks

    def _since(self, name: str, now: int) -> int:
        """Return since when what is due of a connection could have run, epoch ms; now where the clock was set back."""
        return min(now, max(self._began, self._hindered.get(name, 0)))

    def _outage(self, draft: Draft, status: ConnectionStatus, now: int) -> None:
        known = {each.id: each for each in draft.known(status.name)}
        found = outlook(status, known.values(), self._since(status.name, now), now)
        interval = min((each.interval for each in status.resources), default=0.0)
        look = Look(now, interval, covers=found.covers, waits=every, terms=self._alarms.terms)
        draft.add(evaluate(known, found.drifts, look))

    def _gone(self, draft: Draft, statuses: Mapping[str, ConnectionStatus], now: int) -> None:
        """End the alerts of connections and resources that are no longer configured."""
        gone = {id_: each for id_, each in draft.alerts.items() if each.open and not _lives(each, statuses)}
        look = Look(now, covers=none, mended=frozenset(gone), terms=self._alarms.terms)
        draft.add(evaluate(gone, (), look))

    def _credentials(self, draft: Draft, now: int, at: float) -> float:
        """Evaluate all credentials, once a minute; return when that was, monotonic seconds."""
        if self._sight.credentials is None or at - self._proven < MINUTE:
            return self._proven
        homes = self._census.homes
        drifts = [each for each in self._sight.credentials(now) if each.connection in homes]
        quiet = self._alarms.asides.quiet(now)

        def covers(alert: Alert) -> bool:
            ours = alert.drift.finding in _BY_THE_MINUTE and not watched(alert.drift)
            return ours and not alert.group and alert.drift.connection in homes

        look = Look(now, MINUTE, covers=covers, waits=every, quiet=quiet, glance=True, terms=self._alarms.terms)
        draft.add(evaluate(draft.alerts, drifts, look))
        return at

    def _correlate(self, draft: Draft, now: int, at: float) -> None:
        """Find what alerts have in common, where something is new, and once a minute; then tell what is to be told."""
        new = draft.changes > 0 or self._waiting or self._version != self._alarms.version
        if new or at - self._correlated >= MINUTE:
            self._correlated = at
            quiet = self._alarms.asides.quiet(now)
            common = correlate(_counting(draft.alerts.values(), quiet), self._census, now, self._alarms.terms)
            draft.add(Evaluation(common.alerts, common.notices))
            self._waiting = common.waiting
        waiting, quiet = self._waiting, self._alarms.asides.quiet(now)
        look = Look(now, waits=lambda alert: alert.id in waiting, quiet=quiet, terms=self._alarms.terms)
        draft.add(settle([each for each in draft.alerts.values() if restless(each)], look))

    async def _file(self, draft: Draft) -> bool:
        """File what changed, group by group."""
        for judged in draft.judged(GROUP):
            try:
                with anyio.CancelScope(shield=True):
                    await self._casebook.file(Filing(alerts=judged.alerts, notices=judged.notices))
                    self._alarms.took(judged)
            except FencedError:
                raise
            except StoreError as error:
                if not self.failing:
                    self._log.error("alerts cannot be filed", error=str(error))
                self.failing = True
                return False
            if self.failing:
                self._log.info("alerts are filed again")
            self.failing = False
        return True


def _counting(alerts: Iterable[Alert], quiet: Callable[[Alert], bool]) -> Iterable[Alert]:
    """Return the alerts that may make one of a wider scope: none that only pends as its connection is put aside."""
    return (each for each in alerts if each.state is not AlertState.PENDING or not quiet(each))


def _mark(status: ConnectionStatus, missed: tuple[int, ...]) -> _Mark:
    """Return what a connection is evaluated by: where it is the same, there is nothing new."""
    outage = status.health.outage
    return status.state, status.trouble, outage, missed, tuple(each.health.trouble for each in status.resources)


def _missed(status: ConnectionStatus, since: int, now: int) -> tuple[int, ...]:
    """Return how many full runs each resource has missed, where one has missed any."""
    missed = tuple(int(max(late(each, since, now))) for each in status.resources)
    return missed if any(each > 0 for each in missed) else ()


def _home(status: ConnectionStatus) -> Home:
    interval = max((each.interval for each in status.resources), default=0.0)
    return Home(status.host, status.folder, tuple(each.name for each in status.resources), interval)


def _is_home(home: Home, status: ConnectionStatus) -> bool:
    """Tell whether a connection still lives where it did, with as many resources."""
    resources = len(home.resources) == len(status.resources)
    return resources and home.host == status.host and home.folder == status.folder


def _lives(alert: Alert, statuses: Mapping[str, ConnectionStatus]) -> bool:
    """Tell whether what an alert is about is still configured; a class that is new to the tenant need not be."""
    drift = alert.drift
    if alert.group and not drift.connection:
        return True
    status = statuses.get(drift.connection)
    if status is None or drift.resource is None or drift.finding == SchemaKind.RESOURCE_ADDED:
        return status is not None
    return any(each.name == drift.resource for each in status.resources)
