"""When somebody is told of an alert: once as it fires, as its severity changes, and as it ends."""

from msgspec.structs import replace

from driftd.core.alerts.identity import notice
from driftd.core.alerts.model import Alert, AlertState, Notice, Telling


def tell(
    before: Alert | None, alert: Alert, now: int, *, waits: bool, quiet: bool = False
) -> tuple[Alert, tuple[Notice, ...]]:
    """Return an alert and what is to be told of it now; `before` is the alert as it was, or None.

    Where its connection is put aside (`quiet`), only its end is told.

    The end of what was told is told whatever was muted since, but not while it flaps: then once it has been stable.
    An alert that has not been told and is good again, though not yet long enough, is not told any more.
    """
    telling = _telling(before, alert, now, waits=waits)
    if telling is None or (quiet and telling is not Telling.RESOLVED):
        return alert, ()
    told = None if telling is Telling.RESOLVED else alert.drift.severity
    after = replace(alert, told=told)
    return after, (notice(after, telling, now),)


def _telling(before: Alert | None, alert: Alert, now: int, *, waits: bool) -> Telling | None:
    if alert.state is AlertState.RESOLVED:
        return Telling.RESOLVED if alert.told is not None and not alert.flapping else None
    if alert.state is AlertState.PENDING or alert.muted(now) or alert.attached_to is not None:
        return None
    if alert.flapping:
        return Telling.FLAPPING if before is not None and not before.flapping else None
    if alert.told is None:
        return None if waits or alert.good else Telling.FIRING
    return None if alert.told is alert.drift.severity else Telling.SEVERITY
