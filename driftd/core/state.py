"""The evidence of one connection × now → its state."""

from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct, field

from driftd.core.health import ConnectionHealth, ResourceHealth, Trouble
from driftd.core.reasons import MEANINGS, State

OLD: Final = 3
"""Intervals after which evidence says nothing any more."""


class Scene(Struct, frozen=True):
    """All that a connection's state follows from."""

    health: ConnectionHealth
    resources: Mapping[str, ResourceHealth]
    """The enabled ones."""
    intervals: Mapping[str, float]
    """Seconds between due times of each resource's most frequent cycle."""
    started: int | None
    """When the daemon began to poll it, epoch ms; None where no daemon runs."""
    due: Mapping[str, int] = field(default_factory=dict)
    """When each resource is polled next, epoch ms; a resource that is left out is not late."""
    progress: Mapping[str, int] = field(default_factory=dict)
    """When the running cycle of a resource last read something, epoch ms."""
    alarmed: bool = False
    """Whether an alert of drift fires that is critical."""


class Verdict(Struct, frozen=True):
    """A state, and the trouble that it rests on where there is one."""

    state: State
    trouble: Trouble | None = None
    resource: str | None = None
    """Whose trouble it is; None where it is the whole connection's."""


def judge(scene: Scene, now: int) -> Verdict:
    """Return the state of a connection at `now` (epoch ms): the first that applies."""
    for look in _LOOKS:
        verdict = look(scene, now)
        if verdict is not None:
            return verdict
    return Verdict(State.OK)


def _put_aside(scene: Scene, now: int) -> Verdict | None:
    health = scene.health
    if health.pause is not None and health.pause.runs(now):
        return Verdict(State.PAUSED)
    if health.maintenance is not None and health.maintenance.runs(now):
        return Verdict(State.MAINTENANCE)
    return None


def _polling_since(scene: Scene, now: int) -> int | None:
    """Return since when what is due is polled, epoch ms: the start, or the end of a pause; None: nobody polls."""
    pause = scene.health.pause
    if scene.started is None or pause is None or pause.runs(now) or pause.end > now:
        return scene.started
    return max(scene.started, pause.end)


def _untried(scene: Scene, _now: int) -> Verdict | None:
    tried = scene.health.outage is not None or any(each.polls for each in scene.resources.values())
    return None if tried else Verdict(State.UNVALIDATED)


def _outdated(scene: Scene, now: int) -> Verdict | None:
    """Evidence of before the start, or of before a pause, counts only while it is young.

    Stamps ahead of the clock are not of after it.
    """
    found, since = _evidence(scene), _polling_since(scene, now)
    if since is not None and any(since <= at <= now for at in found):
        return None
    shortest = min(scene.intervals.values(), default=0.0)
    youngest = min((abs(now - at) for at in found), default=now)
    return Verdict(State.UNKNOWN) if youngest > OLD * shortest * 1000 else None


def _evidence(scene: Scene) -> list[int]:
    outage = scene.health.outage
    polled = [each.last_poll for each in scene.resources.values() if each.last_poll is not None]
    return [outage.at, *polled] if outage else polled


def _down(scene: Scene, _now: int) -> Verdict | None:
    """The whole connection fails, or each of its resources does, past the grace."""
    outage = scene.health.outage
    if outage is not None and outage.lasting:
        return Verdict(MEANINGS[outage.reason].state, outage)
    found = [(each.trouble, name) for name, each in scene.resources.items() if each.trouble and _failing(each)]
    lasting = [(trouble, name) for trouble, name in found if trouble.lasting]
    if not lasting or len(lasting) < len(scene.resources):
        return None
    states = [MEANINGS[trouble.reason].state for trouble, _ in lasting]
    state = min(states, key=_ORDER.index)
    if State.DEGRADED in states:
        return None
    trouble, name = lasting[states.index(state)]
    return Verdict(state, trouble, name if len(lasting) == 1 else None)


def _failing(health: ResourceHealth) -> bool:
    """Whether a resource gives nothing at all, rather than something that is not wholly trusted."""
    return health.last_poll != health.last_success


def _stalled(scene: Scene, now: int) -> Verdict | None:
    if scene.health.outage is not None:
        return None
    for name, each in scene.resources.items():
        if each.trouble is None and _overdue(scene, name, now, OLD - 1):
            return Verdict(State.STALLED, None, name)
    return None


def _overdue(scene: Scene, name: str, now: int, intervals: float) -> bool:
    """Whether a poll that was due has not finished so many intervals later, and does not get on either."""
    due, since = scene.due.get(name), _polling_since(scene, now)
    if due is None or since is None:
        return False
    moved = max(due, since, scene.progress.get(name, 0))
    return now - moved > intervals * scene.intervals[name] * 1000


def _degraded(scene: Scene, _now: int) -> Verdict | None:
    lasting = [(each.trouble, name) for name, each in scene.resources.items() if each.trouble and each.trouble.lasting]
    if not lasting:
        return Verdict(State.DEGRADED) if scene.alarmed else None
    trouble, name = min(lasting, key=lambda pair: pair[0].since)
    return Verdict(State.DEGRADED, trouble, name)


def _retrying(scene: Scene, now: int) -> Verdict | None:
    if scene.health.outage is not None:
        return Verdict(State.RETRYING, scene.health.outage)
    for name, each in scene.resources.items():
        if each.trouble is not None:
            return Verdict(State.RETRYING, each.trouble, name)
    for name in scene.resources:
        if _overdue(scene, name, now, 1):
            return Verdict(State.RETRYING, None, name)
    return None


_ORDER: Final = tuple(State)
_LOOKS: Final[tuple[Callable[[Scene, int], Verdict | None], ...]] = (
    _put_aside,
    _untried,
    _outdated,
    _down,
    _stalled,
    _degraded,
    _retrying,
)
